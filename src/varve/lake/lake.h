// The public door: a directory of market data that is open, versioned and safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/lake/adoption.h"
#include "varve/lake/changes.h"
#include "varve/lake/columns.h"
#include "varve/lake/diff.h"
#include "varve/lake/maintenance.h"
#include "varve/lake/options.h"
#include "varve/lake/reading.h"
#include "varve/lake/registry.h"
#include "varve/table/table.h"

namespace varve {

class Transaction;

// Rows on their way into a series.
struct KeyedTable {
  std::string key;
  Table table;
};

// An open lake. Move-only; safe to use from several threads, and beside other processes that have the lake open.
// A forked child must not use its parent's handle: every call then throws Forked.
//
// Every call may throw Io, Corruption (naming the file) and Forked; calls that take a key throw PathTraversal for a bad
// one; calls that write throw ReadOnly, ConcurrentWrite after the lock time-out, NotFound once the lake's directory was
// moved, removed or replaced, and OutcomeUnknown. A call that throws has changed nothing, except that OutcomeUnknown
// says what it says. When a writing call returns, its change is on the disk, and other processes see it.
class Lake {
 public:
  // Opens the lake at `root`, mends what a crash left behind, and makes it first where there is none.
  // Throws NotFound if it is not there and may not be made, InvalidArgument if `root` is a file.
  static Lake open(const std::string& root, OpenOptions options = {});
  ~Lake();
  Lake(Lake&&) noexcept;
  Lake& operator=(Lake&&) noexcept;
  // Ends use of the lake; later calls throw InvalidArgument. Idempotent. The destructor does it too, but swallows
  // errors.
  void close();

  [[nodiscard]] const std::string& root() const;
  [[nodiscard]] bool read_only() const;
  // Whether it still lies at `root`: false once its directory was moved, removed or replaced. One look at the path.
  [[nodiscard]] bool in_place() const;

  // Rows go in, in any order; they are kept sorted by index, then identity, then arrival. Throws InvalidArgument for a
  // null in the index, SchemaCompatibility for types that do not go with the series.

  // Makes the table the whole series, with its columns. Throws AlreadyExists if two of its rows have one identity.
  Commit write(std::string_view key, const Table& table, const SeriesWriteOptions& options = {});
  // Adds rows. Throws AlreadyExists, showing the first, where a row with that identity is there (or, by on_conflict,
  // leaves the new one out and counts it).
  Commit append(std::string_view key, const Table& table, const SeriesWriteOptions& options = {});
  // Adds rows; where one with that identity is there, the new one takes its place. Throws InvalidArgument for a series
  // whose rows have no identity.
  Commit upsert(std::string_view key, const Table& table, const SeriesWriteOptions& options = {});
  // Makes the rows the content of a range: what was there goes, rows outside it stay; an empty table empties it. Only
  // files that reach into the range are rewritten. Throws InvalidArgument for a row outside the range, an untimed
  // series, or a range of days or naive text without its zone; AlreadyExists if two of the rows have one identity.
  Commit replace(std::string_view key, const Table& table, const SeriesRange& range,
                 const SeriesWriteOptions& options = {});
  // Removes the rows within a range; nothing is known of it any more (see coverage), whether it had rows or not. Throws
  // NotFound, and InvalidArgument for an untimed series.
  Commit remove_range(std::string_view key, const SeriesRange& range, const ChangeOptions& options = {});
  // Removes the series. Throws NotFound. Its old versions stay, and their numbers go on if it is ever made again.
  Commit remove(std::string_view key, const ChangeOptions& options = {});
  // Removes the rows that are older; one at the very moment stays. Files that hold nothing else go unread, and only the
  // one that is cut is written anew. Nothing is known of that time any more (see coverage), so that nobody fetches it
  // again. Old versions keep the rows until vacuum. Throws NotFound, and InvalidArgument for an untimed series.
  Commit retain(std::string_view key, const RowAge& newer_than, const ChangeOptions& options = {});
  // Gives the series another key; its rows, versions, snapshots, metadata and coverage go with it. The versions of both
  // keys count on; as of a time or a snapshot a key is still that of the series that had it then. Throws NotFound,
  // AlreadyExists for a new key that is there, InvalidArgument for the key that it has and for one where the layout
  // cannot be, NotSupported for a series laid out by a path template.
  Commit rename(std::string_view key, std::string_view new_key);

