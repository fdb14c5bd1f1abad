#include "varve/parquet/format.h"

#include <algorithm>

#include "varve/base/error.h"
#include "varve/parquet/thrift_structure.h"

// Field numbers are those of parquet-format's parquet.thrift.
namespace varve::parquet::thrift {

// A structure that holds nothing, as members of a union often do.
struct Nothing {};

template <typename Io>
void describe(Io& /*io*/, Ref<Io, Nothing> /*value*/) {}

// The members of LogicalType that carry something.
struct DecimalMember {
  int32_t scale = 0;
  int32_t precision = 0;
};
struct TimeMember {
  bool is_adjusted_to_utc = false;
  LogicalType::Unit unit = LogicalType::Unit::kMillis;
};
struct IntegerMember {
  int8_t bit_width = 0;
  bool is_signed = true;
};

template <typename Io>
void describe(Io& io, Ref<Io, DecimalMember> value) {
  io.required(1, value.scale);
  io.required(2, value.precision);
}

template <typename Io>
void describe(Io& io, Ref<Io, TimeMember> value) {
  io.required(1, value.is_adjusted_to_utc);
  io.required(2, value.unit);
}

template <typename Io>
void describe(Io& io, Ref<Io, IntegerMember> value) {
  io.required(1, value.bit_width);
  io.required(2, value.is_signed);
}

// The unit is a union of empty structures, so its member's number says all.
template <>
constexpr Wire wire_of<LogicalType::Unit>() {
  return Wire::kStruct;
}

// Reads the head of the one member that a union holds; `member` reads what is in it.
template <typename ReadMember>
void read_union(Input& input, const ReadMember& member) {
  const Input::Nesting nesting(input);
  bool found = false;
  for (int16_t id = 0;;) {
    const Wire wire = input.read_field(id);
    if (wire == Wire::kStop) break;
    if (found || wire != Wire::kStruct)
      throw Corruption("thrift: union with member {} of kind {}", id, static_cast<int>(wire));
    found = true;
    member(id);
  }
  if (!found) throw Corruption("thrift: union without a member");
}

inline void read_value(Input& input, Wire /*wire*/, LogicalType::Unit& value) {
  read_union(input, [&](int16_t id) {
    if (id < 1 || id > 3) throw Corruption("thrift: unknown time unit {}", id);
    value = static_cast<LogicalType::Unit>(id);
    input.skip(Wire::kStruct);
  });
}

inline void read_value(Input& input, Wire /*wire*/, LogicalType& value) {
  read_union(input, [&](int16_t id) {
    value.id = static_cast<LogicalType::Id>(id);
    switch (value.id) {
      case LogicalType::Id::kDecimal: {
        DecimalMember member;
        read_structure(input, member);
        value.scale = member.scale;
        value.precision = member.precision;
        break;
      }
      case LogicalType::Id::kTime:
      case LogicalType::Id::kTimestamp: {
        TimeMember member;
        read_structure(input, member);
        value.is_adjusted_to_utc = member.is_adjusted_to_utc;
        value.unit = member.unit;
        break;
      }
      case LogicalType::Id::kInteger: {
        IntegerMember member;
        read_structure(input, member);
        value.bit_width = member.bit_width;
        value.is_signed = member.is_signed;
        break;
      }
      default: input.skip(Wire::kStruct);
    }
  });
}

template <typename Member>
void write_union(Output& output, int16_t id, const Member& member) {
  int16_t last_id = 0;
  output.write_field(id, last_id, Wire::kStruct);
  write_structure(output, member);
  output.write_byte(0);
}

inline void write_value(Output& output, const LogicalType::Unit& value) {
  write_union(output, static_cast<int16_t>(value), Nothing{});
}

inline void write_value(Output& output, const LogicalType& value) {
  const auto id = static_cast<int16_t>(value.id);
  switch (value.id) {
    case LogicalType::Id::kDecimal: return write_union(output, id, DecimalMember{value.scale, value.precision});
    case LogicalType::Id::kTime:
    case LogicalType::Id::kTimestamp: return write_union(output, id, TimeMember{value.is_adjusted_to_utc, value.unit});
    case LogicalType::Id::kInteger: return write_union(output, id, IntegerMember{value.bit_width, value.is_signed});
    default: return write_union(output, id, Nothing{});
  }
}

template <typename Io>
void describe(Io& io, Ref<Io, SchemaElement> value) {
  io.field(1, value.type);
  io.field(2, value.type_length);
  io.field(3, value.repetition);
  io.required(4, value.name);
  io.field(5, value.num_children);
  io.field(6, value.converted_type);
  if constexpr (Io::kWrites) {
    if (value.precision != 0) io.required(7, value.scale);  // a decimal's is named even where it is 0
  } else {
    io.field(7, value.scale);
  }
  io.field(8, value.precision);
  if constexpr (Io::kWrites) {
    if (value.logical_type.id != LogicalType::Id::kNone) io.required(10, value.logical_type);
  } else {
    io.field(10, value.logical_type);
  }
}

template <typename Io>
void describe(Io& io, Ref<Io, Statistics> value) {
  io.field(1, value.max);
  io.field(2, value.min);
  io.field(3, value.null_count);
  io.field(4, value.distinct_count);
  io.field(5, value.max_value);
  io.field(6, value.min_value);
  io.field(7, value.is_max_value_exact);
  io.field(8, value.is_min_value_exact);
}

template <typename Io>
void describe(Io& io, Ref<Io, DataPageHeader> value) {
  io.required(1, value.num_values);
  io.required(2, value.encoding);
  io.required(3, value.definition_level_encoding);
  io.required(4, value.repetition_level_encoding);
  io.field(5, value.statistics);
}

template <typename Io>
void describe(Io& io, Ref<Io, DictionaryPageHeader> value) {
  io.required(1, value.num_values);
  io.required(2, value.encoding);
  io.field(3, value.is_sorted);
}

template <typename Io>
void describe(Io& io, Ref<Io, DataPageHeaderV2> value) {
  io.required(1, value.num_values);
  io.required(2, value.num_nulls);
  io.required(3, value.num_rows);
  io.required(4, value.encoding);
  io.required(5, value.definition_levels_byte_length);
  io.required(6, value.repetition_levels_byte_length);
  if constexpr (Io::kWrites) {
    io.required(7, value.is_compressed);  // true where it is left out
  } else {
    io.field(7, value.is_compressed);
  }
  io.field(8, value.statistics);
}

template <typename Io>
void describe(Io& io, Ref<Io, PageHeader> value) {
  io.required(1, value.type);
  io.required(2, value.uncompressed_page_size);
  io.required(3, value.compressed_page_size);
  io.field(4, value.crc);
  io.field(5, value.data_page);
  io.field(7, value.dictionary_page);
  io.field(8, value.data_page_v2);
}

template <typename Io>
void describe(Io& io, Ref<Io, ColumnMetaData> value) {
  io.required(1, value.type);
  io.required(2, value.encodings);
  io.required(3, value.path_in_schema);
  io.required(4, value.codec);
  io.required(5, value.num_values);
  io.required(6, value.total_uncompressed_size);
  io.required(7, value.total_compressed_size);
  io.required(9, value.data_page_offset);
  io.field(11, value.dictionary_page_offset);
  io.field(12, value.statistics);
}

template <typename Io>
void describe(Io& io, Ref<Io, ColumnChunk> value) {
  io.field(1, value.file_path);
  io.required(2, value.file_offset);
  io.field(3, value.meta_data);
  io.field(4, value.offset_index_offset);
  io.field(5, value.offset_index_length);
  io.field(6, value.column_index_offset);
  io.field(7, value.column_index_length);
  io.presence(8, value.encrypted);
  io.presence(9, value.encrypted);
}

template <typename Io>
void describe(Io& io, Ref<Io, SortingColumn> value) {
  io.required(1, value.column_idx);
  io.required(2, value.descending);
  io.required(3, value.nulls_first);
}

template <typename Io>
void describe(Io& io, Ref<Io, RowGroup> value) {
  io.required(1, value.columns);
  io.required(2, value.total_byte_size);
  io.required(3, value.num_rows);
  io.field(4, value.sorting_columns);
  io.field(5, value.file_offset);
  io.field(6, value.total_compressed_size);
  io.field(7, value.ordinal);
}

struct KeyValue {
  std::string key;
  std::optional<std::string> value;
};

template <typename Io>
void describe(Io& io, Ref<Io, KeyValue> value) {
  io.required(1, value.key);
  io.field(2, value.value);
}

inline void read_value(Input& input, Wire /*wire*/, std::pair<std::string, std::string>& value) {
  KeyValue entry;
  read_structure(input, entry);
  value = {std::move(entry.key), std::move(entry.value).value_or("")};
}

inline void write_value(Output& output, const std::pair<std::string, std::string>& value) {
  write_structure(output, KeyValue{value.first, value.second});
}

// One member of the list column_orders, a union whose only member so far is 1, the type's own order.
struct ColumnOrder {
  bool by_type = false;
};

inline void read_value(Input& input, Wire /*wire*/, ColumnOrder& value) {
  read_union(input, [&](int16_t id) {
    value.by_type = id == 1;
    input.skip(Wire::kStruct);
  });
}

inline void write_value(Output& output, const ColumnOrder& /*value*/) { write_union(output, 1, Nothing{}); }

// A file's metadata with its column orders as they are stored.
struct StoredMetaData {
  FileMetaData metadata;
  std::vector<ColumnOrder> column_orders;
};

template <typename Io>
void describe(Io& io, Ref<Io, StoredMetaData> value) {
  io.required(1, value.metadata.version);
  io.required(2, value.metadata.schema);
  io.required(3, value.metadata.num_rows);
  io.required(4, value.metadata.row_groups);
  io.field(5, value.metadata.key_value_metadata);
  io.field(6, value.metadata.created_by);
  io.field(7, value.column_orders);
}

template <typename Io>
void describe(Io& io, Ref<Io, PageLocation> value) {
  io.required(1, value.offset);
  io.required(2, value.compressed_page_size);
  io.required(3, value.first_row_index);
}

template <typename Io>
void describe(Io& io, Ref<Io, OffsetIndex> value) {
  io.required(1, value.page_locations);
}

template <typename Io>
void describe(Io& io, Ref<Io, ColumnIndex> value) {
  io.required(1, value.null_pages);
  io.required(2, value.min_values);
  io.required(3, value.max_values);
  io.required(4, value.boundary_order);
  io.field(5, value.null_counts);
}

template <typename T>
T parse(std::span<const std::byte> bytes, size_t* consumed = nullptr) {
  Input input(bytes);
  T value;
  read_structure(input, value);
  if (consumed != nullptr) *consumed = input.position();
  return value;
}

template <typename T>
std::string serialize(const T& value) {
  std::string bytes;
  Output output(bytes);
  write_structure(output, value);
  return bytes;
}

}  // namespace varve::parquet::thrift

