// The columns of a table by name and type.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/table/type.h"

namespace varve {

struct Field {
  std::string name;
  DataType type;
  bool nullable = true;  // may hold nulls

  bool operator==(const Field&) const = default;
};

// Names in a schema are unique. A value. `metadata` are free key-value pairs (Parquet's), which equality leaves out.
class Schema {
 public:
  Schema() = default;
  // Throws InvalidArgument if two fields have one name, or a name is empty, not UTF-8, or holds a NUL (which
  // would end it in Arrow's schemas).
  explicit Schema(std::vector<Field> fields, std::vector<std::pair<std::string, std::string>> metadata = {});

  [[nodiscard]] size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] const Field& operator[](size_t position) const { return fields_[position]; }
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::optional<size_t> find(std::string_view name) const noexcept;
  // Throws NotFound, naming the column and those there are.
  [[nodiscard]] size_t position_of(std::string_view name) const;

  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& metadata() const noexcept { return metadata_; }
  [[nodiscard]] std::optional<std::string_view> metadata(std::string_view name) const noexcept;
  [[nodiscard]] Schema with_metadata(std::vector<std::pair<std::string, std::string>> metadata) const;

  bool operator==(const Schema& other) const { return fields_ == other.fields_; }

 private:
  std::vector<Field> fields_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

// One line a field: "close: float64". With " not null" where it may hold none.
std::string to_string(const Schema& schema);

}  // namespace varve
