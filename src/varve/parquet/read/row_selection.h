// Finds the rows of a row group that meet a condition, reading as little of its columns as it can.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/matching_rows.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/table/predicate/condition.h"

namespace varve::parquet {

// What decides on the rows of one column: those of `rows` that meet `condition`.
struct ColumnQuestion {
  const LeafColumn& column;
  const table::Condition& condition;
  const RowRanges& rows;
};

// Where a row group lies and how its columns are read.
struct GroupSource {
  const OpenFile& file;
  size_t group = 0;
  std::span<const LeafColumn* const> columns;                 // by the positions that the condition names; located
  std::function<RowRanges(const ColumnQuestion&)> read_rows;  // by their values
};

// Those of `rows` that may meet the condition by the statistics of the chunks.
RowRanges possible_rows(const GroupSource& source, const table::Condition& condition, const RowRanges& rows);

// Those of `rows`, which should be possible, that meet the condition. Statistics and page indexes of all columns leave
// out what they can before any value is read; then the columns of `and` narrow the rows one after the other, the
// smallest chunk first, and those of `or` are read for rows not found yet.
RowRanges select_rows(const GroupSource& source, const table::Condition& condition, const RowRanges& rows);

}  // namespace varve::parquet
