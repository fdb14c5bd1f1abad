#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "varve/base/error.h"
#include "varve/table/arrow.h"
#include "varve/table/arrow_format.h"

namespace varve {

namespace table {

namespace {

// Formats that are one letter or two and need no parameters, with our types for them.
struct PlainFormat {
  std::string_view format;
  TypeId id;
  ArrowLayout layout = ArrowLayout::kSame;
};
constexpr auto kPlainFormats = std::to_array<PlainFormat>({
    {"n", TypeId::kNull},
    {"b", TypeId::kBoolean},
    {"c", TypeId::kInt8},
    {"s", TypeId::kInt16},
    {"i", TypeId::kInt32},
    {"l", TypeId::kInt64},
    {"C", TypeId::kUInt8},
    {"S", TypeId::kUInt16},
    {"I", TypeId::kUInt32},
    {"L", TypeId::kUInt64},
    {"e", TypeId::kFloat16},
    {"f", TypeId::kFloat32},
    {"g", TypeId::kFloat64},
    {"tdD", TypeId::kDate},
    {"tdm", TypeId::kDate, ArrowLayout::kDate64},
    {"U", TypeId::kString},
    {"Z", TypeId::kBinary},
    {"u", TypeId::kString, ArrowLayout::kOffsets32},
    {"z", TypeId::kBinary, ArrowLayout::kOffsets32},
    {"vu", TypeId::kString, ArrowLayout::kViews},
    {"vz", TypeId::kBinary, ArrowLayout::kViews},
});
constexpr std::string_view kUnitLetters = "smun";  // in the order of TimeUnit

std::optional<TimeUnit> unit_of(char letter) {
  const size_t position = kUnitLetters.find(letter);
  if (position == std::string_view::npos) return std::nullopt;
  return static_cast<TimeUnit>(position);
}

// Reads "19,10,64" and the like: as many numbers as there are, nothing else.
std::vector<int32_t> read_numbers(std::string_view text) {
  std::vector<int32_t> numbers;
  const char* at = text.data();
  const char* end = text.data() + text.size();
  while (true) {
    int32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return {};
    numbers.push_back(number);
    if (next == end) return numbers;
    if (*next != ',') return {};
    at = next + 1;
  }
}

// Reads one column's format; all of its functions throw for text that they do not understand.
class FormatReader {
 public:
  FormatReader(std::string_view format, std::string_view name) : format_(format), name_(name) {}

  ArrowFormat read() const {
    for (const PlainFormat& plain : kPlainFormats) {
      if (format_ == plain.format) return {.type = {.id = plain.id}, .layout = plain.layout};
    }
    if (format_.starts_with("d:")) return read_decimal();
    if (format_.starts_with("w:")) return read_fixed_binary();
    if (format_.starts_with("ti")) throw NotSupported("column {} is an interval, which Varve does not store", name_);
    if (format_.starts_with("t")) return read_time();
    if (format_.starts_with("+")) throw NotSupported("column {} is nested (Arrow format {})", name_, format_);
    fail();
  }

 private:
  [[noreturn]] void fail() const { throw InvalidArgument("column {} has the Arrow format \"{}\"", name_, format_); }

  ArrowFormat read_decimal() const {
    const std::vector<int32_t> numbers = read_numbers(format_.substr(2));
    if (numbers.size() < 2 || numbers.size() > 3) fail();
    const int32_t bits = numbers.size() == 3 ? numbers[2] : 128;
    const bool known_width = bits == 32 || bits == 64 || bits == 128 || bits == 256;
    if (!known_width || numbers[0] < 1) fail();
    if (numbers[0] > 38 || numbers[1] < 0 || numbers[1] > numbers[0]) {
      throw NotSupported("column {} is a decimal of precision {} and scale {}: precision may be 1 to 38, scale 0 to it",
                         name_, numbers[0], numbers[1]);
    }
    ArrowFormat format{.type = DataType::decimal(numbers[0], numbers[1]), .width = bits / 8};
    if (bits != 128) format.layout = ArrowLayout::kDecimal;
    return format;
  }