namespace varve::parquet {

FileMetaData parse_file_metadata(std::span<const std::byte> bytes) {
  auto stored = thrift::parse<thrift::StoredMetaData>(bytes);
  stored.metadata.has_column_orders =
      !stored.column_orders.empty() && std::all_of(stored.column_orders.begin(), stored.column_orders.end(),
                                                   [](const thrift::ColumnOrder& order) { return order.by_type; });
  return std::move(stored.metadata);
}

PageHeader parse_page_header(std::span<const std::byte> bytes, size_t& consumed) {
  return thrift::parse<PageHeader>(bytes, &consumed);
}

OffsetIndex parse_offset_index(std::span<const std::byte> bytes) { return thrift::parse<OffsetIndex>(bytes); }

ColumnIndex parse_column_index(std::span<const std::byte> bytes) { return thrift::parse<ColumnIndex>(bytes); }

std::string serialize(const FileMetaData& metadata) {
  thrift::StoredMetaData stored{metadata, {}};
  if (metadata.has_column_orders) {
    const auto leaves = std::count_if(metadata.schema.begin(), metadata.schema.end(),
                                      [](const SchemaElement& element) { return element.type.has_value(); });
    stored.column_orders.resize(static_cast<size_t>(leaves), {true});
  }
  return thrift::serialize(stored);
}

std::string serialize(const PageHeader& header) { return thrift::serialize(header); }

std::string serialize(const OffsetIndex& index) { return thrift::serialize(index); }

std::string serialize(const ColumnIndex& index) { return thrift::serialize(index); }

}  // namespace varve::parquet
