// One column of values in Arrow's memory layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/table/type.h"

namespace varve {

// Bits, least significant first, beginning at a bit that need not be the first of its byte. Null `data`: all set.
struct BitSpan {
  const uint8_t* data = nullptr;
  int64_t offset = 0;
  int64_t length = 0;

  [[nodiscard]] bool operator[](int64_t row) const noexcept {
    return data == nullptr || ((data[(offset + row) >> 3] >> ((offset + row) & 7)) & 1) != 0;
  }
};
int64_t count_set(const BitSpan& bits) noexcept;

// What a column is made of. `validity` has a set bit for each row that is not null; a null pointer means none is null.
// `offset` is the row of the buffers that is the column's first: a slice shares its parent's buffers.
struct ColumnParts {
  DataType type = {};
  int64_t length = 0;
  base::BufferPtr validity = {};
  base::BufferPtr values = {};                          // kBits, kFixed, kIndexed: rows; kVariable: the bytes
  base::BufferPtr offsets = {};                         // kVariable: int64_t, one more than rows
  std::shared_ptr<const class Column> dictionary = {};  // kIndexed: holds no nulls and is no dictionary itself
  int64_t offset = 0;
  int64_t null_count = -1;  // -1: count when asked
};

// A column: a value over shared, unchanging buffers, cheap to copy and slice. Safe to read from several threads.
// Rows are numbered from 0 to length() - 1. Values of null rows are unspecified.
class Column {
 public:
  Column() = default;  // no rows of type null
  // Throws InvalidArgument if a buffer is too small for the rows or the dictionary is missing or of another type.
  // `check_contents` also asks that offsets ascend and lie inside, and, of rows that are not null, that indices lie
  // inside the dictionary, strings are UTF-8 and decimals keep to their precision; and it counts the nulls whatever
  // `null_count` says. What comes from elsewhere is checked so; what our own kernels made is not.
  explicit Column(ColumnParts parts, bool check_contents = false);

  [[nodiscard]] const DataType& type() const noexcept { return parts_.type; }
  [[nodiscard]] int64_t length() const noexcept { return parts_.length; }
  [[nodiscard]] int64_t null_count() const noexcept { return parts_.null_count; }  // always known once built
  [[nodiscard]] bool is_null(int64_t row) const noexcept {
    return parts_.null_count != 0 && (parts_.null_count == parts_.length || !validity()[row]);
  }
  // No bitmap (all set) where none is null; none either for kNull, whose rows all are.
  [[nodiscard]] BitSpan validity() const noexcept {
    return {parts_.validity ? reinterpret_cast<const uint8_t*>(parts_.validity->data()) : nullptr, parts_.offset,
            parts_.length};
  }

  // Rows of a kFixed or kIndexed column as T, whose size must be width_of(type()).
  template <typename T>
  [[nodiscard]] std::span<const T> values() const noexcept {
    return {reinterpret_cast<const T*>(parts_.values ? parts_.values->data() : nullptr) + parts_.offset,
            static_cast<size_t>(parts_.length)};
  }
  // Rows of a kBits column.
  [[nodiscard]] BitSpan bits() const noexcept {
    return {parts_.values ? reinterpret_cast<const uint8_t*>(parts_.values->data()) : nullptr, parts_.offset,
            parts_.length};
  }
  // length() + 1 offsets into variable_bytes() of a kVariable column.
  [[nodiscard]] std::span<const int64_t> offsets() const noexcept;
  [[nodiscard]] const char* variable_bytes() const noexcept;
  // One row, not null, of a kVariable or fixed binary column, or of a dictionary of such.
  [[nodiscard]] std::string_view bytes_at(int64_t row) const noexcept;
  // The values of a kIndexed column.
  [[nodiscard]] const Column& dictionary() const noexcept { return *parts_.dictionary; }

  // Rows [start, start + length), sharing the buffers. Throws InvalidArgument if they are not all there.
  [[nodiscard]] Column slice(int64_t start, int64_t length) const;
  [[nodiscard]] const ColumnParts& parts() const noexcept { return parts_; }
  // Bytes of the rows shown (not of the whole shared buffers).
  [[nodiscard]] int64_t byte_size() const noexcept;

 private:
  ColumnParts parts_;
};

// A column from values; `valid` empty means none is null, else it has an entry a row. T's size must be width_of(type);
// for booleans T is bool. Throws InvalidArgument if sizes differ.
Column make_fixed_column(DataType type, std::span<const std::byte> values, size_t width,
                         const std::vector<bool>& valid);
template <typename T>
Column make_column(DataType type, std::span<const T> values, const std::vector<bool>& valid = {}) {
  return make_fixed_column(std::move(type), std::as_bytes(values), sizeof(T), valid);
}
// A column of strings, binary, fixed binary or a dictionary of strings or binary; no value is null.
Column make_column(DataType type, const std::vector<std::optional<std::string>>& values);
// A column of `length` nulls.
Column make_null_column(DataType type, int64_t length);

}  // namespace varve
