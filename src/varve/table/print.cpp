#include "varve/table/print.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

#include "varve/base/time.h"
#include "varve/table/half.h"
#include "varve/table/utf8.h"

namespace varve::table {

namespace {

template <typename Integer>
void append_integer(Integer value, std::string& out) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}

// At least `digits` digits, with zeros in front.
void append_padded(uint64_t value, int digits, std::string& out) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  const auto length = static_cast<int>(end - text);
  if (length < digits) out.append(static_cast<size_t>(digits - length), '0');
  out.append(text, end);
}

template <typename Float>
void append_float(Float value, std::string& out) {
  if (std::isnan(value)) {
    out += "nan";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
    return;
  }
  // Prices and volumes read better without an exponent, even where one would be shorter ("100000.0", not "1e+05").
  const auto magnitude = std::fabs(static_cast<double>(value));
  const bool plain = magnitude == 0 || (magnitude >= 1e-5 && magnitude < 1e16);
  char text[64];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, plain ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view digits(text, static_cast<size_t>(end - text));
  out += digits;
  if (plain && digits.find('.') == std::string_view::npos) out += ".0";
}

void append_decimal(Int128 value, int32_t scale, std::string& out) {
  __extension__ using Unsigned = unsigned __int128;
  char digits[40];
  int count = 0;
  auto rest = value < 0 ? -static_cast<Unsigned>(value) : static_cast<Unsigned>(value);
  while (rest != 0 || count <= scale) {
    digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (value < 0) out += '-';
  while (count > 0) {
    out += digits[--count];
    if (count == scale && scale > 0) out += '.';
  }
}

// A day of the proleptic Gregorian calendar as year-month-day, any number of days from 1970-01-01. ISO 8601 asks for a
// sign where the year has not four digits. Counts in eras of 400 years, 146,097 days each, and in years that begin with
// March, so that the leap day is the last of its year.
void append_date(int64_t days, std::string& out) {
  constexpr int64_t kDaysPerEra = 146'097;
  constexpr int64_t kDaysFromMarchOfYear0 = 719'468;
  const int64_t era = (days >= -kDaysFromMarchOfYear0 ? days + kDaysFromMarchOfYear0
                                                      : days + kDaysFromMarchOfYear0 - (kDaysPerEra - 1)) /
                      kDaysPerEra;
  const int64_t day_of_era = days - era * kDaysPerEra + kDaysFromMarchOfYear0;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) out += '-';
  if (year > 9999) out += '+';
  append_padded(static_cast<uint64_t>(std::abs(year)), 4, out);
  out += '-';
  append_padded(static_cast<uint64_t>(month), 2, out);
  out += '-';
  append_padded(static_cast<uint64_t>(day), 2, out);
}

// hours:minutes:seconds with 3, 6 or 9 digits of fraction where needed.
void append_clock(int64_t seconds, int64_t nanoseconds, std::string& out) {
  append_padded(static_cast<uint64_t>(seconds / 3600), 2, out);
  out += ':';
  append_padded(static_cast<uint64_t>(seconds / 60 % 60), 2, out);
  out += ':';
  append_padded(static_cast<uint64_t>(seconds % 60), 2, out);
  if (nanoseconds == 0) return;
  out += '.';
  const auto fraction = static_cast<uint64_t>(nanoseconds);
  if (fraction % 1'000'000 == 0) return append_padded(fraction / 1'000'000, 3, out);
  if (fraction % 1'000 == 0) return append_padded(fraction / 1'000, 6, out);
  append_padded(fraction, 9, out);
}

struct Quotient {
  int64_t whole;
  int64_t rest;  // from 0 to the divisor
};
Quotient divide_down(int64_t value, int64_t divisor) {
  const int64_t rest = value % divisor;
  return rest < 0 ? Quotient{value / divisor - 1, rest + divisor} : Quotient{value / divisor, rest};
}

