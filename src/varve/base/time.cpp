#include "varve/base/time.h"

#include <array>
#include <cstddef>

#include "varve/base/error.h"

namespace varve {
namespace {

// The calendar repeats every 400 years. Counting years from March puts the leap day at a year's end, so that the days
// before a month follow from its number alone.
constexpr int64_t kDaysPerCycle = 146'097;
constexpr int64_t kDaysPerCentury = 36'524;
constexpr int64_t kDaysPerFourYears = 1'461;
constexpr int64_t kDaysToEpoch = 719'468;  // from 0000-03-01 to 1970-01-01

constexpr int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

constexpr bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int32_t days_in_month(int64_t year, int32_t month) {
  constexpr std::array<int32_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

// Days before the month that is the `month`-th after March (0 to 11): 0, 31, 61, 92, …
constexpr int64_t days_before_month(int64_t month) { return (153 * month + 2) / 5; }

struct DurationUnit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr std::array<DurationUnit, 8> kDurationUnits = {{{"w", 7 * kNanosecondsPerDay},
                                                         {"d", kNanosecondsPerDay},
                                                         {"h", 3'600 * kNanosecondsPerSecond},
                                                         {"m", 60 * kNanosecondsPerSecond},
                                                         {"s", kNanosecondsPerSecond},
                                                         {"ms", 1'000'000},
                                                         {"us", 1'000},
                                                         {"ns", 1}}};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// Takes the whole number at the start of `rest`, with `sign` (so that the smallest value needs no larger type).
// Empty if there is no digit or the number does not fit.
std::optional<int64_t> take_number(std::string_view& rest, int64_t sign) {
  if (rest.empty() || !is_digit(rest[0])) return std::nullopt;
  int64_t value = 0;
  for (; !rest.empty() && is_digit(rest[0]); rest.remove_prefix(1)) {
    if (__builtin_mul_overflow(value, int64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, sign * (rest[0] - '0'), &value)) return std::nullopt;
  }
  return value;
}

std::string_view take_letters(std::string_view& rest) {
  size_t length = 0;
  while (length < rest.size() && !is_digit(rest[length])) ++length;
  const std::string_view letters = rest.substr(0, length);
  rest.remove_prefix(length);
  return letters;
}

std::optional<int64_t> try_parse_duration(std::string_view rest) {
  const int64_t sign = rest.starts_with('-') ? -1 : 1;
  if (sign < 0) rest.remove_prefix(1);
  if (rest.empty()) return std::nullopt;
  int64_t total = 0;
  size_t unit = 0;  // the largest one still allowed
  while (!rest.empty()) {
    std::optional<int64_t> part = take_number(rest, sign);
    if (!part) return std::nullopt;
    const std::string_view name = take_letters(rest);
    while (unit < kDurationUnits.size() && kDurationUnits[unit].name != name) ++unit;
    if (unit == kDurationUnits.size()) return std::nullopt;
    if (__builtin_mul_overflow(*part, kDurationUnits[unit].nanoseconds, &*part)) return std::nullopt;
    if (__builtin_add_overflow(total, *part, &total)) return std::nullopt;
    ++unit;
  }
  return total;
}

}  // namespace

std::string_view to_string(Closed closed) noexcept {
  switch (closed) {
    case Closed::kBoth: return "both";
    case Closed::kLeft: return "left";
    case Closed::kRight: return "right";
    case Closed::kNone: return "none";
  }
  return "unknown";
}

Closed parse_closed(std::string_view text) {
  for (const Closed closed : {Closed::kBoth, Closed::kLeft, Closed::kRight, Closed::kNone}) {
    if (to_string(closed) == text) return closed;
  }
  throw InvalidArgument("closed must be both, left, right or none, not {}", quote(text));
}

Date to_date(Timestamp at) noexcept { return {static_cast<int32_t>(floor_divide(at.nanoseconds, kNanosecondsPerDay))}; }

Timestamp start_of(Date date) {
  int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(int64_t{date.days}, kNanosecondsPerDay, &nanoseconds)) {
    throw InvalidArgument("{} does not begin between 1677-09-22 and 2262-04-11", to_string(date));
  }
  return {nanoseconds};
}

CalendarDay to_calendar(Date date) noexcept {
  const int64_t since = int64_t{date.days} + kDaysToEpoch;
  const int64_t cycle = floor_divide(since, kDaysPerCycle);
  int64_t rest = since - cycle * kDaysPerCycle;
  // The last century of a cycle and the last year of four are a day longer: the quotient may be one too many.
  const int64_t century = rest / kDaysPerCentury - rest / (kDaysPerCycle - 1);
  rest -= century * kDaysPerCentury;
  const int64_t four = rest / kDaysPerFourYears;
  rest -= four * kDaysPerFourYears;
  const int64_t one = rest / 365 - rest / (kDaysPerFourYears - 1);
  rest -= one * 365;
  const int64_t month = (5 * rest + 2) / 153;  // after March
  const int64_t year = cycle * 400 + century * 100 + four * 4 + one + (month >= 10 ? 1 : 0);
  return {static_cast<int32_t>(year), static_cast<int32_t>(month >= 10 ? month - 9 : month + 3),
          static_cast<int32_t>(rest - days_before_month(month) + 1)};
}

Date to_date(const CalendarDay& day) {
  const bool exists =
      day.month >= 1 && day.month <= 12 && day.day >= 1 && day.day <= days_in_month(day.year, day.month);
  if (!exists) throw InvalidArgument("there is no day {}-{}-{}", day.year, day.month, day.day);
  const int64_t month = day.month > 2 ? day.month - 3 : day.month + 9;
  const int64_t year = int64_t{day.year} - (day.month > 2 ? 0 : 1);
  const int64_t cycle = floor_divide(year, 400);
  const int64_t in_cycle = year - cycle * 400;
  const int64_t days = cycle * kDaysPerCycle + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 +
                       days_before_month(month) + day.day - 1 - kDaysToEpoch;
  if (days < std::numeric_limits<int32_t>::min() || days > std::numeric_limits<int32_t>::max()) {
    throw InvalidArgument("the year {} is out of reach", day.year);
  }
  return {static_cast<int32_t>(days)};
}

std::string to_string(Duration duration) {
  if (duration.nanoseconds == 0) return "0s";
  std::string out = duration.nanoseconds < 0 ? "-" : "";
  int64_t rest = duration.nanoseconds;  // keeps its sign: the smallest value has no positive twin
  for (const DurationUnit& unit : kDurationUnits) {
    if (unit.name == "w") continue;
    const int64_t count = rest / unit.nanoseconds;
    rest %= unit.nanoseconds;
    if (count != 0) out.append(std::to_string(count < 0 ? -count : count)).append(unit.name);
  }
  return out;
}

Duration parse_duration(std::string_view text) {
  const std::optional<int64_t> nanoseconds = try_parse_duration(text);
  if (!nanoseconds) {
    throw InvalidArgument("{} is no length of time such as 250ms, 1h30m or 5d (at most 106751d)", quote(text));
  }
  return {*nanoseconds};
}

}  // namespace varve
