// What the parts of an open store share: its disk, its catalog, and this opener's own staging directory.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "varve/base/clock.h"
#include "varve/base/log.h"
#include "varve/base/thread_pool.h"
#include "varve/base/time.h"
#include "varve/catalog/catalog.h"
#include "varve/store/disk.h"
#include "varve/store/object_cache.h"
#include "varve/store/tree/tree_changes.h"
#include "varve/store/upkeep/upkeep_steps.h"

namespace varve::store {

struct EngineOptions {
  bool read_only = false;
  Duration lock_timeout = Duration::seconds(30);
  Duration listing_grace = Duration::seconds(1);  // see StoreOptions, like the next one
  size_t inline_bytes_max = size_t{1} << 20;
  base::Log log;
  base::ThreadPool* pool = nullptr;  // must outlive the engine, like the clock
  const base::Clock* clock = nullptr;
};

// A directory of a series, or a file of it by a path template, on its way into or out of the visible tree.
struct StagedTree {
  int64_t series_id = 0;
  std::string place;  // of the directory (layout.h)
};
// The name says so: `series-<id>-<n>`, or `series-<id>-<n>-2024-01` of the place `2024/01`. Nothing for other names.
std::optional<StagedTree> parse_staged_tree(std::string_view name);

// Safe to use from several threads.
class Engine {
 public:
  // Holds the lake open: shared with other openers, until closed. Nothing is read or mended yet.
  Engine(Disk disk, catalog::Catalog catalog, EngineOptions options);

  [[nodiscard]] const Disk& disk() const noexcept { return disk_; }
  [[nodiscard]] base::FileSystem& files() const noexcept { return disk_.files(); }
  [[nodiscard]] catalog::Catalog& catalog() noexcept { return catalog_; }
  [[nodiscard]] base::ThreadPool* pool() const noexcept { return options_.pool; }
  [[nodiscard]] const base::Clock& clock() const noexcept { return *options_.clock; }
  [[nodiscard]] bool read_only() const noexcept { return options_.read_only; }
  [[nodiscard]] size_t inline_bytes_max() const noexcept { return options_.inline_bytes_max; }
  [[nodiscard]] Duration lock_timeout() const noexcept { return options_.lock_timeout; }
  [[nodiscard]] Duration listing_grace() const noexcept { return options_.listing_grace; }
  void warn(std::string_view line) const;

  // What is not published yet of the series that this opener has changed.
  [[nodiscard]] TreeChanges& tree_changes() noexcept { return tree_changes_; }

  [[nodiscard]] UpkeepSteps& upkeep() noexcept { return upkeep_; }

  // Data files that are open.
  [[nodiscard]] ObjectCache& objects() noexcept { return objects_; }

  // Whoever publishes commits a little later, if there is somebody; null: each commit publishes itself.
  using Publisher = std::function<void()>;
  void set_publisher(Publisher publisher) { publisher_ = std::move(publisher); }
  [[nodiscard]] const Publisher& publisher() const noexcept { return publisher_; }

  // Whether something that this opener committed is not published yet.
  [[nodiscard]] bool behind() const noexcept { return behind_; }
  void set_behind(bool behind) noexcept { behind_ = behind; }

  // The directory of files that this opener is writing: `.varve/staging/<id>`. Made at the first call, locked before it
  // is there, so that whoever finds it unlocked knows that its owner is dead. The lake stops being marked as cleanly
  // closed then.
  const std::string& staging();
  // Whether that was asked for: then files were written.
  [[nodiscard]] bool wrote();
  // A path in it that was not given before, for what is under way into or out of the visible tree.
  std::string new_staged_tree(const StagedTree& tree);

  // Everybody who wrote closed the lake, and the machine has not been started since.
  [[nodiscard]] bool closed_cleanly();
  // Removes the staging directory if nothing is left in it, marks the lake as cleanly closed if nobody else has it open
  // and nobody left anything behind, and closes the catalog. Idempotent. Without it the lake counts as crashed. A lake
  // whose directory is another by now is closed without any of this.
  void close();
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  void mark_closed_cleanly();

  Disk disk_;
  catalog::Catalog catalog_;
  EngineOptions options_;
  std::unique_ptr<base::FileLock> open_lock_;
  bool closed_ = false;
  ObjectCache objects_;
  Publisher publisher_;
  std::atomic<bool> behind_ = false;
  TreeChanges tree_changes_;
  UpkeepSteps upkeep_;

  std::mutex staging_mutex_;
  std::unique_ptr<base::FileLock> staging_lock_;
  std::string staging_;
  int64_t trees_given_ = 0;
};

}  // namespace varve::store
