// The formats in which rows are written out, and the text ones written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "varve/table/table.h"

namespace varve::cli {

enum class Format { kTable, kCsv, kTsv, kJson, kNdjson, kMarkdown, kParquet };

// Reads "table", "csv", "tsv", "json", "ndjson", "markdown", "parquet". Throws InvalidArgument, listing them.
Format parse_format(std::string_view text);
// By the ending of a file's name: .csv .tsv .json .ndjson .jsonl .md .txt (table) .parquet. Empty for others.
std::optional<Format> format_of_file(std::string_view path);

using TextSink = std::function<void(std::string_view text)>;

struct TextOptions {
  int64_t rows_max = 20;    // of a table for people: more are cut out of the middle
  int32_t width_max = 120;  // of a table for people
};

// Writes rows as text, table by table, in pieces. Times are ISO 8601 with all digits that they have, in UTC with Z
// where they have a zone. Null is nothing in CSV, TSV and Markdown, and an empty text is quoted in CSV and TSV. JSON is
// an array of objects, NDJSON an object a line: integers are numbers, exact whatever their size; floats are the
// shortest number that reads back equal; NaN, infinities and null are null; decimals, times, binary (hexadecimal) are
// strings. A table for people is written at the end, all others as rows come. Throws what the sink throws. Not for
// kParquet.
class TextWriter {
 public:
  // `schema` is that of all tables.
  TextWriter(const Schema& schema, Format format, TextOptions options, TextSink sink);
  ~TextWriter();
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  void write(const Table& rows);
  void finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One table.
void write_text(const Table& table, Format format, const TextOptions& options, const TextSink& sink);

}  // namespace varve::cli
