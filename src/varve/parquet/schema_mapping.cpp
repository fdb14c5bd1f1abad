#include "varve/parquet/schema_mapping.h"

#include "varve/base/error.h"

namespace varve::parquet {

namespace {

using Logical = LogicalType::Id;

constexpr int32_t kDecimalPrecisionMax = 38;
constexpr int32_t kInt64PrecisionMax = 18;
// Wider values are not columns here: a run of nulls would take memory that no stored byte stands for.
constexpr int32_t kFixedWidthMax = 1 << 16;

// ---- reading: what a leaf says, told in one way whether it uses logical or converted types ----

LogicalType integer(int8_t bit_width, bool is_signed) {
  return {.id = Logical::kInteger, .bit_width = bit_width, .is_signed = is_signed};
}

LogicalType moment(Logical id, LogicalType::Unit unit) { return {.id = id, .unit = unit}; }

// Timestamps of converted types alone come from writers that had no notion of a zone: they are naive.
LogicalType from_converted(const SchemaElement& element) {
  switch (*element.converted_type) {
    case ConvertedType::kUtf8: return {.id = Logical::kString};
    case ConvertedType::kEnum: return {.id = Logical::kEnum};
    case ConvertedType::kDecimal:
      return {.id = Logical::kDecimal, .precision = element.precision, .scale = element.scale};
    case ConvertedType::kDate: return {.id = Logical::kDate};
    case ConvertedType::kTimeMillis: return moment(Logical::kTime, LogicalType::Unit::kMillis);
    case ConvertedType::kTimeMicros: return moment(Logical::kTime, LogicalType::Unit::kMicros);
    case ConvertedType::kTimestampMillis: return moment(Logical::kTimestamp, LogicalType::Unit::kMillis);
    case ConvertedType::kTimestampMicros: return moment(Logical::kTimestamp, LogicalType::Unit::kMicros);
    case ConvertedType::kUInt8: return integer(8, false);
    case ConvertedType::kUInt16: return integer(16, false);
    case ConvertedType::kUInt32: return integer(32, false);
    case ConvertedType::kUInt64: return integer(64, false);
    case ConvertedType::kInt8: return integer(8, true);
    case ConvertedType::kInt16: return integer(16, true);
    case ConvertedType::kInt32: return integer(32, true);
    case ConvertedType::kInt64: return integer(64, true);
    case ConvertedType::kJson: return {.id = Logical::kJson};
    default: return {};
  }
}

LogicalType meaning_of(const SchemaElement& element) {
  if (element.logical_type.id != Logical::kNone) return element.logical_type;
  return element.converted_type ? from_converted(element) : LogicalType{};
}

TimeUnit unit_of(LogicalType::Unit unit) {
  return static_cast<TimeUnit>(static_cast<int>(unit));  // millis, micros and nanos are 1, 2 and 3 in both
}

// Nothing for more digits than a column can have.
std::optional<DataType> decimal_type(const SchemaElement& element, const LogicalType& meaning) {
  if (meaning.precision < 1 || meaning.scale < 0 || meaning.scale > meaning.precision) {
    throw Corruption("column {}: decimal of precision {} and scale {}", element.name, meaning.precision, meaning.scale);
  }
  if (meaning.precision > kDecimalPrecisionMax) return std::nullopt;
  return DataType::decimal(meaning.precision, meaning.scale);
}

std::optional<DataType> int32_type(const SchemaElement& element, const LogicalType& meaning) {
  switch (meaning.id) {
    case Logical::kInteger:
      if (meaning.bit_width == 8) return DataType{.id = meaning.is_signed ? TypeId::kInt8 : TypeId::kUInt8};
      if (meaning.bit_width == 16) return DataType{.id = meaning.is_signed ? TypeId::kInt16 : TypeId::kUInt16};
      if (meaning.bit_width == 32 && !meaning.is_signed) return DataType{.id = TypeId::kUInt32};
      break;
    case Logical::kDate: return DataType::date();
    case Logical::kTime:
      if (meaning.unit == LogicalType::Unit::kMillis) return DataType::time(TimeUnit::kMilli);
      break;
    case Logical::kDecimal: return decimal_type(element, meaning);
    default: break;
  }
  return DataType::int32();
}

std::optional<DataType> int64_type(const SchemaElement& element, const LogicalType& meaning) {
  switch (meaning.id) {
    case Logical::kInteger:
      if (meaning.bit_width == 64 && !meaning.is_signed) return DataType::uint64();
      break;
    case Logical::kTime:
      if (meaning.unit != LogicalType::Unit::kMillis) return DataType::time(unit_of(meaning.unit));
      break;
    case Logical::kTimestamp:
      return DataType::timestamp(unit_of(meaning.unit), meaning.is_adjusted_to_utc ? "UTC" : "");
    case Logical::kDecimal: return decimal_type(element, meaning);
    default: break;
  }
  return DataType::int64();
}

std::optional<DataType> bytes_type(const SchemaElement& element, const LogicalType& meaning) {
  switch (meaning.id) {
    case Logical::kString:
    case Logical::kEnum:
    case Logical::kJson: return DataType::string();
    case Logical::kDecimal: return decimal_type(element, meaning);
    default: return DataType::binary();
  }
}

std::optional<DataType> fixed_bytes_type(const SchemaElement& element, const LogicalType& meaning) {
  if (element.type_length < 1) throw Corruption("column {}: values of {} bytes", element.name, element.type_length);
  if (meaning.id == Logical::kDecimal) return decimal_type(element, meaning);
  if (meaning.id == Logical::kFloat16 && element.type_length == 2) return DataType{.id = TypeId::kFloat16};
  if (element.type_length > kFixedWidthMax) return std::nullopt;
  return DataType::fixed_binary(element.type_length);
}

std::optional<DataType> leaf_type(const SchemaElement& element) {
  const LogicalType meaning = meaning_of(element);
  if (meaning.id == Logical::kUnknown) return DataType{};
  switch (*element.type) {
    case PhysicalType::kBoolean: return DataType::boolean();
    case PhysicalType::kInt32: return int32_type(element, meaning);
    case PhysicalType::kInt64: return int64_type(element, meaning);
    case PhysicalType::kInt96: return DataType::timestamp(TimeUnit::kNano, "");
    case PhysicalType::kFloat: return DataType::float32();
    case PhysicalType::kDouble: return DataType::float64();
    case PhysicalType::kByteArray: return bytes_type(element, meaning);
    case PhysicalType::kFixedLenByteArray: return fixed_bytes_type(element, meaning);
  }
  throw Corruption("column {}: unknown physical type {}", element.name, static_cast<int>(*element.type));
}

// What `hint`, the Arrow type that the writer had, adds to the type that the file itself tells. Hints that do not go
// with it add nothing.
DataType widen(DataType type, const DataType& hint) {
  if (hint.id == TypeId::kDictionary) {
    type = widen(std::move(type), *hint.value_type);
    return storage_of(type) == Storage::kVariable ? DataType::dictionary(std::move(type), hint.ordered) : type;
  }
  const bool is_seconds = hint.unit == TimeUnit::kSecond && type.unit == TimeUnit::kMilli;
  if (type.id == TypeId::kTimestamp && hint.id == TypeId::kTimestamp) {
    if (!type.zone.empty() && !hint.zone.empty()) type.zone = hint.zone;
    if (is_seconds) type.unit = TimeUnit::kSecond;
  }
  if (type.id == TypeId::kTime && hint.id == TypeId::kTime && is_seconds) type.unit = TimeUnit::kSecond;
  if (type.id == TypeId::kInt64 && hint.id == TypeId::kDuration) return hint;
  return type;
}

// Walks the elements of a schema, which lie depth first.
class SchemaWalk {
 public:
  explicit SchemaWalk(const FileMetaData& metadata) : elements_(metadata.schema) {}

