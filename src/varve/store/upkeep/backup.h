// A second lake that is the same as a first one: made once, brought up to date later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"

namespace varve::store {

struct BackupReport {
  int64_t keys = 0;   // in the copy, deleted ones not counted
  int64_t files = 0;  // data files in the copy, of all versions; those whose bytes lie in the catalog too
  int64_t bytes = 0;
  int64_t files_copied = 0;  // this time
  int64_t bytes_copied = 0;
  int64_t files_removed = 0;         // from the copy: no version needs them any more
  std::vector<std::string> damaged;  // object ids: not copied, because their bytes are not those that were committed
};

// Makes the lake at `to` (a whole path) what this one is at one moment: all versions, snapshots, coverage and runs.
// What `to` has already is not copied again. Writers of this lake need not wait. The copy is a lake that can be opened
// and read; once somebody writes to it, it is no backup any more. After a crash or a failure the copy is what it was
// before, or complete; what was copied is there for the next call. Throws InvalidArgument if `to` lies in the lake or
// the lake in it, AlreadyExists if it holds anything but a backup of this lake that nobody has written to and that has
// no commit which this lake does not have, ReadOnly if the lake has no id yet and cannot be written, ConcurrentWrite if
// it is open, Io, Cancelled.
BackupReport back_up(Engine& engine, const std::string& to, const UpkeepOptions& options);

// The same into a directory that is empty or not there, which becomes a lake of its own. The lake at `from` (mostly a
// backup) is only read.
struct RestoreOptions {
  std::string from;  // whole paths
  std::string to;
  base::Log log = {};
  base::ThreadPool* pool = nullptr;
  Duration lock_timeout = Duration::seconds(30);
  UpkeepOptions upkeep = {};
};
BackupReport restore_lake(base::FileSystem& files, const base::Clock& clock, const RestoreOptions& options);

}  // namespace varve::store
