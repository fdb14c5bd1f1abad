#include "varve/parquet/explain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/conversion.h"
#include "varve/parquet/write/statistics.h"
#include "varve/table/builder.h"
#include "varve/table/print.h"
#include "varve/table/utf8.h"

namespace varve::parquet {
namespace {

constexpr std::array<std::string_view, 8> kPhysicalNames = {"BOOLEAN", "INT32",  "INT64",      "INT96",
                                                            "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
constexpr std::array<std::string_view, 10> kEncodingNames = {"PLAIN",
                                                             "",
                                                             "PLAIN_DICTIONARY",
                                                             "RLE",
                                                             "BIT_PACKED",
                                                             "DELTA_BINARY_PACKED",
                                                             "DELTA_LENGTH_BYTE_ARRAY",
                                                             "DELTA_BYTE_ARRAY",
                                                             "RLE_DICTIONARY",
                                                             "BYTE_STREAM_SPLIT"};
constexpr std::array<std::string_view, 8> kCodecNames = {"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO",
                                                         "BROTLI",       "LZ4",    "ZSTD", "LZ4_RAW"};

// Numbers that the format does not have yet are shown as they are.
template <typename Enum, size_t kCount>
std::string name_of(Enum value, const std::array<std::string_view, kCount>& names) {
  const auto number = static_cast<int64_t>(value);
  const bool known = number >= 0 && number < std::ssize(names) && !names[static_cast<size_t>(number)].empty();
  return known ? std::string(names[static_cast<size_t>(number)]) : std::to_string(number);
}

template <typename Enum, size_t kCount>
std::string names_of(const std::vector<Enum>& values, const std::array<std::string_view, kCount>& names) {
  std::string text;
  for (const Enum value : values) text += (text.empty() ? "" : ", ") + name_of(value, names);
  return text;
}

template <typename T>
void add_new(std::vector<T>& values, const T& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// A file's word about nulls or dictionaries: unknown and anything is unknown.
std::optional<int64_t> sum(const std::optional<int64_t>& left, const std::optional<int64_t>& right) {
  return left && right ? std::optional(*left + *right) : std::nullopt;
}

// What a column chunk, or a column of several, takes in the file.
struct StoredColumn {
  std::string name;
  const LeafColumn* leaf = nullptr;  // none for leaves of nested columns
  std::string physical;
  int64_t group = 0;  // its number, or how many there are
  std::vector<Encoding> encodings;
  std::vector<CompressionCodec> codecs;
  int64_t pages = 0;
  int64_t compressed_pages = 0;
  int64_t values = 0;
  std::optional<int64_t> nulls;
  std::optional<int64_t> dictionary_values;
  int64_t stored_bytes = 0;
  int64_t uncompressed_bytes = 0;
  std::optional<std::string> min;  // as statistics hold them
  std::optional<std::string> max;
};

// The header of the page at `position`, and where the page begins behind it.
struct LocatedHeader {
  PageHeader header;
  uint64_t body = 0;
};

LocatedHeader read_header(const base::File& file, uint64_t position, uint64_t end) {
  // Most headers take some dozen bytes; statistics in them may hold long strings.
  constexpr std::array<uint64_t, 3> kHeaderBytes = {512, uint64_t{64} << 10, uint64_t{16} << 20};
  std::vector<std::byte> bytes;
  for (const uint64_t most : kHeaderBytes) {
    bytes.resize(std::min(most, end - position));
    file.read_at(position, bytes);
    try {
      size_t consumed = 0;
      PageHeader header = parse_page_header(bytes, consumed);
      return {std::move(header), position + consumed};
    } catch (const Corruption&) {
      if (bytes.size() == end - position || most == kHeaderBytes.back()) throw;
    }
  }
  throw Corruption("no page header at byte {}", position);
}

int64_t checked_count(int32_t count) {
  if (count < 0) throw Corruption("a page claims {} values", count);
  return count;
}

// Adds up the pages of one chunk.
class PageCount {
 public:
  PageCount(StoredColumn& column, CompressionCodec codec) : column_(column), codec_(codec) {}

  void add(const PageHeader& header) {
    if (header.type == PageType::kDataPage && header.data_page) {
      add_data_page(header.data_page->num_values, header.data_page->encoding, true);
      nulls_.reset();
    } else if (header.type == PageType::kDataPageV2 && header.data_page_v2) {
      const DataPageHeaderV2& page = *header.data_page_v2;
      add_data_page(page.num_values, page.encoding, page.is_compressed);
      nulls_ = sum(nulls_, checked_count(page.num_nulls));
    } else if (header.type == PageType::kDictionaryPage && header.dictionary_page) {
      column_.dictionary_values = checked_count(header.dictionary_page->num_values);
    }
  }
  [[nodiscard]] int64_t values() const noexcept { return values_; }
  // Where all pages tell how many they have.
  [[nodiscard]] std::optional<int64_t> nulls() const noexcept { return nulls_; }

 private:
  void add_data_page(int32_t values, Encoding encoding, bool compressed) {
    values_ += checked_count(values);
    ++column_.pages;
    if (compressed && codec_ != CompressionCodec::kUncompressed) ++column_.compressed_pages;
    add_new(column_.encodings, encoding);
  }

  StoredColumn& column_;
  CompressionCodec codec_;
  int64_t values_ = 0;
  std::optional<int64_t> nulls_ = 0;
};

void read_page_headers(const OpenFile& file, const ColumnMetaData& meta, StoredColumn& column) {
  const ByteRange bytes = bytes_of(file, meta);
  PageCount count(column, meta.codec);
  for (uint64_t position = bytes.begin; position < bytes.end && count.values() < meta.num_values;) {
    const auto [header, body] = read_header(*file.file, position, bytes.end);
    const int64_t size = header.compressed_page_size;
    if (size < 0 || header.uncompressed_page_size < 0 || static_cast<uint64_t>(size) > bytes.end - body) {
      throw Corruption("the page at byte {} claims {} bytes, {} unpacked, where {} are left", position, size,
                       header.uncompressed_page_size, bytes.end - body);
    }
    count.add(header);
    column.uncompressed_bytes += static_cast<int64_t>(body - position) + header.uncompressed_page_size;
    position = body + static_cast<uint64_t>(size);
  }
  if (count.values() != meta.num_values) {
    throw Corruption("the chunk claims {} values, its pages hold {}", meta.num_values, count.values());
  }
  column.values = meta.num_values;
  column.nulls = count.nulls();
}

// ---- least and greatest values ----

// How statistics of the column are compared. Decimals in byte arrays differ in length, which nothing here compares.
SortOrder order_of(const LeafColumn& leaf) {
  const bool uneven = leaf.element.type == PhysicalType::kByteArray && value_type_of(leaf.type).id == TypeId::kDecimal;
  return uneven ? SortOrder::kNone : sort_order_of(value_type_of(leaf.type), *leaf.element.type);
}

bool has_right_size(const LeafColumn& leaf, const std::string& bytes) {
  switch (*leaf.element.type) {
    case PhysicalType::kByteArray: return true;
    case PhysicalType::kBoolean: return bytes.size() == 1;
    default: return std::ssize(bytes) == conversion_of(leaf).width_stored;
  }
}

// The old pair was compared as signed numbers or bytes, whatever the type, so only signed numbers can be told by it.
bool trusts_old_pair(const LeafColumn& leaf) {
  switch (*leaf.element.type) {
    case PhysicalType::kInt32:
    case PhysicalType::kInt64: return !is_unsigned_integer(leaf.type);
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: return true;
    default: return false;
  }
}

void take_range(const Statistics& statistics, StoredColumn& column) {
  const LeafColumn& leaf = *column.leaf;
  if (storage_of(leaf.type) == Storage::kNone || leaf.element.type == PhysicalType::kInt96) return;
  const bool old = trusts_old_pair(leaf);
  column.min = statistics.min_value || !old ? statistics.min_value : statistics.min;
  column.max = statistics.max_value || !old ? statistics.max_value : statistics.max;
  if (column.min && !has_right_size(leaf, *column.min)) column.min.reset();
  if (column.max && !has_right_size(leaf, *column.max)) column.max.reset();
}

// Text for people: what is not UTF-8 is shown in hexadecimal, what is long is cut.
std::string readable(std::string_view bytes, bool is_text) {
  constexpr size_t kCharactersMax = 40;
  if (!is_text || !table::is_utf8(bytes)) {
    const Column column = make_column(DataType::binary(), {std::string(bytes.substr(0, kCharactersMax / 2))});
    return table::value_text(column, 0) + (bytes.size() > kCharactersMax / 2 ? "…" : "");
  }
  size_t end = 0;
  for (size_t count = 0; end < bytes.size(); ++count) {
    if (count == kCharactersMax) return std::string(bytes.substr(0, end)) + "…";
    end += table::first_character(bytes.substr(end)).length;
  }
  return std::string(bytes);
}

// A value of the column, stored as statistics have it, as reads would give it; nothing for one that cannot be.
std::optional<std::string> value_text(const LeafColumn& leaf, const std::string& stored) {
  const DataType& type = value_type_of(leaf.type);
  if (type.id == TypeId::kBoolean) return stored[0] != 0 ? "true" : "false";
  if (storage_of(type) == Storage::kVariable) return readable(stored, type.id == TypeId::kString);
  if (type.id == TypeId::kFixedBinary) return readable(stored, false);
  const Conversion conversion = conversion_of(leaf);
  base::MutableBuffer value = base::MutableBuffer::allocate_zeroed(static_cast<size_t>(conversion.width));
  const auto* bytes = reinterpret_cast<const std::byte*>(stored.data());
  try {
    if (leaf.element.type == PhysicalType::kByteArray) {
      *value.as<Int128>() = decimal_of(bytes, std::ssize(stored));
    } else if (conversion.function == nullptr) {
      std::memcpy(value.data(), bytes, stored.size());
    } else {
      conversion.function(conversion, bytes, 1, value.data());
    }
  } catch (const Corruption&) {
    return std::nullopt;
  }
  ColumnParts parts{.type = type, .length = 1, .null_count = 0};
  parts.values = std::move(value).finish();
  return table::value_text(Column(std::move(parts)), 0);
}

// ---- chunks ----

// One chunk after the other, checked together: legitimate ones do not overlap, so that no more headers are read than
// the file has.
class FileExplanation {
 public:
  explicit FileExplanation(const OpenFile& file) : file_(file) {
    for (const LeafColumn& leaf : file.columns.columns) {
      if (leaf.position >= leaves_.size()) leaves_.resize(leaf.position + 1, nullptr);
      leaves_[leaf.position] = &leaf;
    }
  }

  std::vector<StoredColumn> run() {
    std::vector<StoredColumn> chunks;
    for (size_t group = 0; group < file_.metadata.row_groups.size(); ++group) {
      for (size_t position = 0; position < file_.metadata.row_groups[group].columns.size(); ++position) {
        chunks.push_back(explain_chunk(group, position));
      }
    }
    return chunks;
  }

 private:
  StoredColumn explain_chunk(size_t group, size_t position) {
    const ColumnChunk& chunk = file_.metadata.row_groups[group].columns[position];
    StoredColumn column;
    column.leaf = position < leaves_.size() ? leaves_[position] : nullptr;
    column.group = static_cast<int64_t>(group);
    name(chunk, position, column);
    try {
      explain_chunk(chunk, column);
    } catch (const Corruption& error) {
      throw Corruption("{}: column {}, row group {}: {}", file_.name, column.name, group, error.what());
    } catch (const NotSupported& error) {
      throw NotSupported("{}: column {}, row group {}: {}", file_.name, column.name, group, error.what());
    }
    return column;
  }

  static void name(const ColumnChunk& chunk, size_t position, StoredColumn& column) {
    if (column.leaf != nullptr) {
      column.name = column.leaf->name;
      return;
    }
    if (chunk.meta_data) {
      for (const std::string& part : chunk.meta_data->path_in_schema) {
        column.name += (column.name.empty() ? "" : ".") + part;
      }
    }
    column.name = column.name.empty() ? "#" + std::to_string(position) : readable(column.name, true);
  }

  void explain_chunk(const ColumnChunk& chunk, StoredColumn& column) {
    if (chunk.encrypted) throw NotSupported("the column is encrypted");
    if (!chunk.meta_data) throw Corruption("the chunk has no metadata");
    const ColumnMetaData& meta = *chunk.meta_data;
    if (column.leaf != nullptr)
      locate(file_, *column.leaf, static_cast<size_t>(column.group));  // checks against schema
    const ByteRange bytes = bytes_of(file_, meta);
    bytes_claimed_ += bytes.end - bytes.begin;
    if (bytes_claimed_ > 2 * file_.size) throw Corruption("the column chunks overlap");
    column.physical = name_of(meta.type, kPhysicalNames);
    if (column.leaf != nullptr && meta.type == PhysicalType::kFixedLenByteArray) {
      column.physical += "(" + std::to_string(column.leaf->element.type_length) + ")";
    }
    column.codecs = {meta.codec};
    column.stored_bytes = meta.total_compressed_size;
    read_page_headers(file_, meta, column);
    if (!meta.statistics) return;
    const auto& nulls = meta.statistics->null_count;
    if (nulls && *nulls >= 0 && *nulls <= column.values) column.nulls = nulls;
    if (column.leaf != nullptr) take_range(*meta.statistics, column);
  }

  const OpenFile& file_;
  std::vector<const LeafColumn*> leaves_;  // by position
  uint64_t bytes_claimed_ = 0;
};

// ---- columns over row groups ----

// The less (`sign` -1) or greater (1) of two values, if both are known and can be compared.
std::optional<std::string> better(const StoredColumn& column, const std::optional<std::string>& left,
                                  const std::optional<std::string>& right, int sign) {
  const SortOrder order = column.leaf == nullptr ? SortOrder::kNone : order_of(*column.leaf);
  if (!left || !right || order == SortOrder::kNone) return std::nullopt;
  return compare_values(*left, *right, order) * sign >= 0 ? left : right;
}

bool has_values(const StoredColumn& column) { return column.values != column.nulls; }

void add_chunk(StoredColumn& column, const StoredColumn& chunk) {
  if (!has_values(column)) {
    column.min = chunk.min;
    column.max = chunk.max;
  } else if (has_values(chunk)) {
    column.min = better(column, column.min, chunk.min, -1);
    column.max = better(column, column.max, chunk.max, 1);
  }
  ++column.group;
  for (const Encoding encoding : chunk.encodings) add_new(column.encodings, encoding);
  for (const CompressionCodec codec : chunk.codecs) add_new(column.codecs, codec);
  column.pages += chunk.pages;
  column.compressed_pages += chunk.compressed_pages;
  column.values += chunk.values;
  column.nulls = sum(column.nulls, chunk.nulls);
  if (chunk.dictionary_values) {
    column.dictionary_values = column.dictionary_values.value_or(0) + *chunk.dictionary_values;
  }
  column.stored_bytes += chunk.stored_bytes;
  column.uncompressed_bytes += chunk.uncompressed_bytes;
}

// Each row group has the same columns in the same order.
std::vector<StoredColumn> sum_up(const std::vector<StoredColumn>& chunks, size_t groups) {
  std::vector<StoredColumn> columns;
  const size_t width = groups == 0 ? 0 : chunks.size() / groups;
  for (size_t at = 0; at < chunks.size(); ++at) {
    if (at < width) {
      columns.push_back(chunks[at]);
      columns.back().group = 1;
    } else {
      add_chunk(columns[at % width], chunks[at]);
    }
  }
  return columns;
}

// ---- the table ----

struct ShownField {
  const char* name;
  TypeId type;
};
constexpr ShownField kFields[] = {{"row_group", TypeId::kInt64},
                                  {"column", TypeId::kString},
                                  {"type", TypeId::kString},
                                  {"physical", TypeId::kString},
                                  {"encodings", TypeId::kString},
                                  {"codec", TypeId::kString},
                                  {"bytes_per_value", TypeId::kFloat64},
                                  {"stored_bytes", TypeId::kInt64},
                                  {"uncompressed_bytes", TypeId::kInt64},
                                  {"pages", TypeId::kInt64},
                                  {"compressed_pages", TypeId::kInt64},
                                  {"values", TypeId::kInt64},
                                  {"nulls", TypeId::kInt64},
                                  {"dictionary_values", TypeId::kInt64},
                                  {"min", TypeId::kString},
                                  {"max", TypeId::kString}};

// Rows of the fields above, filled cell by cell in their order.
class Rows {
 public:
  Rows() {
    for (const ShownField& field : kFields) builders_.emplace_back(DataType{.id = field.type});
  }
  void add(const std::optional<std::string>& value) {
    table::ColumnBuilder& column = next();
    value ? column.append_bytes(*value) : column.append_null();
  }
  void add(const std::optional<int64_t>& value) {
    table::ColumnBuilder& column = next();
    value ? column.append_int64(*value) : column.append_null();
  }
  void add(double value) { next().append_double(value); }

  Table finish(const ExplainOptions& options) {
    std::vector<Field> fields;
    std::vector<Column> columns;
    for (const ShownField& field : kFields) {
      fields.push_back({.name = field.name, .type = {.id = field.type}});
      columns.push_back(builders_[columns.size()].finish());
    }
    if (!options.by_row_group) fields.front().name = "row_groups";
    return Table(Schema(std::move(fields)), std::move(columns));
  }

 private:
  table::ColumnBuilder& next() { return builders_[next_++ % builders_.size()]; }

  std::vector<table::ColumnBuilder> builders_;
  size_t next_ = 0;
};

void add_row(const StoredColumn& column, Rows& rows) {
  using Text = std::optional<std::string>;
  const auto shown = [&](const Text& stored) { return stored ? value_text(*column.leaf, *stored) : std::nullopt; };
  const auto values = static_cast<double>(std::max<int64_t>(column.values, 1));
  rows.add(std::optional(column.group));
  rows.add(Text(column.name));
  rows.add(column.leaf == nullptr ? std::nullopt : Text(to_string(column.leaf->type)));
  rows.add(Text(column.physical));
  rows.add(Text(names_of(column.encodings, kEncodingNames)));
  rows.add(Text(names_of(column.codecs, kCodecNames)));
  rows.add(std::round(static_cast<double>(column.stored_bytes) / values * 1000) / 1000);
  rows.add(std::optional(column.stored_bytes));
  rows.add(std::optional(column.uncompressed_bytes));
  rows.add(std::optional(column.pages));
  rows.add(std::optional(column.compressed_pages));
  rows.add(std::optional(column.values));
  rows.add(column.nulls);
  rows.add(column.dictionary_values);
  rows.add(shown(column.min));
  rows.add(shown(column.max));
}

}  // namespace

Table explain(const Reader& reader, const ExplainOptions& options) {
  std::vector<StoredColumn> columns = FileExplanation(reader.file()).run();
  if (!options.by_row_group) columns = sum_up(columns, reader.num_row_groups());
  Rows rows;
  for (const StoredColumn& column : columns) add_row(column, rows);
  return rows.finish(options);
}

}  // namespace varve::parquet
