#include "varve/store/upkeep/doctor.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/catalog/tables.h"
#include "varve/store/upkeep/catalog_copies.h"
#include "varve/store/upkeep/retention.h"

namespace varve::store {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kLogBytesMax = 64 * kMiB;
constexpr uint64_t kSpaceLittle = 1024 * kMiB;
constexpr uint64_t kSpaceNone = 64 * kMiB;

std::string mebibytes(uint64_t bytes) {
  const uint64_t tenths = bytes / (kMiB / 10);
  return format_message("{}.{} MiB", {tenths / 10, tenths % 10});
}

class Doctor {
 public:
  explicit Doctor(Engine& engine) : engine_(engine), disk_(engine.disk()) {}

  std::vector<Symptom> run() {
    look("hard links", [this] { return hard_links(); });
    look("exchange of directories", [this] { return exchange(); });
    look("free space", [this] { return free_space(); });
    look("permissions", [this] { return permissions(); });
    look("clock", [this] { return clock(); });
    look("catalog", [this] { return catalog_file(); });
    look("catalog log", [this] { return catalog_log(); });
    look("catalog copies", [this] { return copies(); });
    look("data files", [this] { return data_files(); });
    look("publication", [this] { return publication(); });
    look("staging", [this] { return staging(); });
    look("locks", [this] { return locks(); });
    look("retention", [this] { return Symptom{.what = describe(retention_policy(engine_.catalog()))}; });
    look("quarantine", [this] { return quarantine(); });
    look("SQLite", [] { return Symptom{.what = catalog::sqlite_version()}; });
    return std::move(symptoms_);
  }

 private:
  void look(std::string subject, const std::function<Symptom()>& examine) {
    Symptom symptom;
    try {
      symptom = examine();
    } catch (const Error& error) {
      symptom = {.health = Health::kFail, .what = error.what(), .advice = "mend this first, and look again"};
    }
    symptom.subject = std::move(subject);
    symptoms_.push_back(std::move(symptom));
  }

  [[nodiscard]] base::FileSystem& files() const { return engine_.files(); }

  static Symptom not_tried() { return {.what = "not tried: the lake is open for reading"}; }

  Symptom hard_links() {
    if (engine_.read_only()) return not_tried();
    const std::string file = base::join_path(engine_.staging(), base::make_uuid());
    const std::string link = file + "-link";
    files().open(file, base::OpenMode::kWriteNew)->close();
    Symptom symptom{.what = "there are: the visible tree takes no space"};
    try {
      files().link(file, link);
      files().unlink(link);
    } catch (const NotSupported&) {
      symptom = {.health = Health::kWarn,
                 .what = "there are none: visible files are copies and take their space twice",
                 .advice = "move the lake to a file system with hard links (ext4, XFS, Btrfs, ZFS)"};
    }
    files().unlink(file);
    return symptom;
  }

  Symptom exchange() {
    if (engine_.read_only()) return not_tried();
    const std::string left = base::join_path(engine_.staging(), base::make_uuid());
    const std::string right = left + "-right";
    files().make_directory(left);
    files().make_directory(right);
    Symptom symptom{.what = "possible: a listing sees one version of a series or the next"};
    try {
      files().exchange(left, right);
    } catch (const NotSupported&) {
      symptom = {.health = Health::kWarn,
                 .what = "not possible: a listing may for a moment miss files of a series that is being published",
                 .advice = "read through Varve, or move the lake to ext4, XFS or Btrfs"};
    }
    files().remove_directory(left);
    files().remove_directory(right);
    return symptom;
  }

  Symptom free_space() {
    std::error_code failed;
    const std::filesystem::space_info space = std::filesystem::space(disk_.root(), failed);
    if (failed) return {.health = Health::kWarn, .what = "cannot be told: " + failed.message()};
    Symptom symptom{.what = mebibytes(space.available) + " of " + mebibytes(space.capacity)};
    if (space.available < kSpaceLittle) {
      symptom.health = space.available < kSpaceNone ? Health::kFail : Health::kWarn;
      symptom.advice = "make room: `varve stats` says what `varve vacuum` would free";
    }
    return symptom;
  }

  // Whoever may write to the directory should find a lake that can be written.
  Symptom permissions() {
    using std::filesystem::perms;
    constexpr perms kOthers = perms::group_write | perms::others_write;
    std::error_code failed;
    const perms root = std::filesystem::status(disk_.root(), failed).permissions() & kOthers;
    std::string narrower;
    for (const std::string& path : {disk_.engine_path(), disk_.catalog_path(), disk_.engine_path() + "/locks",
                                    disk_.objects_path(), disk_.staging_path()}) {
      if (failed || !files().exists(path)) continue;
      const perms inner = std::filesystem::status(path, failed).permissions() & kOthers;
      if ((root & ~inner) != perms::none) narrower += (narrower.empty() ? "" : ", ") + base::file_name(path);
    }
    if (failed) return {.health = Health::kWarn, .what = "cannot be told: " + failed.message()};
    if (narrower.empty()) return {.what = "the same inside as of the lake's directory"};
    return {.health = Health::kWarn,
            .what = "others may write to the directory, but not to " + narrower,
            .advice = "give the group the same rights below .varve, and let all writers have one umask"};
  }

