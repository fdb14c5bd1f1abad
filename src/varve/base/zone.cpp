#include "varve/base/zone.h"

#include <algorithm>
#include <vector>

#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/base/zone_file.h"

namespace varve::base {
namespace {

using internal::ZoneStretch;

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo";

// Names of the database: parts of letters, digits, `_`, `+` and `-`, with one slash between them. So no name leads out
// of the folder.
bool is_zone_name(std::string_view name) {
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           std::string_view("_+-/").find(letter) != std::string_view::npos;
  };
  return !name.empty() && name.front() != '/' && name.back() != '/' && name.find("//") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::vector<ZoneStretch> find_stretches(std::string_view name) {
  constexpr std::string_view kPattern = "no time zone {} in {}: names are such as Europe/Berlin, UTC or +02:00";
  if (!is_zone_name(name)) throw InvalidArgument(kPattern, quote(name), kZoneFolder);
  try {
    const std::unique_ptr<FileSystem> files = make_system_file_system();
    return internal::read_zone_file(read_file(*files, join_path(kZoneFolder, name)), name);
  } catch (const Error& error) {  // not there, a folder, or one of the tables that lie beside the zones
    throw InvalidArgument(std::string(kPattern) + " ({})", quote(name), kZoneFolder, error.what());
  }
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

// Read once, at first: looking up is then a binary search, and threads need no lock.
struct Zone::Rules {
  std::string name;
  std::vector<ZoneStretch> stretches;

  // The stretch that holds `at`.
  [[nodiscard]] size_t stretch_at(Timestamp at) const {
    const auto later = std::upper_bound(stretches.begin() + 1, stretches.end(), at,
                                        [](Timestamp moment, const ZoneStretch& next) { return moment < next.begin; });
    return static_cast<size_t>(later - stretches.begin()) - 1;
  }
};

Zone::Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

Zone Zone::utc() { return Zone(std::make_shared<const Rules>(Rules{"UTC", {{Timestamp::min(), 0}}})); }

Zone Zone::find(std::string_view name) {
  if (name == "UTC") return utc();
  if (name.starts_with('+') || name.starts_with('-')) {
    const std::optional<int32_t> seconds = try_parse_offset(name);
    if (!seconds) throw InvalidArgument("{} is no offset such as +02:00", quote(name));
    const int64_t offset = Duration::seconds(*seconds).nanoseconds;
    return Zone(std::make_shared<const Rules>(Rules{offset_name(*seconds), {{Timestamp::min(), offset}}}));
  }
  return Zone(std::make_shared<const Rules>(Rules{std::string(name), find_stretches(name)}));
}

const std::string& Zone::name() const noexcept { return rules_->name; }

Timestamp Zone::to_utc(int64_t local_nanoseconds) const {
  // Offsets stay below 26 hours, so only stretches that lie within two days of the reading can show it.
  const Timestamp reading{local_nanoseconds};
  const Duration near{2 * kNanosecondsPerDay};
  std::optional<Timestamp> found;
  bool out_of_reach = false;
  const std::vector<ZoneStretch>& stretches = rules_->stretches;
  for (size_t i = rules_->stretch_at(reading - near); i < stretches.size() && stretches[i].begin <= reading + near;
       ++i) {
    Timestamp at;
    if (__builtin_sub_overflow(local_nanoseconds, stretches[i].offset, &at.nanoseconds)) {
      out_of_reach = true;
    } else if (stretches[i].begin <= at && (i + 1 == stretches.size() || at < stretches[i + 1].begin)) {
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
  return varve::internal::saturating_add(at.nanoseconds, rules_->stretches[rules_->stretch_at(at)].offset);
}

}  // namespace varve::base
