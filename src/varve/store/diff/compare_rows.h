// Compares the rows of two ordered tables.
#pragma once

#include <cstdint>
#include <vector>

#include "varve/table/sort.h"
#include "varve/table/table.h"

namespace varve::store {

// What makes two rows the same, and the same rows equal.
struct RowComparison {
  table::RowOrder order;         // by which both tables are sorted; rows that are equal in it are the same row
  std::vector<size_t> compared;  // columns whose values tell whether it changed
  bool pairs = true;             // false: a row that changed counts as removed and added
};

// Numbers of rows, ascending. `before` and `after` are of one length: rows that changed, in the older table and the
// newer one. Of rows that are the same several times in one table each has one partner at most, in their order.
struct RowDifferences {
  std::vector<int64_t> removed;  // of the older table
  std::vector<int64_t> added;    // of the newer table
  std::vector<int64_t> before;
  std::vector<int64_t> after;
};

// The tables have one schema. Throws as sorting them does.
RowDifferences compare_rows(const Table& older, const Table& newer, const RowComparison& comparison);

}  // namespace varve::store
