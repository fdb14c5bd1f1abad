#include "varve/parquet/write/physical_values.h"

#include <cstring>
#include <limits>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/decimal.h"

namespace varve::parquet {

namespace {

// Calls visit(row) for each row that is not null, in order.
template <typename Visit>
void for_each_valid(const Column& column, const Visit& visit) {
  const int64_t rows = column.length();
  if (column.null_count() == 0) {
    for (int64_t row = 0; row < rows; ++row) visit(row);
    return;
  }
  const BitSpan validity = column.validity();
  for (int64_t start = 0; start < rows; start += 64) {
    for (uint64_t word = table::read_bits(validity, start, std::min<int64_t>(64, rows - start)); word != 0;
         word &= word - 1) {
      visit(start + __builtin_ctzll(word));
    }
  }
}

// The dense values, each turned from In to Out.
template <typename In, typename Out, typename Convert>
base::MutableBuffer convert(const Column& column, const Convert& convert_one) {
  auto buffer = base::MutableBuffer::allocate(static_cast<size_t>(column.length() - column.null_count()) * sizeof(Out));
  Out* target = buffer.as<Out>();
  const In* source = column.values<In>().data();
  for_each_valid(column, [&](int64_t row) { *target++ = convert_one(source[row]); });
  return buffer;
}

template <typename T>
base::MutableBuffer compact(const Column& column) {
  return convert<T, T>(column, [](T value) { return value; });
}

template <typename Out>
Out seconds_to_millis(int64_t seconds) {
  int64_t millis = 0;
  if (__builtin_mul_overflow(seconds, int64_t{1000}, &millis) || millis != static_cast<Out>(millis)) {
    throw InvalidArgument("{} seconds cannot be stored: Parquet holds them as milliseconds", seconds);
  }
  return static_cast<Out>(millis);
}

// Refuses what no reader would take.
class DigitCheck {
 public:
  explicit DigitCheck(const DataType& type) : type_(type), limit_(table::power_of_ten(type.precision)) {}

  void operator()(Int128 value) const {
    if (-limit_ < value && value < limit_) return;
    throw InvalidArgument("a value of a {} column has more digits than that", to_string(type_));
  }

