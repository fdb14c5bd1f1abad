#include "varve/parquet/read/dictionary_builder.h"

#include <cstring>
#include <limits>

#include "varve/base/error.h"

namespace varve::parquet {

void DictionaryBuilder::append(std::string_view value) {
  if (values_.size() == std::numeric_limits<int32_t>::max()) throw NotSupported("a dictionary beyond 2^31 - 1 values");
  const auto index = static_cast<int32_t>(values_.size());
  values_.emplace_back(value);
  indices_.emplace(values_.back(), index);
}

int32_t DictionaryBuilder::add(std::string_view value) {
  const auto found = indices_.find(value);
  if (found != indices_.end()) return found->second;
  append(value);
  return static_cast<int32_t>(values_.size()) - 1;
}

Column DictionaryBuilder::finish() const {
  const bool variable = storage_of(type_) == Storage::kVariable;
  size_t bytes = 0;
  for (const std::string& value : values_) bytes += value.size();
  base::MutableBuffer values = base::MutableBuffer::allocate(bytes);
  base::MutableBuffer offsets = base::MutableBuffer::allocate(variable ? (values_.size() + 1) * sizeof(int64_t) : 0);
  size_t at = 0;
  size_t row = 0;
  for (const std::string& value : values_) {
    if (!value.empty()) std::memcpy(values.data() + at, value.data(), value.size());
    if (variable) offsets.as<int64_t>()[row++] = static_cast<int64_t>(at);
    at += value.size();
  }
  if (variable) offsets.as<int64_t>()[row] = static_cast<int64_t>(at);
  ColumnParts parts{.type = type_, .length = static_cast<int64_t>(values_.size()), .null_count = 0};
  parts.values = std::move(values).finish();
  if (variable) parts.offsets = std::move(offsets).finish();
  return Column(std::move(parts));
}

std::string_view value_bytes(const Column& column, int64_t row) noexcept {
  if (storage_of(column.type()) == Storage::kVariable) return column.bytes_at(row);
  const auto width = static_cast<size_t>(width_of(column.type()));
  const auto* first = reinterpret_cast<const char*>(column.parts().values->data());
  return {first + static_cast<size_t>(column.parts().offset + row) * width, width};
}

}  // namespace varve::parquet
