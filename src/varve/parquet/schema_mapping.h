// Which Parquet column stands for which column type, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/parquet/format.h"
#include "varve/table/schema.h"

namespace varve::parquet {

// The key of a file's metadata under which the Arrow schema lies.
inline constexpr std::string_view kArrowSchemaKey = "ARROW:schema";

// One leaf of a file's schema that Varve can read as a column. Columns of type null may have any physical type; seconds
// are stored as milliseconds; dictionaries (of string or binary only) are stored as their values.
struct LeafColumn {
  std::string name;
  size_t position = 0;  // among the leaves, so in RowGroup::columns
  SchemaElement element;
  DataType type;  // as read: from the logical type, widened by what ARROW:schema adds (zone, dictionary, duration …)
  bool nullable = true;
};

// A file's columns. Top-level leaves are readable; names of groups and repeated leaves are kept for the error message.
struct FileSchema {
  std::vector<LeafColumn> columns;
  std::vector<std::string> nested;  // top-level names that are not flat

  [[nodiscard]] Schema to_schema(const FileMetaData& metadata) const;  // of the flat columns, with key-value metadata
};

// Throws Corruption for a schema that contradicts itself or has other columns than the row groups, NotSupported for
// columns whose names a Schema cannot hold (equal, empty). Types that Varve has no column for count as nested. A
// logical type that does not go with its physical type is left out of account, as other readers do.
FileSchema read_schema(const FileMetaData& metadata);

// Bytes a value of a decimal of `precision` digits stored as FIXED_LEN_BYTE_ARRAY.
int32_t decimal_byte_width(int32_t precision) noexcept;

// The schema elements (root first) for a table's schema, and the value for the key "ARROW:schema" (base64 of an IPC
// schema message), by which readers restore what Parquet itself cannot say: seconds, zones, durations, dictionaries.
// Decimals of up to 18 digits are INT64, so that they can be delta-coded.
std::vector<SchemaElement> write_schema(const Schema& schema);
std::string arrow_schema_value(const Schema& schema);

// The schema in an "ARROW:schema" value, or nothing if it is not whole or holds what Varve does not know: it only
// adds detail, so a bad one is never an error. Nested fields are given as null type.
std::optional<std::vector<Field>> parse_arrow_schema(std::string_view value);

}  // namespace varve::parquet
