// A column's values as Parquet stores them: of a physical type, without the nulls between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/format.h"
#include "varve/table/column.h"

namespace varve::parquet {

// Shows the column's own memory where it fits as it is, so the column must outlive it; else memory of its own.
struct PhysicalValues {
  PhysicalType type = PhysicalType::kInt32;
  int32_t width = 0;  // bytes a value of `fixed`; 0 where `strings` are meant; booleans are bytes 0 and 1
  size_t count = 0;   // values that are not null
  std::span<const std::byte> fixed;
  ByteStrings strings;
  std::vector<base::MutableBuffer> owned;

  // Values [first, first + length).
  [[nodiscard]] PhysicalValues slice(size_t first, size_t length) const;
  // What they take in the PLAIN encoding.
  [[nodiscard]] size_t byte_size() const noexcept;
  // One value's bytes.
  [[nodiscard]] std::string_view bytes_at(size_t index) const noexcept {
    if (width != 0) {
      const auto stride = static_cast<size_t>(width);
      return {reinterpret_cast<const char*>(fixed.data()) + index * stride, stride};
    }
    const int64_t start = strings.offsets[index];
    return {strings.characters + start, static_cast<size_t>(strings.offsets[index + 1] - start)};
  }
  template <typename T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    return {reinterpret_cast<const T*>(fixed.data()), count};
  }
};

// The values of `column`, whose type may not be a dictionary, as `element` says they are stored.
// Throws InvalidArgument for a value that has no place there: seconds beyond the reach of milliseconds, a decimal of
// more digits than its precision.
PhysicalValues to_physical(const Column& column, const SchemaElement& element);

// The dictionary indices of the rows that are not null.
struct PhysicalIndices {
  std::span<const int32_t> indices;
  base::MutableBuffer owned;
};
PhysicalIndices to_indices(const Column& column);

}  // namespace varve::parquet
