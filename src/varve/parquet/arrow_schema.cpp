// The value of "ARROW:schema": base64 of an Arrow IPC schema message, a FlatBuffer. Slots of tables and numbers of
// unions and enumerations are those of Arrow's format/Schema.fbs and format/Message.fbs.
#include <algorithm>
#include <array>
#include <cstring>

#include <flatbuffers/flatbuffers.h>

#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

namespace {

enum class ArrowType : uint8_t {
  kNone = 0,
  kNull = 1,
  kInt = 2,
  kFloatingPoint = 3,
  kBinary = 4,
  kUtf8 = 5,
  kBool = 6,
  kDecimal = 7,
  kDate = 8,
  kTime = 9,
  kTimestamp = 10,
  kFixedSizeBinary = 15,
  kDuration = 18,
  kLargeBinary = 19,
  kLargeUtf8 = 20,
  kBinaryView = 23,
  kUtf8View = 24,
};

constexpr uint8_t kSchemaHeader = 1;  // of the union MessageHeader
constexpr int16_t kVersion5 = 4;      // of the enumeration MetadataVersion
constexpr uint32_t kContinuation = 0xFFFFFFFF;

// The n-th field of a table as the vtable counts.
constexpr flatbuffers::voffset_t slot(int field) { return static_cast<flatbuffers::voffset_t>(4 + 2 * field); }

namespace message_slot {
constexpr auto kVersion = slot(0), kHeaderType = slot(1), kHeader = slot(2);
}
namespace schema_slot {
constexpr auto kFields = slot(1);
}
namespace field_slot {
constexpr auto kName = slot(0), kNullable = slot(1), kTypeType = slot(2), kType = slot(3), kDictionary = slot(4),
               kChildren = slot(5);
}
namespace dictionary_slot {
constexpr auto kId = slot(0), kIndexType = slot(1), kIsOrdered = slot(2);
}

// ---- base64 ----

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t start = 0; start < bytes.size(); start += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - start);
    uint32_t group = 0;
    for (size_t index = 0; index < 3; ++index) {
      group = (group << 8) | (index < count ? static_cast<uint8_t>(bytes[start + index]) : 0);
    }
    for (size_t index = 0; index < 4; ++index) {
      text.push_back(index <= count ? kBase64[(group >> (18 - 6 * index)) & 63] : '=');
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t index = 0; index < kBase64.size(); ++index) {
    values[static_cast<uint8_t>(kBase64[index])] = static_cast<int8_t>(index);
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t group = 0;
  int bits = 0;
  for (const char letter : text) {
    const int8_t value = values[static_cast<uint8_t>(letter)];
    if (value < 0) return std::nullopt;
    group = (group << 6) | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>((group >> bits) & 0xFF));
    }
  }
  return bytes;
}

// ---- writing ----

using Builder = flatbuffers::FlatBufferBuilder;
using TableOffset = flatbuffers::Offset<flatbuffers::Table>;

TableOffset finish_table(Builder& builder, flatbuffers::uoffset_t start) { return {builder.EndTable(start)}; }

struct WrittenType {
  ArrowType id;
  TableOffset table;
};

TableOffset write_integer(Builder& builder, int32_t bit_width, bool is_signed) {
  const auto start = builder.StartTable();
  builder.AddElement<int32_t>(slot(0), bit_width, 0);
  builder.AddElement<uint8_t>(slot(1), is_signed ? 1 : 0, 0);
  return finish_table(builder, start);
}

// Types whose table holds up to two plain numbers.
TableOffset write_numbers(Builder& builder, std::optional<int16_t> first, std::optional<int32_t> second = {}) {
  const auto start = builder.StartTable();
  if (second) builder.AddElement<int32_t>(slot(1), *second);
  if (first) builder.AddElement<int16_t>(slot(0), *first);
  return finish_table(builder, start);
}

TableOffset write_timestamp(Builder& builder, const DataType& type) {
  const auto zone = type.zone.empty() ? flatbuffers::Offset<flatbuffers::String>() : builder.CreateString(type.zone);
  const auto start = builder.StartTable();
  builder.AddOffset(slot(1), zone);
  builder.AddElement<int16_t>(slot(0), static_cast<int16_t>(type.unit));
  return finish_table(builder, start);
}

