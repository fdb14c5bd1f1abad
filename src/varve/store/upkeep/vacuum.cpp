#include "varve/store/upkeep/vacuum.h"

#include <algorithm>
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/store/publish.h"
#include "varve/store/tree/replaced.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

// The versions that nobody reads, with locks that keep it so.
std::pair<std::vector<int64_t>, std::vector<std::unique_ptr<base::FileLock>>> without_leases(
    const Engine& engine, int64_t series_id, const std::vector<int64_t>& versions) {
  std::pair<std::vector<int64_t>, std::vector<std::unique_ptr<base::FileLock>>> free;
  for (const int64_t version : versions) {
    std::unique_ptr<base::FileLock> lock = engine.disk().try_lock(lease_byte(series_id, version));
    if (!lock) continue;
    free.first.push_back(version);
    free.second.push_back(std::move(lock));
  }
  return free;
}

// A file that was not there (its bytes never left the catalog, or an earlier attempt got so far) is fine.
bool remove_file(Engine& engine, const ObjectRow& object) {
  try {
    engine.files().unlink(engine.disk().object_path(object.id));
    return true;
  } catch (const NotFound&) {
    return false;
  }
}

// Directories that were replaced lie there with links to old objects until they are cleared, which nobody syncs. One
// that came back after its objects were forgotten would hold files of nobody, and those are moved back among the
// visible ones.
void settle_staging(Engine& engine) {
  const std::string staging = engine.disk().staging_path();
  for (const std::string& id : engine.files().list(staging)) {
    try {
      engine.files().sync_directory(base::join_path(staging, id));
    } catch (const NotFound&) {  // its owner is done
    }
  }
  engine.files().sync_directory(staging);
}

void remove_objects(Engine& engine, const std::vector<ObjectRow>& objects, Vacuumed& vacuumed) {
  std::set<std::string> directories;
  std::vector<std::string> ids;
  for (const ObjectRow& object : objects) {
    const bool removed = remove_file(engine, object);
    // Also if somebody else removed it, who may have been killed before that was on the disk.
    if (removed || object.stored) directories.insert(engine.disk().object_directory(object.id));
    if (removed) {
      ++vacuumed.files;
      vacuumed.bytes += object.bytes;
    }
    ids.push_back(object.id);
  }
  for (const std::string& directory : directories) engine.files().sync_directory(directory);
  if (!directories.empty()) settle_staging(engine);
  engine.catalog().forget_objects(ids);
}

// So many at a time, because each takes a lock meanwhile.
constexpr size_t kVersionsAtOnce = 200;

void vacuum_series(Engine& engine, int64_t series_id, const RetentionPolicy& policy, Vacuumed& vacuumed) {
  const std::vector<int64_t> all =
      versions_to_forget(engine.catalog().version_times(series_id), policy, engine.clock().now());
  for (size_t at = 0; at < all.size() || at == 0; at += kVersionsAtOnce) {
    const auto begin = all.begin() + static_cast<ptrdiff_t>(at);
    const auto end = begin + static_cast<ptrdiff_t>(std::min(kVersionsAtOnce, all.size() - at));
    const auto [versions, locks] = without_leases(engine, series_id, {begin, end});
    std::vector<ObjectRow> orphans = engine.catalog().forget_versions(series_id, versions);
    vacuumed.versions += static_cast<int64_t>(versions.size());
    // A publication under way looks at files; and one that is due must know its old links before they are nobody's.
    if (const auto due = orphans.empty() ? std::nullopt : find_pending(engine, series_id)) publish(engine, *due);
    const auto lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
    if (!orphans.empty() && find_pending(engine, series_id)) return;  // of a commit just now
    const std::set<std::string> shown = names_in_replaced(engine, series_id);
    std::erase_if(orphans, [&](const ObjectRow& object) { return shown.contains(object.name); });
    remove_objects(engine, orphans, vacuumed);
  }
}

// What keeps one series from it does not keep the others.
void vacuum_all(Engine& engine, const RetentionPolicy& policy, Vacuumed& vacuumed) {
  std::exception_ptr failure;
  for (const int64_t id : engine.catalog().series_ids()) {
    try {
      vacuum_series(engine, id, policy, vacuumed);
    } catch (const Error&) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void check_writable(const Engine& engine) {
  if (engine.read_only()) throw ReadOnly("the lake {} is open for reading only", engine.disk().root());
}

}  // namespace

Vacuumed vacuum(Engine& engine, std::string_view key, const RetentionPolicy& policy) {
  check_writable(engine);
  publish_pending(engine);
  const Duration left = clear_replaced(engine, engine.listing_grace());
  if (left > Duration{0}) {
    engine.clock().sleep(left);
    clear_replaced(engine, engine.listing_grace());
  }
  return vacuum_at_once(engine, key, policy);
}

Vacuumed vacuum_at_once(Engine& engine, std::string_view key, const RetentionPolicy& policy) {
  check_writable(engine);
  publish_pending(engine);
  Vacuumed vacuumed;
  if (key.empty()) {
    vacuum_all(engine, policy, vacuumed);
    return vacuumed;
  }
  const std::optional<catalog::SeriesRow> series = engine.catalog().find_series(key);
  if (!series) throw NotFound("no series {}", quote(key));
  vacuum_series(engine, series->id, policy, vacuumed);
  return vacuumed;
}

Lease::Lease(Engine& engine, std::span<const catalog::SeriesVersion> versions) {
  std::vector<uint64_t> bytes;
  for (const catalog::SeriesVersion& each : versions) bytes.push_back(lease_byte(each.series_id, each.version));
  lock_ = engine.disk().lock_shared(std::move(bytes), engine.lock_timeout());
  for (const catalog::SeriesVersion& gone : engine.catalog().missing_versions(versions)) {
    throw NotFound("version {} of series {} is gone", gone.version, quote(engine.catalog().key_of(gone.series_id)));
  }
}

}  // namespace varve::store