 private:
  const DataType& type_;
  Int128 limit_;
};

base::MutableBuffer short_decimals(const Column& column) {
  return convert<Int128, int64_t>(column, [check = DigitCheck(column.type())](Int128 value) {
    check(value);
    return static_cast<int64_t>(value);
  });
}

base::MutableBuffer long_decimals(const Column& column, int32_t width) {
  const auto count = static_cast<size_t>(column.length() - column.null_count());
  auto buffer = base::MutableBuffer::allocate(count * static_cast<size_t>(width));
  std::byte* target = buffer.data();
  const Int128* source = column.values<Int128>().data();
  const DigitCheck check(column.type());
  for_each_valid(column, [&](int64_t row) {
    Int128 value = source[row];
    check(value);
    for (int32_t byte = width; byte-- > 0; value >>= 8) target[byte] = static_cast<std::byte>(value);
    target += width;
  });
  return buffer;
}

base::MutableBuffer booleans(const Column& column) {
  auto buffer = base::MutableBuffer::allocate(static_cast<size_t>(column.length() - column.null_count()));
  auto* target = buffer.as<uint8_t>();
  const BitSpan bits = column.bits();
  for_each_valid(column, [&](int64_t row) { *target++ = bits[row] ? 1 : 0; });
  return buffer;
}

base::MutableBuffer compact_fixed(const Column& column, size_t width) {
  auto buffer = base::MutableBuffer::allocate(static_cast<size_t>(column.length() - column.null_count()) * width);
  std::byte* target = buffer.data();
  const std::byte* source = column.parts().values->data() + static_cast<size_t>(column.parts().offset) * width;
  for_each_valid(column, [&](int64_t row) {
    std::memcpy(target, source + static_cast<size_t>(row) * width, width);
    target += width;
  });
  return buffer;
}

// Null rows may have bytes of their own, so those of the others are copied next to each other.
void compact_strings(const Column& column, PhysicalValues& values) {
  auto offsets = base::MutableBuffer::allocate((values.count + 1) * sizeof(int64_t));
  const auto source = column.offsets();
  auto characters = base::MutableBuffer::allocate(static_cast<size_t>(source.back() - source.front()));
  auto* next_offset = offsets.as<int64_t>();
  char* const first = characters.as<char>();
  char* target = first;
  *next_offset++ = 0;
  for_each_valid(column, [&](int64_t row) {
    const auto start = source[static_cast<size_t>(row)];
    const auto length = static_cast<size_t>(source[static_cast<size_t>(row) + 1] - start);
    std::memcpy(target, column.variable_bytes() + start, length);
    target += length;
    *next_offset++ = target - first;
  });
  values.strings = {{offsets.as<int64_t>(), values.count + 1}, first};
  values.owned.push_back(std::move(offsets));
  values.owned.push_back(std::move(characters));
}

void show(PhysicalValues& values, base::MutableBuffer buffer) {
  values.fixed = {buffer.data(), buffer.size()};
  values.owned.push_back(std::move(buffer));
}

// Values that are stored as they lie in memory.
void show_fixed(const Column& column, PhysicalValues& values) {
  const auto width = static_cast<size_t>(values.width);
  if (values.count == 0) return;
  if (column.null_count() != 0) {
    switch (width) {
      case 4: return show(values, compact<uint32_t>(column));
      case 8: return show(values, compact<uint64_t>(column));
      default: return show(values, compact_fixed(column, width));
    }
  }
  values.fixed = {column.parts().values->data() + static_cast<size_t>(column.parts().offset) * width,
                  values.count * width};
}

int32_t width_of(PhysicalType type, const SchemaElement& element) {
  switch (type) {
    case PhysicalType::kBoolean: return 1;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat: return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble: return 8;
    case PhysicalType::kFixedLenByteArray: return element.type_length;
    case PhysicalType::kInt96: return 12;
    case PhysicalType::kByteArray: break;
  }
  return 0;
}

}  // namespace

PhysicalValues PhysicalValues::slice(size_t first, size_t length) const {
  PhysicalValues part{.type = type, .width = width, .count = length};
  if (width != 0) {
    const auto stride = static_cast<size_t>(width);
    part.fixed = fixed.subspan(first * stride, length * stride);
  } else {
    part.strings = {strings.offsets.subspan(first, length + 1), strings.characters};
  }
  return part;
}

size_t PhysicalValues::byte_size() const noexcept {
  if (width != 0) return fixed.size();
  return static_cast<size_t>(strings.offsets[count] - strings.offsets[0]) + 4 * count;
}

PhysicalValues to_physical(const Column& column, const SchemaElement& element) {
  PhysicalValues values{.type = *element.type, .width = width_of(*element.type, element)};
  values.count = static_cast<size_t>(column.length() - column.null_count());
  const DataType& type = column.type();
  const bool is_seconds = type.unit == TimeUnit::kSecond;
  switch (type.id) {
    case TypeId::kNull: break;
    case TypeId::kBoolean: show(values, booleans(column)); break;
    case TypeId::kInt8: show(values, convert<int8_t, int32_t>(column, [](int8_t value) { return value; })); break;
    case TypeId::kInt16: show(values, convert<int16_t, int32_t>(column, [](int16_t value) { return value; })); break;
    case TypeId::kUInt8: show(values, convert<uint8_t, int32_t>(column, [](uint8_t value) { return value; })); break;
    case TypeId::kUInt16: show(values, convert<uint16_t, int32_t>(column, [](uint16_t value) { return value; })); break;
    case TypeId::kDecimal:
      show(values, values.type == PhysicalType::kInt64 ? short_decimals(column) : long_decimals(column, values.width));
      break;
    case TypeId::kTime:
      if (is_seconds) {
        show(values, convert<int32_t, int32_t>(column, seconds_to_millis<int32_t>));
      } else {
        show_fixed(column, values);
      }
      break;
    case TypeId::kTimestamp:
      if (is_seconds) {
        show(values, convert<int64_t, int64_t>(column, seconds_to_millis<int64_t>));
      } else {
        show_fixed(column, values);
      }
      break;
    case TypeId::kString:
    case TypeId::kBinary:
      if (column.null_count() == 0) {
        values.strings = {column.offsets(), column.variable_bytes()};
      } else {
        compact_strings(column, values);
      }
      break;
    default: show_fixed(column, values);
  }
  return values;
}

PhysicalIndices to_indices(const Column& column) {
  PhysicalIndices result;
  result.indices = column.values<int32_t>();
  if (column.null_count() != 0) {
    result.owned = compact<int32_t>(column);
    result.indices = {result.owned.as<int32_t>(), result.owned.size() / sizeof(int32_t)};
  }
  return result;
}

}  // namespace varve::parquet