TableOffset write_decimal(Builder& builder, const DataType& type) {
  const auto start = builder.StartTable();
  builder.AddElement<int32_t>(slot(0), type.precision);
  builder.AddElement<int32_t>(slot(1), type.scale);
  builder.AddElement<int32_t>(slot(2), 128);
  return finish_table(builder, start);
}

TableOffset write_byte_width(Builder& builder, int32_t byte_width) {
  const auto start = builder.StartTable();
  builder.AddElement<int32_t>(slot(0), byte_width);
  return finish_table(builder, start);
}

WrittenType write_type(Builder& builder, const DataType& type) {
  const auto unit = static_cast<int16_t>(type.unit);
  switch (type.id) {
    case TypeId::kNull: return {ArrowType::kNull, write_numbers(builder, {})};
    case TypeId::kBoolean: return {ArrowType::kBool, write_numbers(builder, {})};
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64: return {ArrowType::kInt, write_integer(builder, 8 * width_of(type), true)};
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64: return {ArrowType::kInt, write_integer(builder, 8 * width_of(type), false)};
    case TypeId::kFloat16: return {ArrowType::kFloatingPoint, write_numbers(builder, int16_t{0})};
    case TypeId::kFloat32: return {ArrowType::kFloatingPoint, write_numbers(builder, int16_t{1})};
    case TypeId::kFloat64: return {ArrowType::kFloatingPoint, write_numbers(builder, int16_t{2})};
    case TypeId::kDecimal: return {ArrowType::kDecimal, write_decimal(builder, type)};
    case TypeId::kDate: return {ArrowType::kDate, write_numbers(builder, int16_t{0})};
    case TypeId::kTime: return {ArrowType::kTime, write_numbers(builder, unit, 8 * width_of(type))};
    case TypeId::kTimestamp: return {ArrowType::kTimestamp, write_timestamp(builder, type)};
    case TypeId::kDuration: return {ArrowType::kDuration, write_numbers(builder, unit)};
    case TypeId::kString: return {ArrowType::kUtf8, write_numbers(builder, {})};
    case TypeId::kBinary: return {ArrowType::kBinary, write_numbers(builder, {})};
    case TypeId::kFixedBinary: return {ArrowType::kFixedSizeBinary, write_byte_width(builder, type.byte_width)};
    case TypeId::kDictionary: return write_type(builder, *type.value_type);
  }
  return {ArrowType::kNull, write_numbers(builder, {})};
}

TableOffset write_dictionary(Builder& builder, const DataType& type, int64_t id) {
  const auto index_type = write_integer(builder, 32, true);
  const auto start = builder.StartTable();
  builder.AddElement<int64_t>(dictionary_slot::kId, id);
  builder.AddOffset(dictionary_slot::kIndexType, index_type);
  builder.AddElement<uint8_t>(dictionary_slot::kIsOrdered, type.ordered ? 1 : 0);
  return finish_table(builder, start);
}

TableOffset write_field(Builder& builder, const Field& field, int64_t id) {
  const auto name = builder.CreateString(field.name);
  const auto type = write_type(builder, field.type);
  const auto dictionary =
      field.type.id == TypeId::kDictionary ? write_dictionary(builder, field.type, id) : TableOffset();
  const auto children = builder.CreateVector(std::vector<TableOffset>());
  const auto start = builder.StartTable();
  builder.AddOffset(field_slot::kName, name);
  builder.AddOffset(field_slot::kType, type.table);
  builder.AddOffset(field_slot::kDictionary, dictionary);
  builder.AddOffset(field_slot::kChildren, children);
  builder.AddElement<uint8_t>(field_slot::kNullable, field.nullable ? 1 : 0);
  builder.AddElement<uint8_t>(field_slot::kTypeType, static_cast<uint8_t>(type.id));
  return finish_table(builder, start);
}

