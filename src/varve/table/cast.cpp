#include "varve/table/cast.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/builder.h"
#include "varve/table/decimal.h"
#include "varve/table/decimals/float_decimal.h"
#include "varve/table/half.h"
#include "varve/table/print.h"
#include "varve/table/select.h"

namespace varve::table {

namespace {

[[noreturn]] void refuse(const Column& column, const DataType& type) {
  throw SchemaCompatibility("a column of {} cannot become {}", to_string(column.type()), to_string(type));
}

[[noreturn]] void refuse_row(const Column& column, const DataType& type, int64_t row) {
  throw SchemaCompatibility("a column of {} cannot become {}: row {} is {}", to_string(column.type()), to_string(type),
                            row, value_text(column, row));
}

// The same rows under another type of the same layout.
Column relabel(const Column& column, const DataType& type) {
  ColumnParts parts = column.parts();
  parts.type = type;
  return Column(std::move(parts));
}

// Each value through `convert(in, out)`, which says whether `out` is exactly `in`. Null rows may hold anything: that
// they do not convert is no error.
template <typename From, typename To, typename Convert>
Column convert_values(const Column& column, const DataType& type, Convert convert) {
  const std::span<const From> in = column.values<From>();
  base::MutableBuffer buffer = base::MutableBuffer::allocate(in.size() * sizeof(To));
  To* out = buffer.as<To>();
  bool exact = true;
  for (size_t row = 0; row < in.size(); ++row) exact &= convert(in[row], out[row]);
  for (int64_t row = 0; !exact && row < column.length(); ++row) {
    To ignored{};
    const bool fits = convert(in[static_cast<size_t>(row)], ignored);
    if (!fits && !column.is_null(row)) refuse_row(column, type, row);
  }
  return Column({.type = type,
                 .length = column.length(),
                 .validity = bits_to_buffer(column.validity()),
                 .values = std::move(buffer).finish(),
                 .null_count = column.null_count()});
}

// 2 to the number of value bits of an integer type: the first whole number above its range, exact in double.
template <typename Integer>
constexpr double kAboveRange = static_cast<double>(Integer{1} << (std::numeric_limits<Integer>::digits - 1)) * 2.0;

// Sets `out` to `in` and says whether nothing was lost. NaN stays NaN.
template <typename From, typename To>
bool convert_number(From in, To& out) noexcept {
  if constexpr (std::is_integral_v<From> && std::is_integral_v<To>) {
    out = static_cast<To>(in);
    return std::in_range<To>(in);
  } else if constexpr (std::is_integral_v<From>) {
    out = static_cast<To>(in);
    // Rounding may have gone up to the first number above the range, which must not be turned back.
    const auto back = static_cast<double>(out);
    return back < kAboveRange<From> && static_cast<From>(out) == in;
  } else if constexpr (std::is_integral_v<To>) {
    const auto value = static_cast<double>(in);
    constexpr double kLeast = std::is_signed_v<To> ? -kAboveRange<To> : 0.0;
    const bool fits = value >= kLeast && value < kAboveRange<To> && std::trunc(value) == value;
    out = fits ? static_cast<To>(value) : To{0};
    return fits;
  } else {
    out = static_cast<To>(in);
    return static_cast<From>(out) == in || in != in;
  }
}

template <typename T>
struct TypeTag {
  using Type = T;
};

// Calls `body` with the tag of the type's C++ type, for integers, float32 and float64; others get false.
template <typename Body>
bool with_number_type(const DataType& type, Body body) {
  switch (type.id) {
    case TypeId::kInt8: return body(TypeTag<int8_t>{}), true;
    case TypeId::kInt16: return body(TypeTag<int16_t>{}), true;
    case TypeId::kInt32: return body(TypeTag<int32_t>{}), true;
    case TypeId::kInt64: return body(TypeTag<int64_t>{}), true;
    case TypeId::kUInt8: return body(TypeTag<uint8_t>{}), true;
    case TypeId::kUInt16: return body(TypeTag<uint16_t>{}), true;
    case TypeId::kUInt32: return body(TypeTag<uint32_t>{}), true;
    case TypeId::kUInt64: return body(TypeTag<uint64_t>{}), true;
    case TypeId::kFloat32: return body(TypeTag<float>{}), true;
    case TypeId::kFloat64: return body(TypeTag<double>{}), true;
    default: return false;
  }
}

Column cast_number(const Column& column, const DataType& type) {
  Column result;
  with_number_type(column.type(), [&](auto from) {
    with_number_type(type, [&](auto to) {
      using From = typename decltype(from)::Type;
      using To = typename decltype(to)::Type;
      result = convert_values<From, To>(column, type, convert_number<From, To>);
    });
  });
  return result;
}

Column widen_half(const Column& column) {
  return convert_values<uint16_t, float>(column, DataType::float32(), [](uint16_t in, float& out) {
    out = half_to_float(in);
    return true;
  });
}

Column narrow_to_half(const Column& column, const DataType& type) {
  return convert_values<double, uint16_t>(column, type, [](double in, uint16_t& out) {
    out = double_to_half(in);
    return static_cast<double>(half_to_float(out)) == in || in != in;
  });
}

bool fits_digits(Int128 value, Int128 limit) noexcept { return -limit < value && value < limit; }

Column cast_integer_to_decimal(const Column& column, const DataType& type) {
  const Int128 factor = power_of_ten(type.scale);
  const Int128 limit = power_of_ten(type.precision - type.scale);
  Column result;
  with_number_type(column.type(), [&](auto from) {
    using From = typename decltype(from)::Type;
    result = convert_values<From, Int128>(column, type, [=](From in, Int128& out) {
      const bool fits = fits_digits(static_cast<Int128>(in), limit);
      out = fits ? static_cast<Int128>(in) * factor : Int128{0};
      return fits;
    });
  });
  return result;
}

Column cast_decimal(const Column& column, const DataType& type) {
  const int32_t shift = type.scale - column.type().scale;
  const Int128 factor = power_of_ten(std::abs(shift));
  const Int128 limit = power_of_ten(shift >= 0 ? type.precision - shift : type.precision);
  if (shift >= 0) {
    return convert_values<Int128, Int128>(column, type, [=](Int128 in, Int128& out) {
      const bool fits = fits_digits(in, limit);
      out = fits ? in * factor : Int128{0};
      return fits;
    });
  }
  return convert_values<Int128, Int128>(column, type, [=](Int128 in, Int128& out) {
    out = in / factor;
    return out * factor == in && fits_digits(out, limit);
  });
}

// Between units of time: `numerator` and `denominator` are coprime powers of ten, one of them 1.
template <typename From, typename To>
Column scale_values(const Column& column, const DataType& type, int64_t numerator, int64_t denominator) {
  if (numerator == 1) {
    return convert_values<From, To>(column, type, [denominator](From in, To& out) {
      const int64_t wide = int64_t{in} / denominator;
      out = static_cast<To>(wide);
      return wide * denominator == in && std::in_range<To>(wide);
    });
  }
  return convert_values<From, To>(column, type, [numerator](From in, To& out) {
    int64_t wide = 0;
    const bool overflow = __builtin_mul_overflow(int64_t{in}, numerator, &wide);
    out = static_cast<To>(wide);
    return !overflow && std::in_range<To>(wide);
  });
}

Column scale_time(const Column& column, const DataType& type, int64_t from_unit, int64_t to_unit) {
  if (from_unit == to_unit) return relabel(column, type);
  const int64_t numerator = std::max<int64_t>(from_unit / to_unit, 1);
  const int64_t denominator = std::max<int64_t>(to_unit / from_unit, 1);
  const bool narrow_from = width_of(column.type()) == 4;
  const bool narrow_to = width_of(type) == 4;
  if (narrow_from && narrow_to) return scale_values<int32_t, int32_t>(column, type, numerator, denominator);
  if (narrow_from) return scale_values<int32_t, int64_t>(column, type, numerator, denominator);
  if (narrow_to) return scale_values<int64_t, int32_t>(column, type, numerator, denominator);
  return scale_values<int64_t, int64_t>(column, type, numerator, denominator);
}

bool is_text(const DataType& type) { return type.id == TypeId::kString || type.id == TypeId::kBinary; }

// The values that the indices stand for.
Column decode(const Column& column) {
  const auto indices = column.values<int32_t>();
  std::vector<int64_t> rows(indices.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    rows[row] = column.is_null(static_cast<int64_t>(row)) ? -1 : indices[row];
  }
  return take(column.dictionary(), rows);
}

Column encode(const Column& column, const DataType& type) {
  ColumnBuilder builder(type);
  builder.reserve(column.length());
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.is_null(row)) {
      builder.append_null();
    } else {
      builder.append_bytes(column.bytes_at(row));
    }
  }
  return builder.finish();
}

