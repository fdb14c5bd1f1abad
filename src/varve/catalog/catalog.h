// The catalog of a lake: which series there are, which versions they have, and which files each version is made of.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/base/log.h"
#include "varve/base/time.h"
#include "varve/catalog/annotations.h"
#include "varve/catalog/history.h"
#include "varve/catalog/series_definition.h"
#include "varve/catalog/sources.h"
#include "varve/table/schema.h"

namespace varve::catalog {

class StateCache;

// A series and the newest state of it. Sums are over the objects of the newest version.
struct SeriesRow {
  int64_t id = 0;
  std::string key;
  SeriesDefinition definition;
  int64_t version = 0;  // newest; counts on over deletion and re-creation
  bool deleted = false;
  int32_t schema_version = 0;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
  std::optional<Timestamp> first;  // empty: no rows, or untimed
  std::optional<Timestamp> last;
  Timestamp created;
  Timestamp updated;
};

// One data file, immutable. It belongs to versions v with added_version <= v < removed_version.
struct ObjectRow {
  std::string id;  // name in .varve/objects
  int64_t series_id = 0;
  int64_t added_version = 0;
  std::optional<int64_t> removed_version;
  std::string name;  // where it is visible, in words of the store; never used twice in a series
  int64_t rows = 0;
  int64_t bytes = 0;
  Timestamp first;  // closed range of its index values; both 0 if untimed
  Timestamp last;
  std::string sha256;  // 64 hexadecimal digits
  int32_t schema_version = 0;
  bool stored = true;  // its file is on the disk; false: its bytes lie in the catalog
  Timestamp whole_at;  // when it was last known to be what was committed: by its commit, or found so later
  std::optional<int64_t> modified = {};  // of a file that somebody else made: its time when its checksum was taken
};

struct NewObject {
  std::string id;
  std::string name;
  int64_t rows = 0;
  int64_t bytes = 0;
  Timestamp first;
  Timestamp last;
  std::string sha256;
  base::BufferPtr inline_bytes;  // all of a small file, which the commit makes durable; null: the file is on the disk
  std::optional<int64_t> modified = {};
  // Objects of the series with names from the first on, before the second, were the same visible file: it keeps its id.
  std::pair<std::string, std::string> names_of_file = {};
};

// What one commit does to one series.
struct SeriesChange {
  std::string key;
  int64_t base_version = 0;                // the version it was made from; 0: the series must not exist yet
  int64_t least_version = 0;               // the change makes the version after the base, or this one if that is later
  std::optional<SeriesDefinition> define;  // set to make the series (or make it anew after deletion, or widen identity)
  std::optional<Schema> schema;            // set if the schema changes; else it stays
  std::vector<NewObject> added;
  std::vector<std::string> removed;  // ids of objects that end with this version
  bool deletes = false;              // the series ends; its objects all end with this version
  std::string new_key;               // set to rename the series; nothing else changes then
  int64_t new_key_version = 0;       // of the deleted series that had that key, 0 if there was none
  SourceChange sources = {};         // where it forgets them, coverage goes with them
  Annotations annotations = {};
  int64_t rows_added = 0;  // counts, kept for `versions`
  int64_t rows_replaced = 0;
  int64_t rows_removed = 0;
};

struct CommitRequest {
  std::string id;         // chosen before anything was written (make_uuid)
  std::string operation;  // "write", "append", "upsert", "delete"; "transaction" if several
  std::vector<SeriesChange> changes;
};

struct CommittedSeries {
  std::string key;
  int64_t series_id = 0;
  int64_t version = 0;
};

// A key's directory whose visible state is behind the catalog's since `commit_id`.
struct PendingPublication {
  int64_t series_id = 0;
  std::string key;
  std::string commit_id;
};

// Of the library that is linked: "3.54.1".
std::string sqlite_version();

// Byte of the file `locks` beside the catalog that is held while a catalog is made and while its log is merged.
inline constexpr uint64_t kCatalogLockByte = 0;

struct CatalogOptions {
  // Nothing is made or changed beside the file: it is read together with a live writer, else as it lies where the
  // write-ahead log is empty, else from a copy in the temporary folder.
  bool read_only = false;
  Duration busy_timeout = Duration::seconds(30);
  base::Log log;
};

// Registry (registry.h) is another view of it: runs and artifacts. The contract of an implementation (SQLite here,
// hidden):
// - One file, write-ahead log, synchronous=FULL: a commit that returned is on the disk.
// - Each call is one transaction: all or nothing, seen by other processes after it returns.
// - All file work is announced to the file system it was given (FileSystem::before), so tests may fail or stop it; what
//   an announcement throws comes out of the call as it was.
// - Nobody else in the process may open the file, not even to read it: closing a descriptor of it drops our locks.
// Safe to use from several threads; readers wait for nobody. Throws Io, ReadOnly, Corruption (not a catalog, or a
// damaged one), NotSupported (format version newer than this program), Timeout (another process holds the catalog
// longer than busy_timeout), Forked (in a child of the process that opened it), InvalidArgument (after close).
class Catalog {
 public:
  // Makes a new catalog at `path`, which must not exist (AlreadyExists). Of several that try at once, one succeeds. The
  // file has its name only when it is whole and on the disk.
  static void create(base::FileSystem& files, const std::string& path);
  // Checks the library's version (at least 3.51.3), the format version and the application id. Throws NotFound if there
  // is no file. `files` and `clock` must outlive the catalog.
  static Catalog open(base::FileSystem& files, const std::string& path, const base::Clock& clock,
                      const CatalogOptions& options = {});
  ~Catalog();
  Catalog(Catalog&&) noexcept;
  Catalog& operator=(Catalog&&) noexcept;
  // Ends the connection, merging the write-ahead log where nobody else uses it. Idempotent; other calls then throw.
  void close();
  // False once its file was removed or replaced, or moved with its directory; calls that write then throw NotFound. One
  // look at the path, by any thread.
  [[nodiscard]] bool in_place() const;

