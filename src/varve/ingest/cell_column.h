// One column of a text table while it is read: takes cells, finds the type that holds them all, keeps the values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "varve/base/buffer.h"
#include "varve/ingest/csv_reader.h"
#include "varve/ingest/time_cell.h"
#include "varve/table/column.h"

namespace varve::ingest {

// What a column is told to be. All but kFree give up a row with a cell that does not suit them.
enum class CellRule {
  kFree,     // found from all cells: see CellColumn
  kIndex,    // times, none missing
  kTime,     // times
  kFloat,    // numbers, kept as float64; whole ones must be exact in it
  kNumber,   // numbers: int64 if all are whole, else as kFloat
  kBoolean,  // true or false
  kText,     // text as it is
};

// The type of a free column is the first of these that all its cells fit: null (no cell holds anything), boolean
// (true, True, TRUE, …), int64, float64, date (2024-03-05), timestamp (ISO 8601; in UTC where all name a zone or one is
// given, naive where none does), else string. A whole number beyond 64 bits and one with leading zeros ("000001", a
// code of some exchanges) is text, unless the column is told to hold numbers. Numbers with a point or an exponent are
// rounded to float64, whole ones never: in a column of floats one that float64 does not hold exactly is refused.
//
// Empty cells are null. So are null, NULL, NA, N/A and None, but not in columns of text, where only an empty cell
// without quotes is. NaN and inf are numbers. Spaces around numbers, times and truth values are passed over.
class CellColumn {
 public:
  CellColumn(CellRule rule, const std::optional<base::Zone>& zone);

  // Puts a cell into row `row`: the next one, or the last one anew. Returns why the cell does not do, or null.
  const char* put(int64_t row, const CsvField& cell);
  // True if put() has just refused a time because it names no zone.
  [[nodiscard]] bool lacks_zone() const noexcept { return lacks_zone_; }
  // The rule that the column turned out to follow: kText for text, kFloat for floats with a whole number among them
  // that is not exact, else its own.
  [[nodiscard]] CellRule rule_found() const noexcept;
  // True if cells were taken as something else before that was known: the column must be read again from the first row,
  // with the rule found.
  [[nodiscard]] bool needs_rereading() const noexcept;

  // The column of the first `rows` rows. The object is spent afterwards.
  Column finish(int64_t rows);

 private:
  // What the cells were taken as so far. kTextUnread: text came after values, which are lost as text.
  enum class Content { kUnknown, kBoolean, kInteger, kFloat, kDay, kNaive, kMoment, kTime, kText, kTextUnread };
  struct Reading;

  static Content content_at_first(CellRule rule);
  void reserve(int64_t row);
  template <typename T>
  const char* store(int64_t row, T value);
  void put_null(int64_t row);
  const char* put_text(int64_t row, const CsvField& cell);
  const char* put_time(int64_t row, std::string_view text);
  const char* put_number(int64_t row, std::string_view text);
  const char* put_free(int64_t row, const CsvField& cell, std::string_view text);
  [[nodiscard]] std::optional<Reading> read_number(std::string_view text) const;
  [[nodiscard]] std::optional<Reading> read_free(std::string_view text) const;
  [[nodiscard]] std::optional<Reading> read_calendar(std::string_view text) const;
  void integers_to_floats(int64_t rows);
  [[nodiscard]] DataType type() const;

  CellRule rule_;
  Content content_;
  TimeReader times_;
  bool lacks_zone_ = false;
  bool any_null_word_ = false;  // a null that would be a word in a column of text
  bool any_large_ = false;      // a whole number beyond 64 bits was taken as a float
  bool any_inexact_ = false;    // a whole number was rounded to a float
  bool any_fraction_ = false;   // a number was written with a point or an exponent
  int64_t capacity_ = 0;
  base::MutableBuffer slots_;  // eight bytes a row: value, or where the row's text ends in text_
  base::MutableBuffer text_;
  base::MutableBuffer validity_;  // empty until the first null
};

}  // namespace varve::ingest
