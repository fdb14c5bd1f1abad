#include "varve/lake/options.h"

#include "varve/base/error.h"
#include "varve/base/zone.h"

namespace varve {
namespace {

// The first moment at which clocks of the zone show `local_nanoseconds` or later: also where clocks were put forward
// over that reading, or back so that it came twice.
Timestamp first_instant(const base::Zone& zone, int64_t local_nanoseconds) {
  constexpr Duration kReach = Duration::seconds(48 * 3600);  // more than any zone is away from UTC
  const Timestamp utc{local_nanoseconds};
  Timestamp low = utc - kReach;
  Timestamp high = utc + kReach;
  while (low < high) {
    const Timestamp middle{low.nanoseconds + (high.nanoseconds - low.nanoseconds) / 2};
    if (zone.to_local(middle) >= local_nanoseconds) {
      high = middle;
    } else {
      low = {middle.nanoseconds + 1};
    }
  }
  return low;
}

base::Zone find_zone(std::string_view name) { return name.empty() ? base::Zone::utc() : base::Zone::find(name); }

// Days that Timestamp cannot reach stand for its ends, so that 9999-12-31 means "to the end".
Timestamp start_of_day(int64_t day, std::string_view zone) {
  const int64_t local = internal::saturating_multiply(day, kNanosecondsPerDay);
  if (Timestamp{local} == Timestamp::min() || Timestamp{local} == Timestamp::max()) return {local};
  return first_instant(find_zone(zone), local);
}

Timestamp end_of_day(int64_t day, std::string_view zone) {
  const Timestamp next = start_of_day(day + 1, zone);
  return next == Timestamp::max() ? next : next - Duration{1};
}

struct Bound {
  std::optional<Timestamp> moment;
  Date day;
};

Bound parse_bound(const std::string& text, std::string_view zone) {
  const std::optional<ParsedTime> parsed = try_parse_time(text);
  if (!parsed) return {.moment = {}, .day = parse_date(text)};  // a day that Timestamp cannot reach, or bad text
  if (!parsed->has_time) return {.moment = {}, .day = to_date(Timestamp{parsed->local_nanoseconds})};
  if (parsed->offset_seconds) return {.moment = parsed->utc(), .day = {}};
  if (zone.empty()) {
    throw InvalidArgument("the time {} names no zone: write it with Z or an offset, or say the zone", quote(text));
  }
  return {.moment = base::Zone::find(zone).to_utc(parsed->local_nanoseconds), .day = {}};
}

}  // namespace

Timestamp TimeBound::as_start(std::string_view zone) const {
  if (moment_) return *moment_;
  if (day_) return start_of_day(day_->days, zone);
  const Bound bound = parse_bound(text_, zone);
  return bound.moment ? *bound.moment : start_of_day(bound.day.days, zone);
}

Timestamp TimeBound::as_end(std::string_view zone) const {
  if (moment_) return *moment_;
  if (day_) return end_of_day(day_->days, zone);
  const Bound bound = parse_bound(text_, zone);
  return bound.moment ? *bound.moment : end_of_day(bound.day.days, zone);
}

bool TimeBound::is_day() const {
  if (moment_ || day_) return day_.has_value();
  const std::optional<ParsedTime> parsed = try_parse_time(text_);
  return !parsed || !parsed->has_time;
}

namespace {

// The ends of a range, in its zone.
class Ends {
 public:
  Ends(std::string_view zone, bool of_dates) : zone_(zone), of_dates_(of_dates) {}
  [[nodiscard]] Timestamp start(const TimeBound& bound) const { return bound.as_start(zone_of(bound)); }
  [[nodiscard]] Timestamp end(const TimeBound& bound) const { return bound.as_end(zone_of(bound)); }

 private:
  [[nodiscard]] std::string_view zone_of(const TimeBound& bound) const {
    return of_dates_ && bound.is_day() ? std::string_view() : zone_;
  }

  std::string_view zone_;
  bool of_dates_;
};

}  // namespace

Moments moments_of(const SeriesRange& range, bool of_dates) {
  const Ends ends(range.zone, of_dates);
  Moments moments;
  const bool with_start = range.closed == Closed::kBoth || range.closed == Closed::kLeft;
  const bool with_end = range.closed == Closed::kBoth || range.closed == Closed::kRight;
  if (range.start) moments.first = with_start ? ends.start(*range.start) : ends.end(*range.start);
  if (range.end) moments.last = with_end ? ends.end(*range.end) : ends.start(*range.end);
  const bool beyond = (range.start && !with_start && moments.first == Timestamp::max()) ||
                      (range.end && !with_end && moments.last == Timestamp::min());
  if (beyond) return {.first = Timestamp::max(), .last = Timestamp::min()};
  if (range.start && !with_start) moments.first = moments.first + Duration{1};
  if (range.end && !with_end) moments.last = moments.last - Duration{1};
  return moments;
}

TimeRange half_open(const CoverageRange& range, bool of_dates) {
  const Ends ends(range.zone, of_dates);
  TimeRange stretch{Timestamp::min(), Timestamp::max()};
  if (range.start) stretch.start = ends.start(*range.start);
  if (range.end) stretch.end = ends.end(*range.end);
  if (stretch.end < stretch.start) {
    throw InvalidArgument("the range from {} to {} ends before it starts", to_string(stretch.start),
                          to_string(stretch.end));
  }
  const bool ends_with_day = range.end && stretch.end != ends.start(*range.end);
  if (ends_with_day) stretch.end = stretch.end + Duration{1};
  return stretch;
}

}  // namespace varve
