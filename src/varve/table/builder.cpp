#include "varve/table/builder.h"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/decimal.h"
#include "varve/table/half.h"
#include "varve/table/utf8.h"

namespace varve::table {

namespace {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

[[noreturn]] void refuse(const DataType& type, const MessageArgument& value) {
  throw InvalidArgument("{} does not fit into {}", value.text(), to_string(type));
}

// The last time of day in `unit`, not included.
int64_t units_per_day(TimeUnit unit) { return kNanosecondsPerDay / nanoseconds_per(unit); }

}  // namespace

struct ColumnBuilder::DictionaryState {
  explicit DictionaryState(const DataType& value_type) : values(value_type) {}

  ColumnBuilder values;
  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> positions;
};

ColumnBuilder::ColumnBuilder(DataType type) : type_(std::move(type)) {
  if (type_.id != TypeId::kDictionary) return;
  if (!type_.value_type || (type_.value_type->id != TypeId::kString && type_.value_type->id != TypeId::kBinary)) {
    throw InvalidArgument("a column of {} cannot be built row by row", to_string(type_));
  }
  dictionary_ = std::make_shared<DictionaryState>(*type_.value_type);
}

void ColumnBuilder::reserve(int64_t rows) {
  if (rows <= 0) return;
  const auto grow = [](base::MutableBuffer& buffer, size_t bytes) {
    const size_t size = buffer.size();
    buffer.resize(size + bytes);
    buffer.resize(size);
  };
  const auto count = static_cast<size_t>(rows);
  switch (storage_of(type_)) {
    case Storage::kNone: break;
    case Storage::kBits: grow(values_, bytes_for_bits(rows)); break;
    case Storage::kFixed:
    case Storage::kIndexed: grow(values_, count * static_cast<size_t>(width_of(type_))); break;
    case Storage::kVariable: grow(offsets_, (count + 1) * sizeof(int64_t)); break;
  }
}

void ColumnBuilder::append_valid(bool valid) {
  if (!valid && validity_.size() == 0) {
    validity_.resize(bytes_for_bits(length_ + 1));
    set_bits(validity_.as<uint8_t>(), 0, length_, true);
  }
  if (validity_.size() != 0) {
    validity_.resize(bytes_for_bits(length_ + 1));
    set_bit(validity_.as<uint8_t>(), length_, valid);
  }
  if (!valid) ++null_count_;
  ++length_;
}

template <typename T>
void ColumnBuilder::append_fixed(T value) {
  const size_t size = values_.size();
  values_.resize(size + sizeof(T));
  std::memcpy(values_.data() + size, &value, sizeof(T));
  append_valid(true);
}

void ColumnBuilder::append_null() {
  switch (storage_of(type_)) {
    case Storage::kNone: break;
    case Storage::kBits:
      values_.resize(bytes_for_bits(length_ + 1));
      set_bit(values_.as<uint8_t>(), length_, false);
      break;
    case Storage::kFixed:
    case Storage::kIndexed: {
      const auto width = static_cast<size_t>(width_of(type_));
      values_.resize(values_.size() + width);
      if (width > 0) std::memset(values_.data() + values_.size() - width, 0, width);
      break;
    }
    case Storage::kVariable: append_offset(); break;
  }
  append_valid(false);
}

void ColumnBuilder::append_offset() {
  if (offsets_.size() == 0) {
    offsets_.resize(sizeof(int64_t));
    *offsets_.as<int64_t>() = 0;
  }
  const auto end = static_cast<int64_t>(values_.size());
  offsets_.append(std::as_bytes(std::span(&end, 1)));
}

void ColumnBuilder::append_boolean(bool value) {
  if (type_.id != TypeId::kBoolean) refuse(type_, value);
  values_.resize(bytes_for_bits(length_ + 1));
  set_bit(values_.as<uint8_t>(), length_, value);
  append_valid(true);
}

void ColumnBuilder::append_int64(int64_t value) {
  const auto append_if_fits = [this, value]<typename T>(T) {
    if (!std::in_range<T>(value)) refuse(type_, value);
    append_fixed(static_cast<T>(value));
  };
  switch (type_.id) {
    case TypeId::kInt8: return append_if_fits(int8_t{});
    case TypeId::kInt16: return append_if_fits(int16_t{});
    case TypeId::kDate:
    case TypeId::kInt32: return append_if_fits(int32_t{});
    case TypeId::kInt64:
    case TypeId::kTimestamp:
    case TypeId::kDuration: return append_fixed(value);
    case TypeId::kTime:
      if (value < 0 || value >= units_per_day(type_.unit)) refuse(type_, value);
      return width_of(type_) == 4 ? append_fixed(static_cast<int32_t>(value)) : append_fixed(value);
    default:
      if (value < 0) refuse(type_, value);
      append_uint64(static_cast<uint64_t>(value));
  }
}

void ColumnBuilder::append_uint64(uint64_t value) {
  const auto append_if_fits = [this, value]<typename T>(T) {
    if (!std::in_range<T>(value)) refuse(type_, value);
    append_fixed(static_cast<T>(value));
  };
  switch (type_.id) {
    case TypeId::kUInt8: return append_if_fits(uint8_t{});
    case TypeId::kUInt16: return append_if_fits(uint16_t{});
    case TypeId::kUInt32: return append_if_fits(uint32_t{});
    case TypeId::kUInt64: return append_fixed(value);
    default: refuse(type_, value);
  }
}

void ColumnBuilder::append_double(double value) {
  switch (type_.id) {
    case TypeId::kFloat64: return append_fixed(value);
    case TypeId::kFloat32:
      if (std::isfinite(value) && !std::isfinite(static_cast<float>(value))) refuse(type_, value);
      return append_fixed(static_cast<float>(value));
    case TypeId::kFloat16: {
      const uint16_t half = double_to_half(value);
      if (std::isfinite(value) && !std::isfinite(half_to_float(half))) refuse(type_, value);
      return append_fixed(half);
    }
    default: refuse(type_, value);
  }
}

void ColumnBuilder::append_decimal(Int128 unscaled) {
  if (type_.id != TypeId::kDecimal) refuse(type_, "a decimal");
  const Int128 limit = power_of_ten(type_.precision);
  if (unscaled <= -limit || unscaled >= limit) refuse(type_, "a decimal of more digits");
  append_fixed(unscaled);
}

void ColumnBuilder::append_bytes(std::string_view bytes) {
  switch (type_.id) {
    case TypeId::kString:
      if (!is_utf8(bytes)) refuse(type_, "text that is not UTF-8");
      [[fallthrough]];
    case TypeId::kBinary:
      values_.append(std::as_bytes(std::span(bytes)));
      append_offset();
      return append_valid(true);
    case TypeId::kFixedBinary:
      if (bytes.size() != static_cast<size_t>(type_.byte_width)) {
        refuse(type_, "a value of " + std::to_string(bytes.size()) + " bytes");
      }
      values_.append(std::as_bytes(std::span(bytes)));
      return append_valid(true);
    case TypeId::kDictionary: return append_to_dictionary(bytes);
    default: refuse(type_, "\"" + std::string(bytes.substr(0, 100)) + "\"");
  }
}

void ColumnBuilder::append_to_dictionary(std::string_view bytes) {
  auto found = dictionary_->positions.find(bytes);
  if (found == dictionary_->positions.end()) {
    const int64_t position = dictionary_->values.length();
    if (position > std::numeric_limits<int32_t>::max()) refuse(type_, "one more value");
    dictionary_->values.append_bytes(bytes);
    found = dictionary_->positions.emplace(bytes, static_cast<int32_t>(position)).first;
  }
  append_fixed(found->second);
}

Column ColumnBuilder::finish() {
  ColumnParts parts{.type = type_, .length = length_, .null_count = null_count_};
  if (validity_.size() != 0) parts.validity = std::move(validity_).finish();
  parts.values = std::move(values_).finish();
  if (storage_of(type_) == Storage::kVariable) parts.offsets = std::move(offsets_).finish();
  if (dictionary_) {
    parts.dictionary = std::make_shared<const Column>(dictionary_->values.finish());
    dictionary_->positions.clear();
  }
  length_ = 0;
  null_count_ = 0;
  return Column(std::move(parts));
}

}  // namespace varve::table
