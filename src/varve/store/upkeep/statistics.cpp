#include "varve/store/upkeep/statistics.h"

#include <algorithm>
#include <vector>

namespace varve::store {
namespace {

using catalog::ObjectRow;

void add(Amount& amount, const catalog::SeriesRow& series) {
  ++amount.keys;
  amount.rows += series.rows;
  amount.files += series.files;
  amount.bytes += series.bytes;
}

// The versions of a series, and those that the policy keeps, oldest first.
struct Kept {
  int64_t versions = 0;
  std::vector<int64_t> kept;
};

Kept kept_versions(Engine& engine, int64_t series_id, const RetentionPolicy& policy) {
  const std::vector<catalog::VersionTime> versions = engine.catalog().version_times(series_id);
  const std::vector<int64_t> forgotten = versions_to_forget(versions, policy, engine.clock().now());
  Kept result{.versions = static_cast<int64_t>(versions.size()), .kept = {}};
  for (const catalog::VersionTime& one : versions) {
    if (!std::binary_search(forgotten.begin(), forgotten.end(), one.version)) result.kept.push_back(one.version);
  }
  return result;
}

bool needs(const std::vector<int64_t>& versions, const ObjectRow& object) {
  const auto at = std::lower_bound(versions.begin(), versions.end(), object.added_version);
  return at != versions.end() && *at < *object.removed_version;
}

int64_t size_if_there(base::FileSystem& files, const std::string& path) {
  return files.exists(path) ? static_cast<int64_t>(files.status(path).size) : 0;
}

}  // namespace

Statistics count(Engine& engine, const RetentionPolicy& policy) {
  Statistics sums;
  for (const catalog::SeriesRow& series : engine.catalog().list_series({})) {
    add(sums.all, series);
    add(sums.by_kind[series.definition.kind], series);
    add(sums.by_layout[series.definition.layout], series);
  }
  std::map<int64_t, Kept> kept;
  for (const int64_t id : engine.catalog().series_ids()) {
    sums.versions += (kept[id] = kept_versions(engine, id, policy)).versions;
  }
  sums.deleted_keys = static_cast<int64_t>(kept.size()) - sums.all.keys;
  for (const ObjectRow& object : engine.catalog().all_objects()) {
    if (!object.stored) {
      ++sums.inline_files;
      sums.inline_bytes += object.bytes;
    }
    if (!object.removed_version) continue;
    ++sums.old_files;
    sums.old_bytes += object.bytes;
    if (needs(kept[object.series_id].kept, object)) continue;
    ++sums.free_files;
    sums.free_bytes += object.bytes;
  }
  sums.snapshots = static_cast<int64_t>(engine.catalog().snapshots().size());
  const std::string path = engine.disk().catalog_path();
  sums.catalog_bytes = size_if_there(engine.files(), path) + size_if_there(engine.files(), path + "-wal");
  sums.behind = static_cast<int64_t>(engine.catalog().pending_publications().size());
  return sums;
}

}  // namespace varve::store
