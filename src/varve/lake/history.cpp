#include <algorithm>
#include <utility>

#include "varve/base/error.h"
#include "varve/lake/definition.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {
namespace {

VersionInfo to_info(catalog::VersionRow&& row) {
  return {.version = row.version,
          .commit_id = std::move(row.commit_id),
          .time = row.time,
          .operation = std::move(row.operation),
          .deleted = row.deleted,
          .rows = row.rows,
          .files = row.files,
          .bytes = row.bytes,
          .first = row.first,
          .last = row.last,
          .rows_added = row.rows_added,
          .rows_replaced = row.rows_replaced,
          .rows_removed = row.rows_removed};
}

}  // namespace

std::vector<VersionInfo> Lake::versions(std::string_view key) const {
  catalog::Catalog& catalog = state_->use(key).catalog();
  const std::optional<catalog::SeriesRow> series = catalog.find_series(key);
  if (!series) throw NotFound("no series {}", quote(key));
  std::vector<VersionInfo> versions;
  for (catalog::VersionRow& row : catalog.versions(series->id)) versions.push_back(to_info(std::move(row)));
  return versions;
}

Commit Lake::restore(std::string_view key, const AsOf& as_of, const ChangeOptions& options) {
  store::Store& store = state_->use(key);
  catalog::VersionWanted wanted = to_version(key, as_of);
  const std::string name(key);
  const auto then = store.catalog().states({&name, 1}, {.version = wanted}).front();
  Change change{name, Table(), store::WriteMode::kReplaceSeries, {}};
  if (then) wanted = change.restored.emplace(catalog::SeriesVersion{then->series.id, then->version});
  change.table = store.read(key, {.version = wanted});
  if (!then) throw ConcurrentWrite("series {} was made while it was looked for", quote(key));
  change.options.expects_version = options.expects_version;
  const catalog::SeriesRow row = *store.catalog().find_series(key);
  if (row.deleted || !is_like(then->series.definition, row.definition)) {
    change.options.series = to_options(then->series.definition, change.table.schema());
    change.options.redefine = true;
  }
  return state_->commit_one(std::move(change), {.dry_run = options.dry_run});
}

Diff Lake::diff(std::string_view key, const AsOf& from, const std::optional<AsOf>& to,
                const DiffOptions& options) const {
  if (options.limit && *options.limit < 0)
    throw InvalidArgument("limit is {} and must not be negative", *options.limit);
  store::SeriesDiff found = state_->use(key).diff(key, {.from = to_version(key, from),
                                                        .to = to_version(key, to),
                                                        .rows_max = options.limit,
                                                        .on_progress = options.on_progress});
  return {.from_version = found.from,
          .to_version = found.to,
          .rows_added = found.rows_added,
          .rows_removed = found.rows_removed,
          .rows_changed = found.rows_changed,
          .added = std::move(found.added),
          .removed = std::move(found.removed),
          .before = std::move(found.before),
          .after = std::move(found.after),
          .columns_added = std::move(found.columns_added),
          .columns_dropped = std::move(found.columns_dropped),
          .columns_retyped = std::move(found.columns_retyped)};
}

int64_t Lake::make_snapshot(const std::string& name, const std::optional<std::vector<std::string>>& keys) {
  catalog::Catalog& catalog = state_->use_for_writing().catalog();
  if (name.empty()) throw InvalidArgument("a snapshot needs a name");
  std::vector<std::string> once = keys ? *keys : list_keys();
  std::sort(once.begin(), once.end());
  once.erase(std::unique(once.begin(), once.end()), once.end());
  return catalog.make_snapshot(name, once);
}

void Lake::remove_snapshot(const std::string& name) { state_->use_for_writing().catalog().remove_snapshot(name); }

std::vector<SnapshotInfo> Lake::snapshots() const {
  std::vector<SnapshotInfo> snapshots;
  for (catalog::SnapshotRow& row : state_->use().catalog().snapshots()) {
    snapshots.push_back({std::move(row.name), row.created, row.keys});
  }
  return snapshots;
}

std::vector<std::pair<std::string, int64_t>> Lake::snapshot(const std::string& name) const {
  std::vector<std::pair<std::string, int64_t>> versions;
  for (catalog::SnapshotVersion& row : state_->use().catalog().snapshot(name)) {
    versions.emplace_back(std::move(row.key), row.version);
  }
  return versions;
}

}  // namespace varve
