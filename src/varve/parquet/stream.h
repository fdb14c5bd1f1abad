// Hands out a file's rows piece by piece, in little memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "varve/parquet/reader.h"
#include "varve/table/table.h"

namespace varve::parquet {

struct StreamOptions {
  ReadOptions read;
  int64_t rows_max = 1 << 20;  // of a table handed out
};

// One pass over a file: its rows in their order as tables, each of one row group, or a part of one that has more rows
// than `rows_max`. Tables without rows are left out. Between calls it holds no rows: what there is in memory is the
// tables that the caller keeps, and within `next` the one that is being decoded, whose columns are decoded side by side
// on the pool, if there is one. Cancelled by ReadOptions::cancel. Move-only; one thread at a time.
class Stream {
 public:
  // Throws as Reader::read does for options that do not fit the file, InvalidArgument for rows_max below 1.
  Stream(std::shared_ptr<const Reader> reader, StreamOptions options);

  // Of all tables.
  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }
  // The next table, or nothing at the end and from then on. Throws as Reader::read does; the call after it goes on
  // behind the rows that could not be read.
  std::optional<Table> next();

 private:
  std::shared_ptr<const Reader> reader_;
  StreamOptions options_;
  Schema schema_;
  size_t group_ = 0;           // whose rows come next
  int64_t rows_of_group_ = 0;  // of it, those handed out
  int64_t row_ = 0;            // of the file, the next one
};

}  // namespace varve::parquet
