#include "varve/store/upkeep/retention.h"

#include <string_view>

#include <nlohmann/json.hpp>

#include "varve/base/error.h"

namespace varve::store {
namespace {

constexpr std::string_view kProperty = "retention";
constexpr const char* kAllFor = "all_for";  // nanoseconds
constexpr const char* kHourlyFor = "hourly_for";
constexpr const char* kVersionsMax = "versions_max";

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

void check_policy(const RetentionPolicy& policy) {
  const auto check = [](std::string_view name, Duration length) {
    if (length < Duration{}) throw InvalidArgument("{} is {} and must not be negative", name, to_string(length));
  };
  check(kAllFor, policy.all_for);
  check(kHourlyFor, policy.hourly_for);
  if (policy.versions_max < 0) {
    throw InvalidArgument("{} is {} and must not be negative", kVersionsMax, policy.versions_max);
  }
}

RetentionPolicy retention_policy(catalog::Catalog& catalog) {
  const std::string text = catalog.property(kProperty);
  if (text.empty()) return {};
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    const auto number = [&](const char* name) {
      if (!json.at(name).is_number_integer()) throw Corruption("{} is no whole number", name);
      return json.at(name).get<int64_t>();
    };
    if (json.size() != 3) throw Corruption("there are {} values instead of 3", json.size());
    const RetentionPolicy policy{.all_for = Duration{number(kAllFor)},
                                 .hourly_for = Duration{number(kHourlyFor)},
                                 .versions_max = number(kVersionsMax)};
    check_policy(policy);
    return policy;
  } catch (const std::exception& error) {
    throw Corruption(
        "the catalog has a retention policy that is not understood, {}: {}; set all of it anew, or the default (varve "
        "policy --default)",
        quote(text), error.what());
  }
}

void set_retention_policy(catalog::Catalog& catalog, const RetentionPolicy& policy) {
  check_policy(policy);
  const nlohmann::ordered_json json = {{kAllFor, policy.all_for.nanoseconds},
                                       {kHourlyFor, policy.hourly_for.nanoseconds},
                                       {kVersionsMax, policy.versions_max}};
  catalog.set_property(kProperty, policy == RetentionPolicy() ? std::string() : json.dump());
}

std::string describe(const RetentionPolicy& policy) {
  return format_message("all of {}, at most {}, then one an hour for {}",
                        {to_string(policy.all_for), policy.versions_max, to_string(policy.hourly_for)});
}

}  // namespace varve::store
