#include "varve/table/type.h"

#include <array>
#include <charconv>

#include "varve/base/error.h"

namespace varve {

namespace {

constexpr std::array<std::string_view, 22> kNames = {
    "null",      "boolean",  "int8",    "int16",   "int32",   "int64",      "uint8", "uint16",
    "uint32",    "uint64",   "float16", "float32", "float64", "decimal",    "date",  "time",
    "timestamp", "duration", "string",  "binary",  "binary",  "dictionary",
};

std::string_view name_of(TypeId id) noexcept { return kNames[static_cast<size_t>(id)]; }

// Reads the text of one type from front to back.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text), rest_(text) {}

  DataType parse() {
    DataType type = read_type();
    if (!rest_.empty()) fail();
    return type;
  }

 private:
  [[noreturn]] void fail() const { throw InvalidArgument("\"{}\" is not a type", text_); }

  bool skip(std::string_view token) {
    if (rest_.substr(0, token.size()) != token) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!skip(token)) fail();
  }
  void expect_comma() {
    expect(",");
    while (skip(" ")) {}
  }

  int32_t read_number() {
    int32_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) fail();
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

  TimeUnit read_unit() {
    for (const TimeUnit unit : {TimeUnit::kMilli, TimeUnit::kMicro, TimeUnit::kNano, TimeUnit::kSecond}) {
      if (skip(to_string(unit))) return unit;
    }
    fail();
  }

  std::string_view read_word() {
    const std::string_view word = rest_.substr(0, rest_.find_first_of("[(<>,"));
    rest_.remove_prefix(word.size());
    return word;
  }

  DataType read_type() {
    const std::string_view word = read_word();
    for (size_t id = 0; id < kNames.size(); ++id) {
      if (word == kNames[id]) return read_parameters(static_cast<TypeId>(id));
    }
    fail();
  }

  DataType read_parameters(TypeId id) {
    switch (id) {
      case TypeId::kTime:
      case TypeId::kDuration:
      case TypeId::kTimestamp: return read_unit_and_zone(id);
      case TypeId::kDecimal: return read_decimal();
      case TypeId::kDictionary: return read_dictionary();
      case TypeId::kBinary: return skip("(") ? read_fixed_binary() : DataType::binary();
      default: return {.id = id};
    }
  }

  DataType read_unit_and_zone(TypeId id) {
    expect("[");
    DataType type{.id = id, .unit = read_unit()};
    if (id == TypeId::kTimestamp && !rest_.empty() && rest_.front() == ',') {
      expect_comma();
      type.zone = std::string(rest_.substr(0, rest_.find(']')));
      if (type.zone.empty()) fail();
      rest_.remove_prefix(type.zone.size());
    }
    expect("]");
    return type;
  }

  DataType read_decimal() {
    expect("(");
    const int32_t precision = read_number();
    expect_comma();
    const int32_t scale = read_number();
    expect(")");
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision) fail();
    return DataType::decimal(precision, scale);
  }

  DataType read_fixed_binary() {
    const int32_t byte_width = read_number();
    expect(")");
    if (byte_width < 0) fail();
    return DataType::fixed_binary(byte_width);
  }

  DataType read_dictionary() {
    expect("<");
    if (rest_.starts_with(name_of(TypeId::kDictionary))) fail();  // before the recursion, which is thus one deep
    DataType value_type = read_type();
    bool ordered = false;
    if (!rest_.empty() && rest_.front() == ',') {
      expect_comma();
      expect("ordered");
      ordered = true;
    }
    expect(">");
    return DataType::dictionary(std::move(value_type), ordered);
  }

  std::string_view text_;
  std::string_view rest_;
};

}  // namespace

std::string_view to_string(TimeUnit unit) noexcept {
  constexpr std::array<std::string_view, 4> kUnits = {"s", "ms", "us", "ns"};
  return kUnits[static_cast<size_t>(unit)];
}

DataType DataType::dictionary(DataType value_type, bool ordered) {
  DataType type{.id = TypeId::kDictionary};
  type.value_type = std::make_shared<const DataType>(std::move(value_type));
  type.ordered = ordered;
  return type;
}

bool DataType::operator==(const DataType& other) const {
  if (id != other.id) return false;
  switch (id) {
    case TypeId::kTime:
    case TypeId::kDuration: return unit == other.unit;
    case TypeId::kTimestamp: return unit == other.unit && zone == other.zone;
    case TypeId::kDecimal: return precision == other.precision && scale == other.scale;
    case TypeId::kFixedBinary: return byte_width == other.byte_width;
    case TypeId::kDictionary:
      if (!value_type || !other.value_type) return value_type == other.value_type;
      return ordered == other.ordered && *value_type == *other.value_type;
    default: return true;
  }
}

Storage storage_of(const DataType& type) noexcept {
  switch (type.id) {
    case TypeId::kNull: return Storage::kNone;
    case TypeId::kBoolean: return Storage::kBits;
    case TypeId::kString:
    case TypeId::kBinary: return Storage::kVariable;
    case TypeId::kDictionary: return Storage::kIndexed;
    default: return Storage::kFixed;
  }
}

int32_t width_of(const DataType& type) noexcept {
  switch (type.id) {
    case TypeId::kInt8:
    case TypeId::kUInt8: return 1;
    case TypeId::kInt16:
    case TypeId::kUInt16:
    case TypeId::kFloat16: return 2;
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat32:
    case TypeId::kDate:
    case TypeId::kDictionary: return 4;
    case TypeId::kInt64:
    case TypeId::kUInt64:
    case TypeId::kFloat64:
    case TypeId::kTimestamp:
    case TypeId::kDuration: return 8;
    case TypeId::kTime: return type.unit == TimeUnit::kSecond || type.unit == TimeUnit::kMilli ? 4 : 8;
    case TypeId::kDecimal: return 16;
    case TypeId::kFixedBinary: return type.byte_width;
    default: return 0;
  }
}

bool is_signed_integer(const DataType& type) noexcept { return type.id >= TypeId::kInt8 && type.id <= TypeId::kInt64; }
bool is_unsigned_integer(const DataType& type) noexcept {
  return type.id >= TypeId::kUInt8 && type.id <= TypeId::kUInt64;
}
bool is_floating(const DataType& type) noexcept { return type.id >= TypeId::kFloat16 && type.id <= TypeId::kFloat64; }
const DataType& value_type_of(const DataType& type) noexcept {
  return type.id == TypeId::kDictionary ? *type.value_type : type;
}
bool is_index_type(const DataType& type) noexcept { return type.id == TypeId::kTimestamp || type.id == TypeId::kDate; }

std::string to_string(const DataType& type) {
  std::string name{name_of(type.id)};
  switch (type.id) {
    case TypeId::kTime:
    case TypeId::kDuration: return name + "[" + std::string(to_string(type.unit)) + "]";
    case TypeId::kTimestamp:
      return name + "[" + std::string(to_string(type.unit)) + (type.zone.empty() ? "" : ", " + type.zone) + "]";
    case TypeId::kDecimal: return name + "(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeId::kFixedBinary: return name + "(" + std::to_string(type.byte_width) + ")";
    case TypeId::kDictionary: {
      const std::string value = type.value_type ? to_string(*type.value_type) : "?";
      return name + "<" + value + (type.ordered ? ", ordered>" : ">");
    }
    default: return name;
  }
}

DataType parse_type(std::string_view text) { return TypeParser(text).parse(); }

}  // namespace varve