  Symptom clock() {
    const std::optional<catalog::CommitRow> newest = engine_.catalog().newest_commit();
    const Timestamp now = engine_.clock().now();
    if (!newest || newest->time <= now + Duration::seconds(1)) return {.what = to_string(now)};
    return {.health = Health::kWarn,
            .what = "it is " + to_string(now) + ", before the newest commit at " + to_string(newest->time),
            .advice = "set the clock; until it is past that, commits follow each other by a nanosecond"};
  }

  Symptom catalog_file() {
    const std::vector<std::string> found = engine_.catalog().check();
    const std::string size = mebibytes(files().status(disk_.catalog_path()).size);
    if (found.empty()) return {.what = format_message("format version {}, {}", {catalog::kFormatVersion, size})};
    return {.health = Health::kFail,
            .what = found.front(),
            .advice = "close the lake, then `varve rebuild-catalog --replace`, or restore a backup"};
  }

  Symptom catalog_log() {
    const std::string path = disk_.catalog_path() + "-wal";
    const uint64_t bytes = files().exists(path) ? files().status(path).size : 0;
    if (bytes <= kLogBytesMax) return {.what = mebibytes(bytes)};
    return {.health = Health::kWarn,
            .what = mebibytes(bytes) + ", which is long",
            .advice = "a process that reads for long keeps it from being merged: find and end it"};
  }

  Symptom copies() {
    const std::vector<std::string> names = catalog_copies(disk_);
    if (names.empty()) return {.what = "none yet: one is made when a writer closes the lake"};
    return {.what = format_message("{}, the newest {}", {names.size(), names.front()})};
  }

  // There, and of the right size.
  Symptom data_files() {
    int64_t looked_at = 0;
    std::vector<std::string> damaged;
    for (const catalog::ObjectRow& object : engine_.catalog().all_objects()) {
      if (object.removed_version || !object.stored) continue;
      ++looked_at;
      const std::string path = disk_.object_path(object.id);
      if (!files().exists(path)) {
        damaged.push_back(object.name + " is missing");
      } else if (files().status(path).size != static_cast<uint64_t>(object.bytes)) {
        damaged.push_back(object.name + " has another size");
      }
    }
    if (damaged.empty()) return {.what = format_message("{}, all there and of the right size", {looked_at})};
    return {.health = Health::kFail,
            .what = format_message("{} of {} damaged: {}", {damaged.size(), looked_at, damaged.front()}),
            .advice = "`varve verify` names them all, `varve repair` mends what it can"};
  }

  Symptom publication() {
    const size_t behind = engine_.catalog().pending_publications().size();
    if (behind == 0) return {.what = "the visible tree shows what is committed"};
    return {.health = Health::kWarn,
            .what = format_message("{} series are behind", {behind}),
            .advice = "it follows by itself; if it stays, open the lake and see its warnings"};
  }

  Symptom staging() {
    size_t dead = 0;
    size_t alive = 0;
    for (const std::string& id : files().list(disk_.staging_path())) {
      if (base::join_path(disk_.staging_path(), id) == own_staging()) continue;
      disk_.try_lock(staging_lock_byte(id)) ? ++dead : ++alive;
    }
    if (dead == 0) return {.what = format_message("{} in use by others", {alive})};
    return {.health = Health::kWarn,
            .what = format_message("{} of dead processes, {} in use by others", {dead, alive}),
            .advice = "open the lake for writing: it clears them, or warns of what it keeps"};
  }

  [[nodiscard]] std::string own_staging() { return engine_.read_only() ? std::string() : engine_.staging(); }

  Symptom locks() {
    if (engine_.read_only()) return not_tried();
    std::vector<std::string> held;
    int64_t leases = 0;
    for (const catalog::SeriesRow& series : engine_.catalog().list_series({})) {
      if (!disk_.try_lock(key_lock_byte(series.key))) held.push_back(series.key);
      if (!disk_.try_lock(lease_byte(series.id, series.version))) ++leases;
    }
    const std::string read = format_message("{} newest versions are read under a lease", {leases});
    if (held.empty()) return {.what = "no key is being written, " + read};
    return {.what = format_message("{} keys are being written, such as {}, {}", {held.size(), held.front(), read})};
  }

  Symptom quarantine() {
    const size_t there = files().exists(disk_.quarantine_path()) ? files().list(disk_.quarantine_path()).size() : 0;
    if (there == 0) return {.what = "empty"};
    return {.health = Health::kWarn,
            .what = format_message("{} files or folders in .varve/quarantine", {there}),
            .advice = "look whether you need them, then delete them"};
  }

  Engine& engine_;
  const Disk& disk_;
  std::vector<Symptom> symptoms_;
};

}  // namespace

std::vector<Symptom> examine_health(Engine& engine) { return Doctor(engine).run(); }

}  // namespace varve::store