// Calendar arithmetic in the unit itself: seconds and milliseconds reach far beyond what nanoseconds can hold.
void append_timestamp(int64_t value, const DataType& type, std::string& out) {
  const int64_t units_per_second = kNanosecondsPerSecond / nanoseconds_per(type.unit);
  const auto [seconds, fraction] = divide_down(value, units_per_second);
  const auto [days, second_of_day] = divide_down(seconds, 86'400);
  append_date(days, out);
  out += 'T';
  append_clock(second_of_day, fraction * nanoseconds_per(type.unit), out);
  if (!type.zone.empty()) out += 'Z';
}

void append_time(int64_t value, TimeUnit unit, std::string& out) {
  const int64_t units_per_second = kNanosecondsPerSecond / nanoseconds_per(unit);
  const bool negative = value < 0;
  if (negative) out += '-';
  const int64_t seconds = std::abs(value / units_per_second);
  append_clock(seconds, std::abs(value % units_per_second) * nanoseconds_per(unit), out);
}

void append_duration(int64_t value, TimeUnit unit, std::string& out) {
  int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(value, nanoseconds_per(unit), &nanoseconds)) {
    append_integer(value, out);
    out += to_string(unit);
  } else {
    out += to_string(Duration{nanoseconds});
  }
}

void append_hexadecimal(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

template <typename T>
T at(const Column& column, int64_t row) {
  return column.values<T>()[static_cast<size_t>(row)];
}

int64_t time_at(const Column& column, int64_t row) {
  return width_of(column.type()) == 4 ? at<int32_t>(column, row) : at<int64_t>(column, row);
}

}  // namespace

void append_value(const Column& column, int64_t row, std::string& out) {
  if (column.is_null(row)) return;
  const DataType& type = column.type();
  switch (type.id) {
    case TypeId::kNull: return;
    case TypeId::kBoolean: out += column.bits()[row] ? "true" : "false"; return;
    case TypeId::kInt8: return append_integer(int{at<int8_t>(column, row)}, out);
    case TypeId::kInt16: return append_integer(at<int16_t>(column, row), out);
    case TypeId::kInt32: return append_integer(at<int32_t>(column, row), out);
    case TypeId::kInt64: return append_integer(at<int64_t>(column, row), out);
    case TypeId::kUInt8: return append_integer(int{at<uint8_t>(column, row)}, out);
    case TypeId::kUInt16: return append_integer(at<uint16_t>(column, row), out);
    case TypeId::kUInt32: return append_integer(at<uint32_t>(column, row), out);
    case TypeId::kUInt64: return append_integer(at<uint64_t>(column, row), out);
    case TypeId::kFloat16: return append_float(half_to_float(at<uint16_t>(column, row)), out);
    case TypeId::kFloat32: return append_float(at<float>(column, row), out);
    case TypeId::kFloat64: return append_float(at<double>(column, row), out);
    case TypeId::kDecimal: return append_decimal(at<Int128>(column, row), type.scale, out);
    case TypeId::kDate: return append_date(at<int32_t>(column, row), out);
    case TypeId::kTime: return append_time(time_at(column, row), type.unit, out);
    case TypeId::kTimestamp: return append_timestamp(at<int64_t>(column, row), type, out);
    case TypeId::kDuration: return append_duration(at<int64_t>(column, row), type.unit, out);
    case TypeId::kString: out += column.bytes_at(row); return;
    case TypeId::kBinary:
    case TypeId::kFixedBinary: return append_hexadecimal(column.bytes_at(row), out);
    case TypeId::kDictionary: return append_value(column.dictionary(), at<int32_t>(column, row), out);
  }
}

std::string value_text(const Column& column, int64_t row) {
  std::string text;
  append_value(column, row, text);
  return text;
}