  // Series; deleted ones are found by find_series (to go on counting versions), not listed.
  [[nodiscard]] std::optional<SeriesRow> find_series(std::string_view key);
  // Many at one time: an entry a key, in their order.
  [[nodiscard]] std::vector<std::optional<SeriesRow>> find_many(std::span<const std::string> keys);
  // The key of a series, deleted or not; empty if there never was one with this id.
  [[nodiscard]] std::string key_of(int64_t series_id);
  // Series whose key is `prefix` or lies under it ("fx/EUR" under "fx", not "fxx"; a prefix that ends in a slash holds
  // only what lies under it; an empty one holds all), sorted by key, bytewise.
  [[nodiscard]] std::vector<SeriesRow> list_series(std::string_view prefix);
  // The schema of a series as of one of its schema versions, without metadata. Throws NotFound.
  [[nodiscard]] Schema schema(int64_t series_id, int32_t schema_version);
  // Of many series, as of their rows, in their order.
  [[nodiscard]] std::vector<Schema> newest_schemas(std::span<const SeriesRow> series);
  // All schemas that the series has had, oldest first, also of versions that are forgotten.
  [[nodiscard]] std::vector<SchemaRow> schemas(int64_t series_id);

  // The objects of one version (0: the newest) that overlap [first, last], in order of time, then of id.
  struct State {
    SeriesRow series;  // as it is, but for its definition, which is that of the version
    int64_t version = 0;
    Schema schema;
    std::vector<ObjectRow> objects;
    bool is_tail = false;  // there may be more objects, before these
  };
  // Series, schema and objects of one version in one read transaction, or nothing if there is no such series, it is
  // deleted at that version, or the version is not there.
  [[nodiscard]] std::optional<State> state(std::string_view key, int64_t version = 0,
                                           Timestamp first = Timestamp::min(), Timestamp last = Timestamp::max());
  // The same of many series in one read transaction, so that no commit lies between two of them: an entry a key, in
  // their order. Throws NotFound for a snapshot that is not there.
  struct StatesWanted {
    VersionWanted version = int64_t{0};
    Timestamp first = Timestamp::min();
    Timestamp last = Timestamp::max();
    // Says of a series whether its last kTailObjects are enough, whatever the range: a series may have thousands.
    std::function<bool(const SeriesRow&)> tail_will_do = {};
  };
  static constexpr int64_t kTailObjects = 64;
  [[nodiscard]] std::vector<std::optional<State>> states(std::span<const std::string> keys, const StatesWanted& wanted);
  // The objects of the series, live and dead, that have one of these visible names.
  [[nodiscard]] std::vector<ObjectRow> objects_named(int64_t series_id, std::span<const std::string> names);
  // Which of these names objects of their series, live or dead, have.
  using ObjectNames = std::set<std::pair<int64_t, std::string>>;  // by series id
  [[nodiscard]] ObjectNames taken_names(const ObjectNames& names);
  // Those whose names lie in [first, end), bytewise, and the names of all of them.
  [[nodiscard]] std::vector<ObjectRow> objects_between(int64_t series_id, std::string_view first, std::string_view end);
  [[nodiscard]] std::vector<std::string> object_names(int64_t series_id);
  // All objects of all series, live and dead.
  [[nodiscard]] std::vector<ObjectRow> all_objects();
  // The bytes of an object that lie here; null if they do not, or not any more.
  [[nodiscard]] base::BufferPtr inline_bytes(std::string_view object_id);
  // The files of these objects are on the disk: their bytes here are dropped. Costs no sync: a power cut may bring them
  // back, and they are the same.
  void set_stored(std::span<const std::string> object_ids);

  // The ids of all series, deleted ones too.
  [[nodiscard]] std::vector<int64_t> series_ids();

