#include "varve/parquet/stream.h"

#include <algorithm>
#include <utility>

#include "varve/base/error.h"

namespace varve::parquet {

Stream::Stream(std::shared_ptr<const Reader> reader, StreamOptions options)
    : reader_(std::move(reader)), options_(std::move(options)) {
  if (options_.rows_max < 1) throw InvalidArgument("tables of at most {} rows", options_.rows_max);
  schema_ = reader_->read_rows(0, 0, options_.read).schema();
}

std::optional<Table> Stream::next() {
  while (group_ < reader_->num_row_groups()) {
    const int64_t first = row_;
    const int64_t left = reader_->metadata().row_groups[group_].num_rows - rows_of_group_;
    const int64_t rows = std::min(left, options_.rows_max);
    row_ += rows;
    rows_of_group_ += rows;
    if (rows == left) {
      ++group_;
      rows_of_group_ = 0;
    }
    if (rows == 0) continue;
    Table table = reader_->read_rows(first, rows, options_.read);
    if (table.num_rows() > 0) return table;
  }
  return std::nullopt;
}

}  // namespace varve::parquet
