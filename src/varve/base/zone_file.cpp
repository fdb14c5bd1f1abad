#include "varve/base/zone_file.h"

#include <algorithm>
#include <limits>

#include "varve/base/error.h"

namespace varve::base::internal {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kSecondsMin = std::numeric_limits<int64_t>::min() / kNanosecondsPerSecond;
constexpr int32_t kFirstYear = 1677;
constexpr int32_t kLastYear = 2262;
constexpr int64_t kOffsetMax = 26 * 3'600;  // RFC 9636 asks writers to stay within

struct Transition {
  int64_t at;      // seconds since 1970, UTC
  int64_t offset;  // seconds east of UTC from then on
};

// Takes numbers, highest byte first, from the front of bytes that may end too early.
class Bytes {
 public:
  Bytes(std::span<const std::byte> bytes, std::string_view name) : rest_(bytes), name_(name) {}

  [[noreturn]] void fail(std::string_view what) const {
    throw Corruption("time zone file of {}: {}", quote(name_), what);
  }

  std::span<const std::byte> take(uint64_t count) {
    if (count > rest_.size()) fail("it ends too early");
    const std::span<const std::byte> taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  template <typename Integer>
  Integer number() {
    uint64_t value = 0;
    for (const std::byte byte : take(sizeof(Integer))) value = value << 8 | static_cast<uint64_t>(byte);
    return static_cast<Integer>(value);
  }

  std::string_view line() {
    const std::string_view text(reinterpret_cast<const char*>(rest_.data()), rest_.size());
    const size_t end = text.find('\n', 1);
    if (!text.starts_with('\n') || end == std::string_view::npos) fail("its footer is not one line");
    return text.substr(1, end - 1);
  }

 private:
  std::span<const std::byte> rest_;
  std::string_view name_;
};

struct Header {
  uint8_t version;
  uint64_t utc_marks, standard_marks, leaps, transitions, types, letters;

  explicit Header(Bytes& bytes) {
    if (bytes.number<uint32_t>() != 0x545A6966) bytes.fail("it does not begin with TZif");
    version = bytes.number<uint8_t>();
    bytes.take(15);
    for (uint64_t* count : {&utc_marks, &standard_marks, &leaps, &transitions, &types, &letters}) {
      *count = bytes.number<uint32_t>();
    }
  }

  [[nodiscard]] uint64_t bytes_after_types(uint64_t bytes_a_time) const {
    return letters + leaps * (bytes_a_time + 4) + standard_marks + utc_marks;
  }
};

// A day of each year and a time on it, when clocks are changed: POSIX's Mm.w.d, Jn and n.
struct YearlyChange {
  enum class Form { kWeekday, kDayWithoutLeapDay, kDay } form = Form::kWeekday;
  int32_t month = 0, week = 0, day = 0;
  int64_t time = 2 * 3'600;  // seconds after midnight, by the clocks before the change

  // Seconds since 1970 on those clocks.
  [[nodiscard]] int64_t in_year(int32_t year) const {
    const int32_t new_year = to_date(CalendarDay{year, 1, 1}).days;
    int32_t date = new_year + day;
    if (form == Form::kDayWithoutLeapDay) {  // 1 to 365, the 60th being 1 March
      const bool after_leap_day = day >= 60 && to_calendar(Date{new_year + 59}).day == 29;
      date = new_year + day - (after_leap_day ? 0 : 1);
    } else if (form == Form::kWeekday) {
      const int32_t first = to_date(CalendarDay{year, month, 1}).days;
      const int32_t next_first = to_date(CalendarDay{month == 12 ? year + 1 : year, month % 12 + 1, 1}).days;
      const int32_t weekday_of_first = ((first + 4) % 7 + 7) % 7;  // 0 is Sunday; 1970-01-01 was a Thursday
      date = first + (day - weekday_of_first + 7) % 7 + 7 * (week - 1);
      if (date >= next_first) date -= 7;  // week 5 means the last one
    }
    return date * kSecondsPerDay + time;
  }
};

// The footer's text, such as EST5EDT,M3.2.0,M11.1.0 (POSIX's TZ with the hours of RFC 9636, section 3.3.1).
class Rule {
 public:
  Rule(std::string_view text, const Bytes& bytes) : rest_(text) {
    if (text.empty()) return;
    name();
    standard_ = -time(kOffsetMax);
    if (!rest_.empty()) {
      name();
      summer_ = rest_.starts_with(',') ? standard_ + 3'600 : -time(kOffsetMax);
      begin_ = change();
      end_ = change();
      has_summer_ = true;
    }
    if (!good_ || !rest_.empty()) bytes.fail("its footer's rule is not understood");
  }

