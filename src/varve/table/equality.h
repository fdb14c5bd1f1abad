// Compares rows of two columns for equality, many at a time.
#pragma once

#include <cstdint>

#include "varve/table/column.h"

namespace varve::table {

// Some rows of a column.
struct RowSpan {
  const Column& column;
  int64_t first = 0;
};

// Sets unlike[i] to 1 where row `left.first + i` and row `right.first + i` differ, and leaves it where they do not,
// for i below `count`. The rows must be there and the types the same. Equality is that of equals() in table.h.
void mark_unlike(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike);

}  // namespace varve::table
