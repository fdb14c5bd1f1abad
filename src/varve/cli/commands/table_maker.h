// Makes tables of what commands have to tell, column by column.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/time.h"
#include "varve/table/table.h"

namespace varve::cli {

// Columns of equal length, in the order in which they are to be shown.
class TableMaker {
 public:
  void add_text(const std::string& name, const std::vector<std::optional<std::string>>& values) {
    fields_.push_back({name, DataType::string()});
    columns_.push_back(make_column(DataType::string(), values));
  }
  void add_numbers(const std::string& name, const std::vector<int64_t>& values) {
    fields_.push_back({name, DataType::int64()});
    columns_.push_back(make_column<int64_t>(DataType::int64(), values));
  }
  // Absent ones are null.
  void add_times(const std::string& name, const std::vector<std::optional<Timestamp>>& values) {
    const DataType type = DataType::timestamp(TimeUnit::kNano, "UTC");
    std::vector<int64_t> moments;
    std::vector<bool> valid;
    for (const auto& value : values) {
      moments.push_back(value.value_or(Timestamp{}).nanoseconds);
      valid.push_back(value.has_value());
    }
    fields_.push_back({name, type});
    columns_.push_back(make_column<int64_t>(type, moments, valid));
  }
  Table make() { return Table(Schema(std::move(fields_)), std::move(columns_)); }

 private:
  std::vector<Field> fields_;
  std::vector<Column> columns_;
};

// One member of each of `all`: collect<int64_t>(versions, &VersionInfo::rows).
template <typename T, typename Items, typename Member>
std::vector<T> collect(const Items& all, Member member) {
  std::vector<T> values;
  values.reserve(all.size());
  for (const auto& each : all) values.push_back(each.*member);
  return values;
}

}  // namespace varve::cli
