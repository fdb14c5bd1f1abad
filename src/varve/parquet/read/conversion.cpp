#include "varve/parquet/read/conversion.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "varve/base/error.h"
#include "varve/table/decimal.h"

namespace varve::parquet {
namespace {

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

int32_t swapped(int32_t value) { return static_cast<int32_t>(__builtin_bswap32(static_cast<uint32_t>(value))); }
int64_t swapped(int64_t value) { return static_cast<int64_t>(__builtin_bswap64(static_cast<uint64_t>(value))); }

// A number of one to two halves: the first and the last half, which may overlap.
template <typename Whole, typename Half>
Whole big_endian(const std::byte* bytes, int64_t size) {
  constexpr int64_t kHalf = sizeof(Half);
  const Whole high = Whole{swapped(load<Half>(bytes))} >> (8 * (2 * kHalf - size));
  const auto low = static_cast<std::make_unsigned_t<Half>>(swapped(load<Half>(bytes + size - kHalf)));
  return high * (Whole{1} << (8 * kHalf)) + low;
}

// Whole numbers of one width as ones of another. Unsigned columns keep their bits in signed stored ones of equal
// width; a narrower column must hold the value.
template <typename Stored, typename Out>
void convert_integers(const Conversion&, const std::byte* stored, int64_t count, std::byte* out) {
  auto* target = reinterpret_cast<Out*>(out);
  bool fits = true;
  for (int64_t row = 0; row < count; ++row) {
    const auto value = load<Stored>(stored + row * static_cast<int64_t>(sizeof(Stored)));
    target[row] = static_cast<Out>(value);
    if constexpr (sizeof(Out) < sizeof(Stored)) fits &= static_cast<Stored>(target[row]) == value;
  }
  if (!fits) throw Corruption("a value does not fit the column's {} bits", sizeof(Out) * 8);
}

template <typename Stored>
void convert_units(const Conversion& conversion, const std::byte* stored, int64_t count, std::byte* out) {
  auto* target = reinterpret_cast<Stored*>(out);
  bool exact = true;
  const auto multiply = static_cast<Stored>(conversion.multiply);
  const auto divide = static_cast<Stored>(conversion.divide);
  for (int64_t row = 0; row < count; ++row) {
    const auto value = load<Stored>(stored + row * static_cast<int64_t>(sizeof(Stored)));
    Stored product = 0;
    exact &= !__builtin_mul_overflow(value, multiply, &product);
    target[row] = static_cast<Stored>(product / divide);
    exact &= target[row] * divide == product;
  }
  if (!exact) {
    throw Corruption("a time cannot be given exactly in the column's unit (stored times {} by {})", multiply, divide);
  }
}

// INT96: nanoseconds of the day, then the Julian day.
void convert_int96(const Conversion& conversion, const std::byte* stored, int64_t count, std::byte* out) {
  constexpr int64_t kJulianDayOfEpoch = 2'440'588;
  auto* target = reinterpret_cast<int64_t*>(out);
  const int64_t nanoseconds_per_unit = conversion.divide;
  const int64_t units_per_day = kNanosecondsPerDay / nanoseconds_per_unit;
  bool fits = true;
  for (int64_t row = 0; row < count; ++row, stored += 12) {
    const auto nanoseconds = load<int64_t>(stored);
    const int64_t day = int64_t{load<int32_t>(stored + 8)} - kJulianDayOfEpoch;
    int64_t units = 0;
    fits &= !__builtin_mul_overflow(day, units_per_day, &units);
    fits &= !__builtin_add_overflow(units, nanoseconds / nanoseconds_per_unit, &units);
    fits &= nanoseconds % nanoseconds_per_unit == 0;
    target[row] = units;
  }
  if (!fits) throw NotSupported("an INT96 timestamp cannot be given exactly in units of {} ns", nanoseconds_per_unit);
}

int digits_of(Int128 value) {
  int digits = 1;
  for (; value / 10 != 0; value /= 10) ++digits;
  return digits;
}

// Values as decimals; value_at(row) is one of them. The outermost two tell whether all have the column's digits.
template <typename Stored, typename ValueAt>
void convert_decimals(const Conversion& conversion, int64_t count, std::byte* out, const ValueAt& value_at) {
  Stored least = 0;
  Stored most = 0;
  for (int64_t row = 0; row < count; ++row) {
    const Stored value = value_at(row);
    least = std::min(least, value);
    most = std::max(most, value);
    const Int128 widened = value;
    std::memcpy(out + row * 16, &widened, sizeof widened);
  }
  if (-conversion.limit < least && most < conversion.limit) return;
  throw Corruption("a decimal of {} digits in a column of {}", std::max(digits_of(least), digits_of(most)),
                   digits_of(conversion.limit) - 1);
}

template <typename Stored>
void convert_to_decimal(const Conversion& conversion, const std::byte* stored, int64_t count, std::byte* out) {
  convert_decimals<Stored>(conversion, count, out, [stored](int64_t row) {
    return load<Stored>(stored + row * static_cast<int64_t>(sizeof(Stored)));
  });
}

void convert_bytes_to_decimal(const Conversion& conversion, const std::byte* stored, int64_t count, std::byte* out) {
  const int64_t width = conversion.width_stored;
  convert_decimals<Int128>(conversion, count, out,
                           [stored, width](int64_t row) { return decimal_of(stored + row * width, width); });
}

int64_t width_stored(const SchemaElement& element) {
  switch (*element.type) {
    case PhysicalType::kInt32:
    case PhysicalType::kFloat: return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble: return 8;
    case PhysicalType::kInt96: return 12;
    case PhysicalType::kFixedLenByteArray: return element.type_length;
    default: return 0;
  }
}

bool is_integer(const DataType& type) { return is_signed_integer(type) || is_unsigned_integer(type); }

template <typename Stored>
Conversion::Function integers_to(int64_t width) {
  switch (width) {
    case 1: return convert_integers<Stored, int8_t>;
    case 2: return convert_integers<Stored, int16_t>;
    case 4: return convert_integers<Stored, int32_t>;
    default: return convert_integers<Stored, int64_t>;
  }
}

// The same into unsigned columns, where a narrow value's upper bits are zeros and not copies of its sign.
template <typename Stored>
Conversion::Function integers_to_unsigned(int64_t width) {
  switch (width) {
    case 1: return convert_integers<Stored, uint8_t>;
    case 2: return convert_integers<Stored, uint16_t>;
    case 4: return convert_integers<Stored, uint32_t>;
    default: return convert_integers<Stored, uint64_t>;
  }
}

template <typename Stored>
Conversion::Function function_from_integers(const DataType& type, Conversion& conversion) {
  if (type.id == TypeId::kDecimal) return convert_to_decimal<Stored>;
  if (conversion.multiply != conversion.divide) return convert_units<Stored>;
  if (conversion.width == conversion.width_stored) return nullptr;
  return is_unsigned_integer(type) ? integers_to_unsigned<Stored>(conversion.width)
                                   : integers_to<Stored>(conversion.width);
}

bool goes_together(PhysicalType stored, const DataType& type, const Conversion& conversion) {
  const bool same_width = conversion.width == conversion.width_stored;
  switch (stored) {
    case PhysicalType::kInt32:
    case PhysicalType::kInt64:
      if (is_integer(type) || type.id == TypeId::kDecimal) return true;
      if (type.id == TypeId::kDate || type.id == TypeId::kTime || type.id == TypeId::kTimestamp ||
          type.id == TypeId::kDuration) {
        return same_width;
      }
      return false;
    case PhysicalType::kInt96: return type.id == TypeId::kTimestamp;
    case PhysicalType::kFloat: return type.id == TypeId::kFloat32;
    case PhysicalType::kDouble: return type.id == TypeId::kFloat64;
    case PhysicalType::kByteArray: return type.id == TypeId::kDecimal;
    case PhysicalType::kFixedLenByteArray:
      if (type.id == TypeId::kDecimal) return conversion.width_stored > 0;
      return same_width && (type.id == TypeId::kFixedBinary || type.id == TypeId::kFloat16);
    default: return false;
  }
}

// The unit in which a time or timestamp column is stored; `otherwise` if the element does not say.
TimeUnit stored_unit(const SchemaElement& element, TimeUnit otherwise) {
  if (element.type == PhysicalType::kInt96) return TimeUnit::kNano;
  const LogicalType& logical = element.logical_type;
  if (logical.id == LogicalType::Id::kTime || logical.id == LogicalType::Id::kTimestamp) {
    if (logical.unit == LogicalType::Unit::kMillis) return TimeUnit::kMilli;
    return logical.unit == LogicalType::Unit::kMicros ? TimeUnit::kMicro : TimeUnit::kNano;
  }
  if (!element.converted_type) return otherwise;
  switch (*element.converted_type) {
    case ConvertedType::kTimeMillis:
    case ConvertedType::kTimestampMillis: return TimeUnit::kMilli;
    case ConvertedType::kTimeMicros:
    case ConvertedType::kTimestampMicros: return TimeUnit::kMicro;
    default: return otherwise;
  }
}

}  // namespace

Int128 decimal_of(const std::byte* bytes, int64_t size) {
  if (size == 0) return 0;
  const bool negative = (bytes[0] & std::byte{0x80}) != std::byte{0};
  const auto filler = negative ? std::byte{0xFF} : std::byte{0};
  for (; size > 16; --size, ++bytes) {
    const bool same_sign = ((bytes[1] & std::byte{0x80}) != std::byte{0}) == negative;
    if (bytes[0] != filler || !same_sign) throw Corruption("a decimal does not fit 128 bits");
  }
  if (size >= 8) return big_endian<Int128, int64_t>(bytes, size);
  if (size >= 4) return big_endian<int64_t, int32_t>(bytes, size);
  Int128 value = negative ? -1 : 0;
  for (int64_t at = 0; at < size; ++at) value = value * 256 + static_cast<uint8_t>(bytes[at]);
  return value;
}

void convert_byte_arrays(const Conversion& conversion, std::span<const int64_t> offsets, const std::byte* bytes,
                         std::byte* out) {
  convert_decimals<Int128>(conversion, std::ssize(offsets) - 1, out, [offsets, bytes](int64_t row) {
    const auto at = static_cast<size_t>(row);
    return decimal_of(bytes + offsets[at], offsets[at + 1] - offsets[at]);
  });
}

Conversion conversion_of(const LeafColumn& column) {
  const DataType& type = column.type;
  const PhysicalType stored = column.element.type.value_or(PhysicalType::kBoolean);
  Conversion conversion;
  conversion.width = width_of(type);
  conversion.width_stored = width_stored(column.element);
  if (type.id == TypeId::kDecimal) conversion.limit = table::power_of_ten(type.precision);
  if (type.id == TypeId::kTimestamp || type.id == TypeId::kTime) {
    const int64_t from = nanoseconds_per(stored_unit(column.element, type.unit));
    const int64_t to = nanoseconds_per(type.unit);
    conversion.multiply = from > to ? from / to : 1;
    conversion.divide = to > from ? to / from : 1;
  }
  if (!goes_together(stored, type, conversion)) {
    throw NotSupported("physical type {} cannot be read as {}", static_cast<int32_t>(stored), to_string(type));
  }
  switch (stored) {
    case PhysicalType::kInt32: conversion.function = function_from_integers<int32_t>(type, conversion); break;
    case PhysicalType::kInt64: conversion.function = function_from_integers<int64_t>(type, conversion); break;
    case PhysicalType::kInt96: conversion.function = convert_int96; break;
    case PhysicalType::kFixedLenByteArray:
      if (type.id == TypeId::kDecimal) conversion.function = convert_bytes_to_decimal;
      break;
    default: break;
  }
  return conversion;
}

}  // namespace varve::parquet
