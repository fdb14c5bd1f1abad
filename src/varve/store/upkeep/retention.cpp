#include "varve/store/upkeep/retention.h"

namespace varve::store {
namespace {

int64_t hour_of(Timestamp time) { return time.nanoseconds / (3600 * kNanosecondsPerSecond); }

}  // namespace

std::vector<int64_t> versions_to_forget(std::span<const catalog::VersionTime> versions, const RetentionPolicy& policy,
                                        Timestamp now) {
  std::vector<int64_t> forgotten;
  for (size_t at = 0; at + 1 < versions.size(); ++at) {
    const catalog::VersionTime& version = versions[at];
    const catalog::VersionTime& next = versions[at + 1];
    const bool recent = next.time > now - policy.all_for &&  // it was the newest until then
                        static_cast<int64_t>(versions.size() - at) <= policy.versions_max;
    const bool last_of_hour = version.time > now - policy.hourly_for && hour_of(version.time) != hour_of(next.time);
    if (!version.in_snapshot && !recent && !last_of_hour) forgotten.push_back(version.version);
  }
  return forgotten;
}

}  // namespace varve::store
