#include "varve/store/upkeep/rebuild/rebuild_catalog.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/key.h"
#include "varve/store/commit_files.h"
#include "varve/store/partition.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/store.h"
#include "varve/store/tree/layout.h"
#include "varve/store/upkeep/catalog_copies.h"
#include "varve/store/upkeep/put_aside.h"
#include "varve/store/upkeep/rebuild/adopted_files.h"
#include "varve/store/upkeep/rebuild/shown_series.h"
#include "varve/table/cast.h"

namespace varve::store {
namespace {

using catalog::Catalog;

using ShownSeries = std::vector<ShownFile>;

Schema schema_of(const ShownSeries& shown, const catalog::SeriesDefinition& definition) {
  Schema schema = with_float_prices(shown.front().object->schema, definition);
  for (const ShownFile& file : shown) {
    schema = table::unify(schema, with_float_prices(file.object->schema, definition));
  }
  return schema;
}

catalog::NewObject to_new_object(const ShownFile& file) {
  return {.id = file.object->id,
          .name = file.name,
          .rows = file.object->rows,
          .bytes = static_cast<int64_t>(file.object->status.size),
          .first = file.object->first,
          .last = file.object->last,
          .sha256 = file.object->sha256,
          .inline_bytes = nullptr,
          .modified = file.object->modified};
}

class CatalogRebuild {
 public:
  CatalogRebuild(Disk disk, const base::Clock& clock, const RebuildOptions& options)
      : disk_(std::move(disk)), clock_(clock), options_(options), meter_(options.upkeep) {}

  Rebuilt run() {
    const auto alone = disk_.lock(LakeLock::kMake, options_.lock_timeout);
    {
      const auto closed = disk_.try_lock(static_cast<uint64_t>(LakeLock::kOpen));
      if (!closed) throw ConcurrentWrite("the lake {} is open: close it first", disk_.root());
      disk_.make_folders();
      objects_ = find_objects_on_disk(disk_, options_.pool, meter_);
      shown_ = find_shown_series(disk_, objects_, meter_);
      report_.findings = std::exchange(shown_.findings, {});
      make_catalog();
      put_leftovers_aside();
      take_catalog();
    }
    open_once();
    return std::move(report_);
  }

 private:
  [[nodiscard]] base::FileSystem& files() const { return disk_.files(); }
  [[nodiscard]] std::string new_path() const { return disk_.catalog_path() + ".copy"; }

  void tell(std::string key, std::string file, std::string what) {
    report_.findings.push_back({.key = std::move(key), .file = std::move(file), .what = std::move(what)});
  }

  [[nodiscard]] std::string relative(const std::string& path) const { return path.substr(disk_.root().size() + 1); }

  void make_catalog() {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      if (files().exists(new_path() + suffix)) files().unlink(new_path() + suffix);
    }
    if (!take_copy()) Catalog::create(files(), new_path());
    catalog_ = Catalog::open(files(), new_path(), clock_);
    if (!report_.catalog_copy.empty()) {
      forget_what_is_gone();
      follow_renames();
      show_adopted();
    }
    for (const catalog::ObjectRow& object : catalog_->all_objects()) owners_[object.id] = object.series_id;
    std::erase_if(shown_.unnamed, [this](const UnnamedFile& file) {
      if (file.object != nullptr) visible_.insert(file.object->id);
      return file.object != nullptr && owners_.contains(file.object->id);  // the copy told of it
    });
    take_adopted_in(disk_, shown_, meter_);
    std::move(shown_.findings.begin(), shown_.findings.end(), std::back_inserter(report_.findings));
    std::set<std::string> keys;
    for (const auto& [key, shown] : shown_.series) keys.insert(key);
    for (const catalog::SeriesRow& series : catalog_->list_series({})) keys.insert(series.key);
    for (const std::string& key : keys) {
      meter_.add(0);
      const auto at = shown_.series.find(key);
      at == shown_.series.end() ? keep_or_end(key) : enter(key, at->second);
    }
    if (!report_.catalog_copy.empty()) forget_what_is_gone();  // of versions that were the newest till now
    std::vector<int64_t> all = catalog_->series_ids();
    catalog_->set_pending(all, base::make_uuid());  // whatever the tree shows is looked at once more
    catalog_->set_property("clean_mark", "");
    for (const catalog::ObjectRow& object : catalog_->all_objects()) named_.insert(object.id);
    for (const catalog::SeriesRow& series : catalog_->list_series({})) {
      ++report_.keys;
      report_.files += series.files;
      report_.rows += series.rows;
    }
    catalog_->close();
    if (files().exists(new_path() + "-wal")) throw Io("the log of {} cannot be merged", new_path());
  }