  ArrowFormat read_fixed_binary() const {
    const std::vector<int32_t> numbers = read_numbers(format_.substr(2));
    if (numbers.size() != 1 || numbers[0] < 0) fail();
    return {.type = DataType::fixed_binary(numbers[0])};
  }

  ArrowFormat read_time() const {
    if (format_.size() < 3) fail();
    const auto unit = unit_of(format_[2]);
    if (!unit) fail();
    const std::string_view rest = format_.substr(3);
    if (format_[1] == 's') {
      if (!rest.starts_with(":")) fail();
      return {.type = DataType::timestamp(*unit, std::string(rest.substr(1)))};
    }
    if (!rest.empty()) fail();
    if (format_[1] == 't') return {.type = DataType::time(*unit)};
    if (format_[1] == 'D') return {.type = DataType::duration(*unit)};
    fail();
  }

  std::string_view format_;
  std::string_view name_;
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Metadata are a count and so many pairs of length-prefixed texts. Nothing says where they end but themselves.
class MetadataReader {
 public:
  explicit MetadataReader(const char* at) : at_(at) {}

  Metadata read() {
    Metadata metadata;
    if (at_ == nullptr) return metadata;
    for (int32_t left = read_length(); left > 0; --left) {
      std::string key = read_text();
      metadata.emplace_back(std::move(key), read_text());
    }
    return metadata;
  }

 private:
  int32_t read_length() {
    int32_t length = 0;
    std::memcpy(&length, at_, sizeof length);
    at_ += sizeof length;
    if (length < 0) throw InvalidArgument("Arrow metadata with a length of {}", length);
    return length;
  }
  std::string read_text() {
    const auto length = static_cast<size_t>(read_length());
    std::string text(at_, length);
    at_ += length;
    return text;
  }

