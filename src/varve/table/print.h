// Values and tables as text for people and for text formats.
#pragma once

#include <cstdint>
#include <string>

#include "varve/table/table.h"

namespace varve::table {

// Adds the text of one value to `out`, nothing for null: integers; shortest floats that read back equal and look like
// floats ("0.1", "100000.0", "1e+20", "nan", "inf"); true/false; decimals with all digits of their scale; ISO 8601 for
// dates, times and timestamps (in UTC with "Z" for those with a zone, without for naive ones); durations as "1h30m";
// strings as they are; binary as lower-case hexadecimal.
void append_value(const Column& column, int64_t row, std::string& out);
std::string value_text(const Column& column, int64_t row);

struct PrintOptions {
  int64_t rows_max = 20;    // more: the first and last half with an ellipsis row between them
  int32_t width_max = 120;  // columns that do not fit are left out, and their number told
};

// A box table with names, types and rows, each line ending in a line feed. Wide characters are counted as two columns.
// Ends with "1,234 rows × 6 columns".
std::string to_text(const Table& table, const PrintOptions& options = {});

}  // namespace varve::table
