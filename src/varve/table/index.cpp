#include "varve/table/index.h"

#include <algorithm>
#include <limits>

#include "varve/base/error.h"
#include "varve/table/print.h"

namespace varve::table {

namespace {

int64_t first_null(const Column& column) {
  int64_t row = 0;
  while (!column.is_null(row)) ++row;
  return row;
}

// Values times `factor`; throws for those out of reach.
template <typename T>
base::BufferPtr multiply(const Column& column, int64_t factor, std::string_view name) {
  const std::span<const T> in = column.values<T>();
  base::MutableBuffer buffer = base::MutableBuffer::allocate(in.size() * sizeof(int64_t));
  auto* out = buffer.as<int64_t>();
  bool overflow = false;
  for (size_t row = 0; row < in.size(); ++row) {
    overflow |= __builtin_mul_overflow(int64_t{in[row]}, factor, &out[row]);
  }
  if (!overflow) return std::move(buffer).finish();
  const auto too_far = [factor](T value) {
    int64_t ignored = 0;
    return __builtin_mul_overflow(int64_t{value}, factor, &ignored);
  };
  const int64_t row = std::find_if(in.begin(), in.end(), too_far) - in.begin();
  throw InvalidArgument("index {} is {} in row {}, outside the years 1677 to 2262 that nanoseconds reach", name,
                        value_text(column, row), row);
}

}  // namespace

IndexValues::IndexValues(const Table& table, std::string_view name) {
  const Column& column = table.column(name);
  const DataType& type = column.type();
  if (!is_index_type(type)) {
    throw InvalidArgument("column {} of type {} cannot be an index: it must be a timestamp or a date", name,
                          to_string(type));
  }
  if (column.null_count() != 0) throw InvalidArgument("index {} is null in row {}", name, first_null(column));
  const auto rows = static_cast<size_t>(column.length());
  if (type.id == TypeId::kTimestamp && type.unit == TimeUnit::kNano) {
    owner_ = column.parts().values;
    values_ = column.values<int64_t>();
    return;
  }
  owner_ = type.id == TypeId::kDate ? multiply<int32_t>(column, kNanosecondsPerDay, name)
                                    : multiply<int64_t>(column, nanoseconds_per(type.unit), name);
  values_ = {reinterpret_cast<const int64_t*>(owner_->data()), rows};
}

RowRange rows_within(std::span<const int64_t> values, int64_t start, int64_t end) {
  const auto first = std::lower_bound(values.begin(), values.end(), start);
  const auto last = end < start ? first : std::upper_bound(first, values.end(), end);
  return {first - values.begin(), last - values.begin()};
}

}  // namespace varve::table
