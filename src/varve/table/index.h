// The time column of a table as nanoseconds UTC, whatever its unit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "varve/base/buffer.h"
#include "varve/table/table.h"

namespace varve::table {

// Index values of a table, one a row. Shares the column's memory if the unit is nanoseconds, else holds a conversion.
class IndexValues {
 public:
  // `name` must be a timestamp (any unit, any zone or none: a naive one is taken as UTC) or a date.
  // Throws NotFound if there is no such column, InvalidArgument for another type, a null (naming the row) or a moment
  // that nanoseconds cannot reach.
  IndexValues(const Table& table, std::string_view name);

  [[nodiscard]] std::span<const int64_t> nanoseconds() const noexcept { return values_; }
  [[nodiscard]] int64_t operator[](int64_t row) const noexcept { return values_[static_cast<size_t>(row)]; }

 private:
  base::BufferPtr owner_;
  std::span<const int64_t> values_;
};

// Rows [first, last).
struct RowRange {
  int64_t first = 0;
  int64_t last = 0;
};
// The rows whose values (sorted, nanoseconds) lie within [start, end], both ends inside.
RowRange rows_within(std::span<const int64_t> values, int64_t start, int64_t end);

}  // namespace varve::table
