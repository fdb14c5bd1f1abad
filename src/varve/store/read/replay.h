// Many series merged in order of time, piece by piece, in little memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "varve/store/engine.h"
#include "varve/store/series_reader.h"
#include "varve/table/table.h"

namespace varve::store {

struct ReplaySelection {
  Selection each;                   // rows_max counts the rows of all series together
  std::string key_column = "key";   // the name of the column of keys, a dictionary; it comes first
  int64_t rows = int64_t{1} << 16;  // of each table but the last
};

// One pass over the rows of series as they were at one moment, in order of their index; rows of one index value come in
// the order of `keys`, those of one series in its own order. The schema is the united one. About 1 Mi rows of all
// series together are read ahead, at least 256 (two pieces of 128) of each. Move-only; one thread at a time. The engine
// must outlive it.
class Replay {
 public:
  // Throws as read_panel does; InvalidArgument for series without index, or whose indexes have other names.
  Replay(Engine& engine, std::span<const std::string> keys, const ReplaySelection& selection);
  ~Replay();
  Replay(Replay&&) noexcept;
  Replay& operator=(Replay&&) noexcept;

  [[nodiscard]] const Schema& schema() const noexcept;
  // The next rows, or nothing at the end and from then on. Throws Corruption.
  std::optional<Table> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve::store
