// What lies where under the root of a lake, and the locks on it.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/file_system.h"

namespace varve::store {

// The format of this directory; `docs/format.md` describes it.
inline constexpr std::string_view kEngineFolder = ".varve";

// Bytes of `.varve/locks` that stand for something other than a key. Keys have bytes from kKeyLocksBegin on.
enum class LakeLock : uint64_t {
  kCheckpoint = 0,  // merging the catalog's write-ahead log
  kPublish = 1,     // changing the visible tree
  kOpen = 2,        // shared by every process that writes; who can have it alone is the last one
  kMake = 3,        // making the lake
};
inline constexpr uint64_t kKeyLocksBegin = 1024;

// The byte that stands for a key, and the one for a staging directory: a hash, so that two may share one by an unlikely
// chance, which then costs waiting and nothing else.
uint64_t key_lock_byte(std::string_view key);
uint64_t staging_lock_byte(std::string_view staging_id);
// The byte that readers of an old version share, and vacuum must have alone.
uint64_t lease_byte(int64_t series_id, int64_t version);

// A value: the root and the file system it is on. Paths that it gives are whole. `files` must outlive it.
class Disk {
 public:
  Disk(base::FileSystem& files, std::string root) : files_(&files), root_(std::move(root)) {}

  [[nodiscard]] base::FileSystem& files() const noexcept { return *files_; }
  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] std::string engine_path() const { return base::join_path(root_, kEngineFolder); }
  [[nodiscard]] std::string catalog_path() const { return engine_path() + "/catalog.sqlite"; }
  [[nodiscard]] std::string staging_path() const { return engine_path() + "/staging"; }
  [[nodiscard]] std::string objects_path() const { return engine_path() + "/objects"; }
  [[nodiscard]] std::string quarantine_path() const { return engine_path() + "/quarantine"; }
  [[nodiscard]] std::string catalog_copies_path() const { return engine_path() + "/catalog-backups"; }
  // The directory of all objects of a commit, and one of these. An object's id begins with its commit's.
  [[nodiscard]] std::string object_directory(std::string_view commit_id) const;
  [[nodiscard]] std::string object_path(std::string_view object_id) const;
  // The visible directory of a key. The key must be good (catalog::check_key).
  [[nodiscard]] std::string key_path(std::string_view key) const;

  [[nodiscard]] bool is_directory(const std::string& path) const;  // links are followed
  [[nodiscard]] bool holds_lake() const { return files_->exists(catalog_path()); }
  // Makes the folders for objects and staging that are not there yet. Objects have one for each value that an id can
  // begin with: a commit then never has to make one, and sync its parent.
  void make_folders() const;
  // Throws PathTraversal if a part of the key's path in the visible tree is a link, or something that is no directory.
  // Parts that are not there yet are fine.
  void check_key_path(std::string_view key) const;
  // The same of a directory of the key's, relative to the root.
  void check_directory(const std::string& relative, std::string_view key) const;
  // Makes the directories of `path`, which lies below the root, and brings all of them up to the root to the disk.
  void make_directories_below_root(const std::string& path) const;
  // Brings these directories below the root, as far as they are there, and all names on the way to them to the disk;
  // empty ones go.
  void settle(const std::set<std::string>& directories) const;
  // Removes `path` and the folders above it as long as they are empty; never the root.
  void remove_empty_directories(std::string path) const;

  // Brings the names in a directory of the visible tree, or on its way into or out of it, to the disk; not now if many
  // are published, which sync_all ends. All of it by the holder of the publish lock.
  void sync_tree(const std::string& directory) const;
  void defer_tree_syncs(bool deferred) const noexcept { *tree_syncs_deferred_ = deferred; }

  // Throws ConcurrentWrite after `timeout`.
  [[nodiscard]] std::unique_ptr<base::FileLock> lock(LakeLock what, Duration timeout) const;
  [[nodiscard]] std::unique_ptr<base::FileLock> lock_shared(LakeLock what, Duration timeout) const;
  // Of one byte or more, all or none.
  [[nodiscard]] std::unique_ptr<base::FileLock> lock_shared(std::vector<uint64_t> bytes, Duration timeout) const;
  // Those of keys, all or none, in an order that keeps two callers from waiting for each other; null for no keys.
  // Throws ConcurrentWrite, naming the key if it is one.
  [[nodiscard]] std::unique_ptr<base::FileLock> lock_keys(std::span<const std::string> keys, Duration timeout) const;
  // Null if somebody else has it.
  [[nodiscard]] std::unique_ptr<base::FileLock> try_lock(uint64_t byte) const;

 private:
  [[nodiscard]] std::string locks_path() const { return engine_path() + "/locks"; }

  base::FileSystem* files_;
  std::string root_;
  std::shared_ptr<bool> tree_syncs_deferred_ = std::make_shared<bool>(false);
};

}  // namespace varve::store