  const char* at_;
};

std::string write_metadata(const Metadata& metadata) {
  std::string bytes;
  if (metadata.empty()) return bytes;
  const auto append_length = [&bytes](size_t length) {
    if (length > INT32_MAX) throw InvalidArgument("metadata of {} bytes are too long for Arrow", length);
    const auto number = static_cast<int32_t>(length);
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  append_length(metadata.size());
  for (const auto& [key, value] : metadata) {
    append_length(key.size());
    bytes += key;
    append_length(value.size());
    bytes += value;
  }
  return bytes;
}

// What an exported schema points to.
struct SchemaOwner {
  std::string format;
  std::string name;
  std::string metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary = {};
};

// The receiver may have moved children away, which has marked them as released here.
void release_schema(ArrowSchema* schema) {
  const std::unique_ptr<SchemaOwner> owner(static_cast<SchemaOwner*>(schema->private_data));
  for (ArrowSchema& child : owner->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (owner->dictionary.release != nullptr) owner->dictionary.release(&owner->dictionary);
  schema->release = nullptr;
}

void hand_over(std::unique_ptr<SchemaOwner> owner, int64_t flags, ArrowSchema* out) {
  for (ArrowSchema& child : owner->children) owner->child_pointers.push_back(&child);
  *out = {.format = owner->format.c_str(),
          .name = owner->name.c_str(),
          .metadata = owner->metadata.empty() ? nullptr : owner->metadata.data(),
          .flags = flags,
          .n_children = static_cast<int64_t>(owner->children.size()),
          .children = owner->children.empty() ? nullptr : owner->child_pointers.data(),
          .dictionary = owner->dictionary.release == nullptr ? nullptr : &owner->dictionary,
          .release = release_schema,
          .private_data = nullptr};
  out->private_data = owner.release();
}

void write_field(const Field& field, ArrowSchema* out) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->format = format_of(field.type);
  owner->name = field.name;
  int64_t flags = field.nullable ? ARROW_FLAG_NULLABLE : 0;
  if (field.type.id == TypeId::kDictionary) {
    write_field({.name = "", .type = *field.type.value_type}, &owner->dictionary);
    if (field.type.ordered) flags |= ARROW_FLAG_DICTIONARY_ORDERED;
  }
  hand_over(std::move(owner), flags, out);
}

}  // namespace

ArrowFormat read_format(const ArrowSchema& schema, std::string_view name) {
  if (schema.format == nullptr) throw InvalidArgument("column {} has no Arrow format", name);
  ArrowFormat format = FormatReader(schema.format, name).read();
  if (schema.dictionary == nullptr) return format;
  if (schema.dictionary->format == nullptr) throw InvalidArgument("the dictionary of column {} has no format", name);
  if (!is_signed_integer(format.type) && !is_unsigned_integer(format.type)) {
    throw InvalidArgument("column {} has {} for indices into its dictionary", name, to_string(format.type));
  }
  if (schema.dictionary->dictionary != nullptr) {
    throw NotSupported("column {} is a dictionary of dictionaries", name);
  }
  DataType value_type = FormatReader(schema.dictionary->format, name).read().type;
  const bool ordered = (schema.flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
  return {.type = DataType::dictionary(std::move(value_type), ordered),
          .layout = ArrowLayout::kIndices,
          .index = std::move(format.type)};
}

Schema read_schema(const ArrowSchema& schema) {
  if (schema.release == nullptr) throw InvalidArgument("an Arrow schema that has been released");
  if (schema.format == nullptr || std::string_view(schema.format) != "+s") {
    throw InvalidArgument("an Arrow schema of format \"{}\", not of a table (\"+s\")",
                          schema.format == nullptr ? "" : schema.format);
  }
  if (schema.n_children < 0 || (schema.n_children > 0 && schema.children == nullptr)) {
    throw InvalidArgument("an Arrow schema with {} columns that are not there", schema.n_children);
  }
  std::vector<Field> fields;
  for (int64_t position = 0; position < schema.n_children; ++position) {
    const ArrowSchema* child = schema.children[position];
    if (child == nullptr || child->release == nullptr) {
      throw InvalidArgument("column {} of an Arrow schema is not there", position);
    }
    std::string name = child->name == nullptr ? "" : child->name;
    DataType type = read_format(*child, name).type;
    fields.push_back({std::move(name), std::move(type), (child->flags & ARROW_FLAG_NULLABLE) != 0});
  }
  return Schema(std::move(fields), MetadataReader(schema.metadata).read());
}

std::string format_of(const DataType& type) {
  const char unit = kUnitLetters[static_cast<size_t>(type.unit)];
  switch (type.id) {
    case TypeId::kTime: return std::string("tt") + unit;
    case TypeId::kDuration: return std::string("tD") + unit;
    case TypeId::kTimestamp: return std::string("ts") + unit + ":" + type.zone;
    case TypeId::kDecimal: return "d:" + std::to_string(type.precision) + "," + std::to_string(type.scale);
    case TypeId::kFixedBinary: return "w:" + std::to_string(type.byte_width);
    case TypeId::kDictionary: return "i";
    case TypeId::kString: return "U";
    case TypeId::kBinary: return "Z";
    default: break;
  }
  for (const PlainFormat& plain : kPlainFormats) {
    if (plain.id == type.id && plain.layout == ArrowLayout::kSame) return std::string(plain.format);
  }
  throw NotSupported("no Arrow format for {}", to_string(type));
}

void write_schema(const Schema& schema, ArrowSchema* out) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->format = "+s";
  owner->metadata = write_metadata(schema.metadata());
  owner->children.resize(schema.size(), ArrowSchema{});
  // Should one throw, those before it go with this.
  struct ReleaseChildren {
    SchemaOwner* owner;
    ~ReleaseChildren() {
      if (owner == nullptr) return;
      for (ArrowSchema& child : owner->children) {
        if (child.release != nullptr) child.release(&child);
      }
    }
  } guard{owner.get()};
  for (size_t position = 0; position < schema.size(); ++position) {
    write_field(schema[position], &owner->children[position]);
  }
  guard.owner = nullptr;
  hand_over(std::move(owner), 0, out);
}

}  // namespace table

Schema import_schema(ArrowSchema* schema) {
  const auto release = [](ArrowSchema* given) {
    if (given->release != nullptr) given->release(given);
  };
  const std::unique_ptr<ArrowSchema, decltype(release)> guard(schema, release);
  return table::read_schema(*schema);
}

void export_schema(const Schema& schema, ArrowSchema* out) { table::write_schema(schema, out); }

}  // namespace varve