Column cast_from_dictionary(const Column& column, const DataType& type) {
  const DataType& value_type = *column.type().value_type;
  if (type.id == TypeId::kDictionary && *type.value_type == value_type) return relabel(column, type);
  if (type != value_type) refuse(column, type);
  return decode(column);
}

bool is_integer(const DataType& type) { return is_signed_integer(type) || is_unsigned_integer(type); }
bool is_number(const DataType& type) { return is_integer(type) || is_floating(type); }

Column cast_between_numbers(const Column& column, const DataType& type) {
  if (column.type().id == TypeId::kFloat16) return cast(widen_half(column), type);
  if (type.id == TypeId::kFloat16) return narrow_to_half(cast(column, DataType::float64()), type);
  return cast_number(column, type);
}

}  // namespace

Column cast(const Column& column, const DataType& type) {
  const DataType& from = column.type();
  if (from == type) return column;
  if (from.id == TypeId::kNull) return make_null_column(type, column.length());
  if (from.id == TypeId::kDictionary) return cast_from_dictionary(column, type);
  if (type.id == TypeId::kDictionary && is_text(from) && from == *type.value_type) return encode(column, type);
  if (is_number(from) && is_number(type)) return cast_between_numbers(column, type);
  if (is_integer(from) && type.id == TypeId::kDecimal) return cast_integer_to_decimal(column, type);
  if (from.id == TypeId::kDecimal && type.id == TypeId::kDecimal) return cast_decimal(column, type);
  if (from.id == TypeId::kDecimal && type.id == TypeId::kFloat64) return to_float(column);
  if (from.id == TypeId::kFloat64 && type.id == TypeId::kDecimal) return to_decimal(column, type);
  if (from.id == TypeId::kDate && type.id == TypeId::kTimestamp) {
    return scale_time(column, type, kNanosecondsPerDay, nanoseconds_per(type.unit));
  }
  const bool both_naive_or_zoned = from.zone.empty() == type.zone.empty();
  const bool has_unit = from.id == TypeId::kTimestamp || from.id == TypeId::kTime || from.id == TypeId::kDuration;
  if (from.id == type.id && has_unit && both_naive_or_zoned) {
    return scale_time(column, type, nanoseconds_per(from.unit), nanoseconds_per(type.unit));
  }
  refuse(column, type);
}