  // Changes of many series in one commit: all have the same options. In the order of their keys.
  std::vector<Commit> write_many(std::vector<KeyedTable> tables, const SeriesWriteOptions& options = {});
  std::vector<Commit> append_many(std::vector<KeyedTable> tables, const SeriesWriteOptions& options = {});
  std::vector<Commit> upsert_many(std::vector<KeyedTable> tables, const SeriesWriteOptions& options = {});
  std::vector<Commit> replace_many(std::vector<KeyedTable> tables, const SeriesRange& range,
                                   const SeriesWriteOptions& options = {});
  std::vector<Commit> remove_many(const std::vector<std::string>& keys, const std::optional<SeriesRange>& range = {});
  std::vector<Commit> retain_many(const std::vector<std::string>& keys, const RowAge& newer_than,
                                  const ChangeOptions& options = {});
  // Changes of several series that become one commit.
  [[nodiscard]] Transaction transaction();

  // Drops or renames (from old names to new ones, all at once) columns of a series, as one commit that writes its files
  // anew one by one: old versions keep their columns, the visible files have the new ones, and a column that is made
  // again under the name of a dropped one has nothing of it. Throws NotFound for a series or column that is not there,
  // AlreadyExists for a new name that is taken, InvalidArgument for the index, a column of the identity, a column named
  // twice, or if no column would be left.
  Commit drop_columns(std::string_view key, const std::vector<std::string>& names);
  Commit rename_columns(std::string_view key, const std::map<std::string, std::string>& names);
  // Makes Parquet files that lie in the lake's directory, where the layout of `options` has those of a series, that
  // series as they are: none is written anew, visible names stay, all keys are one commit. `key` empty: all keys that a
  // path template finds. Files must be in order and apart in time, unless they are rewritten: then all rows of a key
  // are in memory, each key is a commit, and the files make way for its own (AdoptOptions). Throws AlreadyExists for a
  // key that is a series or two rows of one identity, InvalidArgument for files that are no series (see also
  // define_series) or lie where another series has its own, SchemaCompatibility, NotSupported (nested columns), each
  // naming the key and the file; ReadOnly, except of a dry run that rewrites nothing. Of all keys that are rewritten
  // only if none could be (AdoptReport::left). A file that somebody changes later is noticed before it is read:
  // Corruption.
  AdoptReport adopt(std::string_view key, const AdoptOptions& options = {});

  // All schemas that the series has had, oldest first. Throws NotFound for a key that never was.
  [[nodiscard]] std::vector<SchemaVersion> schema_history(std::string_view key) const;

  // Rows in order, under the schema of the version. An empty range, or one whose end comes before its start, is an
  // empty table. Throws NotFound for a missing key, version or column, InvalidArgument for a range of an untimed
  // series, a bound that names no zone, a condition whose values cannot be compared with their columns, or a negative
  // number of rows.
  [[nodiscard]] Table read(std::string_view key, const ReadOptions& options = {}) const;
  // The first or last `rows` rows, in order.
  [[nodiscard]] Table head(std::string_view key, int64_t rows, const ReadOptions& options = {}) const;
  [[nodiscard]] Table tail(std::string_view key, int64_t rows, const ReadOptions& options = {}) const;
  // The same rows as `read`, in tables of `batch_rows`, of which one is in memory at a time.
  [[nodiscard]] Batches read_batches(std::string_view key, const ReadOptions& options = {},
                                     int64_t batch_rows = int64_t{1} << 16) const;
  // Many series as one table, all as they were at one moment. Long: in the order of `keys`, with a column that names
  // the key. Wide: the index, and the pivot's values of each key in a column of its name; a row for each index value
  // that any of them has, null where a series does not have it. Throws as `read`; InvalidArgument for a key that is
  // given twice, a key or column whose name is taken, and, wide, for indexes of different names and for a series with
  // two rows at one index value; SchemaCompatibility for types that do not go together.
  [[nodiscard]] Table read_many(const std::vector<std::string>& keys, const ReadManyOptions& options = {}) const;
  // Many series merged in order of time, all as they were at one moment: rows of one index value in the order of
  // `keys`, those of one series in their own. With a column that names the key. Throws as `read_many`; InvalidArgument
  // for a series without index.
  [[nodiscard]] Batches replay(const std::vector<std::string>& keys, const ReplayOptions& options = {}) const;

