#include "varve/store/upkeep/backup.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/catalog/registry.h"
#include "varve/store/commit_files.h"
#include "varve/store/store.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
#include "varve/store/upkeep/object_bytes.h"

namespace varve::store {
namespace {

using base::join_path;
using catalog::Catalog;
using catalog::ObjectRow;

constexpr std::string_view kLakeId = "lake_id";          // the same in a lake and its backups
constexpr std::string_view kCopiedUpTo = "copied_upto";  // in a backup: the newest commit of the lake when it was made
constexpr std::string_view kNothing = "nothing";         // there was none
// What the backups of a lake have as kCopiedUpTo, newest last, each with a space behind it. The commits themselves may
// be forgotten, and a lake that went another way since knows only older ones. Not noted by who could only read the
// lake.
constexpr std::string_view kBackedUpTo = "backed_up_to";
constexpr int64_t kBackedUpToMax = 1000;

std::string newest_commit(Catalog& catalog) {
  const std::optional<catalog::CommitRow> commit = catalog.newest_commit();
  return commit ? commit->id : std::string(kNothing);
}

bool is_noted(Catalog& catalog, const std::string& commit) {
  return catalog.property(kBackedUpTo).find(commit + " ") != std::string::npos;
}

// Takes note that there is a backup of the lake with this newest commit.
void note_backup(Catalog& catalog, const std::string& commit) {
  if (is_noted(catalog, commit)) return;
  std::string noted = catalog.property(kBackedUpTo) + commit + " ";
  if (std::count(noted.begin(), noted.end(), ' ') > kBackedUpToMax) noted.erase(0, noted.find(' ') + 1);
  catalog.set_property(kBackedUpTo, noted);
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// Key and version of each series, deleted ones too, by id.
using Versions = std::map<int64_t, std::pair<std::string, int64_t>>;
Versions versions_of(Catalog& catalog) {
  Versions versions;
  for (const int64_t id : catalog.series_ids()) {
    const std::string key = catalog.key_of(id);
    const std::optional<catalog::SeriesRow> series = catalog.find_series(key);
    if (series) versions[id] = {key, series->version};
  }
  return versions;
}

std::set<std::string> object_ids(const std::vector<ObjectRow>& objects) {
  std::set<std::string> ids;
  for (const ObjectRow& object : objects) ids.insert(object.id);
  return ids;
}

class Backup {
 public:
  Backup(Engine& engine, std::string to, bool restores, const UpkeepOptions& options)
      : engine_(engine), target_(engine.files(), std::move(to)), restores_(restores), meter_(options) {}

  BackupReport run() {
    claim_target();
    const auto alone = target_.lock(LakeLock::kMake, engine_.lock_timeout());
    {
      const auto closed = lock_closed();
      target_.make_folders();
      check_not_changed();
      while (!copy_state()) {}
      prepare_catalog();
      if (!engine_.read_only()) note_backup(engine_.catalog(), copied_up_to_);
      take_catalog();
      remove_leftovers();
      if (restores_) release_target();
    }
    publish_target();
    return std::move(report_);
  }

 private:
  [[nodiscard]] base::FileSystem& files() const { return engine_.files(); }
  [[nodiscard]] std::string marker_path() const { return target_.engine_path() + "/backup"; }
  [[nodiscard]] std::string copy_path() const { return target_.catalog_path() + ".copy"; }
  [[nodiscard]] std::string staging_path() const { return join_path(target_.staging_path(), "backup"); }

  // From then on the directory says what it is, so that an attempt that was cut short can be taken up again.
  void claim_target() {
    const std::string& to = target_.root();
    const std::string& root = engine_.disk().root();
    if (lies_in(to, root) || lies_in(root, to)) throw InvalidArgument("{} and the lake {} lie in each other", to, root);
    if (files().exists(to) && !target_.is_directory(to)) throw InvalidArgument("{} is not a directory", to);
    std::string lake_id = engine_.catalog().property(kLakeId);
    if (lake_id.empty() && !engine_.read_only()) {
      lake_id = base::make_uuid();
      engine_.catalog().set_property(kLakeId, lake_id);
    }
    if (lake_id.empty() && !restores_) {  // later backups would not know this one
      throw ReadOnly(
          "the lake {} gets an id with its first backup, and can only be read: make that where it can be "
          "written, or restore-lake a copy of it",
          root);
    }
    if (files().exists(marker_path())) {
      const std::vector<std::byte> text = base::read_file(files(), marker_path());
      const std::string found(reinterpret_cast<const char*>(text.data()), text.size());
      if (found != lake_id) throw AlreadyExists("{} holds a backup of another lake", to);
      return;
    }
    if (files().exists(to) && !holds_only_engine_folder()) {
      throw AlreadyExists("{} is not empty, and holds no backup of this lake", to);
    }
    base::make_directories(files(), target_.engine_path());
    base::write_whole_file(files(), marker_path(),
                           [&](base::File& file) { file.append(std::as_bytes(std::span(lake_id))); });
  }

  // Nothing at all, or the beginning of a backup before it said so.
  [[nodiscard]] bool holds_only_engine_folder() const {
    for (const std::string& name : files().list(target_.root())) {
      if (name != kEngineFolder) return false;
      for (const std::string& inner : files().list(target_.engine_path())) {
        if (!inner.starts_with("backup.")) return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::unique_ptr<base::FileLock> lock_closed() const {
    auto lock = target_.try_lock(static_cast<uint64_t>(LakeLock::kOpen));
    if (!lock) throw ConcurrentWrite("the backup {} is open: close it first", target_.root());
    return lock;
  }

  void check_not_changed() {
    if (!target_.holds_lake()) return;
    Catalog there = Catalog::open(files(), target_.catalog_path(), engine_.clock());
    was_up_to_ = newest_commit(there);
    if (was_up_to_ != there.property(kCopiedUpTo)) {
      throw AlreadyExists("{} was written to since it was made a backup: it is a lake of its own", target_.root());
    }
    if (!is_in_past(there)) {
      throw AlreadyExists(
          "{} holds commits that the lake {} does not have, up to {}: another copy of the lake was backed up there, or "
          "this one is older. Back up to another directory, so that nothing is lost",
          target_.root(), engine_.disk().root(), was_up_to_);
    }
    old_versions_ = versions_of(there);
    for (const catalog::PendingPublication& due : there.pending_publications()) old_versions_.erase(due.series_id);
    there.close();
  }

  // The lake was once what the backup is. Where neither it nor the backup has a note of that, the newest versions tell,
  // as far as they are not forgotten.
  [[nodiscard]] bool is_in_past(Catalog& there) {
    Catalog& here = engine_.catalog();
    if (was_up_to_ == kNothing || here.find_commit(was_up_to_) || is_noted(here, was_up_to_)) return true;
    if (is_noted(there, was_up_to_)) return false;
    const std::optional<catalog::CommitRow> newest = here.newest_commit();
    if (!newest || newest->sequence < there.newest_commit()->sequence) return false;
    const std::vector<int64_t> ids = there.series_ids();
    return std::all_of(ids.begin(), ids.end(), [&](int64_t id) {
      const catalog::VersionRow version = there.versions(id).back();
      const std::vector<catalog::VersionRow> versions = here.versions(id);
      return !versions.empty() && versions.back().version >= version.version &&
             std::none_of(versions.begin(), versions.end(), [&](const catalog::VersionRow& one) {
               return one.version == version.version && one.commit_id != version.commit_id;
             });
    });
  }

  // The catalog first, then what it names. False if a file went meanwhile that no version needs any more.
  bool copy_state() {
    remove_catalog_copy();
    engine_.catalog().copy_to(copy_path());
    Catalog copy = Catalog::open(files(), copy_path(), engine_.clock());
    objects_ = copy.all_objects();
    report_.files = static_cast<int64_t>(objects_.size());
    report_.bytes = 0;
    report_.damaged.clear();
    for (const ObjectRow& object : objects_) report_.bytes += object.bytes;
    report_.keys = static_cast<int64_t>(copy.list_series({}).size());
    copy.close();
    meter_.expect(report_.bytes);
    for (const ObjectRow& object : objects_) {
      if (!object.stored || has(object)) {
        meter_.add(object.bytes);
      } else if (!copy_object(object)) {
        return false;
      }
    }
    for (const std::string& directory : touched_) files().sync_directory(directory);
    return true;
  }

  void remove_catalog_copy() {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      if (files().exists(copy_path() + suffix)) files().unlink(copy_path() + suffix);
    }
  }

  [[nodiscard]] bool has(const ObjectRow& object) const {
    const std::string path = target_.object_path(object.id);
    return files().exists(path) && files().status(path).size == static_cast<uint64_t>(object.bytes);
  }

  bool copy_object(const ObjectRow& object) {
    std::unique_ptr<base::File> from;
    try {
      from = files().open(engine_.disk().object_path(object.id), base::OpenMode::kRead);
    } catch (const NotFound&) {
      if (!is_needed(object)) return false;
      report_.damaged.push_back(object.id);
      return true;
    }
    if (!files().exists(staging_path())) files().make_directory(staging_path());
    const std::string staged = join_path(staging_path(), object.id);
    if (files().exists(staged)) files().unlink(staged);
    if (!copy_bytes(*from, staged, object)) {
      files().unlink(staged);
      report_.damaged.push_back(object.id);
      return true;
    }
    files().rename(staged, target_.object_path(object.id));
    touched_.insert(target_.object_directory(object.id));
    copied_.push_back({object.id});
    ++report_.files_copied;
    report_.bytes_copied += object.bytes;
    return true;
  }

  [[nodiscard]] bool is_needed(const ObjectRow& object) {
    const std::vector<ObjectRow> needed = needed_objects(engine_, object.series_id);
    return std::any_of(needed.begin(), needed.end(), [&](const ObjectRow& one) { return one.id == object.id; });
  }

  // False if they are not what was committed.
  bool copy_bytes(const base::File& from, const std::string& to, const ObjectRow& object) {
    constexpr uint64_t kPiece = uint64_t{1} << 20;
    const std::unique_ptr<base::File> file = files().open(to, base::OpenMode::kWriteNew);
    const auto size = static_cast<uint64_t>(object.bytes);
    if (from.size() != size) return false;
    base::Sha256 digest;
    std::vector<std::byte> piece;
    for (uint64_t at = 0; at < size; at += piece.size()) {
      piece.resize(static_cast<size_t>(std::min(kPiece, size - at)));
      from.read_at(at, piece);
      digest.update(piece);
      file->append(piece);
      meter_.add(static_cast<int64_t>(piece.size()));
    }
    if (base::to_hex(digest.finish()) != object.sha256) return false;
    file->sync();
    file->close();
    return true;
  }

  // What differs from the tree that the copy shows now is to be published when it is opened.
  void prepare_catalog() {
    Catalog copy = Catalog::open(files(), copy_path(), engine_.clock());
    const auto versions = versions_of(copy);
    std::vector<int64_t> changed;
    for (const auto& [id, version] : versions) {
      const auto at = old_versions_.find(id);
      if (at == old_versions_.end() || at->second != version) changed.push_back(id);
    }
    copy.set_pending(changed, base::make_uuid());
    catalog::Registry(copy).mark_verified(copied_);  // just now
    catalog::Registry(copy).forget_owners();
    copy.set_property("clean_mark", "");
    copied_up_to_ = newest_commit(copy);
    copy.set_property(kCopiedUpTo, copied_up_to_);
    if (!engine_.read_only()) note_backup(copy, copied_up_to_);  // for lakes that are made of it
    copy.close();
    if (files().exists(copy_path() + "-wal")) throw Io("the log of {} cannot be merged", copy_path());
    if (target_.holds_lake()) hide(changed, versions);
  }

  // Links to files that the new catalog does not know, or knows under another key, would be nobody's: they go while the
  // old one still knows them.
  void hide(const std::vector<int64_t>& changed, const Versions& versions) {
    Engine there(target_, Catalog::open(files(), target_.catalog_path(), engine_.clock()),
                 {.read_only = true, .lock_timeout = engine_.lock_timeout(), .clock = &engine_.clock()});
    const std::set<std::string> known = object_ids(objects_);
    std::vector<int64_t> hidden;
    for (const int64_t id : changed) {
      const std::vector<ObjectRow> old = there.catalog().objects_between(id, "", "\xFF");
      const std::string key = there.catalog().key_of(id);
      if (key.empty()) continue;
      if (key != versions.at(id).first ||
          std::any_of(old.begin(), old.end(), [&](const auto& object) { return !known.contains(object.id); })) {
        hidden.push_back(id);
      }
    }
    there.catalog().set_pending(hidden, base::make_uuid());
    std::set<std::string> directories;
    for (const int64_t id : hidden) {
      const std::string key = there.catalog().key_of(id);
      for (const ObjectRow& object : there.catalog().objects_between(id, "", "\xFF")) {
        const std::string path = join_path(target_.root(), visible_path(key, object.name));
        if (!files().exists(path) || !is_same_file(there, path, object)) continue;
        files().unlink(path);
        directories.insert(base::parent_path(path));
      }
    }
    target_.settle(directories);
    there.close();
  }

  void take_catalog() {
    if (target_.holds_lake()) {
      Catalog::open(files(), target_.catalog_path(), engine_.clock()).close();  // its log is merged
      const std::string log = target_.catalog_path() + "-wal";
      if (files().exists(log)) throw Io("the log {} cannot be merged", log);
    }
    files().rename(copy_path(), target_.catalog_path());
    files().sync_directory(target_.engine_path());
  }

  // Objects that the catalog does not name: of versions that are forgotten, or of attempts that were cut short.
  void remove_leftovers() {
    const std::set<std::string> known = object_ids(objects_);
    for (const std::string& folder : files().list(target_.objects_path())) {
      const std::string directory = join_path(target_.objects_path(), folder);
      for (const std::string& name : files().list(directory)) {
        if (!is_object_id(name) || known.contains(name)) continue;
        files().unlink(join_path(directory, name));
        ++report_.files_removed;
      }
    }
  }

  void release_target() {
    Catalog catalog = Catalog::open(files(), target_.catalog_path(), engine_.clock());
    catalog.set_property(kCopiedUpTo, "");
    catalog.close();
    files().unlink(marker_path());
    files().sync_directory(target_.engine_path());
  }

  // To open it publishes what changed; what somebody did to the rest of the tree is mended.
  void publish_target() {
    StoreOptions options;
    options.create = false;
    options.lock_timeout = engine_.lock_timeout();
    options.publish_delay = Duration{0};
    options.log = [this](base::LogLevel, std::string_view line) {
      engine_.warn(target_.root() + ": " + std::string(line));
    };
    options.pool = engine_.pool();
    Store store = Store::open(files(), engine_.clock(), target_.root(), options);
    if (!store.read_only()) store.mend_tree();
    store.close();
  }

  Engine& engine_;
  const Disk target_;
  std::string was_up_to_ = std::string(kNothing);  // newest commits of the backup: as it was, and will be
  std::string copied_up_to_;
  const bool restores_;
  Meter meter_;
  BackupReport report_;
  std::vector<ObjectRow> objects_;            // of the copied catalog
  Versions old_versions_;                     // that the copy shows, by series
  std::vector<catalog::WholeObject> copied_;  // this time
  std::set<std::string> touched_;             // directories of objects
};

}  // namespace

BackupReport back_up(Engine& engine, const std::string& to, const UpkeepOptions& options) {
  return Backup(engine, to, false, options).run();
}

BackupReport restore_lake(base::FileSystem& files, const base::Clock& clock, const RestoreOptions& options) {
  const Disk disk(files, options.from);
  if (!disk.holds_lake()) throw NotFound("there is no lake at {}", options.from);
  catalog::CatalogOptions catalog_options;
  catalog_options.read_only = true;
  catalog_options.log = options.log;
  Engine engine(disk, Catalog::open(files, disk.catalog_path(), clock, catalog_options),
                {.read_only = true,
                 .lock_timeout = options.lock_timeout,
                 .log = options.log,
                 .pool = options.pool,
                 .clock = &clock});
  BackupReport report = Backup(engine, options.to, true, options.upkeep).run();
  engine.close();
  return report;
}

}  // namespace varve::store