namespace {

// The integer of `width` bytes.
DataType integer(bool is_signed, int32_t width) {
  const int step = std::countr_zero(static_cast<uint32_t>(width));
  const auto first = static_cast<int>(is_signed ? TypeId::kInt8 : TypeId::kUInt8);
  return {.id = static_cast<TypeId>(first + step)};
}

// Empty where no integer can hold both.
std::optional<DataType> unify_integers(const DataType& older, const DataType& newer) {
  const bool same_sign = is_signed_integer(older) == is_signed_integer(newer);
  if (same_sign) return width_of(older) >= width_of(newer) ? older : newer;
  const DataType& with_sign = is_signed_integer(older) ? older : newer;
  const DataType& without = is_signed_integer(older) ? newer : older;
  const int32_t width = std::max(width_of(with_sign), 2 * width_of(without));
  if (width > 8) return std::nullopt;
  return integer(true, width);
}

std::optional<DataType> unify_numbers(const DataType& older, const DataType& newer) {
  if (is_integer(older) && is_integer(newer)) return unify_integers(older, newer);
  if (is_integer(older) || is_integer(newer)) return DataType::float64();
  return width_of(older) >= width_of(newer) ? older : newer;
}

std::optional<DataType> unify_decimals(const DataType& older, const DataType& newer) {
  const int32_t scale = std::max(older.scale, newer.scale);
  const int32_t whole_digits = std::max(older.precision - older.scale, newer.precision - newer.scale);
  if (whole_digits + scale > 38) return std::nullopt;
  return DataType::decimal(whole_digits + scale, scale);
}

std::optional<DataType> unify_types(const DataType& older, const DataType& newer) {
  if (older == newer || newer.id == TypeId::kNull) return older;
  if (older.id == TypeId::kNull) return newer;
  if (is_number(older) && is_number(newer)) return unify_numbers(older, newer);
  if (older.id == TypeId::kDictionary && newer.id == TypeId::kDictionary) {
    if (*older.value_type == *newer.value_type) return older;
    return std::nullopt;
  }
  if (older.id == TypeId::kDictionary && is_text(newer) && *older.value_type == newer) return older;
  if (newer.id == TypeId::kDictionary && is_text(older) && *newer.value_type == older) return older;
  if (older.id == TypeId::kDecimal && newer.id == TypeId::kDecimal) return unify_decimals(older, newer);
  if (older.id == TypeId::kTimestamp && newer.id == TypeId::kTimestamp && older.zone.empty() == newer.zone.empty()) {
    return older;
  }
  return std::nullopt;
}

}  // namespace

DataType unify(const DataType& older, const DataType& newer, std::string_view name) {
  if (auto type = unify_types(older, newer)) return *std::move(type);
  throw SchemaCompatibility("column {} is {} and cannot take in {}", name, to_string(older), to_string(newer));
}

Schema unify(const Schema& older, const Schema& newer) {
  std::vector<Field> fields;
  for (const Field& field : older.fields()) {
    const auto position = newer.find(field.name);
    if (!position) {
      fields.push_back({field.name, field.type, true});
      continue;
    }
    const Field& other = newer[*position];
    fields.push_back({field.name, unify(field.type, other.type, field.name), field.nullable || other.nullable});
  }
  for (const Field& field : newer.fields()) {
    if (!older.find(field.name)) fields.push_back({field.name, field.type, true});
  }
  return Schema(std::move(fields), older.metadata());
}

Table conform(const Table& table, const Schema& schema) {
  if (table.schema() == schema) return table.with_metadata(schema.metadata());
  std::vector<Column> columns;
  columns.reserve(schema.size());
  for (const Field& field : schema.fields()) {
    const auto position = table.schema().find(field.name);
    if (!position) {
      columns.push_back(make_null_column(field.type, table.num_rows()));
      continue;
    }
    try {
      columns.push_back(cast(table.column(*position), field.type));
    } catch (const SchemaCompatibility& error) {
      throw SchemaCompatibility("column {}: {}", field.name, error.what());
    }
  }
  return Table(schema, std::move(columns));
}

}  // namespace varve::table