  // The past. Versions of a series, deleted ones too, oldest first; those that were forgotten are not there.
  [[nodiscard]] std::vector<VersionRow> versions(int64_t series_id);
  [[nodiscard]] std::vector<VersionTime> version_times(int64_t series_id);
  // Those of these versions that are not there.
  [[nodiscard]] std::vector<SeriesVersion> missing_versions(std::span<const SeriesVersion> versions);
  // Which version of which series is meant; nothing if it is not there, deletes the series, or is forgotten. Throws
  // NotFound for a snapshot that is not there.
  [[nodiscard]] std::optional<SeriesVersion> find_version(std::string_view key, const VersionWanted& wanted);
  // Forgets these versions of a series, durably (never the newest), and returns the objects that no version needs any
  // more, those of earlier calls too.
  std::vector<ObjectRow> forget_versions(int64_t series_id, std::span<const int64_t> versions);
  // Their files are gone, durably: their rows go. Costs no sync: a power cut may bring the rows back, and
  // forget_versions gives them again.
  void forget_objects(std::span<const std::string> object_ids);
  // Names the newest versions of these series, durably; returns how many. Throws AlreadyExists, NotFound for a key.
  int64_t make_snapshot(std::string_view name, std::span<const std::string> keys);
  void remove_snapshot(std::string_view name);                                 // NotFound
  [[nodiscard]] std::vector<SnapshotRow> snapshots();                          // sorted by name
  [[nodiscard]] std::vector<SnapshotVersion> snapshot(std::string_view name);  // sorted by key. NotFound

  // Makes the change durable, or nothing. Flags the directory of each changed series as to be published; the end of a
  // series also ends its sources, coverage and metadata.
  // Throws ConcurrentWrite if a series is not at its base_version any more (a deleted one has its version still);
  // AlreadyExists if the commit id, an object's id, or an object's name in its series, was used before; PathTraversal
  // for a bad key; NotFound if a series that is not there is to be deleted or renamed; InvalidArgument for what makes
  // no sense; OutcomeUnknown, with the id, if the disk failed such that nobody can tell. After any other error nothing
  // of it is there, nor can a power cut bring it back.
  std::vector<CommittedSeries> commit(const CommitRequest& request);
  [[nodiscard]] std::optional<CommitRow> find_commit(std::string_view commit_id);
  [[nodiscard]] std::optional<CommitRow> newest_commit();

  [[nodiscard]] std::vector<PendingPublication> pending_publications();
  // Clears these flags where they still name the same commits. Costs no sync: a power cut may bring them back.
  void clear_pending(std::span<const PendingPublication> published);
  void clear_pending(int64_t series_id, std::string_view commit_id);
  // Keys that the series had before, whose directories may hold files of it.
  [[nodiscard]] std::vector<std::string> former_keys(int64_t series_id);
  // Their directories hold none any more. Costs no sync, as clear_pending.
  void forget_former_keys(int64_t series_id);
  // Sets the flags again (of directories that differ, or may).
  void set_pending(std::span<const int64_t> series_ids, std::string_view commit_id);
  void set_pending(int64_t series_id, std::string_view commit_id) { set_pending(std::span(&series_id, 1), commit_id); }

  // Whether the rows of a file with this checksum were brought into the series before, and are there.
  [[nodiscard]] SourceSeen source_seen(int64_t series_id, std::string_view sha256);

  // What is said of a series beside its rows, without a new version. Throws NotFound if it is not there or deleted,
  // InvalidArgument as check_annotations does.
  void annotate(std::string_view key, const Annotations& annotations);
  // What is known of the moments within the range; nothing for a series that is not there.
  [[nodiscard]] Coverage coverage(int64_t series_id, const TimeRange& within);
  // JSON text, "" if there is none; of all series that have some, by their ids.
  [[nodiscard]] std::string metadata(int64_t series_id);
  [[nodiscard]] std::map<int64_t, std::string> all_metadata();

  // Single values of the lake, such as "clean_mark". Empty if absent; an empty value removes. The name "written_over"
  // is the catalog's own; "lake_id" is there from the beginning.
  [[nodiscard]] std::string property(std::string_view name);
  void set_property(std::string_view name, std::string_view value);

  // Merges the write-ahead log into the file if it is long. Who calls it now and then saves commits from doing it,
  // which wait until it is much longer. What fails is told to the log.
  void merge_log();

  // Makes a new catalog at `path`, which must not be there: this one as it is at one moment, whole and on the disk when
  // the call returns; writers need not wait. Throws AlreadyExists.
  void copy_to(const std::string& path);

  // SQLite's own check of the file, and that all rows that speak of others find them. Empty if all is well, else what
  // was found. Takes time in proportion to the file.
  [[nodiscard]] std::vector<std::string> check();

 private:
  friend class Registry;
  class Connection;
  explicit Catalog(std::unique_ptr<Connection> connection);
  std::optional<State> newest_state(const std::string& key, const StatesWanted& wanted);

  std::unique_ptr<Connection> connection_;
  std::unique_ptr<StateCache> cache_;
};

}  // namespace varve::catalog