namespace {

constexpr std::string_view kEllipsis = "…";

// Columns of a terminal that a character takes: none for combining marks, two for East Asian wide forms and pictures
// (Unicode Standard Annex 11).
int width_of_character(char32_t code_point) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr Range kNone[] = {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
  constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
                             {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                             {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
  const auto holds = [code_point](const Range& range) { return range.first <= code_point && code_point <= range.last; };
  if (std::any_of(std::begin(kNone), std::end(kNone), holds)) return 0;
  return std::any_of(std::begin(kWide), std::end(kWide), holds) ? 2 : 1;
}

// Text ready for a terminal and the columns it takes there.
struct Cell {
  std::string text;
  int32_t width = 0;
};

// Control characters, which would move the cursor or worse, are shown as escapes; long text is cut.
Cell make_cell(std::string_view text) {
  constexpr int32_t kWidthMax = 40;
  Cell cell;
  while (!text.empty()) {
    auto [code_point, length] = first_character(text);
    if (length == 0) length = 1;  // a stray byte; strings are UTF-8, so there is none
    std::string piece{text.substr(0, length)};
    int32_t width = width_of_character(code_point);
    if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0)) {
      piece = "\\x";
      append_hexadecimal(std::string_view(reinterpret_cast<const char*>(&code_point), 1), piece);
      width = 4;
    }
    if (cell.width + width > kWidthMax - 1 && text.size() > length) {
      cell.text += kEllipsis;
      ++cell.width;
      return cell;
    }
    cell.text += piece;
    cell.width += width;
    text.remove_prefix(length);
  }
  return cell;
}

struct TextColumn {
  std::vector<Cell> cells;  // name, type, then rows
  int32_t width = 0;
  bool right = false;  // numbers stand to the right
};

struct ShownRows {
  std::vector<int64_t> rows;  // -1: the row of ellipses
};

ShownRows choose_rows(int64_t num_rows, int64_t rows_max) {
  ShownRows shown;
  const int64_t limit = std::max<int64_t>(rows_max, 0);
  const int64_t head = num_rows <= limit ? num_rows : limit - limit / 2;
  for (int64_t row = 0; row < head; ++row) shown.rows.push_back(row);
  if (num_rows <= limit) return shown;
  shown.rows.push_back(-1);
  for (int64_t row = num_rows - limit / 2; row < num_rows; ++row) shown.rows.push_back(row);
  return shown;
}

TextColumn make_text_column(const Field& field, const Column& column, const ShownRows& shown) {
  TextColumn result;
  result.right = is_signed_integer(field.type) || is_unsigned_integer(field.type) || is_floating(field.type) ||
                 field.type.id == TypeId::kDecimal;
  result.cells = {make_cell(field.name), make_cell(to_string(field.type))};
  for (const int64_t row : shown.rows) {
    const std::string text = row < 0 ? std::string(kEllipsis) : column.is_null(row) ? "null" : value_text(column, row);
    result.cells.push_back(make_cell(text));
  }
  for (const Cell& cell : result.cells) result.width = std::max(result.width, cell.width);
  return result;
}

void append_repeated(std::string_view piece, int32_t count, std::string& out) {
  for (int32_t at = 0; at < count; ++at) out += piece;
}

// A horizontal line: its left end, its crossings and its right end.
void append_rule(const std::vector<TextColumn>& columns, const std::string_view (&ends)[3], std::string& out) {
  for (size_t position = 0; position < columns.size(); ++position) {
    out += ends[position == 0 ? 0 : 1];
    append_repeated("─", columns[position].width + 2, out);
  }
  out += ends[2];
  out += '\n';
}

void append_line(const std::vector<TextColumn>& columns, size_t line, std::string& out) {
  for (const TextColumn& column : columns) {
    const Cell& cell = column.cells[line];
    const int32_t space = column.width - cell.width;
    out += "│ ";
    if (column.right) append_repeated(" ", space, out);
    out += cell.text;
    if (!column.right) append_repeated(" ", space, out);
    out += ' ';
  }
  out += "│\n";
}

// "1,234 rows", "1 row".
std::string counted(int64_t count, std::string_view noun) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), 1, ',');
  return digits + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

std::string to_text(const Table& table, const PrintOptions& options) {
  const ShownRows shown = choose_rows(table.num_rows(), options.rows_max);
  std::vector<TextColumn> columns;
  int32_t width = 1;
  for (size_t position = 0; position < table.num_columns(); ++position) {
    TextColumn column = make_text_column(table.schema()[position], table.column(position), shown);
    width += column.width + 3;
    if (width > options.width_max && !columns.empty()) break;
    columns.push_back(std::move(column));
  }
  std::string out;
  if (!columns.empty()) {
    append_rule(columns, {"┌", "┬", "┐"}, out);
    append_line(columns, 0, out);
    append_line(columns, 1, out);
    append_rule(columns, {"├", "┼", "┤"}, out);
    for (size_t line = 2; line < columns[0].cells.size(); ++line) append_line(columns, line, out);
    append_rule(columns, {"└", "┴", "┘"}, out);
  }
  const auto left_out = static_cast<int64_t>(table.num_columns() - columns.size());
  if (left_out > 0) out += counted(left_out, "column") + " not shown\n";
  return out + counted(table.num_rows(), "row") + " × " + counted(static_cast<int64_t>(table.num_columns()), "column") +
         "\n";
}

}  // namespace varve::table
