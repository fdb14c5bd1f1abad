#include <array>
#include <cstddef>

#include "varve/base/error.h"
#include "varve/base/time.h"

namespace varve {
namespace {

enum class Outcome { kGood, kMalformed, kOutOfReach };

// Reads `text` from left to right. Every function returns false, and the reading is over, where the text does not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] bool at_end() const { return at_ == end_; }

  // Takes `letter` if it comes next.
  bool skip(char letter) {
    if (at_ == end_ || *at_ != letter) return false;
    ++at_;
    return true;
  }

  bool skip_any(std::string_view letters) {
    if (at_ == end_ || letters.find(*at_) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  template <int Count>
  bool digits(int32_t& value) {
    if (end_ - at_ < Count) return false;
    int32_t sum = 0;
    for (int i = 0; i < Count; ++i) {
      const unsigned digit = static_cast<unsigned>(at_[i]) - '0';
      if (digit > 9) return false;
      sum = sum * 10 + static_cast<int32_t>(digit);
    }
    at_ += Count;
    value = sum;
    return true;
  }

  bool date(int32_t& days) {
    CalendarDay day;
    if (!digits<4>(day.year)) return false;
    const bool extended = skip('-');
    if (!digits<2>(day.month) || (extended && !skip('-')) || !digits<2>(day.day)) return false;
    return day_number(day, days);
  }

  // A time of day as nanoseconds since midnight.
  bool time(int64_t& nanoseconds) {
    int32_t hour = 0;
    int32_t minute = 0;
    int32_t second = 0;
    int64_t fraction = 0;
    if (!digits<2>(hour)) return false;
    const bool extended = skip(':');
    if (!digits<2>(minute)) return false;
    const bool has_seconds = extended ? skip(':') : at_ != end_ && is_digit(*at_);
    if (has_seconds && !digits<2>(second)) return false;
    if (has_seconds && skip_any(".,") && !this->fraction(fraction)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    nanoseconds = ((hour * 60 + minute) * 60 + second) * kNanosecondsPerSecond + fraction;
    return true;
  }

  bool offset(int32_t& seconds) {
    if (skip_any("Zz")) {
      seconds = 0;
      return true;
    }
    const bool west = at_ != end_ && *at_ == '-';
    int32_t hour = 0;
    int32_t minute = 0;
    if (!skip_any("+-") || !digits<2>(hour)) return false;
    if (!at_end()) {
      skip(':');
      if (!digits<2>(minute)) return false;
    }
    if (hour > 23 || minute > 59) return false;
    seconds = (hour * 60 + minute) * (west ? -60 : 60);
    return true;
  }

 private:
  static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

  bool fraction(int64_t& nanoseconds) {
    int64_t value = 0;
    int count = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_, ++count) {
      if (count == 9) return false;
      value = value * 10 + (*at_ - '0');
    }
    constexpr std::array<int64_t, 10> kScale = {0,      100'000'000, 10'000'000, 1'000'000, 100'000,
                                                10'000, 1'000,       100,        10,        1};
    nanoseconds = value * kScale[static_cast<size_t>(count)];
    return count > 0;
  }

  // As to_date, without throwing, for the years that four digits say.
  static bool day_number(const CalendarDay& day, int32_t& days) {
    constexpr std::array<int32_t, 12> kDaysBefore = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    constexpr std::array<int32_t, 12> kDaysIn = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (day.month < 1 || day.month > 12 || day.day < 1) return false;
    const auto month = static_cast<size_t>(day.month - 1);
    const bool leap = day.year % 4 == 0 && (day.year % 100 != 0 || day.year % 400 == 0);
    if (day.day > kDaysIn[month] + (day.month == 2 && leap ? 1 : 0)) return false;
    constexpr int32_t kDaysToEpoch = 719'528;  // from 0000-01-01
    const int32_t leap_days = day.year == 0 ? 0 : 1 + (day.year - 1) / 4 - (day.year - 1) / 100 + (day.year - 1) / 400;
    days =
        day.year * 365 + leap_days + kDaysBefore[month] + (day.month > 2 && leap ? 1 : 0) + day.day - 1 - kDaysToEpoch;
    return true;
  }

  const char* at_;
  const char* end_;
};

// Nanoseconds of a day's start and a time in it. The sum may fit where the day's start alone does not (1677-09-21).
bool sum_in_reach(int32_t days, int64_t time, int64_t& sum) {
  if (days < 0) {
    ++days;
    time -= kNanosecondsPerDay;
  }
  return !__builtin_mul_overflow(int64_t{days}, kNanosecondsPerDay, &sum) && !__builtin_add_overflow(sum, time, &sum);
}

Outcome read(std::string_view text, ParsedTime& parsed) noexcept {
  Reader reader(text);
  int32_t days = 0;
  int64_t time = 0;
  if (!reader.date(days)) return Outcome::kMalformed;
  if (!reader.at_end()) {
    if (!reader.skip_any("Tt ") || !reader.time(time)) return Outcome::kMalformed;
    parsed.has_time = true;
    if (!reader.at_end()) {
      int32_t offset = 0;
      if (!reader.offset(offset) || !reader.at_end()) return Outcome::kMalformed;
      parsed.offset_seconds = offset;
    }
  }
  return sum_in_reach(days, time, parsed.local_nanoseconds) ? Outcome::kGood : Outcome::kOutOfReach;
}

[[noreturn]] void throw_out_of_reach(std::string_view text) {
  throw InvalidArgument("{} lies outside 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z",
                        quote(text));
}

// The moment, or nothing if it is out of reach.
std::optional<Timestamp> moment(int64_t local_nanoseconds, int32_t offset_seconds) {
  int64_t nanoseconds = 0;
  if (__builtin_sub_overflow(local_nanoseconds, offset_seconds * kNanosecondsPerSecond, &nanoseconds)) {
    return std::nullopt;
  }
  return Timestamp{nanoseconds};
}

// Writes text into a small array that is large enough for the longest moment.
class Writer {
 public:
  void put(char letter) { text_[size_++] = letter; }

  // `value` in that many digits; it is not negative and fits.
  template <size_t Digits>
  void put(int64_t value) {
    auto rest = static_cast<uint32_t>(value);
    for (size_t i = Digits; i > 0; --i) {
      text_[size_ + i - 1] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    }
    size_ += Digits;
  }

  // The fraction of a second in the shortest of 0, 3, 6 and 9 digits.
  void put_fraction(int64_t nanoseconds) {
    if (nanoseconds == 0) return;
    put('.');
    if (nanoseconds % 1'000'000 == 0) {
      put<3>(nanoseconds / 1'000'000);
    } else if (nanoseconds % 1'000 == 0) {
      put<6>(nanoseconds / 1'000);
    } else {
      put<9>(nanoseconds);
    }
  }

  [[nodiscard]] std::string text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 40> text_;
  size_t size_ = 0;
};

void put_day(Writer& out, const CalendarDay& day, bool dashes) {
  out.put<4>(day.year);
  if (dashes) out.put('-');
  out.put<2>(day.month);
  if (dashes) out.put('-');
  out.put<2>(day.day);
}

void put_time(Writer& out, int64_t nanoseconds, bool colons) {
  const int64_t seconds = nanoseconds / kNanosecondsPerSecond;
  out.put<2>(seconds / 3'600);
  if (colons) out.put(':');
  out.put<2>(seconds / 60 % 60);
  if (colons) out.put(':');
  out.put<2>(seconds % 60);
  out.put_fraction(nanoseconds % kNanosecondsPerSecond);
}

// Nanoseconds since midnight, for moments before 1970 too.
int64_t time_of_day(Timestamp at) {
  const int64_t rest = at.nanoseconds % kNanosecondsPerDay;
  return rest < 0 ? rest + kNanosecondsPerDay : rest;
}

}  // namespace

Timestamp ParsedTime::utc() const {
  if (!offset_seconds) throw InvalidArgument("the time names no zone: a moment needs Z or an offset such as +02:00");
  const std::optional<Timestamp> at = moment(local_nanoseconds, *offset_seconds);
  if (!at) throw_out_of_reach(to_string(Timestamp{local_nanoseconds}));
  return *at;
}

ParsedTime parse_time(std::string_view text) {
  ParsedTime parsed;
  switch (read(text, parsed)) {
    case Outcome::kGood: return parsed;
    case Outcome::kOutOfReach: throw_out_of_reach(text);
    case Outcome::kMalformed: break;
  }
  throw InvalidArgument("{} is no ISO 8601 time such as 2024-03-05T10:15:00Z or 2024-03-05", quote(text));
}

std::optional<ParsedTime> try_parse_time(std::string_view text) noexcept {
  ParsedTime parsed;
  if (read(text, parsed) != Outcome::kGood) return std::nullopt;
  return parsed;
}

Timestamp parse_timestamp(std::string_view text) {
  const ParsedTime parsed = parse_time(text);
  if (!parsed.has_time) {
    throw InvalidArgument("{} is a date: a moment needs a time of day and a zone (2024-03-05T10:15:00Z)", quote(text));
  }
  if (!parsed.offset_seconds) {
    throw InvalidArgument("{} names no zone: a moment needs Z or an offset such as +02:00", quote(text));
  }
  const std::optional<Timestamp> at = moment(parsed.local_nanoseconds, *parsed.offset_seconds);
  if (!at) throw_out_of_reach(text);
  return *at;
}

Date parse_date(std::string_view text) {
  Reader reader(text);
  Date date;
  if (!reader.date(date.days) || !reader.at_end()) {
    throw InvalidArgument("{} is no date such as 2024-03-05 or 20240305", quote(text));
  }
  return date;
}

std::optional<int32_t> try_parse_offset(std::string_view text) noexcept {
  Reader reader(text);
  int32_t seconds = 0;
  if (!reader.offset(seconds) || !reader.at_end()) return std::nullopt;
  return seconds;
}

std::string to_string(Timestamp at) {
  Writer out;
  put_day(out, to_calendar(to_date(at)), true);
  out.put('T');
  put_time(out, time_of_day(at), true);
  out.put('Z');
  return out.text();
}

std::string to_compact_string(Timestamp at) {
  Writer out;
  put_day(out, to_calendar(to_date(at)), false);
  out.put('T');
  put_time(out, time_of_day(at), false);
  return out.text();
}

std::string to_string(Date date) {
  const CalendarDay day = to_calendar(date);
  Writer out;
  if (day.year >= 0 && day.year <= 9'999) {
    put_day(out, day, true);
    return out.text();
  }
  out.put('-');
  out.put<2>(day.month);
  out.put('-');
  out.put<2>(day.day);
  std::string digits = std::to_string(day.year < 0 ? -day.year : day.year);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return (day.year < 0 ? '-' : '+') + digits + out.text();
}

}  // namespace varve
