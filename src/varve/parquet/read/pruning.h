// Finds the rows of a row group that may lie in a range of the index, and the pages that hold given rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "varve/base/time.h"
#include "varve/parquet/format.h"
#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/table/index.h"

namespace varve::parquet {

// A range of an index in whole units of time, both ends inside. Empty if first > last.
struct UnitRange {
  int64_t first = 0;
  int64_t last = 0;
};
// The whole units within [start, end].
UnitRange to_units(Timestamp start, Timestamp end, int64_t unit_nanoseconds);
// The same in the unit in which the column is stored. Nothing if its bounds cannot be compared (INT96).
std::optional<UnitRange> stored_range_of(const LeafColumn& column, Timestamp start, Timestamp end);

// False only if the statistics prove that no row of the chunk lies in the range. Missing or odd ones prove nothing.
bool may_hold(const Statistics& statistics, PhysicalType type, const UnitRange& range);

// Rows of the pages whose bounds meet the range; neighbours are one. `pages` come from pages_of.
// Nothing if the column index does not fit the pages: it then proves nothing.
std::optional<std::vector<table::RowRange>> rows_that_may_match(const ColumnIndex& index,
                                                                const std::vector<PageRun>& pages, PhysicalType type,
                                                                const UnitRange& range);

// The pages that an offset index names, one run each. Nothing if it does not fit the chunk: pages that overlap, lie
// outside its bytes, or do not cover its rows in order.
std::optional<std::vector<PageRun>> pages_of(const OffsetIndex& index, const ChunkLocation& chunk, int64_t num_rows);

// The runs of neighbouring pages that hold any of `rows` (ascending).
std::vector<PageRun> runs_holding(const std::vector<PageRun>& pages, const std::vector<table::RowRange>& rows);

}  // namespace varve::parquet
