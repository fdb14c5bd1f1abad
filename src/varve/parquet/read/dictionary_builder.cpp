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
  size_t bytes = 0;
  for (const std::string& value : values_) bytes += value.size();
  base::MutableBuffer values = base::MutableBuffer::allocate(bytes);
  base::MutableBuffer offsets = base::MutableBuffer::allocate((values_.size() + 1) * sizeof(int64_t));
  size_t at = 0;
  size_t row = 0;
  for (const std::string& value : values_) {
    if (!value.empty()) std::memcpy(values.data() + at, value.data(), value.size());
    offsets.as<int64_t>()[row++] = static_cast<int64_t>(at);
    at += value.size();
  }
  offsets.as<int64_t>()[row] = static_cast<int64_t>(at);
  ColumnParts parts{.type = type_, .length = static_cast<int64_t>(values_.size()), .null_count = 0};
  parts.values = std::move(values).finish();
  parts.offsets = std::move(offsets).finish();
  return Column(std::move(parts));
}

}  // namespace varve::parquet