TableOffset write_message(Builder& builder, const Schema& schema) {
  std::vector<TableOffset> fields;
  for (const Field& field : schema.fields()) {
    fields.push_back(write_field(builder, field, static_cast<int64_t>(fields.size())));
  }
  const auto field_vector = builder.CreateVector(fields);
  const auto schema_start = builder.StartTable();
  builder.AddOffset(schema_slot::kFields, field_vector);
  const auto schema_table = finish_table(builder, schema_start);
  const auto start = builder.StartTable();
  builder.AddOffset(message_slot::kHeader, schema_table);
  builder.AddElement<int16_t>(message_slot::kVersion, kVersion5);
  builder.AddElement<uint8_t>(message_slot::kHeaderType, kSchemaHeader);
  return finish_table(builder, start);
}

// ---- reading ----

struct Malformed {};

// A FlatBuffer from somewhere else. Each access is checked against the bytes; one that leaves them throws Malformed.
class FlatBytes {
 public:
  explicit FlatBytes(std::string_view bytes) : bytes_(bytes), text_left_(bytes.size()) {}

  template <typename T>
  [[nodiscard]] T load(size_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) throw Malformed();
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }
  // Where the offset stored at `at` points to.
  [[nodiscard]] size_t follow(size_t at) const { return at + load<uint32_t>(at); }
  // Strings may be shared, so their sum is held under the size of all the bytes.
  [[nodiscard]] std::string text(size_t at) {
    const auto length = load<uint32_t>(at);
    if (length > bytes_.size() - (at + 4) || length > text_left_) throw Malformed();
    text_left_ -= length;
    return std::string(bytes_.substr(at + 4, length));
  }

 private:
  std::string_view bytes_;
  size_t text_left_;
};

class FlatTable {
 public:
  FlatTable(FlatBytes& bytes, size_t at) : bytes_(&bytes), at_(at) {
    const auto back = bytes.load<int32_t>(at);
    vtable_ = static_cast<size_t>(static_cast<int64_t>(at) - back);  // one before the bytes fails in load
    vtable_size_ = bytes.load<uint16_t>(vtable_);
  }

  template <typename T>
  [[nodiscard]] T number(flatbuffers::voffset_t slot, T otherwise = {}) const {
    const size_t at = position(slot);
    return at == 0 ? otherwise : bytes_->load<T>(at);
  }
  [[nodiscard]] std::string text(flatbuffers::voffset_t slot) const {
    const size_t at = position(slot);
    return at == 0 ? std::string() : bytes_->text(bytes_->follow(at));
  }
  [[nodiscard]] bool has(flatbuffers::voffset_t slot) const { return position(slot) != 0; }
  [[nodiscard]] FlatTable table(flatbuffers::voffset_t slot) const {
    const size_t at = position(slot);
    if (at == 0) throw Malformed();
    return {*bytes_, bytes_->follow(at)};
  }
  [[nodiscard]] std::vector<FlatTable> tables(flatbuffers::voffset_t slot) const {
    const size_t at = position(slot);
    std::vector<FlatTable> elements;
    if (at == 0) return elements;
    const size_t vector = bytes_->follow(at);
    const auto count = bytes_->load<uint32_t>(vector);
    for (size_t index = 0; index < count; ++index) {
      elements.emplace_back(*bytes_, bytes_->follow(vector + 4 + 4 * index));
    }
    return elements;
  }

 private:
  [[nodiscard]] size_t position(flatbuffers::voffset_t slot) const {
    if (slot + 2U > vtable_size_) return 0;
    const auto offset = bytes_->load<uint16_t>(vtable_ + slot);
    return offset == 0 ? 0 : at_ + offset;
  }

  FlatBytes* bytes_;
  size_t at_;
  size_t vtable_ = 0;
  uint16_t vtable_size_ = 0;
};

DataType integer_type(const FlatTable& table) {
  const bool is_signed = table.number<uint8_t>(slot(1)) != 0;
  switch (table.number<int32_t>(slot(0))) {
    case 8: return {.id = is_signed ? TypeId::kInt8 : TypeId::kUInt8};
    case 16: return {.id = is_signed ? TypeId::kInt16 : TypeId::kUInt16};
    case 32: return {.id = is_signed ? TypeId::kInt32 : TypeId::kUInt32};
    case 64: return {.id = is_signed ? TypeId::kInt64 : TypeId::kUInt64};
    default: throw Malformed();
  }
}

