#include "varve/base/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "varve/base/error.h"

namespace varve::base {
namespace {

constexpr int64_t kSecondsMin = std::numeric_limits<int64_t>::min() / kNanosecondsPerSecond - 1;
constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / kNanosecondsPerSecond + 1;

// A stretch of time in which the zone's clocks differ from UTC by one amount. It ends where the next one begins.
struct Stretch {
  Timestamp begin;
  int64_t offset;  // nanoseconds east of UTC
};

int64_t seconds_to_nanoseconds(int64_t seconds) { return Duration::seconds(seconds).nanoseconds; }

// All of the zone's rules for the moments that a Timestamp can say, read once: looking up is then a binary search, and
// threads need no lock.
std::vector<Stretch> read_stretches(const date::time_zone& zone) {
  std::vector<Stretch> stretches;
  for (int64_t at = kSecondsMin; at < kSecondsMax;) {
    const date::sys_info rules = zone.get_info(date::sys_seconds(std::chrono::seconds(at)));
    const int64_t offset = seconds_to_nanoseconds(rules.offset.count());
    if (stretches.empty() || stretches.back().offset != offset) {
      stretches.push_back({{seconds_to_nanoseconds(at)}, offset});
    }
    at = rules.end.time_since_epoch().count();
  }
  return stretches;
}

std::string offset_name(int32_t seconds) {
  const int32_t minutes = (seconds < 0 ? -seconds : seconds) / 60;
  const auto two_digits = [](int32_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return (seconds < 0 ? "-" : "+") + two_digits(minutes / 60) + ":" + two_digits(minutes % 60);
}

std::string reading_text(int64_t local_nanoseconds) {
  std::string text = to_string(Timestamp{local_nanoseconds});
  text.pop_back();  // the Z
  return text;
}

}  // namespace

struct Zone::Rules {
  std::string name;
  std::vector<Stretch> stretches;  // by begin; the first begins at Timestamp::min()

  // The last stretch that begins at `at` or before.
  [[nodiscard]] size_t stretch_at(Timestamp at) const {
    const auto after =
        std::upper_bound(stretches.begin(), stretches.end(), at,
                         [](Timestamp moment, const Stretch& stretch) { return moment < stretch.begin; });
    return after == stretches.begin() ? 0 : static_cast<size_t>(after - stretches.begin()) - 1;
  }

  [[nodiscard]] bool contains(size_t stretch, Timestamp at) const {
    return stretches[stretch].begin <= at && (stretch + 1 == stretches.size() || at < stretches[stretch + 1].begin);
  }
};

Zone::Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

Zone Zone::utc() { return Zone(std::make_shared<const Rules>(Rules{"UTC", {{Timestamp::min(), 0}}})); }

Zone Zone::find(std::string_view name) {
  if (name == "UTC") return utc();
  if (name.starts_with('+') || name.starts_with('-')) {
    const std::optional<int32_t> seconds = try_parse_offset(name);
    if (!seconds) throw InvalidArgument("{} is no offset such as +02:00", quoted(name));
    const int64_t offset = seconds_to_nanoseconds(*seconds);
    return Zone(std::make_shared<const Rules>(Rules{offset_name(*seconds), {{Timestamp::min(), offset}}}));
  }
  const date::time_zone* zone = nullptr;
  try {
    zone = date::locate_zone(name);
  } catch (const std::runtime_error&) {
    throw InvalidArgument(
        "no time zone {}: names are those of the IANA database, such as Europe/Berlin, UTC, or +02:00", quoted(name));
  }
  return Zone(std::make_shared<const Rules>(Rules{std::string(name), read_stretches(*zone)}));
}

const std::string& Zone::name() const noexcept { return rules_->name; }

Timestamp Zone::to_utc(int64_t local_nanoseconds) const {
  // No offset reaches a day, so only stretches that lie within a day of the reading can show it.
  const Timestamp reading{local_nanoseconds};
  const Duration day{kNanosecondsPerDay};
  const size_t last = rules_->stretch_at(reading + day);
  std::optional<Timestamp> found;
  bool out_of_reach = false;
  for (size_t i = rules_->stretch_at(reading - day); i <= last; ++i) {
    Timestamp at;
    if (__builtin_sub_overflow(local_nanoseconds, rules_->stretches[i].offset, &at.nanoseconds)) {
      out_of_reach = true;
    } else if (rules_->contains(i, at)) {
      if (found) {
        throw InvalidArgument("{} happens twice in {} (clocks are put back): give the offset from UTC",
                              reading_text(local_nanoseconds), name());
      }
      found = at;
    }
  }
  if (found) return *found;
  throw InvalidArgument(out_of_reach ? "{} in {} lies outside 1677-09-21 to 2262-04-11 UTC"
                                     : "{} does not exist in {} (clocks are put forward)",
                        reading_text(local_nanoseconds), name());
}

int64_t Zone::to_local(Timestamp at) const {
  return internal::saturating_add(at.nanoseconds, rules_->stretches[rules_->stretch_at(at)].offset);
}

}  // namespace varve::base
