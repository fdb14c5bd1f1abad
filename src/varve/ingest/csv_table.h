// Reads CSV text into a table: header, time column, types, and the rows that do not parse.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "varve/compress/stream.h"
#include "varve/ingest/csv_options.h"
#include "varve/table/table.h"

namespace varve::ingest {

// A row that does not parse.
struct BadRow {
  int64_t line = 0;    // on which it begins, from 1
  std::string column;  // as the file calls it; "" if it is about the whole row
  std::string cell;
  std::string reason;  // "is not a number"

  // `line 17, column close: "abc" is not a number`
  [[nodiscard]] std::string text() const;
};

inline constexpr size_t kBadRowsKept = 10;

struct CsvTable {
  Table table;  // the rows that parse, in the order of the file; index `timestamp`, timestamp[ns, UTC], unless untimed
  int64_t rows_read = 0;
  int64_t bad_rows = 0;
  std::vector<BadRow> first_bad;  // the first kBadRowsKept
};

// Starts reading from the first byte, plain CSV. May be called twice: see read_csv.
using OpenSource = std::function<compress::ByteSource()>;

// Reads the whole text. The first row names the columns unless `options` do; with names given, a first row that has no
// digit in the time column, or of untimed rows one that is those names, is a header and passed over. Types come from
// all cells (cell_column.h), not from a sample; what is found late, text in a column of numbers or floats in one of
// large integers, makes the source be read a second time. Memory is that of the table.
//
// A row is bad if it has too many or too few fields, if its time, a price or a cell of a column that the kind knows
// does not parse, if a whole number in a column of floats is not exact as a float, or if text is not UTF-8. Bad rows
// are counted and left out of the table: whether the rest may be used without them is the caller's choice.
//
// Throws InvalidArgument, saying what to do, for text without any row, without a header row, with a naive time where no
// zone is given, with quotes left open, or that is no text; NotFound for a column that is not there.
CsvTable read_csv(const OpenSource& open, const CsvOptions& options);

}  // namespace varve::ingest
