#include "varve/store/upkeep/repair.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/catalog/key.h"
#include "varve/catalog/registry.h"
#include "varve/store/publish.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/place.h"
#include "varve/store/tree/tree_faults.h"
#include "varve/store/upkeep/intact_bytes.h"
#include "varve/store/upkeep/object_bytes.h"
#include "varve/store/upkeep/put_aside.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

class SeriesRepair {
 public:
  SeriesRepair(Engine& engine, catalog::SeriesRow series, OtherLake* backup, Repaired& report, Meter& meter)
      : engine_(engine), series_(std::move(series)), backup_(backup), report_(report), meter_(meter) {}

  void run() {
    const std::array<std::string, 1> keys = {series_.key};
    const auto lock = engine_.disk().lock_keys(keys, engine_.lock_timeout());
    std::optional<catalog::SeriesRow> now = engine_.catalog().find_series(series_.key);
    if (!now) return;
    series_ = std::move(*now);
    ++report_.keys;
    std::vector<ObjectRow> lost = mend_objects();
    remove_lost(lost);
    for (const ObjectRow& object : lost) put_bytes_aside(object);
    repair_tree();
  }

  void repair_tree() {
    try {
      const auto lock = engine_.disk().lock(LakeLock::kPublish, engine_.lock_timeout());
      put_changed_files_aside();
    } catch (const PathTraversal& error) {
      add(catalog::key_to_path(series_.key), RepairOutcome::kLeft, error.what());
      return;
    }
    std::set<std::string> missing = missing_files();
    if (missing.empty() && !stale_) return;
    engine_.tree_changes().forget(series_.id);
    const std::string commit_id = base::make_uuid();  // no commit has it: only this publication clears the flag
    engine_.catalog().set_pending(series_.id, commit_id);
    publish(engine_, {.series_id = series_.id, .key = series_.key, .commit_id = commit_id});
    for (const std::string& file : missing_files()) {
      missing.erase(file);
      add(file, RepairOutcome::kLeft, "cannot be brought into the visible tree: something is in its place");
    }
    for (const std::string& file : left_) {
      if (missing.contains(file)) continue;
      add(file, RepairOutcome::kPublished, "was visible and is not part of the series any more");
    }
    for (const std::string& file : missing) {
      if (!changed_.contains(file)) add(file, RepairOutcome::kPublished, "was not in the visible tree");
    }
  }

 private:
  Repair& add(std::string file, RepairOutcome outcome, std::string what) {
    report_.repairs.push_back(
        {.key = series_.key, .file = std::move(file), .outcome = outcome, .what = std::move(what)});
    return report_.repairs.back();
  }

  // Returns those for which there are no bytes.
  std::vector<ObjectRow> mend_objects() {
    const std::vector<ObjectRow> objects = needed_objects(engine_, series_.id);
    std::vector<std::string> damage(objects.size());
    base::parallel_for(engine_.pool(), objects.size(), [&](size_t at) { damage[at] = describe_damage(objects[at]); });
    report_.files += static_cast<int64_t>(objects.size());
    std::vector<ObjectRow> lost;
    for (size_t at = 0; at < objects.size(); ++at) {
      const ObjectRow& object = objects[at];
      if (damage[at].empty()) continue;
      const auto bytes = find_intact_bytes(engine_, {series_, object}, backup_, meter_);
      if (bytes) {
        put_bytes_aside(object);
        install(object, *bytes->file);
        add(visible_name(series_.key, object), RepairOutcome::kMended, damage[at] + "; mended from " + bytes->source);
      } else {
        report_lost(object, damage[at]);
        lost.push_back(object);
      }
    }
    return lost;
  }

  std::string describe_damage(const ObjectRow& object) {
    try {
      return find_damage(engine_, object, meter_);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      return error.what();
    }
  }

  void report_lost(const ObjectRow& object, const std::string& damage) {
    const bool live = !object.removed_version;
    std::string what = damage;
    if (!live) {
      what += "; its rows are missing from " + old_versions_of(object);
    } else if (const int64_t version = older_version_with_rows(object); version > 0) {
      what += format_message("; version {} still has rows of this range", {version});
    }
    Repair& repair =
        add(visible_name(series_.key, object), live ? RepairOutcome::kLost : RepairOutcome::kLostOld, std::move(what));
    repair.rows = object.rows;
    if (series_.definition.index.empty()) return;
    repair.first = object.first;
    repair.last = object.last;
  }

  // The newest one before the object came, if it had rows where the object has its own.
  int64_t older_version_with_rows(const ObjectRow& object) {
    int64_t newest = 0;
    for (const catalog::VersionTime& one : engine_.catalog().version_times(series_.id)) {
      if (one.version < object.added_version) newest = one.version;
    }
    if (newest == 0) return 0;
    const auto state = engine_.catalog().state(series_.key, newest, object.first, object.last);
    return state && !state->objects.empty() ? newest : 0;
  }

  // A new version without them. Their rows count as never received.
  void remove_lost(const std::vector<ObjectRow>& lost) {
    catalog::SeriesChange change{.key = series_.key, .base_version = series_.version};
    for (const ObjectRow& object : lost) {
      if (object.removed_version) continue;
      change.removed.push_back(object.id);
      change.rows_removed += object.rows;
      change.sources.emptied.push_back({object.first, object.last});
      if (series_.definition.index.empty() || object.last == Timestamp::max()) continue;
      change.annotations.coverage.forgotten.push_back({object.first, object.last + Duration{1}});
    }
    if (change.removed.empty()) return;
    engine_.catalog().commit({.id = base::make_uuid(), .operation = "repair", .changes = {change}});
    stale_ = true;
  }

