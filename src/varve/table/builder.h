// Builds a column row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "varve/base/buffer.h"
#include "varve/table/column.h"

namespace varve::table {

// Rows go in, a column comes out. Move-only; one thread. Each append_ call suits the types it names and throws
// InvalidArgument for others or for a value that does not fit (its message shows the value).
class ColumnBuilder {
 public:
  explicit ColumnBuilder(DataType type);

  [[nodiscard]] const DataType& type() const noexcept { return type_; }
  [[nodiscard]] int64_t length() const noexcept { return length_; }
  void reserve(int64_t rows);

  void append_null();
  void append_boolean(bool value);
  void append_int64(int64_t value);    // signed integers, date, time, timestamp, duration; unsigned if not negative
  void append_uint64(uint64_t value);  // unsigned integers
  void append_double(double value);    // float16 (rounded), float32 (rounded), float64
  void append_decimal(Int128 unscaled);
  void append_bytes(std::string_view bytes);  // string, binary, fixed binary, dictionary of string or binary

  // The column of all rows so far; the builder is empty afterwards and may be used again.
  Column finish();

 private:
  void append_valid(bool valid);
  void append_offset();
  template <typename T>
  void append_fixed(T value);
  void append_to_dictionary(std::string_view bytes);

  DataType type_;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  base::MutableBuffer validity_;  // empty until the first null
  base::MutableBuffer values_;
  base::MutableBuffer offsets_;
  struct DictionaryState;
  std::shared_ptr<DictionaryState> dictionary_;
};

}  // namespace varve::table
