// What a file's statistics and page indexes prove of the rows of a chunk, and which pages hold given rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "varve/parquet/format.h"
#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/table/predicate/condition.h"

namespace varve::parquet {

// The values of a chunk as its statistics bound them: one lot. `order_known`: the file says that bounds are in the
// order of the columns' types. Bounds that are missing, of odd size, in an order of which nothing is known (INT96) or
// that may have been compared wrongly are unknown.
table::ColumnBounds chunk_bounds(const LeafColumn& column, const ColumnMetaData& chunk, bool order_known);

// The same by pages, a lot each. Nothing if the column index does not fit `pages`, the number of these.
std::optional<table::ColumnBounds> page_bounds(const LeafColumn& column, const ColumnIndex& index, size_t pages,
                                               bool order_known);

// The pages that an offset index names, one run each. Nothing if it does not fit the chunk: pages that overlap, lie
// outside its bytes, or do not cover its rows in order.
std::optional<std::vector<PageRun>> pages_of(const OffsetIndex& index, const ChunkLocation& chunk, int64_t num_rows);

// The runs of neighbouring pages that hold any of `rows`.
std::vector<PageRun> runs_holding(const std::vector<PageRun>& pages, const RowRanges& rows);

}  // namespace varve::parquet
