// Keys and rows of the crash tests in a lake.
#pragma once

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/table/table.h"

#include "crash/crash_history.h"

namespace varve::testing {

inline constexpr int64_t kNanosecondsPerHour = 3600 * kNanosecondsPerSecond;

inline Table to_table(const Rows& rows) {
  std::vector<int64_t> times;
  std::vector<int64_t> values;
  for (const auto& [hour, value] : rows) {
    times.push_back(hour * kNanosecondsPerHour);
    values.push_back(value);
  }
  const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
  return {Schema({{.name = "timestamp", .type = time}, {.name = "value", .type = DataType::int64()}}),
          {make_column<int64_t>(time, times), make_column<int64_t>(DataType::int64(), values)}};
}

inline Rows to_rows(const Table& table) {
  Rows rows;
  const std::span<const int64_t> times = table.column("timestamp").values<int64_t>();
  const std::span<const int64_t> values = table.column("value").values<int64_t>();
  for (size_t row = 0; row < times.size(); ++row) rows.emplace_back(times[row] / kNanosecondsPerHour, values[row]);
  return rows;
}

// Counts on over deletion; 0 if the key never was.
inline int64_t version_of(const Lake& lake, const std::string& key) {
  try {
    return lake.info(key).version;
  } catch (const NotFound&) {}
  try {
    return lake.versions(key).back().version;
  } catch (const NotFound&) {
    return 0;
  }
}

inline CrashState read_state(const Lake& lake, const std::string& key, const ReadOptions& options = {}) {
  try {
    return to_rows(lake.read(key, options));
  } catch (const NotFound&) {
    return {};
  }
}

}  // namespace varve::testing
