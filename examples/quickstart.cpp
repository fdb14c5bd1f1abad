// A lake in C++: bars in, a day out, an old version.
#include <array>
#include <cstdint>
#include <iostream>
#include <span>

#include "varve/lake/lake.h"
#include "varve/table/print.h"

namespace {

using varve::DataType;

varve::Table make_bars() {
  constexpr int64_t kFirst = 1'709'596'800'000'000'000;  // 2024-03-05T00:00:00Z
  const std::array<int64_t, 3> times = {kFirst, kFirst + 60'000'000'000, kFirst + varve::kNanosecondsPerDay};
  const std::array<double, 3> closes = {1.0853, 1.0855, 1.0841};
  const DataType time_type = DataType::timestamp(varve::TimeUnit::kNano, "UTC");
  return {varve::Schema({{.name = "timestamp", .type = time_type}, {.name = "close", .type = DataType::float64()}}),
          {varve::make_column<int64_t>(time_type, times), varve::make_column<double>(DataType::float64(), closes)}};
}

}  // namespace

int main() {
  auto lake = varve::Lake::open("data");
  lake.write("forex/EUR_USD", make_bars());
  const varve::Table day = lake.read("forex/EUR_USD", {.start = "2024-03-05", .end = "2024-03-05"});
  std::cout << varve::table::to_text(day);

  const varve::Commit commit = lake.write("forex/EUR_USD", day);
  const varve::Table before = lake.read("forex/EUR_USD", {.as_of = commit.version - 1});
  std::cout << before.num_rows() << " rows before, " << day.num_rows() << " now\n";
  return before.num_rows() == 3 && day.num_rows() == 2 ? 0 : 1;
}
