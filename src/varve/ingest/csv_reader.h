// Splits CSV text into records and fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "varve/compress/stream.h"

namespace varve::ingest {

struct CsvReaderOptions {
  char delimiter = 0;                          // 0: the one of `,` `;` tab `|` that the first record has most of
  size_t block_bytes = size_t{1} << 20;        // read at a time
  size_t record_bytes_max = size_t{16} << 20;  // a longer record is an error: a quote was left open
};

struct CsvField {
  std::string_view text;  // without the quotes around it, doubled quotes made one
  bool quoted = false;
};

// Reads records as RFC 4180 has them, and as real files are: lines end in LF or CRLF, the last one may lack its end, a
// UTF-8 byte order mark is passed over, empty lines are too, a quote within an unquoted field is a letter like any
// other. Fields may be quoted, and then hold delimiters, line ends and doubled quotes. Move-only; one thread.
class CsvReader {
 public:
  // Reads nothing yet.
  explicit CsvReader(compress::ByteSource source, const CsvReaderOptions& options = {});

  // Goes to the next record; false at the end. Throws InvalidArgument, naming the line, for a quote that is not closed
  // and for a record that is too long; for UTF-16; and what the source throws.
  bool next();

  // Of the record that next() went to; valid until it is called again.
  [[nodiscard]] std::span<const CsvField> fields() const noexcept { return fields_; }
  // The line on which the record begins, from 1.
  [[nodiscard]] int64_t line() const noexcept { return line_; }
  // The field that has text behind its closing quote, or -1: then the record says nothing sure.
  [[nodiscard]] int64_t faulty_field() const noexcept { return faulty_field_; }

  // Known once a record was read, or given.
  [[nodiscard]] char delimiter() const noexcept { return options_.delimiter; }

 private:
  enum class Scan { kRecord, kNeedsMore, kEnd };
  struct Cursor {
    char* at;
    char* end;
  };

  void start();
  void read_more();
  void find_delimiter();
  void skip_empty_lines();
  Scan scan_record();
  Scan scan_quoted(Cursor& cursor, bool& more_fields);
  Scan scan_plain(Cursor& cursor, bool& more_fields);
  bool end_field(Cursor& cursor, bool& more_fields) const;
  [[nodiscard]] char* find_end_of_plain(char* at, const char* end) const noexcept;
  void finish_record(char* end);

  compress::ByteSource source_;
  CsvReaderOptions options_;
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // of the record to come
  size_t end_ = 0;
  bool started_ = false;
  bool at_end_ = false;
  std::vector<CsvField> fields_;
  std::vector<size_t> escaped_;  // fields with doubled quotes
  bool any_quoted_ = false;
  int64_t faulty_field_ = -1;
  int64_t line_ = 0;
  int64_t next_line_ = 1;
};

}  // namespace varve::ingest