  // The newest copy of the lost catalog that is whole.
  bool take_copy() {
    for (const std::string& name : catalog_copies(disk_)) {
      const std::string path = base::join_path(disk_.catalog_copies_path(), name);
      try {
        catalog::CatalogOptions read_only;
        read_only.read_only = true;
        Catalog copy = Catalog::open(files(), path, clock_, read_only);
        if (!copy.check().empty()) throw Corruption("{} is damaged", path);
        copy.copy_to(new_path());
        report_.catalog_copy = relative(path);
        return true;
      } catch (const Error& error) {
        if (files().exists(new_path())) files().unlink(new_path());
        tell("", relative(path), std::string("cannot be used: ") + error.what());
      }
    }
    return false;
  }

  [[nodiscard]] bool is_there(const catalog::ObjectRow& object) {
    if (!object.stored) return true;  // its bytes are in the copy
    const std::string path = disk_.object_path(object.id);
    return files().exists(path) && files().status(path).size == static_cast<uint64_t>(object.bytes);
  }

  // Old versions whose files went after the copy was made.
  void forget_what_is_gone() {
    for (const int64_t id : catalog_->series_ids()) {
      std::set<int64_t> gone;
      const std::vector<catalog::VersionTime> versions = catalog_->version_times(id);
      for (const catalog::ObjectRow& object : catalog_->objects_between(id, "", "\xFF")) {
        if (is_there(object)) continue;
        for (const catalog::VersionTime& one : versions) {
          if (one.version >= object.added_version &&
              (!object.removed_version || one.version < *object.removed_version)) {
            gone.insert(one.version);
          }
        }
      }
      forget(id, {gone.begin(), gone.end()});
    }
  }

  void forget(int64_t series_id, const std::vector<int64_t>& versions) {
    std::vector<std::string> ids;
    for (const catalog::ObjectRow& object : catalog_->forget_versions(series_id, versions)) {
      ids.push_back(object.id);
      owners_.erase(object.id);
    }
    catalog_->forget_objects(ids);
  }

  // Adopted files say nothing of themselves. Those that the tree shows are what the copy says they are.
  void show_adopted() {
    for (const catalog::SeriesRow& series : catalog_->list_series({})) {
      const std::optional<Catalog::State> state = catalog_->state(series.key);
      ShownSeries adopted;
      for (const catalog::ObjectRow& object : state->objects) {
        if (object.modified && is_there(object) && is_shown(series.key, object))
          adopted.push_back(show(*state, object));
      }
      if (adopted.empty()) continue;
      ShownSeries& shown = shown_.series[series.key];
      const bool timed = !series.definition.index.empty();
      std::erase_if(adopted, [&](const ShownFile& one) {  // newer files have its rows
        return timed && std::any_of(shown.begin(), shown.end(), [&](const ShownFile& other) {
                 return one.object->first <= other.object->last && other.object->first <= one.object->last;
               });
      });
      shown.insert(shown.begin(), adopted.begin(), adopted.end());
    }
  }

  [[nodiscard]] bool is_shown(const std::string& key, const catalog::ObjectRow& object) const {
    const std::string path = base::join_path(disk_.root(), visible_path(key, object.name));
    if (!files().exists(path)) return false;
    const base::FileStatus visible = files().status(path);
    const base::FileStatus stored = files().status(disk_.object_path(object.id));
    return visible.device == stored.device && visible.inode == stored.inode;
  }

