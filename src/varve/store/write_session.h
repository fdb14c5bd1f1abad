// A commit in the making: changes of one or several series that happen together or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/store/adopt/adoption.h"
#include "varve/store/engine.h"
#include "varve/store/plan.h"
#include "varve/store/schema/column_change.h"
#include "varve/store/upkeep/progress.h"
#include "varve/table/table.h"

namespace varve::store {

struct SeriesWrite {
  std::string key;
  RowChange change;
  // Of a series that is not there yet; not looked at otherwise.
  catalog::SeriesDefinition definition;
  // Columns that join the identity of one that is there; rows up to now have nulls in them.
  std::vector<std::string> identity_growth = {};
  // The file that the rows came from, if there is one. An append to a series without identity is left out if the rows
  // of a file with its checksum are there.
  std::string source_name;
  std::string source_sha256;
  bool source_again = false;  // it is not left out
  bool redefines = false;  // `definition` takes the place of that of a series that is there, of which all rows are new
  // Set: the rows are those of this version, and the sources become its own.
  std::optional<catalog::SeriesVersion> restored = {};
  // Files of somebody else's that hold the rows so far: they make way for those of the series.
  std::vector<Original> originals = {};
  // Kept with the rows in one commit, and also where the rows change nothing.
  catalog::Annotations annotations = {};
};

struct SeriesResult {
  std::string key;
  int64_t version = 0;   // after the commit
  bool changed = false;  // else it has no new version
  RowCounts counts;
  bool source_seen = false;
  bool published = true;  // false: committed, and the visible files follow later
};

struct CommitOptions {
  bool published =
      false;  // the visible tree shows the commit when the call returns, even if nobody waited for the disk
};

struct CommitResult {
  std::string id;  // empty if nothing changed
  std::vector<SeriesResult> series;
};

// Whether all that will be done to a series is that rows come behind its last one: then only its last files are looked
// at, and the cost does not grow with the series.
using ComesBehind = std::function<bool(const catalog::SeriesRow& series)>;

// Holds the locks of its keys from beginning to end. Move-only; one thread. If it goes without a commit, nothing has
// happened.
class WriteSession {
 public:
  // Locks the keys. Throws PathTraversal for a bad key or one whose path is a link or a file, ConcurrentWrite,
  // ReadOnly, NotFound once the lake's directory was moved, removed or replaced.
  WriteSession(Engine& engine, std::vector<std::string> keys, const ComesBehind& comes_behind = {});
  ~WriteSession();
  WriteSession(WriteSession&&) noexcept;
  WriteSession& operator=(WriteSession&&) noexcept;

  // What the catalog says of a key of this session, deleted series too; nothing if there never was one.
  [[nodiscard]] const std::optional<catalog::SeriesRow>& series(std::string_view key) const;
  // The newest schema of a series that is there. Throws NotFound.
  [[nodiscard]] const Schema& schema(std::string_view key) const;

  // Works out a change; nothing is written yet. A key can be changed once. Throws as plan_write does, and
  // SchemaCompatibility for prices that are no decimals, where they are kept so; AlreadyExists for a file that only a
  // part of is there still, where it would be left out if all were. Where a column gets another type, the
  // commit writes all files anew, and throws SchemaCompatibility for a value that it cannot hold.
  void write(const SeriesWrite& write);
  // Several at once, on the lake's threads. Of several errors it throws that of the first write, which names its key.
  void write_many(std::vector<SeriesWrite> writes);
  // These throw NotFound if there is no such series.
  void remove(std::string_view key);
  // The rows within a range, both ends inside. Throws InvalidArgument for an untimed series.
  void remove_range(std::string_view key, Timestamp first, Timestamp last);
  // The rows before `first` go. Throws as remove_range.
  void retain(std::string_view key, Timestamp first);
  // Both keys are part of the session. Throws AlreadyExists for a new key that is there, InvalidArgument for the one
  // that it has and for one where the layout cannot be, NotSupported for a series laid out by a path template.
  void rename(std::string_view key, std::string_view new_key);
  // Merges files (see plan_compaction). True if some are left for another commit. The meter, if there is one, is told
  // the bytes of files as they are merged, which `commit` does, and must outlive that.
  bool compact(std::string_view key, int64_t target_rows, Meter* meter = nullptr);
  // Drops and renames columns: the commit writes each file anew, row group by row group, so that the visible tree has
  // nothing but the new names. Throws NotFound, and as store::change_columns does.
  void change_columns(std::string_view key, const ColumnChange& change);

  // What was worked out so far, as `commit` would give it, but with the versions of before.
  [[nodiscard]] std::vector<SeriesResult> planned() const;

  // Makes a new series of files that lie where it has them (see examine). Throws AlreadyExists if there is one,
  // InvalidArgument where the layout cannot be.
  void adopt(const Adoption& adoption);

  // Does what was worked out: writes the files, commits, publishes; a little later, if there is somebody who does
  // (Engine::publisher). Throws with nothing done, except for OutcomeUnknown. A
  // failure to publish is no failure: it is told to the log and made good later. Called once.
  // ARCHITECTURE.md tells its steps under "the life of a write".
  CommitResult commit(const CommitOptions& options = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve::store
