#include "fuzz/fuzz_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "varve/table/bits.h"
#include "varve/table/decimal.h"

namespace varve::testing {
namespace {

constexpr int64_t kRowsMax = 1500;
constexpr int64_t kDictionaryMax = 300;

DataType any_type(FuzzInput& input, bool in_dictionary = false) {
  const auto unit = static_cast<TimeUnit>(input.byte() % 4);
  const auto id = static_cast<TypeId>(input.byte() % (static_cast<int>(TypeId::kDictionary) + 1));
  if (in_dictionary) return input.flag() ? DataType::string() : DataType::binary();
  switch (id) {
    case TypeId::kDecimal: {
      const auto precision = static_cast<int32_t>(input.between(1, 38));
      return DataType::decimal(precision, static_cast<int32_t>(input.between(0, precision)));
    }
    case TypeId::kTime: return DataType::time(unit);
    case TypeId::kTimestamp: return DataType::timestamp(unit, std::array{"", "UTC", "Asia/Tokyo"}[input.byte() % 3]);
    case TypeId::kDuration: return DataType::duration(unit);
    case TypeId::kFixedBinary: return DataType::fixed_binary(static_cast<int32_t>(input.between(1, 40)));
    case TypeId::kDictionary: return DataType::dictionary(any_type(input, true), input.flag());
    default: return {.id = id};
  }
}

// One way of making numbers, drawn once a column.
class Numbers {
 public:
  explicit Numbers(FuzzInput& input)
      : input_(input),
        shape_(input.byte() % 6),
        bits_(input.byte() % 64 + 1),
        base_(input.word() >> input.byte() % 64),
        step_(input.word() >> input.byte() % 64) {
    input.reseed(base_ ^ step_);
  }

  uint64_t next() {
    const uint64_t row = row_++;
    switch (shape_) {
      case 0: return base_;                                                   // a constant
      case 1: return base_ + row * step_;                                     // even steps
      case 2: return base_ += input_.random() % (uint64_t{1} << bits_ % 32);  // uneven ones
      case 3: return base_ + input_.random() % static_cast<uint64_t>(bits_);  // a few values
      case 4: return base_ ^ input_.random() >> (64 - bits_);                 // some bits
      default: return input_.random() % 8 < 4 ? edge() : input_.byte();       // the ends of ranges; bytes as they come
    }
  }

 private:
  uint64_t edge() {
    const uint64_t power = uint64_t{1} << input_.random() % 64;
    return std::array{power, power - 1, ~power, uint64_t{0}}[input_.random() % 4];
  }

  FuzzInput& input_;
  int shape_;
  int bits_;
  uint64_t base_;
  uint64_t step_;
  uint64_t row_ = 0;
};

// The values of a type, from numbers.
class Values {
 public:
  Values(const DataType& type, Numbers& numbers) : type_(type), numbers_(numbers) {}

  // A value of fixed width, as its bytes.
  void append_fixed(base::MutableBuffer& out) {
    std::array<std::byte, 64> bytes{};
    const auto width = static_cast<size_t>(width_of(type_));
    if (type_.id == TypeId::kDecimal) {
      const Int128 value = decimal();
      std::memcpy(bytes.data(), &value, sizeof value);
    } else if (type_.id == TypeId::kFixedBinary) {
      for (std::byte& byte : std::span(bytes).first(width)) byte = static_cast<std::byte>(numbers_.next());
    } else {
      const uint64_t value = number();
      std::memcpy(bytes.data(), &value, sizeof value);
    }
    out.append(std::span(bytes).first(width));
  }

  // The bytes of a string or binary value.
  std::string text() {
    constexpr std::array<std::string_view, 4> kLetters = {"a", "ß", "東", "🜚"};
    const uint64_t number = numbers_.next();
    std::string text = number % 5 == 0 ? "" : "eth-perp/";
    for (uint64_t left = number % 97 == 0 ? 700 : number % 13; left > 0; --left) {
      if (type_.id == TypeId::kBinary) {
        text += static_cast<char>(number >> left % 56);
      } else {
        text += kLetters[(number >> left % 56) % (number % 3 == 0 ? 4 : 1)];
      }
    }
    return text + (number % 2 == 0 ? std::to_string(number) : "");
  }

 private:
  uint64_t number() {
    const uint64_t drawn = numbers_.next();
    const auto value = static_cast<int64_t>(drawn);
    if (type_.id == TypeId::kTime)
      return drawn % static_cast<uint64_t>(kNanosecondsPerDay / nanoseconds_per(type_.unit));
    if (type_.id == TypeId::kTimestamp && type_.unit == TimeUnit::kSecond) return static_cast<uint64_t>(value / 1000);
    const bool on_grid = value > -1'000'000 && value < 1'000'000;
    if (type_.id == TypeId::kFloat64 && on_grid) return bits_of<uint64_t>(static_cast<double>(value) * 0.25);
    if (type_.id == TypeId::kFloat32 && on_grid) return bits_of<uint32_t>(static_cast<float>(value) * 0.25F);
    return drawn;
  }

  template <typename Bits, typename Float>
  static uint64_t bits_of(Float value) {
    Bits bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }

  Int128 decimal() {
    Int128 value = static_cast<int64_t>(numbers_.next());
    if (type_.precision > 18) value = value * (int64_t{1} << 62) + static_cast<int64_t>(numbers_.next());
    return value % table::power_of_ten(type_.precision);
  }

  const DataType& type_;
  Numbers& numbers_;
};

void append_strings(ColumnParts& parts, Values& values) {
  base::MutableBuffer offsets = base::MutableBuffer::allocate(static_cast<size_t>(parts.length + 1) * sizeof(int64_t));
  base::MutableBuffer characters = base::MutableBuffer::allocate(0);
  for (int64_t row = 0; row <= parts.length; ++row) {
    offsets.as<int64_t>()[row] = static_cast<int64_t>(characters.size());
    if (row < parts.length) characters.append(std::as_bytes(std::span<const char>(values.text())));
  }
  parts.offsets = std::move(offsets).finish();
  parts.values = std::move(characters).finish();
}

Column without_nulls(FuzzInput& input, const DataType& type, int64_t rows);

// Entries may be equal, and some may stand for no row.
void append_indices(ColumnParts& parts, FuzzInput& input, Numbers& numbers) {
  const int64_t entries = input.between(1, kDictionaryMax);
  parts.dictionary = std::make_shared<const Column>(without_nulls(input, *parts.type.value_type, entries));
  base::MutableBuffer indices = base::MutableBuffer::allocate(static_cast<size_t>(parts.length) * sizeof(int32_t));
  for (int64_t row = 0; row < parts.length; ++row) {
    indices.as<int32_t>()[row] = static_cast<int32_t>(numbers.next() % static_cast<uint64_t>(entries));
  }
  parts.values = std::move(indices).finish();
}

ColumnParts parts_of(FuzzInput& input, const DataType& type, int64_t rows) {
  ColumnParts parts{.type = type, .length = rows, .null_count = 0};
  Numbers numbers(input);
  Values values(type, numbers);
  base::MutableBuffer bytes = base::MutableBuffer::allocate_zeroed(0);
  switch (storage_of(type)) {
    case Storage::kNone: parts.null_count = rows; return parts;
    case Storage::kBits:
      bytes.resize(table::bytes_for_bits(rows));
      for (int64_t row = 0; row < rows; ++row) table::set_bit(bytes.as<uint8_t>(), row, numbers.next() % 3 == 0);
      break;
    case Storage::kFixed:
      for (int64_t row = 0; row < rows; ++row) values.append_fixed(bytes);
      break;
    case Storage::kVariable: append_strings(parts, values); return parts;
    case Storage::kIndexed: append_indices(parts, input, numbers); return parts;
  }
  parts.values = std::move(bytes).finish();
  return parts;
}

Column without_nulls(FuzzInput& input, const DataType& type, int64_t rows) {
  return Column(parts_of(input, type, rows));
}

// Bits of the rows that hold a value.
base::BufferPtr any_validity(FuzzInput& input, int64_t rows) {
  base::MutableBuffer bits = base::MutableBuffer::allocate_zeroed(table::bytes_for_bits(rows));
  const auto share = static_cast<uint64_t>(input.byte());
  const int64_t run = input.flag() ? input.between(1, 200) : 1;
  bool valid = false;
  for (int64_t row = 0; row < rows; ++row) {
    if (row % run == 0) valid = input.random() % 256 < share;
    table::set_bit(bits.as<uint8_t>(), row, valid);
  }
  return std::move(bits).finish();
}

// Of fixed width: what no value of the type may be, such as an index beyond the dictionary or a time beyond its day.
void spoil_under_nulls(ColumnParts& parts) {
  const Storage storage = storage_of(parts.type);
  if (storage != Storage::kFixed && storage != Storage::kIndexed) return;
  const auto width = static_cast<size_t>(width_of(parts.type));
  base::MutableBuffer bytes = base::MutableBuffer::allocate(0);
  bytes.append(parts.values->bytes());
  const BitSpan valid{reinterpret_cast<const uint8_t*>(parts.validity->data()), 0, parts.length};
  for (int64_t row = 0; row < parts.length; ++row) {
    if (!valid[row]) std::memset(bytes.data() + static_cast<size_t>(row) * width, 0xC7, width);
  }
  parts.values = std::move(bytes).finish();
}

}  // namespace

Table make_fuzz_table(FuzzInput& input) {
  const int64_t rows = input.between(0, input.flag() ? kRowsMax : 100);
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (int64_t left = input.between(1, 4); left > 0; --left) {
    Field field{.name = "c" + std::to_string(left), .type = any_type(input)};
    const int64_t before = input.flag() ? input.between(0, 20) : 0;
    ColumnParts parts = parts_of(input, field.type, before + rows);
    field.nullable = field.type.id == TypeId::kNull || input.flag();
    if (field.nullable && field.type.id != TypeId::kNull && input.flag()) {
      parts.validity = any_validity(input, parts.length);
      parts.null_count = -1;
      spoil_under_nulls(parts);
    }
    columns.push_back(Column(std::move(parts)).slice(before, rows));
    fields.push_back(std::move(field));
  }
  return Table(Schema(std::move(fields)), std::move(columns));
}

}  // namespace varve::testing