  ShownFile show(const Catalog::State& state, const catalog::ObjectRow& object) {
    auto found = std::make_unique<FoundObject>();
    found->id = object.id;
    found->path = disk_.object_path(object.id);
    found->status = files().status(found->path);
    found->facts = FileFacts{.key = state.series.key,
                             .definition = state.series.definition,
                             .version = object.added_version,
                             .schema_version = object.schema_version,
                             .commit_id = object.id.substr(0, object.id.find('-'))};
    found->schema = catalog_->schema(state.series.id, object.schema_version);
    found->rows = object.rows;
    found->first = object.first;
    found->last = object.last;
    found->sha256 = object.sha256;
    found->modified = object.modified;
    shown_.added.push_back(std::move(found));
    return {shown_.added.back().get(), object.name};
  }

  // Series of which the tree shows objects under one other key only have been renamed since the copy was made.
  void follow_renames() {
    std::map<std::string, std::pair<std::string, std::string>> known;  // key and name in the copy, by object
    for (const catalog::SeriesRow& series : catalog_->list_series({})) {
      const std::optional<Catalog::State> state = catalog_->state(series.key);
      for (const catalog::ObjectRow& object : state->objects) known[object.id] = {series.key, object.name};
    }
    std::set<std::string> stayed;
    std::map<std::string, std::string> new_keys;
    const auto look = [&](const std::string& owner, const std::string& key) {
      owner == key ? void(stayed.insert(key)) : void(new_keys.emplace(owner, key));
    };
    for (const auto& [key, shown] : shown_.series) {
      for (const ShownFile& file : shown) {
        if (const auto at = known.find(file.object->id); at != known.end()) look(at->second.first, key);
      }
    }
    for (const UnnamedFile& file : shown_.unnamed) {
      const auto at = file.object == nullptr ? known.end() : known.find(file.object->id);
      if (at == known.end()) continue;
      if (const auto key = key_that_shows(file.path, at->second.second)) look(at->second.first, *key);
    }
    std::set<std::string> taken = stayed;
    std::erase_if(new_keys,
                  [&](const auto& one) { return stayed.contains(one.first) || !taken.insert(one.second).second; });
    while (!new_keys.empty()) follow_rename(new_keys.begin()->first, new_keys);
  }

  // Under which key an object of this name is visible there.
  static std::optional<std::string> key_that_shows(const std::string& path, const std::string& name) {
    if (is_by_template(name) || !path.ends_with("/" + name)) return {};
    try {
      return catalog::path_to_key(path.substr(0, path.size() - name.size() - 1));
    } catch (const PathTraversal&) {
      return {};
    }
  }

  void follow_rename(const std::string& key, std::map<std::string, std::string>& new_keys) {
    const std::string from = key;
    const std::string to = new_keys.extract(from).mapped();
    const int64_t id = catalog_->find_series(from)->id;
    if (new_keys.contains(to)) follow_rename(to, new_keys);  // makes room
    std::optional<catalog::SeriesRow> there = catalog_->find_series(to);
    if (there && !there->deleted) {
      tell(to, "", "is another series than in the catalog's copy, whose versions of it are forgotten");
      end(to, there->version);
      there = catalog_->find_series(to);
    }
    const std::optional<catalog::SeriesRow> series = catalog_->find_series(from);
    if (series->id != id || series->deleted) return;  // it had to make room itself
    catalog_->commit({.id = base::make_uuid(),
                      .operation = "rename",
                      .changes = {{.key = from,
                                   .base_version = series->version,
                                   .new_key = to,
                                   .new_key_version = there ? there->version : 0}}});
    tell(to, "", "is what the catalog's copy has as series " + quote(from) + ": it was renamed since");
  }

  // A series of the copy that the tree does not show.
  void keep_or_end(const std::string& key) {
    const std::optional<Catalog::State> state = catalog_->state(key);
    const bool whole = std::all_of(state->objects.begin(), state->objects.end(),
                                   [this](const catalog::ObjectRow& object) { return is_there(object); });
    if (whole) {
      tell(key, "", "is shown by no file; it is kept as the catalog's copy has it, and may have been deleted since");
      return;
    }
    tell(key, "", "is shown by no file, and its files are gone: it counts as deleted");
    end(key, state->series.version);
  }

  void end(const std::string& key, int64_t version) {
    catalog_->commit({.id = base::make_uuid(),
                      .operation = std::string(kOperation),
                      .changes = {{.key = key, .base_version = version, .deletes = true}}});
    const int64_t id = catalog_->find_series(key)->id;
    std::vector<int64_t> gone;
    for (const catalog::VersionTime& one : catalog_->version_times(id)) gone.push_back(one.version);
    gone.pop_back();
    forget(id, gone);
  }

