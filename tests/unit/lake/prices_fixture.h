// A lake of series whose prices are kept as decimals.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "varve/lake/lake.h"
#include "varve/parquet/reader.h"

#include "unit/store/store_fixture.h"

namespace varve::testing {

// `timestamp` and float64 columns, at seconds from `first` on.
inline Table prices(int64_t first, const std::vector<std::pair<std::string, std::vector<double>>>& columns) {
  const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
  std::vector<int64_t> times;
  for (size_t row = 0; row < columns[0].second.size(); ++row) {
    times.push_back(at_second(first + static_cast<int64_t>(row)).nanoseconds);
  }
  Table table(Schema({{"timestamp", time}}), {make_column<int64_t>(time, times)});
  for (const auto& [name, values] : columns) {
    table = table.with_column({name, DataType::float64()}, make_column<double>(DataType::float64(), values));
  }
  return table;
}

class PricesTest : public ::testing::Test {
 protected:
  Lake open() { return Lake::open(directory_ / "lake", {.publish_delay = {}}); }

  static SeriesWriteOptions decimal(std::optional<std::vector<std::string>> columns = {}) {
    SeriesWriteOptions options;
    options.series.identity = std::vector<std::string>{"timestamp"};
    options.series.prices = "decimal";
    options.series.price_columns = std::move(columns);
    return options;
  }
  static ReadOptions as(const std::string& prices) {
    ReadOptions options;
    options.prices = prices;
    return options;
  }
  static Table read(const Lake& lake, const std::string& prices = "float") { return lake.read("k", as(prices)); }
  // Of a column in each visible file.
  std::vector<std::string> stored_types(const Lake& lake, const std::string& column) {
    const auto files = base::make_system_file_system();
    std::vector<std::string> types;
    for (const std::string& name : lake.files("k")) {
      const std::string path = base::join_path(lake.root(), name);
      const auto reader = parquet::Reader::open(files->open(path, base::OpenMode::kRead), path);
      types.push_back(to_string(reader.schema()[reader.schema().position_of(column)].type));
    }
    return types;
  }

  TempDirectory directory_ = make_quick_directory();
};

}  // namespace varve::testing