  FileSchema walk(const std::vector<Field>& hints) {
    if (elements_.empty() || elements_[0].type) throw Corruption("schema without a root");
    const int32_t count = elements_[0].num_children;
    next_ = 1;
    for (int32_t child = 0; child < count; ++child) {
      const auto position = static_cast<size_t>(child);
      take_column(hints.size() == static_cast<size_t>(count) ? &hints[position] : nullptr);
    }
    if (next_ != elements_.size()) {
      throw Corruption("schema of {} elements, {} belong to its columns", elements_.size(), next_);
    }
    return std::move(schema_);
  }

  [[nodiscard]] size_t num_leaves() const noexcept { return num_leaves_; }

 private:
  const SchemaElement& take() {
    if (next_ == elements_.size()) throw Corruption("schema ends within a group, after {} elements", next_);
    const SchemaElement& element = elements_[next_++];
    if (element.num_children < 0 || (element.type && element.num_children > 0)) {
      throw Corruption("column {}: {} children", element.name, element.num_children);
    }
    return element;
  }

  void take_column(const Field* hint) {
    const SchemaElement& element = take();
    if (!element.type) return take_group(element);
    const size_t position = num_leaves_++;
    const auto type = leaf_type(element);
    if (!type || element.repetition == Repetition::kRepeated) {
      schema_.nested.push_back(element.name);
      return;
    }
    schema_.columns.push_back({.name = element.name,
                               .position = position,
                               .element = element,
                               .type = hint != nullptr && hint->name == element.name ? widen(*type, hint->type) : *type,
                               .nullable = element.repetition == Repetition::kOptional || type->id == TypeId::kNull});
  }