  // Makes the series what the tree shows.
  void enter(const std::string& key, const ShownSeries& shown) {
    const std::optional<Catalog::State> state = catalog_->state(key);
    if (state && shows(shown, state->objects)) return;
    if (state && clashes(*state, shown)) {
      tell(key, "", "its older versions in the catalog's copy do not go with its files, and are forgotten");
      end(key, state->series.version);
    }
    for (catalog::SeriesChange& change : steps_to(key, shown)) {
      if (const auto row = catalog_->find_series(key)) change.base_version = row->version;
      const int64_t id =
          catalog_->commit({.id = base::make_uuid(), .operation = std::string(kOperation), .changes = {change}})
              .front()
              .series_id;
      for (const catalog::NewObject& object : change.added) owners_[object.id] = id;
    }
  }

  // Rows without a time are in the order in which commits brought them: each file has one of its own.
  std::vector<catalog::SeriesChange> steps_to(const std::string& key, const ShownSeries& shown) {
    catalog::SeriesChange whole = change_to(key, shown);
    const bool timed = !shown.back().object->facts->definition.index.empty();
    if (timed || whole.added.size() < 2) return {std::move(whole)};
    std::map<std::string_view, int64_t> versions;
    for (const ShownFile& file : shown) versions[file.name] = file.object->facts->version;
    std::vector<catalog::NewObject> added = std::exchange(whole.added, {});
    std::vector<catalog::SeriesChange> steps;
    for (catalog::NewObject& object : added) {
      catalog::SeriesChange step{.key = key};
      if (steps.empty()) step = whole;
      step.least_version = versions.at(object.name);
      step.rows_added = object.rows;
      step.added = {std::move(object)};
      steps.push_back(std::move(step));
    }
    return steps;
  }

  static bool shows(const ShownSeries& shown, const std::vector<catalog::ObjectRow>& objects) {
    std::set<std::string> ids;
    for (const ShownFile& file : shown) ids.insert(file.object->id);
    return ids.size() == objects.size() &&
           std::all_of(objects.begin(), objects.end(), [&](const auto& object) { return ids.contains(object.id); });
  }

  // A new file has the id or the name of another one of the past.
  bool clashes(const Catalog::State& state, const ShownSeries& shown) {
    std::set<std::string> live;
    for (const catalog::ObjectRow& object : state.objects) live.insert(object.id);
    const auto known = catalog_->objects_between(state.series.id, "", "\xFF");
    return std::any_of(shown.begin(), shown.end(), [&](const ShownFile& file) {
      if (live.contains(file.object->id)) return false;
      return std::any_of(known.begin(), known.end(), [&](const catalog::ObjectRow& object) {
        return object.id == file.object->id || (object.name == file.name && !is_by_template(file.name));
      });
    });
  }

  // What files do not tell is as it was, or as it is where nothing was said.
  static catalog::SeriesDefinition definition_of(const ShownSeries& shown,
                                                 const std::optional<catalog::SeriesRow>& row) {
    catalog::SeriesDefinition definition = shown.back().object->facts->definition;
    for (const ShownFile& file : shown) take_price_scales(file.object->schema, definition);
    if (row) definition.compression = row->definition.compression;
    definition.target_rows_per_file = row ? row->definition.target_rows_per_file : kTargetRowsPerFile;
    return definition;
  }

  catalog::SeriesChange change_to(const std::string& key, const ShownSeries& shown) {
    const FileFacts& newest = *shown.back().object->facts;
    const std::optional<catalog::SeriesRow> row = catalog_->find_series(key);
    const std::optional<Catalog::State> state = catalog_->state(key);
    catalog::SeriesChange change{.key = key, .base_version = row ? row->version : 0};
    change.least_version = newest.version;
    const catalog::SeriesDefinition definition = definition_of(shown, row);
    if (!state || state->series.definition != definition) change.define = definition;
    const Schema schema = schema_of(shown, definition);
    if (!state || state->schema != schema) change.schema = schema;
    std::set<std::string> live;
    for (const ShownFile& file : shown) live.insert(file.object->id);
    if (state) {
      for (const catalog::ObjectRow& object : state->objects) {
        if (live.erase(object.id) == 0) change.removed.push_back(object.id);
      }
    }
    for (const ShownFile& file : shown) {
      if (!live.contains(file.object->id)) continue;
      change.added.push_back(to_new_object(file));
      if (const auto owner = owners_.find(file.object->id);
          owner != owners_.end() && (!row || owner->second != row->id)) {
        change.added.back().id = base::make_uuid() + "-0";
        add_object(disk_, file.object->path, change.added.back().id);
      }
      change.rows_added += file.object->rows;
      if (row && is_by_template(file.name)) change.added.back().name = free_name(row->id, file.name);
    }
    return change;
  }

