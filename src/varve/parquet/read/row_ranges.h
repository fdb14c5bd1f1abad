// Sets of rows as ranges: what they have in common, together, and one without the other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "varve/table/index.h"

namespace varve::parquet {

using table::RowRange;

// Ascending, disjoint, none empty; neighbours that touch are one.
using RowRanges = std::vector<RowRange>;

// Adds rows that lie behind all others. An empty range adds nothing.
inline void append(RowRanges& ranges, const RowRange& rows) {
  if (rows.first >= rows.last) return;
  if (!ranges.empty() && ranges.back().last == rows.first) {
    ranges.back().last = rows.last;
  } else {
    ranges.push_back(rows);
  }
}

int64_t count_rows(std::span<const RowRange> ranges) noexcept;
RowRanges intersect(const RowRanges& left, const RowRanges& right);
RowRanges unite(RowRanges left, RowRanges right);
RowRanges subtract(const RowRanges& from, const RowRanges& rows);

// Of the rows of `ranges`, numbered from 0 on, those that `chosen` names.
RowRanges choose(std::span<const RowRange> ranges, RowRanges chosen);

}  // namespace varve::parquet
