// What calls that read many series, or one piece by piece, take and give back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "varve/lake/options.h"
#include "varve/table/table.h"

namespace varve {

// Of `read_many`. Series keep their own columns: one that only some have is null in the others, and types widen as they
// do when a series gets new rows.
struct ReadManyOptions {
  ReadOptions read;                  // `limit` counts the rows of each series
  std::optional<std::string> pivot;  // absent: long. Else wide, of the values of this column; no `read.columns` then
  std::string key_column = "key";    // long: what the column of keys is called
};

// Of `replay`.
struct ReplayOptions {
  ReadOptions read;                       // `limit` counts the rows of all series together
  int64_t batch_rows = int64_t{1} << 16;  // of each table but the last
  std::string key_column = "key";         // what the column of keys is called
};

// Rows that are handed out table by table, of the versions that were there when it was made: what is written meanwhile
// does not show, and what it still has to read is not vacuumed. It keeps the lake open until it is gone, but not beyond
// Lake::close. Move-only; one thread at a time.
class Batches {
 public:
  [[nodiscard]] const Schema& schema() const noexcept;
  // The next rows, or nothing at the end and from then on; no table is empty. Throws Corruption, Io, Forked, and
  // InvalidArgument once the lake is closed.
  std::optional<Table> next();

  ~Batches();
  Batches(Batches&&) noexcept;
  Batches& operator=(Batches&&) noexcept;

 private:
  friend class Lake;
  struct State;
  explicit Batches(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace varve