  void take_group(const SchemaElement& group) {
    schema_.nested.push_back(group.name);
    for (int64_t left = group.num_children; left > 0; --left) {
      const SchemaElement& element = take();
      if (element.type) ++num_leaves_;
      left += element.num_children;
    }
  }

  const std::vector<SchemaElement>& elements_;
  size_t next_ = 0;
  size_t num_leaves_ = 0;
  FileSchema schema_;
};

std::vector<Field> arrow_hints(const FileMetaData& metadata) {
  for (const auto& [key, value] : metadata.key_value_metadata) {
    if (key == kArrowSchemaKey) return parse_arrow_schema(value).value_or(std::vector<Field>());
  }
  return {};
}

std::vector<Field> fields_of(const FileSchema& schema) {
  std::vector<Field> fields;
  for (const LeafColumn& column : schema.columns) fields.push_back({column.name, column.type, column.nullable});
  return fields;
}

// ---- writing ----

void set_integer(SchemaElement& element, int8_t bit_width, bool is_signed) {
  element.type = bit_width == 64 ? PhysicalType::kInt64 : PhysicalType::kInt32;
  element.logical_type = integer(bit_width, is_signed);
  const int first = static_cast<int>(is_signed ? ConvertedType::kInt8 : ConvertedType::kUInt8);
  const int step = bit_width == 8 ? 0 : bit_width == 16 ? 1 : bit_width == 32 ? 2 : 3;
  element.converted_type = static_cast<ConvertedType>(first + step);
}

void set_decimal(SchemaElement& element, const DataType& type) {
  if (type.precision <= kInt64PrecisionMax) {
    element.type = PhysicalType::kInt64;
  } else {
    element.type = PhysicalType::kFixedLenByteArray;
    element.type_length = decimal_byte_width(type.precision);
  }
  element.converted_type = ConvertedType::kDecimal;
  element.precision = type.precision;
  element.scale = type.scale;
  element.logical_type = {.id = Logical::kDecimal, .precision = type.precision, .scale = type.scale};
}

// Times and timestamps. Readers that know converted types only take naive ones for UTC, which the specification wants.
void set_moment(SchemaElement& element, const DataType& type) {
  const bool is_time = type.id == TypeId::kTime;
  element.logical_type = moment(is_time ? Logical::kTime : Logical::kTimestamp, LogicalType::Unit::kNanos);
  element.logical_type.is_adjusted_to_utc = !is_time && !type.zone.empty();
  element.type = PhysicalType::kInt64;
  switch (type.unit) {
    case TimeUnit::kSecond:
    case TimeUnit::kMilli:
      element.logical_type.unit = LogicalType::Unit::kMillis;
      element.converted_type = is_time ? ConvertedType::kTimeMillis : ConvertedType::kTimestampMillis;
      if (is_time) element.type = PhysicalType::kInt32;
      break;
    case TimeUnit::kMicro:
      element.logical_type.unit = LogicalType::Unit::kMicros;
      element.converted_type = is_time ? ConvertedType::kTimeMicros : ConvertedType::kTimestampMicros;
      break;
    case TimeUnit::kNano: break;
  }
}

void set_type(SchemaElement& element, const DataType& type) {
  const auto set = [&](PhysicalType physical, Logical logical = Logical::kNone) {
    element.type = physical;
    element.logical_type.id = logical;
  };
  switch (type.id) {
    case TypeId::kNull: return set(PhysicalType::kInt32, Logical::kUnknown);
    case TypeId::kBoolean: return set(PhysicalType::kBoolean);
    case TypeId::kInt32: return set(PhysicalType::kInt32);
    case TypeId::kInt64:
    case TypeId::kDuration: return set(PhysicalType::kInt64);
    case TypeId::kInt8:
    case TypeId::kInt16: return set_integer(element, static_cast<int8_t>(8 * width_of(type)), true);
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64: return set_integer(element, static_cast<int8_t>(8 * width_of(type)), false);
    case TypeId::kFloat16: element.type_length = 2; return set(PhysicalType::kFixedLenByteArray, Logical::kFloat16);
    case TypeId::kFloat32: return set(PhysicalType::kFloat);
    case TypeId::kFloat64: return set(PhysicalType::kDouble);
    case TypeId::kDecimal: return set_decimal(element, type);
    case TypeId::kDate: element.converted_type = ConvertedType::kDate; return set(PhysicalType::kInt32, Logical::kDate);
    case TypeId::kTime:
    case TypeId::kTimestamp: return set_moment(element, type);
    case TypeId::kString:
      element.converted_type = ConvertedType::kUtf8;
      return set(PhysicalType::kByteArray, Logical::kString);
    case TypeId::kBinary: return set(PhysicalType::kByteArray);
    case TypeId::kFixedBinary: element.type_length = type.byte_width; return set(PhysicalType::kFixedLenByteArray);
    case TypeId::kDictionary: return set_type(element, *type.value_type);
  }
}

}  // namespace

int32_t decimal_byte_width(int32_t precision) noexcept {
  // The digits of the largest number of 8n - 1 bits, for n = 1, 2, …: 127, 32767, …
  constexpr int32_t kDigits[] = {2, 4, 6, 9, 11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35, 38};
  int32_t width = 1;
  for (const int32_t digits : kDigits) {
    if (precision <= digits) break;
    ++width;
  }
  return width;
}

Schema FileSchema::to_schema(const FileMetaData& metadata) const {
  return Schema(fields_of(*this), metadata.key_value_metadata);
}

FileSchema read_schema(const FileMetaData& metadata) {
  SchemaWalk walk(metadata);
  FileSchema schema = walk.walk(arrow_hints(metadata));
  for (const RowGroup& group : metadata.row_groups) {
    if (group.columns.size() != walk.num_leaves()) {
      throw Corruption("row group of {} columns, the schema has {}", group.columns.size(), walk.num_leaves());
    }
  }
  try {
    static_cast<void>(Schema(fields_of(schema)));
  } catch (const InvalidArgument& error) {
    throw NotSupported("{}", error.what());
  }
  return schema;
}

std::vector<SchemaElement> write_schema(const Schema& schema) {
  std::vector<SchemaElement> elements;
  elements.push_back({.name = "schema", .num_children = static_cast<int32_t>(schema.size())});
  for (const Field& field : schema.fields()) {
    SchemaElement element{
        .repetition = field.nullable || field.type.id == TypeId::kNull ? Repetition::kOptional : Repetition::kRequired,
        .name = field.name};
    set_type(element, field.type);
    elements.push_back(std::move(element));
  }
  return elements;
}

}  // namespace varve::parquet
