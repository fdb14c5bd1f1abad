// The format strings of Arrow's C data interface: which type they mean and how its rows lie in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "varve/table/arrow.h"

namespace varve::table {

// How the rows of an array lie where that is not how ours do.
enum class ArrowLayout : uint8_t {
  kSame,
  kOffsets32,  // strings and binary with 32-bit offsets
  kViews,      // string and binary views
  kDecimal,    // decimals of another width than 16 bytes
  kDate64,     // days as milliseconds
  kIndices,    // a dictionary's indices, of any integer type
};

struct ArrowFormat {
  DataType type;
  ArrowLayout layout = ArrowLayout::kSame;
  int32_t width = 0;    // kDecimal: bytes a row
  DataType index = {};  // kIndices: their type
};

// The type of a column; `name` is for messages. Throws NotSupported for types that Varve does not have,
// InvalidArgument for text that is no format.
ArrowFormat read_format(const ArrowSchema& schema, std::string_view name);

// The columns under a schema of format "+s". Throws InvalidArgument for others and for one that has been released.
Schema read_schema(const ArrowSchema& schema);

// The format of a type; strings and binary with 64-bit offsets. A dictionary's is that of its indices.
std::string format_of(const DataType& type);

void write_schema(const Schema& schema, ArrowSchema* out);

}  // namespace varve::table
