// The C++ program of the README.
#include <array>
#include <iostream>

#include "varve/lake/lake.h"
#include "varve/table/print.h"

int main() {
  const varve::DataType time = varve::DataType::timestamp(varve::TimeUnit::kNano, "UTC");
  const varve::DataType price = varve::DataType::float64();
  const std::array<int64_t, 2> times = {1'709'596'800'000'000'000, 1'709'596'860'000'000'000};  // 2024-03-05T00:00:00Z
  const std::array<double, 2> closes = {1.0853, 1.0855};

  auto lake = varve::Lake::open("data");
  lake.write("forex/GBP_USD", {varve::Schema({{"timestamp", time}, {"close", price}}),
                               {varve::make_column<int64_t>(time, times), varve::make_column<double>(price, closes)}});
  std::cout << varve::table::to_text(lake.read("forex/GBP_USD", {.start = "2024-03-05", .end = "2024-03-05"}));
}
