#include "varve/ingest/cell_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "varve/table/bits.h"
#include "varve/table/utf8.h"

namespace varve::ingest {

namespace {

constexpr int64_t kFirstRows = 1024;
constexpr size_t kSlot = sizeof(int64_t);

constexpr std::array<std::string_view, 5> kNullWords = {"null", "NULL", "NA", "N/A", "None"};

bool is_null_word(std::string_view text) {
  return std::find(kNullWords.begin(), kNullWords.end(), text) != kNullWords.end();
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

template <typename T>
bool parse_whole(std::string_view text, T& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

// "007", "-01.5": digits that a number would not begin with.
bool has_leading_zero(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

// Beyond this not all whole numbers are floats.
constexpr double kExactMost = 9007199254740992.0;  // 2^53

bool is_exact_as_float(int64_t whole) {
  const auto value = static_cast<double>(whole);
  return value < 0x1p63 && static_cast<int64_t>(value) == whole;
}

// True if the digits, which may have a sign, are all those of `value`, the float nearest to them.
bool are_digits_of(std::string_view digits, double value) {
  std::array<char, 320> exact;
  const auto end =
      std::to_chars(exact.data(), exact.data() + exact.size(), std::abs(value), std::chars_format::fixed, 0);
  if (digits[0] == '-') digits.remove_prefix(1);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return end.ec == std::errc{} && digits == std::string_view(exact.data(), end.ptr);
}

std::optional<bool> parse_truth(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

}  // namespace

// A cell by itself: what it can be, and the bits that stand for it.
struct CellColumn::Reading {
  Content content;
  int64_t bits;
  bool plain = false;  // digits alone
  bool exact = true;   // as a float, if it is a whole number
};

CellColumn::CellColumn(CellRule rule, const std::optional<base::Zone>& zone)
    : rule_(rule), content_(content_at_first(rule)), times_(zone) {}

CellColumn::Content CellColumn::content_at_first(CellRule rule) {
  switch (rule) {
    case CellRule::kFree: return Content::kUnknown;
    case CellRule::kIndex:
    case CellRule::kTime: return Content::kTime;
    case CellRule::kFloat: return Content::kFloat;
    case CellRule::kNumber: return Content::kInteger;
    case CellRule::kBoolean: return Content::kBoolean;
    case CellRule::kText: break;
  }
  return Content::kText;
}

CellRule CellColumn::rule_found() const noexcept {
  const bool large = rule_ == CellRule::kFree && content_ == Content::kFloat && any_large_ && !any_fraction_;
  if (large || content_ == Content::kText || content_ == Content::kTextUnread) return CellRule::kText;
  return content_ == Content::kFloat && any_inexact_ ? CellRule::kFloat : rule_;
}

bool CellColumn::needs_rereading() const noexcept { return content_ != Content::kText && rule_found() != rule_; }

const char* CellColumn::put(int64_t row, const CsvField& cell) {
  lacks_zone_ = false;
  if (row >= capacity_) reserve(row);
  const bool free = rule_ == CellRule::kFree;
  if (content_ == Content::kFloat && !(any_large_ && !any_fraction_)) {
    double value = 0;
    const bool parsed = parse_whole(cell.text, value) && std::abs(value) < kExactMost;
    if (parsed && !(free && has_leading_zero(cell.text))) return store(row, value);
  } else if (content_ == Content::kInteger) {
    int64_t value = 0;
    if (parse_whole(cell.text, value) && !(free && has_leading_zero(cell.text))) return store(row, value);
  } else if (content_ == Content::kText) {
    return put_text(row, cell);
  }
  const std::string_view text = trimmed(cell.text);
  if (text.empty() || is_null_word(text)) {
    if (rule_ == CellRule::kIndex) return "is no time, and every row needs one";
    any_null_word_ = any_null_word_ || !text.empty() || cell.quoted;
    put_null(row);
    return nullptr;
  }
  if (free) return put_free(row, cell, text);
  if (content_ == Content::kTime) return put_time(row, text);
  if (content_ != Content::kBoolean) return put_number(row, text);
  const std::optional<bool> truth = parse_truth(text);
  return truth ? store(row, static_cast<int64_t>(*truth)) : "is neither true nor false";
}

void CellColumn::reserve(int64_t row) {
  const int64_t capacity = std::max(kFirstRows, 2 * row);
  slots_.resize(static_cast<size_t>(capacity) * kSlot);
  if (validity_.size() > 0) {
    const size_t before = validity_.size();
    validity_.resize(table::bytes_for_bits(capacity));
    std::memset(validity_.data() + before, 0xFF, validity_.size() - before);
  }
  capacity_ = capacity;
}

template <typename T>
const char* CellColumn::store(int64_t row, T value) {
  static_assert(sizeof(T) == kSlot);
  slots_.as<T>()[row] = value;
  if (validity_.size() > 0) table::set_bit(validity_.as<uint8_t>(), row, true);
  return nullptr;
}

void CellColumn::put_null(int64_t row) {
  if (validity_.size() == 0) {
    validity_.resize(table::bytes_for_bits(capacity_));
    std::memset(validity_.data(), 0xFF, validity_.size());
  }
  const bool text = content_ == Content::kText && row > 0;
  store(row, text ? slots_.as<int64_t>()[row - 1] : 0);
  table::set_bit(validity_.as<uint8_t>(), row, false);
}

const char* CellColumn::put_text(int64_t row, const CsvField& cell) {
  if (cell.text.empty() && !cell.quoted) {
    put_null(row);
    return nullptr;
  }
  if (!table::is_utf8(cell.text)) return "is not UTF-8";
  const auto end = row == 0 ? 0 : static_cast<size_t>(slots_.as<int64_t>()[row - 1]);
  if (text_.size() != end) text_.resize(end);  // what a row that was given up left behind
  text_.append(std::as_bytes(std::span(cell.text)));
  return store(row, static_cast<int64_t>(text_.size()));
}

const char* CellColumn::put_time(int64_t row, std::string_view text) {
  const TimeCell time = times_.read(text);
  lacks_zone_ = time.lacks_zone;
  return time.fault != nullptr ? time.fault : store(row, time.nanoseconds);
}

const char* CellColumn::put_number(int64_t row, std::string_view text) {
  const std::optional<Reading> number = read_number(text);
  if (!number) return "is not a number";
  const bool whole = number->content == Content::kInteger;
  if (!whole && content_ == Content::kInteger) integers_to_floats(row);
  if (content_ == Content::kInteger) return store(row, number->bits);
  if (!number->exact && rule_ == CellRule::kFloat) return "is a whole number that float64 does not hold exactly";
  any_inexact_ = any_inexact_ || !number->exact;
  return store(row, whole ? static_cast<double>(number->bits) : std::bit_cast<double>(number->bits));
}

const char* CellColumn::put_free(int64_t row, const CsvField& cell, std::string_view text) {
  if (content_ != Content::kTextUnread) {
    const std::optional<Reading> reading = read_free(text);
    const auto is_number = [](Content content) { return content == Content::kInteger || content == Content::kFloat; };
    if (reading && is_number(reading->content) && (is_number(content_) || content_ == Content::kUnknown)) {
      any_large_ = any_large_ || (reading->plain && reading->content == Content::kFloat);
      any_fraction_ = any_fraction_ || (!reading->plain && reading->content == Content::kFloat);
      if (content_ == Content::kUnknown) content_ = reading->content;
      return put_number(row, text);
    }
    if (reading && (content_ == reading->content || content_ == Content::kUnknown)) {
      content_ = reading->content;
      return store(row, reading->bits);
    }
  }
  if (!table::is_utf8(cell.text)) return "is not UTF-8";
  if (content_ != Content::kUnknown || any_null_word_) {
    content_ = Content::kTextUnread;
    return nullptr;
  }
  content_ = Content::kText;  // all rows before are null, and their slots say so for text too
  return put_text(row, cell);
}

std::optional<CellColumn::Reading> CellColumn::read_number(std::string_view text) const {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  int64_t whole = 0;
  if (parse_whole(text, whole)) return Reading{Content::kInteger, whole, true, is_exact_as_float(whole)};
  double value = 0;
  if (!parse_whole(text, value)) return std::nullopt;
  const bool plain = std::all_of(text.begin() + (text[0] == '-' ? 1 : 0), text.end(), is_digit);
  return Reading{Content::kFloat, std::bit_cast<int64_t>(value), plain, !plain || are_digits_of(text, value)};
}

std::optional<CellColumn::Reading> CellColumn::read_free(std::string_view text) const {
  if (const std::optional<bool> truth = parse_truth(text)) return Reading{Content::kBoolean, *truth ? 1 : 0};
  if (!has_leading_zero(text)) {
    if (const std::optional<Reading> number = read_number(text)) return number;
  }
  return read_calendar(text);
}

std::optional<CellColumn::Reading> CellColumn::read_calendar(std::string_view text) const {
  if (text.size() < 10 || text[4] != '-') return std::nullopt;
  const std::optional<ParsedTime> parsed = try_parse_time(text);
  if (!parsed) return std::nullopt;
  if (!parsed->has_time) return Reading{Content::kDay, to_date(Timestamp{parsed->local_nanoseconds}).days};
  const TimeCell moment = times_.moment_of(*parsed);
  if (moment.lacks_zone) return Reading{Content::kNaive, parsed->local_nanoseconds};
  if (moment.fault != nullptr) return std::nullopt;
  return Reading{Content::kMoment, moment.nanoseconds};
}

void CellColumn::integers_to_floats(int64_t rows) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t whole = slots_.as<int64_t>()[row];
    any_inexact_ = any_inexact_ || !is_exact_as_float(whole);
    slots_.as<double>()[row] = static_cast<double>(whole);
  }
  content_ = Content::kFloat;
}

DataType CellColumn::type() const {
  switch (content_) {
    case Content::kUnknown: return DataType::null();
    case Content::kBoolean: return DataType::boolean();
    case Content::kInteger: return DataType::int64();
    case Content::kFloat: return DataType::float64();
    case Content::kDay: return DataType::date();
    case Content::kNaive: return DataType::timestamp(TimeUnit::kNano, "");
    case Content::kMoment:
    case Content::kTime: return DataType::timestamp(TimeUnit::kNano, "UTC");
    case Content::kText:
    case Content::kTextUnread: break;
  }
  return DataType::string();
}

Column CellColumn::finish(int64_t rows) {
  if (rows > capacity_ || capacity_ == 0) reserve(rows);
  ColumnParts parts{.type = type(), .length = rows};
  const auto count = static_cast<size_t>(rows);
  auto* const slots = slots_.as<int64_t>();
  if (content_ == Content::kUnknown) return make_null_column(parts.type, rows);
  if (validity_.size() > 0) parts.validity = std::move(validity_).finish();
  if (content_ == Content::kText) {
    text_.resize(rows == 0 ? 0 : static_cast<size_t>(slots[rows - 1]));
    slots_.resize((count + 1) * kSlot);
    std::memmove(slots_.as<int64_t>() + 1, slots_.as<int64_t>(), count * kSlot);
    slots_.as<int64_t>()[0] = 0;
    parts.offsets = std::move(slots_).finish();
    parts.values = std::move(text_).finish();
    return Column(std::move(parts));
  }
  if (content_ == Content::kBoolean) {
    base::MutableBuffer bits = base::MutableBuffer::allocate_zeroed(table::bytes_for_bits(rows));
    for (int64_t row = 0; row < rows; ++row) table::set_bit(bits.as<uint8_t>(), row, slots[row] != 0);
    parts.values = std::move(bits).finish();
    return Column(std::move(parts));
  }
  if (content_ == Content::kDay) {
    auto* const days = slots_.as<int32_t>();
    for (size_t row = 0; row < count; ++row) {
      int64_t day = 0;
      std::memcpy(&day, slots_.data() + row * kSlot, kSlot);
      days[row] = static_cast<int32_t>(day);
    }
  }
  slots_.resize(count * (content_ == Content::kDay ? sizeof(int32_t) : kSlot));
  parts.values = std::move(slots_).finish();
  return Column(std::move(parts));
}

}  // namespace varve::ingest