  // Adds the changes of the years from the last known transition on.
  void extend(std::vector<Transition>& transitions) const {
    if (!has_summer_) return;
    const int64_t known = transitions.empty() ? std::numeric_limits<int64_t>::min() : transitions.back().at;
    const int64_t known_in_reach = std::clamp(known, kSecondsMin, -kSecondsMin);
    const int32_t first_year = to_calendar(to_date(Timestamp{known_in_reach * kNanosecondsPerSecond})).year;
    for (int32_t year = std::max(first_year, kFirstYear); year <= kLastYear; ++year) {
      Transition changes[] = {{begin_.in_year(year) - standard_, summer_}, {end_.in_year(year) - summer_, standard_}};
      if (changes[1].at < changes[0].at) std::swap(changes[0], changes[1]);
      for (const Transition& change : changes) {
        if (change.at > known) transitions.push_back(change);
      }
    }
  }

 private:
  bool skip(char letter) {
    if (!rest_.starts_with(letter)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void name() {
    const bool bracketed = skip('<');
    const auto ends = [&](char letter) { return bracketed ? letter == '>' : letter < 'A'; };
    const auto end = std::find_if(rest_.begin(), rest_.end(), ends);
    good_ = good_ && end - rest_.begin() >= 3;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.begin()));
    if (bracketed && !skip('>')) good_ = false;
  }

  int32_t number(int32_t min, int32_t max) {
    int32_t value = 0;
    int32_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9' && digits < 4; rest_.remove_prefix(1), ++digits) {
      value = value * 10 + (rest_[0] - '0');
    }
    good_ = good_ && digits > 0 && value >= min && value <= max;
    return value;
  }

  // [+-]h[:mm[:ss]] in seconds.
  int64_t time(int64_t max) {
    const int64_t sign = skip('-') ? -1 : (skip('+'), 1);
    int64_t seconds = number(0, 167) * int64_t{3'600};
    if (skip(':')) seconds += number(0, 59) * int64_t{60};
    if (skip(':')) seconds += number(0, 59);
    good_ = good_ && seconds <= max;
    return sign * seconds;
  }

  YearlyChange change() {
    YearlyChange change;
    if (!skip(',')) good_ = false;
    if (skip('M')) {
      change.month = number(1, 12);
      if (!skip('.')) good_ = false;
      change.week = number(1, 5);
      if (!skip('.')) good_ = false;
      change.day = number(0, 6);
    } else if (skip('J')) {
      change.form = YearlyChange::Form::kDayWithoutLeapDay;
      change.day = number(1, 365);
    } else {
      change.form = YearlyChange::Form::kDay;
      change.day = number(0, 365);
    }
    if (skip('/')) change.time = time(std::numeric_limits<int64_t>::max());
    return change;
  }

  std::string_view rest_;
  bool good_ = true;
  bool has_summer_ = false;
  int64_t standard_ = 0;  // seconds east of UTC
  int64_t summer_ = 0;
  YearlyChange begin_;
  YearlyChange end_;
};

// The table's transitions, and the offset before the first of them.
std::vector<Transition> read_table(Bytes& bytes, const Header& header, int64_t& first_offset) {
  Bytes times(bytes.take(header.transitions * 8), "");
  Bytes types_of_times(bytes.take(header.transitions), "");
  std::vector<int64_t> offsets;
  for (Bytes types(bytes.take(header.types * 6), ""); offsets.size() < header.types; types.take(2)) {
    offsets.push_back(types.number<int32_t>());
    if (std::abs(offsets.back()) >= kOffsetMax) bytes.fail("an offset is longer than a day");
  }
  if (offsets.empty()) bytes.fail("it has no offset");
  first_offset = offsets[0];
  std::vector<Transition> transitions;
  for (uint64_t i = 0; i < header.transitions; ++i) {
    const auto at = times.number<int64_t>();
    const auto type = types_of_times.number<uint8_t>();
    if (type >= offsets.size()) bytes.fail("a transition has no offset");
    if (!transitions.empty() && at <= transitions.back().at) bytes.fail("its transitions are not in order");
    transitions.push_back({at, offsets[type]});
  }
  return transitions;
}

}  // namespace

std::vector<ZoneStretch> read_zone_file(std::span<const std::byte> bytes, std::string_view name) {
  Bytes rest(bytes, name);
  const Header old_header(rest);  // of a part with 32-bit times, which everybody skips
  if (old_header.version < '2') rest.fail("it is of version 1, which knows no times after 2038");
  rest.take(old_header.transitions * 5 + old_header.types * 6 + old_header.bytes_after_types(4));
  const Header header(rest);
  if (header.leaps != 0) rest.fail("it counts leap seconds, which UTC does not");
  int64_t offset = 0;
  std::vector<Transition> transitions = read_table(rest, header, offset);
  rest.take(header.bytes_after_types(8));
  Rule(rest.line(), rest).extend(transitions);

  std::vector<ZoneStretch> stretches = {{Timestamp::min(), Duration::seconds(offset).nanoseconds}};
  for (const Transition& transition : transitions) {
    const ZoneStretch next{{Duration::seconds(transition.at).nanoseconds},
                           Duration::seconds(transition.offset).nanoseconds};
    if (next.begin == stretches.back().begin) stretches.pop_back();  // both before what a Timestamp can say
    if (next.begin == Timestamp::max()) break;
    if (stretches.empty() || next.offset != stretches.back().offset) stretches.push_back(next);
  }
  return stretches;
}

}  // namespace varve::base::internal