DataType floating_type(const FlatTable& table) {
  constexpr TypeId kIds[] = {TypeId::kFloat16, TypeId::kFloat32, TypeId::kFloat64};
  const auto precision = static_cast<uint16_t>(table.number<int16_t>(slot(0)));
  if (precision > 2) throw Malformed();
  return {.id = kIds[precision]};
}

TimeUnit unit_of(const FlatTable& table, TimeUnit otherwise) {
  const auto unit = static_cast<uint16_t>(table.number<int16_t>(slot(0), static_cast<int16_t>(otherwise)));
  if (unit > 3) throw Malformed();
  return static_cast<TimeUnit>(unit);
}

// Types that Varve has no column for come out as the null type.
DataType read_type(const FlatTable& field) {
  const auto id = static_cast<ArrowType>(field.number<uint8_t>(field_slot::kTypeType));
  const FlatTable table = field.table(field_slot::kType);
  switch (id) {
    case ArrowType::kInt: return integer_type(table);
    case ArrowType::kFloatingPoint: return floating_type(table);
    case ArrowType::kBinary:
    case ArrowType::kLargeBinary:
    case ArrowType::kBinaryView: return DataType::binary();
    case ArrowType::kUtf8:
    case ArrowType::kLargeUtf8:
    case ArrowType::kUtf8View: return DataType::string();
    case ArrowType::kBool: return DataType::boolean();
    case ArrowType::kDecimal: return DataType::decimal(table.number<int32_t>(slot(0)), table.number<int32_t>(slot(1)));
    case ArrowType::kDate: return DataType::date();
    case ArrowType::kTime: return DataType::time(unit_of(table, TimeUnit::kMilli));
    case ArrowType::kTimestamp: return DataType::timestamp(unit_of(table, TimeUnit::kSecond), table.text(slot(1)));
    case ArrowType::kDuration: return DataType::duration(unit_of(table, TimeUnit::kMilli));
    case ArrowType::kFixedSizeBinary: return DataType::fixed_binary(table.number<int32_t>(slot(0)));
    default: return {};
  }
}

Field read_field(const FlatTable& table) {
  Field field{.name = table.text(field_slot::kName),
              .type = read_type(table),
              .nullable = table.number<uint8_t>(field_slot::kNullable) != 0};
  if (table.has(field_slot::kDictionary)) {
    const FlatTable dictionary = table.table(field_slot::kDictionary);
    field.type = DataType::dictionary(field.type, dictionary.number<uint8_t>(dictionary_slot::kIsOrdered) != 0);
  }
  return field;
}

// The FlatBuffer within an encapsulated message: older writers leave out the continuation mark.
std::string_view unwrap_message(std::string_view bytes) {
  uint32_t head = 0;
  if (bytes.size() < 8) throw Malformed();
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (head == kContinuation) {
    bytes.remove_prefix(4);
    std::memcpy(&head, bytes.data(), sizeof(head));
  }
  bytes.remove_prefix(4);
  if (head > bytes.size()) throw Malformed();
  return bytes.substr(0, head);
}

}  // namespace

std::string arrow_schema_value(const Schema& schema) {
  Builder builder;
  builder.Finish(write_message(builder, schema));
  const auto padded = static_cast<uint32_t>((builder.GetSize() + 7) / 8 * 8);
  std::string message(8 + padded, '\0');
  std::memcpy(message.data(), &kContinuation, sizeof(kContinuation));
  std::memcpy(message.data() + 4, &padded, sizeof(padded));
  std::memcpy(message.data() + 8, builder.GetBufferPointer(), builder.GetSize());
  return to_base64(message);
}

std::optional<std::vector<Field>> parse_arrow_schema(std::string_view value) {
  const auto message = from_base64(value);
  if (!message) return std::nullopt;
  try {
    FlatBytes bytes(unwrap_message(*message));
    const FlatTable root(bytes, bytes.follow(0));
    if (root.number<uint8_t>(message_slot::kHeaderType) != kSchemaHeader) return std::nullopt;
    std::vector<Field> fields;
    for (const FlatTable& field : root.table(message_slot::kHeader).tables(schema_slot::kFields)) {
      fields.push_back(read_field(field));
    }
    return fields;
  } catch (const Malformed&) {
    return std::nullopt;
  }
}

}  // namespace varve::parquet
