// Finds the rows of a chunk that meet a condition on it.
#pragma once

#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/table/predicate/condition.h"

namespace varve::parquet {

struct MatchOptions {
  bool sorted = false;  // the rows are known to ascend: pages are searched and not looked through
};

// Those of `request.rows` that meet the condition, which asks for the request's column only. Dictionaries are looked
// through once; pages of which no dictionary value matches are not read, and nothing of a chunk is kept but the ranges.
// Throws as decode_chunk.
RowRanges match_chunk(const ChunkRequest& request, const table::Condition& condition, const MatchOptions& options);

}  // namespace varve::parquet