  // From the catalog alone, without touching data files:
  [[nodiscard]] bool exists(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> list_keys(std::string_view prefix = {}) const;  // sorted
  // First and last index value, both inside. Empty for a series without rows or without index. Throws NotFound.
  [[nodiscard]] std::optional<std::pair<Timestamp, Timestamp>> time_range(std::string_view key) const;
  [[nodiscard]] SeriesInfo info(std::string_view key) const;
  [[nodiscard]] std::vector<SeriesInfo> info_all(std::string_view prefix = {}) const;
  // The files that make up a version, in order of time, relative to the root. Without `as_of` those of the newest one,
  // by the names that the visible tree has or is about to have for them; the next commit may take some of these away.
  // With it the objects themselves (`.varve/objects/…`, without an ending): they never change, and can be opened as
  // long as the version is kept (see vacuum; a snapshot keeps it). A file may be older than some columns. Throws
  // NotFound; with `as_of` also ReadOnly, where files would have to be made of rows that only the catalog has so far.
  [[nodiscard]] std::vector<std::string> files(std::string_view key, const std::optional<AsOf>& as_of = {}) const;

  // The versions of a series that can still be read, and those at which it was deleted, oldest first. Throws NotFound
  // for a key that never was.
  [[nodiscard]] std::vector<VersionInfo> versions(std::string_view key) const;
  // Makes the series what it was, as a new version: its rows, columns and options of then. Throws NotFound.
  Commit restore(std::string_view key, const AsOf& as_of, const ChangeOptions& options = {});
  // What changed from one version to another (to the newest, if absent), which may be the older one. Files that both
  // have are not read; of the others two pieces of some 100,000 rows each are in memory at a time, and the rows given
  // (of an untimed series: all rows of these files). Throws NotFound, InvalidArgument for a negative limit,
  // SchemaCompatibility where columns of one name cannot be compared.
  [[nodiscard]] Diff diff(std::string_view key, const AsOf& from, const std::optional<AsOf>& to = {},
                          const DiffOptions& options = {}) const;
  // Names the newest versions of these series (of all, if absent), so that they stay. Returns how many. Throws
  // AlreadyExists, NotFound for a key, InvalidArgument for an empty name.
  int64_t make_snapshot(const std::string& name, const std::optional<std::vector<std::string>>& keys = {});
  void remove_snapshot(const std::string& name);              // NotFound
  [[nodiscard]] std::vector<SnapshotInfo> snapshots() const;  // sorted by name
  // The key of then and the version of each series in a snapshot, sorted by key. Where it has another key by now, the
  // number means nothing under that of then, but AsOf(name) does. Throws NotFound.
  [[nodiscard]] std::vector<std::pair<std::string, int64_t>> snapshot(const std::string& name) const;
  // Merges small neighbouring files of a series into files of `target_rows` (0: what the series was made with), up to
  // half more for a rest. Rows stay as they are; each new file is read again and compared before it takes the place of
  // the old ones. Readers and writers go on meanwhile. Long series take several commits, the last of which is returned.
  // The listener is told the bytes of old files as they are merged. Throws NotFound, Cancelled.
  Commit compact(std::string_view key, int64_t target_rows = 0, const WorkOptions& options = {});
  // Forgets old versions of a series (of all, if `key` is empty) and removes the files that only they had. Throws
  // NotFound, InvalidArgument for what is negative.
  VacuumReport vacuum(std::string_view key = {}, const VacuumOptions& options = {});
  // Which old versions vacuum keeps, and so does the upkeep that writers do; kept in the catalog, so that all processes
  // go by it at once. Throws InvalidArgument for what is negative.
  [[nodiscard]] RetentionPolicy retention_policy() const;
  void set_retention_policy(const RetentionPolicy& policy);

  // User metadata of a key: a JSON object, as it was given ("{}" if there is none); none of it makes a version, and it
  // goes with the series. Throws NotFound, and InvalidArgument for what is no JSON object, is deeper than 100 levels or
  // has more than 1 MiB.
  [[nodiscard]] std::string metadata(std::string_view key) const;
  void set_metadata(std::string_view key, std::string_view json);
  void remove_metadata(std::string_view key);

  // What is known of the moments of a range. Throws NotFound.
  [[nodiscard]] Coverage coverage(std::string_view key, const CoverageRange& within = {}) const;
  // What of a range is neither received nor known to be empty. An end of the range that is absent is where what was
  // asked for begins or ends. Of a series that is not there nothing was fetched: the whole range if it has both ends.
  [[nodiscard]] TimeRanges missing(std::string_view key, const CoverageRange& within = {}) const;
  // Says what became known without a write. Throws NotFound, InvalidArgument for an untimed series, a range that ends
  // before it starts, or moments both received and empty.
  void record_coverage(std::string_view key, const CoverageChange& change);

  // Files, fetch runs, processing runs and model artifacts. The lake must outlive it; it may be moved meanwhile.
  [[nodiscard]] Registry registry() const;

  // Reads everything and checks it against the catalog: checksums, page CRCs, row counts, ranges, order, identity, the
  // visible tree. `key` empty: all keys. Findings are returned, not thrown; a damaged file does not stop the rest.
  [[nodiscard]] VerifyReport verify(std::string_view key = {}, const WorkOptions& options = {}) const;
  // Mends what is damaged in a series (`key` empty: in all): visible files that are missing or were changed, objects
  // whose bytes are found elsewhere. What cannot be mended leaves its series in a new version. Damaged files move to
  // `.varve/quarantine`; nothing is deleted. Throws NotFound for the key or the backup, Cancelled.
  RepairReport repair(std::string_view key = {}, const RepairOptions& options = {});
  // Makes the lake at `to` what this one is at one moment, copying only what is not there yet. The copy is a lake and
  // can be read; whoever writes to it makes it a lake of its own. A copy that is cut short leaves what was there
  // usable. Throws AlreadyExists if `to` holds anything but such a backup of this lake, ConcurrentWrite if it is open.
  BackupReport backup(const std::string& to, const WorkOptions& options = {}) const;
  // What is well and what is not with the lake and what it stands on, without reading data files.
  [[nodiscard]] std::vector<Symptom> doctor() const;
  // How much there is, from the catalog alone; `free_*` by the policy of `options`.
  [[nodiscard]] LakeStats stats(const VacuumOptions& options = {}) const;

 private:
  friend class Transaction;
  struct State;
  friend class Batches;
  explicit Lake(std::unique_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with batches that are not at their end
};

// Changes of several series that happen together or not at all. Nothing is locked, read or written before `commit`; a
// transaction that goes without it has done nothing. Move-only; one thread; the lake must outlive it and stay where it
// is. Each key can be changed once.
class Transaction {
 public:
  // As the calls of Lake of the same names; what these throw comes out of `commit`, except that a bad or repeated key
  // throws at once (PathTraversal, InvalidArgument).
  Transaction& write(std::string_view key, Table table, SeriesWriteOptions options = {});
  Transaction& append(std::string_view key, Table table, SeriesWriteOptions options = {});
  Transaction& upsert(std::string_view key, Table table, SeriesWriteOptions options = {});
  Transaction& replace(std::string_view key, Table table, SeriesRange range, SeriesWriteOptions options = {});
  Transaction& remove_range(std::string_view key, SeriesRange range, const ChangeOptions& options = {});
  Transaction& remove(std::string_view key, const ChangeOptions& options = {});
  Transaction& retain(std::string_view key, const RowAge& newer_than, const ChangeOptions& options = {});

  // One commit of all changes, in the order of their keys. Once. `published`: the visible tree shows it at the return.
  std::vector<Commit> commit(bool published = false);

  ~Transaction();
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;

 private:
  friend class Lake;
  struct State;
  explicit Transaction(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Makes the lake at `from`, mostly a backup, anew at `to`, which must be empty or not there. `from` is only read.
// Throws NotFound, AlreadyExists.
BackupReport restore_lake(const std::string& from, const std::string& to, const WorkOptions& options = {},
                          OpenOptions open = {});

// Makes a new catalog for the lake at `root` from its files (docs/maintenance.md says what these cannot tell), going on
// from the newest copy that the lake has of its catalog. Throws NotFound, AlreadyExists if there is a catalog and it is
// not said to be replaced, ConcurrentWrite if the lake is open.
RebuildReport rebuild_catalog(const std::string& root, const RebuildOptions& options = {}, OpenOptions open = {});

// The nearest folder at or above `path` that is a lake, if there is one.
std::optional<std::string> find_lake(const std::string& path);

}  // namespace varve