  void put_bytes_aside(const ObjectRow& object) {
    const std::string path = engine_.disk().object_path(object.id);
    if (engine_.files().exists(path)) put_aside(engine_.disk(), path, object.id);
  }

  void install(const ObjectRow& object, const base::File& bytes) {
    const std::string staged = base::join_path(engine_.staging(), object.id);
    if (engine_.files().exists(staged)) engine_.files().unlink(staged);
    const std::unique_ptr<base::File> file = engine_.files().open(staged, base::OpenMode::kWriteNew);
    file->append(bytes.map()->bytes());
    file->sync();
    file->close();
    const base::FileStatus status = engine_.files().status(staged);
    engine_.files().rename(staged, engine_.disk().object_path(object.id));
    engine_.files().sync_directory(engine_.disk().object_directory(object.id));
    const std::array whole = {catalog::WholeObject{object.id, status.modified_nanoseconds}};
    catalog::Registry(engine_.catalog()).mark_verified(whole);
  }

  // Files under names of the series' own that are not its files. What is to be published still is no fault.
  void put_changed_files_aside() {
    const std::optional<catalog::Catalog::State> state = engine_.catalog().state(series_.key);
    const bool is_due = find_pending(engine_, series_.id).has_value();
    for (const TreeFault& fault :
         find_tree_faults(engine_, series_, state ? state->objects : std::vector<ObjectRow>())) {
      if (fault.kind == TreeFaultKind::kMissing) continue;
      if (fault.kind != TreeFaultKind::kLeft) {
        put_aside_if_file(fault);
      } else {
        stale_ = true;
        if (!is_due) left_.insert(fault.file);
      }
    }
  }

  // A directory of somebody's stays.
  void put_aside_if_file(const TreeFault& fault) {
    const std::string path = base::join_path(engine_.disk().root(), fault.file);
    if (engine_.files().status(path).type == base::FileType::kDirectory) return;
    stale_ = true;
    changed_.insert(fault.file);
    const std::string where = put_aside(engine_.disk(), path, fault.object_id + "-visible");
    add(fault.file, RepairOutcome::kPublished, "the visible file was changed from outside: it is now " + where);
  }

  // Live ones that the tree does not show.
  std::set<std::string> missing_files() {
    std::set<std::string> missing;
    const std::optional<catalog::Catalog::State> state = engine_.catalog().state(series_.key);
    if (!state) return missing;
    for (const ObjectRow& object : state->objects) {
      if (!object.stored) continue;
      const std::string file = visible_name(series_.key, object);
      const std::string path = base::join_path(engine_.disk().root(), file);
      if (!engine_.files().exists(path) || !is_same_file(engine_, path, object)) missing.insert(file);
    }
    return missing;
  }

  Engine& engine_;
  catalog::SeriesRow series_;
  OtherLake* const backup_;
  Repaired& report_;
  Meter& meter_;
  bool stale_ = false;             // the tree shows what it should not
  std::set<std::string> changed_;  // visible files that were put aside
  std::set<std::string> left_;     // visible files of older versions
};

}  // namespace

Repaired repair(Engine& engine, std::string_view key, const RepairOptions& options) {
  if (engine.read_only()) throw ReadOnly("the lake {} is open for reading only", engine.disk().root());
  engine.disk().make_folders();
  std::optional<OtherLake> backup;
  if (!options.from_backup.empty()) backup = OtherLake::open(engine, options.from_backup);
  std::vector<std::string> keys;
  if (!key.empty()) {
    if (!engine.catalog().find_series(key)) throw NotFound("no series {}", quote(key));
    keys.emplace_back(key);
  } else {
    for (const int64_t id : engine.catalog().series_ids()) keys.push_back(engine.catalog().key_of(id));
  }
  Repaired report;
  Meter meter(options.upkeep);
  for (const std::string& one : keys) {
    std::optional<catalog::SeriesRow> series = engine.catalog().find_series(one);
    if (!series) continue;
    meter.expect(series->bytes);
    SeriesRepair(engine, std::move(*series), backup ? &*backup : nullptr, report, meter).run();
  }
  if (!key.empty()) return report;
  for (std::string& line : engine.catalog().check()) {
    report.repairs.push_back({.key = {},
                              .file = ".varve/catalog.sqlite",
                              .outcome = RepairOutcome::kLeft,
                              .what = std::move(line) + ": see `varve rebuild-catalog`"});
  }
  return report;
}

Repaired mend_tree(Engine& engine) {
  Repaired report;
  const UpkeepOptions nothing;
  Meter meter(nothing);
  for (const catalog::SeriesRow& series : engine.catalog().list_series({})) {
    try {
      SeriesRepair(engine, series, nullptr, report, meter).repair_tree();
    } catch (const Error& error) {  // of a file that is not there, say
      engine.warn("cannot mend what is visible of " + quote(series.key) + ": " + error.what());
    }
  }
  return report;
}

}  // namespace varve::store