  // What a path template has in one place is told apart by numbers.
  std::string free_name(int64_t series_id, const std::string& place) {
    std::string name = place;
    for (int number = 2; !catalog_->objects_named(series_id, std::span(&name, 1)).empty(); ++number) {
      name = place + "?" + std::to_string(number);
    }
    return name;
  }

  // Nothing of it belongs to the new catalog, and recovery must not take it for its own.
  void put_leftovers_aside() {
    for (const FoundObject& object : objects_) {
      if (named_.contains(object.id)) continue;
      const std::string where = put(object.path, object.id);
      if (!object.facts) {
        if (object.problem.empty() && !visible_.contains(object.id)) {
          tell("", where, "was adopted, and is part of no version that is known");
        }
        continue;
      }
      tell(object.facts->key, where,
           format_message("is part of no version that is known: {} rows, written for version {}{}",
                          {object.rows, object.facts->version, range_text(object)}));
    }
    for (const std::string& id : files().list(disk_.staging_path())) {
      const std::string path = base::join_path(disk_.staging_path(), id);
      if (files().list(path).empty()) {
        files().remove_directory(path);
      } else {
        put(path, "staging-" + id);
      }
    }
  }

  static std::string range_text(const FoundObject& object) {
    if (object.facts->definition.index.empty()) return {};
    return ", from " + to_string(object.first) + " to " + to_string(object.last);
  }

  std::string put(const std::string& path, const std::string& name) {
    ++report_.put_aside;
    return put_aside(disk_, path, name);
  }

  void take_catalog() {
    for (const char* suffix : {"-shm", "-wal", ""}) {
      const std::string old = disk_.catalog_path() + suffix;
      if (files().exists(old)) put(old, "catalog.sqlite" + std::string(suffix));
    }
    files().rename(new_path(), disk_.catalog_path());
    files().sync_directory(disk_.engine_path());
  }

  void open_once() {
    StoreOptions options;
    options.create = false;
    options.lock_timeout = options_.lock_timeout;
    options.publish_delay = Duration{0};
    options.log = options_.log;
    options.pool = options_.pool;
    Store::open(files(), clock_, disk_.root(), options).close();
  }

  static constexpr std::string_view kOperation = "rebuild-catalog";

  const Disk disk_;
  const base::Clock& clock_;
  const RebuildOptions& options_;
  Meter meter_;
  Rebuilt report_;
  std::vector<FoundObject> objects_;
  ShownTree shown_;                        // by key
  std::optional<Catalog> catalog_;         // the new one, under another name
  std::map<std::string, int64_t> owners_;  // series of the objects that it knows, while it is filled
  std::set<std::string> visible_;          // adopted objects that the tree shows
  std::set<std::string> named_;            // those in the end
};

}  // namespace

Rebuilt rebuild_catalog(base::FileSystem& files, const base::Clock& clock, const std::string& root,
                        const RebuildOptions& options) {
  Disk disk(files, root);
  if (!files.exists(disk.objects_path())) {
    if (!files.exists(disk.engine_path()) && !shows_series(disk)) {
      throw NotFound(
          "there is no lake at {}, nor a file of one where it belongs; if it was one whose series were renamed, make "
          "an "
          "empty folder {} in it first",
          root, kEngineFolder);
    }
    base::make_directories(files, disk.engine_path());
    files.sync_directory(root);
  }
  if (disk.holds_lake() && !options.replace) {
    throw AlreadyExists("the lake {} has a catalog: say that it is to be replaced", root);
  }
  return CatalogRebuild(std::move(disk), clock, options).run();
}

}  // namespace varve::store
