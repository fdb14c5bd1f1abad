#include "varve/lake/localize.h"

#include <utility>

#include "varve/base/error.h"
#include "varve/base/zone.h"

namespace varve {

Table localize(const Table& table, const std::string& column, std::string_view zone) {
  const base::Zone clocks = base::Zone::find(std::string(zone));
  const Column& naive = table.column(column);
  if (naive.null_count() > 0) {
    throw InvalidArgument("column {} holds {} nulls: every row needs its time", quote(column), naive.null_count());
  }
  const TimeUnit unit = naive.type().unit;
  const int64_t factor = nanoseconds_per(unit);
  const std::span<const int64_t> readings = naive.values<int64_t>();
  base::MutableBuffer moments = base::MutableBuffer::allocate(readings.size_bytes());
  for (size_t row = 0; row < readings.size(); ++row) {
    int64_t reading = 0;
    if (__builtin_mul_overflow(readings[row], factor, &reading)) {
      throw InvalidArgument("column {}, row {}: the time lies outside 1677 to 2262", quote(column), row);
    }
    moments.as<int64_t>()[row] = clocks.to_utc(reading).nanoseconds / factor;
  }
  ColumnParts parts = naive.parts();
  parts.type = DataType::timestamp(unit, "UTC");
  parts.values = std::move(moments).finish();
  parts.offset = 0;
  parts.validity = nullptr;
  const Field field{column, parts.type};
  return table.with_column(field, Column(std::move(parts)));
}

Table with_zone(const Table& table, const std::string& index, const std::string& zone) {
  const std::optional<size_t> position = table.schema().find(index);
  if (!position) return table;
  const DataType& type = table.schema()[*position].type;
  if (type.id != TypeId::kTimestamp || !type.zone.empty()) return table;
  if (zone.empty()) throw InvalidArgument("index {} holds times without a zone: say which zone is meant", quote(index));
  return localize(table, index, zone);
}

}  // namespace varve
