// What the parts of an open lake share, hidden from its users.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/base/log.h"
#include "varve/base/thread_pool.h"
#include "varve/lake/lake.h"
#include "varve/store/store.h"

namespace varve {

// The path of a lake, whole and without a slash at the end. Throws InvalidArgument if there is none.
std::string whole_path(const std::string& path);

base::Log to_log(std::function<void(std::string_view line)> on_warning);

store::UpkeepOptions to_upkeep(const WorkOptions& options);

// A change of one series, to be committed with others.
struct Change {
  std::string key;
  Table table;
  std::optional<store::WriteMode> mode;  // absent: rows are removed
  SeriesWriteOptions options;
  std::optional<SeriesRange> range = {};        // of rows that are replaced or removed; absent: the whole series
  std::optional<Timestamp> oldest_kept = {};    // set: rows before it are removed
  std::vector<store::Original> originals = {};  // files that hold the rows so far, and make way
  std::optional<catalog::SeriesVersion> restored = {};  // the version whose rows they are
};

struct CommitTerms {
  bool published = false;  // the visible tree shows it at the return
  bool dry_run = false;    // nothing is changed: the commits say what would be
};

struct Lake::State {
  explicit State(std::string whole_root);

  std::string root;
  pid_t process;
  std::atomic<bool> closed = false;
  // In the order in which they need each other.
  std::unique_ptr<base::FileSystem> own_files;
  base::FileSystem* files = nullptr;
  base::SystemClock own_clock;
  const base::Clock* clock = nullptr;
  std::unique_ptr<base::ThreadPool> pool;
  std::optional<store::Store> store;

  [[nodiscard]] bool forked() const;
  // What every call begins with. Throws Forked, InvalidArgument (closed), PathTraversal (a bad key).
  store::Store& use();
  store::Store& use(std::string_view key);
  store::Store& use_all(const std::vector<std::string>& keys);
  // Throws ReadOnly.
  store::Store& use_for_writing();
  // A series that is there. Throws NotFound.
  catalog::SeriesRow series(std::string_view key);
  // Whether the index of a series holds dates, or did at a version; false if there is none. Throws NotFound for a
  // snapshot that is not there.
  bool has_dates(std::string_view key, const std::optional<AsOf>& as_of = {});
  // Throws NotFound, InvalidArgument.
  store::Selection to_selection(std::string_view key, const ReadOptions& options);
  // One commit of changes of different keys; or, in a dry run, what it would be.
  std::vector<Commit> commit(std::vector<Change> changes, CommitTerms terms = {});
  Commit commit_one(Change change, CommitTerms terms = {});
};

}  // namespace varve
