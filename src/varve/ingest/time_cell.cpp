#include "varve/ingest/time_cell.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/time.h"

namespace varve::ingest {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

bool is_number(std::string_view cell) {
  if (!cell.empty() && (cell[0] == '-' || cell[0] == '+')) cell.remove_prefix(1);
  const size_t point = std::min(cell.find('.'), cell.size());
  return point > 0 && all_digits(cell.substr(0, point)) && (point == cell.size() || all_digits(cell.substr(point + 1)));
}

int64_t nanoseconds_per_unit(uint64_t whole) {
  constexpr uint64_t kSecondsEnd = 100'000'000'000;
  if (whole < kSecondsEnd) return kNanosecondsPerSecond;
  if (whole < kSecondsEnd * 1'000) return 1'000'000;
  if (whole < kSecondsEnd * 1'000'000) return 1'000;
  return 1;
}

// `digits` behind the point, in nanoseconds; empty if they say less than one.
std::optional<int64_t> fraction_of(std::string_view digits, int64_t unit) {
  int64_t sum = 0;
  for (const char digit : digits) {
    if (unit == 1 && digit != '0') return std::nullopt;
    if (unit == 1) continue;
    unit /= 10;
    sum += (digit - '0') * unit;
  }
  return sum;
}

// A day and a time of day written as twelve digits would pass for milliseconds of 1976.
bool reads_as_calendar(std::string_view digits) {
  if (digits.size() != 12 || !(digits.starts_with("19") || digits.starts_with("20"))) return false;
  const auto pair = [&](size_t at) { return (digits[at] - '0') * 10 + (digits[at + 1] - '0'); };
  return pair(4) >= 1 && pair(4) <= 12 && pair(6) >= 1 && pair(6) <= 31 && pair(8) < 24 && pair(10) < 60;
}

}  // namespace

std::optional<int64_t> parse_epoch(std::string_view cell) noexcept {
  if (!is_number(cell)) return std::nullopt;
  const bool negative = cell[0] == '-';
  if (negative || cell[0] == '+') cell.remove_prefix(1);
  const size_t point = std::min(cell.find('.'), cell.size());
  if (reads_as_calendar(cell.substr(0, point))) return std::nullopt;
  uint64_t whole = 0;
  const auto parsed = std::from_chars(cell.data(), cell.data() + point, whole);
  if (parsed.ec != std::errc{}) return std::nullopt;
  const int64_t unit = nanoseconds_per_unit(whole);
  const auto fraction = fraction_of(cell.substr(std::min(point + 1, cell.size())), unit);
  int64_t result = 0;
  if (!fraction || __builtin_mul_overflow(whole, unit, &result)) return std::nullopt;
  if (__builtin_add_overflow(result, *fraction, &result)) return std::nullopt;
  return negative ? -result : result;
}

TimeReader::TimeReader(std::optional<base::Zone> zone) : zone_(std::move(zone)) {
  zone_is_utc_ = zone_ && zone_->name() == "UTC";
}

TimeCell TimeReader::read(std::string_view cell) noexcept {
  constexpr size_t kCompactDay = 8;
  std::optional<ParsedTime> parsed;
  const bool number = is_number(cell);
  if (!number || cell.size() == kCompactDay) parsed = try_parse_time(cell);
  if (!parsed) {
    if (!number) return {.fault = "is not a time"};
    const std::optional<int64_t> at = parse_epoch(cell);
    if (!at) return {.fault = "is not an epoch number in s, ms, us or ns of the years 1677 to 2262"};
    return in_form(TimeForm::kEpoch, {.nanoseconds = *at});
  }
  if (!parsed->has_time) return in_form(TimeForm::kDay, {.nanoseconds = parsed->local_nanoseconds});
  return in_form(TimeForm::kMoment, moment_of(*parsed));
}

TimeCell TimeReader::in_form(TimeForm form, const TimeCell& cell) noexcept {
  if (cell.fault != nullptr || form_ == form) return cell;
  if (!form_) {
    form_ = form;
    return cell;
  }
  switch (*form_) {
    case TimeForm::kEpoch: return {.fault = "is not an epoch number, as the cells before it are"};
    case TimeForm::kDay: return {.fault = "is not a day alone, as the cells before it are"};
    case TimeForm::kMoment: break;
  }
  return {.fault = "is not a day with a time of day, as the cells before it are"};
}

TimeCell TimeReader::moment_of(const ParsedTime& parsed) const noexcept {
  TimeCell result;
  if (parsed.offset_seconds) {
    const int64_t offset = *parsed.offset_seconds * kNanosecondsPerSecond;
    const bool over = __builtin_sub_overflow(parsed.local_nanoseconds, offset, &result.nanoseconds);
    if (over) result.fault = "lies outside the years 1677 to 2262";
    return result;
  }
  if (zone_is_utc_) return {.nanoseconds = parsed.local_nanoseconds};
  if (!zone_) return {.fault = "names no zone: say which with --tz", .lacks_zone = true};
  try {
    result.nanoseconds = zone_->to_utc(parsed.local_nanoseconds).nanoseconds;
  } catch (const InvalidArgument&) {
    result.fault = "is a reading that clocks of the zone skip or show twice: give the offset from UTC";
  }
  return result;
}

}  // namespace varve::ingest
