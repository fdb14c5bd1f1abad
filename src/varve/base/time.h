// Points in time, lengths of time and days: strong types over nanoseconds UTC and days, with ISO 8601 text in and out.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace varve {

inline constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr int64_t kNanosecondsPerDay = 86'400 * kNanosecondsPerSecond;

namespace internal {
// Sums and products of 64 bits that stop at the ends instead of running over.
constexpr int64_t saturate(bool negative) {
  return negative ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}
constexpr int64_t saturating_add(int64_t left, int64_t right) {
  int64_t sum = 0;
  return __builtin_add_overflow(left, right, &sum) ? saturate(right < 0) : sum;
}
constexpr int64_t saturating_subtract(int64_t left, int64_t right) {
  int64_t difference = 0;
  return __builtin_sub_overflow(left, right, &difference) ? saturate(right > 0) : difference;
}
constexpr int64_t saturating_multiply(int64_t left, int64_t right) {
  int64_t product = 0;
  return __builtin_mul_overflow(left, right, &product) ? saturate((left < 0) != (right < 0)) : product;
}
}  // namespace internal

// A length of time in nanoseconds, signed: up to 292 years. What is longer becomes the longest there is.
struct Duration {
  int64_t nanoseconds = 0;

  static constexpr Duration seconds(int64_t count) {
    return {internal::saturating_multiply(count, kNanosecondsPerSecond)};
  }
  static constexpr Duration milliseconds(int64_t count) { return {internal::saturating_multiply(count, 1'000'000)}; }
  static constexpr Duration microseconds(int64_t count) { return {internal::saturating_multiply(count, 1'000)}; }

  constexpr auto operator<=>(const Duration&) const = default;  // NOLINT(modernize-use-nullptr): its mistake
};

// A day of the proleptic Gregorian calendar, counted from 1970-01-01 (day 0).
struct Date {
  int32_t days = 0;

  constexpr auto operator<=>(const Date&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct CalendarDay {
  int32_t year = 1970;
  int32_t month = 1;  // 1 to 12
  int32_t day = 1;    // 1 to 31
};

// A moment: nanoseconds since 1970-01-01T00:00:00Z. Covers 1677-09-21 to 2262-04-11.
struct Timestamp {
  int64_t nanoseconds = 0;

  static constexpr Timestamp min() { return {std::numeric_limits<int64_t>::min()}; }
  static constexpr Timestamp max() { return {std::numeric_limits<int64_t>::max()}; }

  constexpr auto operator<=>(const Timestamp&) const = default;  // NOLINT(modernize-use-nullptr)
};

// These stop at the ends of what Timestamp and Duration can say; they never wrap around.
constexpr Timestamp operator+(Timestamp left, Duration right) {
  return {internal::saturating_add(left.nanoseconds, right.nanoseconds)};
}
constexpr Timestamp operator-(Timestamp left, Duration right) {
  return {internal::saturating_subtract(left.nanoseconds, right.nanoseconds)};
}
constexpr Duration operator-(Timestamp left, Timestamp right) {
  return {internal::saturating_subtract(left.nanoseconds, right.nanoseconds)};
}

// A stretch of time, half-open: `start` is inside, `end` is not. Empty if end <= start.
struct TimeRange {
  Timestamp start;
  Timestamp end;

  [[nodiscard]] constexpr bool empty() const { return end <= start; }
  [[nodiscard]] constexpr bool contains(Timestamp at) const { return start <= at && at < end; }
  constexpr bool operator==(const TimeRange&) const = default;
};

// Which ends of a range belong to it.
enum class Closed { kBoth, kLeft, kRight, kNone };

// Text of `closed`: "both", "left", "right", "none", and back. Throws InvalidArgument for other words.
std::string_view to_string(Closed closed) noexcept;
Closed parse_closed(std::string_view text);

Date to_date(Timestamp at) noexcept;  // the UTC day that holds `at`
Timestamp start_of(Date date);        // its first nanosecond, UTC. Throws InvalidArgument outside Timestamp's reach
CalendarDay to_calendar(Date date) noexcept;  // any day that Date can say
Date to_date(const CalendarDay& day);  // throws InvalidArgument if the calendar has no such day or Date cannot say it

// What a piece of ISO 8601 text says. A date alone has `has_time` false and stands for the day's first instant.
struct ParsedTime {
  int64_t local_nanoseconds = 0;          // wall-clock reading since 1970-01-01T00:00, as if it were UTC
  bool has_time = false;                  // a time of day was given
  std::optional<int32_t> offset_seconds;  // east of UTC; empty if the text names no zone (a naive time)

  // The moment meant. Throws InvalidArgument if the text named no zone or the moment is out of reach.
  [[nodiscard]] Timestamp utc() const;
};

// Reads ISO 8601: dates `2024-03-05`, `20240305`; times after `T`, `t` or one space; hours and minutes, seconds
// optional, a fraction of the second of 1 to 9 digits after `.` or `,`; compact `20240305T101500`, and a compact date
// with an extended time or the other way round; zone `Z`, `z`, `+02`, `+0200`, `+02:00` up to 23:59. The second 60 and
// the hour 24 are errors, and so are spaces around the text and readings outside the reach of 64 bits (1677 to 2262).
// Throws InvalidArgument, quoting the text, for anything else.
ParsedTime parse_time(std::string_view text);

// As parse_time, but empty for bad text. Neither throws nor allocates: for loops over many cells.
std::optional<ParsedTime> try_parse_time(std::string_view text) noexcept;

// Reads a moment that names its zone. Throws InvalidArgument for a naive time or a date alone, saying so.
Timestamp parse_timestamp(std::string_view text);

// Reads `2024-03-05` or `20240305`, years 0000 to 9999. Throws InvalidArgument, quoting the text.
Date parse_date(std::string_view text);

// Reads a zone's offset, `Z`, `z`, `+02`, `-0530` or `+02:00`, as seconds east of UTC; empty for anything else.
std::optional<int32_t> try_parse_offset(std::string_view text) noexcept;

// `2024-03-05T10:15:00Z`, with 3, 6 or 9 digits of fraction where needed and none where not.
std::string to_string(Timestamp at);
// `2024-03-05`; years before 0000 or after 9999 with a sign: `-0044-03-15`, `+10000-01-01`.
std::string to_string(Date date);
// Compact form for file names, UTC: `20240305T101500`, with `.` and 3, 6 or 9 digits where needed.
std::string to_compact_string(Timestamp at);
// `1h30m`, `1d`, `250ms`, `-5s`: the fewest units that say it exactly, days the largest. "0s" for none.
std::string to_string(Duration duration);
// Reads `1h30m` and the like: an optional `-`, then one or more whole numbers, each with its unit out of w, d, h, m, s,
// ms, us, ns, every unit at most once, largest first (`90m` is fine). A day is 24 hours, a week 7 days. Throws
// InvalidArgument, quoting the text, for anything else and for what is too long for a Duration.
Duration parse_duration(std::string_view text);

}  // namespace varve
