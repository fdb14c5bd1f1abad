// Collects distinct strings into the dictionary of a column.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "varve/table/column.h"

namespace varve::parquet {

// Values of a string or binary type. Not movable.
class DictionaryBuilder {
 public:
  explicit DictionaryBuilder(DataType type) : type_(std::move(type)) {}
  DictionaryBuilder(const DictionaryBuilder&) = delete;
  DictionaryBuilder& operator=(const DictionaryBuilder&) = delete;

  // The index of the value, which is added if it is new. Throws NotSupported beyond 2^31 - 1 values.
  int32_t add(std::string_view value);
  // Adds a value even if it is there already, so that indices that were given elsewhere stay right.
  void append(std::string_view value);
  [[nodiscard]] Column finish() const;

 private:
  DataType type_;
  std::deque<std::string> values_;
  std::unordered_map<std::string_view, int32_t> indices_;
};

}  // namespace varve::parquet
