// Where the files of series lie, said by a text with fields: the path from key and period, and both back from a path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/time.h"

namespace varve::catalog {

// A stretch of the calendar, UTC.
enum class Period { kAll, kYear, kMonth, kDay };  // kAll: no stretch, all of time

// The first day of the period that holds `day`; 1970-01-01 for kAll.
Date first_day(Period period, Date day);

// A value made from text such as
//
//   ohlcv/{instrument}:raw/ohlcv/{instrument}/year={yyyy}/month={mm}/{instrument_lower}_{yyyymm}.parquet
//
// Before the colon stands the pattern of keys, after it that of paths below the root; without a colon the key is the
// fields of the path, in the order in which they appear first, with slashes between. In braces stand
// - {yyyy}, {mm}, {dd}, {yyyymm}, {yyyymmdd}: of the first day of the file's period. Which of them there are says what
//   the period is: a year, a month, a day, or all of time where there is none.
// - any other name of lower-case letters, digits and underscores: a piece of the key, within one segment, not empty. In
//   a path it is written as a segment of a key is (key.h), so that it cannot be taken for anything else.
// - such a name with `_lower` after it: the same piece with ASCII letters in lower case. It goes with the field itself,
//   with which it must agree.
// All else stands for itself. Each path names one key and one period, so a path that does not come out again when its
// key and period are put in is no path of the template.
class PathTemplate {
 public:
  // Throws InvalidArgument, with the text and the reason, for: braces that are not paired or hold no such name; two
  // fields side by side, or one twice in a segment; keys and paths that have other fields; months without a year or
  // days without a month; a time in the file's name that its directory does not tell (such a directory would hold
  // several files of a series, whose names are used again while somebody lists it); a path that does not end in
  // `.parquet`; segments that no key could have (escaping the root, hidden, `.varve`, ...), except that a path may hold
  // `=`.
  static PathTemplate parse(std::string_view text);

  // As short as it can be: without the key's pattern where that follows from the path.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] Period period() const noexcept { return period_; }

  // The path, relative to the root, of the key's file for the period that holds `day`. The key must be good (key.h).
  // Throws InvalidArgument for a key that the pattern does not fit, or whose path is too long or would be read back as
  // that of another key, and for a year outside 0 to 9999.
  [[nodiscard]] std::string path(std::string_view key, Date day) const;

  struct Place {
    std::string key;
    Date first_day;  // of the period; 1970-01-01 if that is all of time
    bool operator==(const Place&) const = default;
  };
  // The inverse; nothing for a path that is none of the template's.
  [[nodiscard]] std::optional<Place> match(std::string_view path) const;

  // A piece of a pattern. Open for the functions that read patterns.
  struct Part {
    enum class Kind { kLiteral, kField, kLowerField, kTime };
    Kind kind = Kind::kLiteral;
    std::string text;  // the literal, or the field's name without `_lower`
    bool operator==(const Part&) const = default;
  };
  using Segment = std::vector<Part>;
  using Pattern = std::vector<Segment>;

 private:
  Pattern key_;
  Pattern path_;
  std::string text_;
  Period period_ = Period::kAll;
};

}  // namespace varve::catalog
