// Which old versions of a series are kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "varve/base/time.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/history.h"

namespace varve::store {

// Besides the newest version and those that snapshots name, which are always kept: all that were the newest at some
// time within `all_for`, but at most `versions_max` of these, and of each hour within `hourly_for` the last one.
struct RetentionPolicy {
  Duration all_for = Duration::seconds(3600);
  Duration hourly_for = Duration::seconds(7 * 24 * 3600);
  int64_t versions_max = 500;  // so that a series that grows by the row does not fill the catalog within the hour

  bool operator==(const RetentionPolicy&) const = default;
};

// The versions that are to be let go, in the order of `versions`, which are oldest first.
std::vector<int64_t> versions_to_forget(std::span<const catalog::VersionTime> versions, const RetentionPolicy& policy,
                                        Timestamp now);

// Throws InvalidArgument for a length of time or a number that is negative.
void check_policy(const RetentionPolicy& policy);

// What the lake keeps unless somebody says otherwise: a property of its catalog, so that every process goes by it; the
// default where there is none. Throws Corruption for one that is not understood: a guess might let go too much.
RetentionPolicy retention_policy(catalog::Catalog& catalog);
// Sets it, durably. Throws InvalidArgument as check_policy, ReadOnly.
void set_retention_policy(catalog::Catalog& catalog, const RetentionPolicy& policy);

// "all of 1h, at most 500, then one an hour for 7d"
std::string describe(const RetentionPolicy& policy);

}  // namespace varve::store
