// One call of read: which columns and rows of an open file, narrowed step by step, then decoded.
#pragma once

#include <vector>

#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/parquet/reader.h"

namespace varve::parquet {

// Rows of one row group that are wanted.
struct GroupRows {
  size_t group = 0;
  RowRanges rows;
};

// The rows of `groups` that the options leave, in order, of the columns that they name. Throws as Reader::read.
Table read_table(const Reader& reader, std::vector<GroupRows> groups, const ReadOptions& options);

}  // namespace varve::parquet
