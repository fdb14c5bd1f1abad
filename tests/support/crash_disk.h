// A file system that knows what of all that was written would be left after a power cut.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "varve/base/file_system.h"

namespace varve::testing {

// What a power cut lets live of what was not synced, besides what was.
enum class Kept {
  kNothing,
  kNames,   // all changes of names; of files that were written since only what was synced
  kBytes,   // all bytes, but no change of a name
  kPrefix,  // names as far as some moment, and of each file none, some or all of its blocks
  kAny,     // any changes of names, whatever their order, and of each file none, some or all of its blocks
};

// Hands every call to the file system beneath and takes notes of what lies under `root`: of each file the bytes as they
// were last synced, of each directory the names as they were last synced, and what came after. A rename is one step,
// which a sync of either directory brings to the disk. Of files that SQLite writes it learns by `before`; shared memory
// (-shm) does not outlive a power cut. What is at the root before counts as synced. Safe from several threads.
class CrashDisk final : public base::FileSystem {
 public:
  using Bytes = std::vector<std::byte>;
  using Sync = std::function<bool(base::FileOperation, const std::string& path)>;

  CrashDisk(base::FileSystem& below, std::string root);

  // From now on syncs of which this says true do nothing: what a program without them would leave.
  void forget(Sync sync) { forgotten_ = std::move(sync); }
  // From now on it has neither links nor exchanges, as some file systems.
  void be_plain() { plain_ = true; }
  // Makes the directory `folder`, which is made or changed for it, what `root` would be after a power cut now. Which
  // of the states that are possible is left to chance where there is a choice.
  void leave(const std::string& folder, Kept kept, std::mt19937_64& random);

  void before(const base::FileCall& call) override;
  std::unique_ptr<base::File> open(const std::string& path, base::OpenMode mode) override;
  bool exists(const std::string& path) override { return below_.exists(path); }
  base::FileStatus status(const std::string& path) override { return below_.status(path); }
  std::vector<std::string> list(const std::string& path) override { return below_.list(path); }
  void rename(const std::string& from, const std::string& to) override;
  void exchange(const std::string& left, const std::string& right) override;
  void link(const std::string& existing, const std::string& name) override;
  void unlink(const std::string& path) override;
  void make_directory(const std::string& path) override;
  void remove_directory(const std::string& path) override;
  void sync_directory(const std::string& path) override;
  void sync_all(const std::string& directory) override;
  std::unique_ptr<base::FileLock> lock(const std::string& path, const base::LockOptions& options) override;

 private:
  friend class CrashDiskFile;
  using NodeId = int64_t;  // of a file or directory, whatever its names
  using Names = std::map<std::string, NodeId>;
  struct Node {
    bool directory = false;
    Names names;        // of a directory, as programs see it
    Names names_first;  // when this began
    Bytes synced;       // of a file
    Bytes last;         // of a file that has no name any more
    bool log = false;   // SQLite syncs the directory with the first sync of a log
  };
  // Names that change in one step.
  struct Change {
    struct Entry {
      NodeId directory;
      std::string name;
      std::optional<NodeId> node;  // nothing: the name goes
    };
    std::vector<Entry> entries;
    bool synced = false;
  };
  struct Place {
    NodeId directory;
    std::string name;
  };

  NodeId take_in(const std::string& path);
  [[nodiscard]] bool outside(const std::string& path) const { return !path.starts_with(root_ + "/"); }
  [[nodiscard]] Place place_of(std::string path) const;
  [[nodiscard]] std::optional<NodeId> find(const std::string& path) const;
  [[nodiscard]] Bytes bytes_now(const std::string& path) const;
  void apply(std::vector<Change::Entry> entries);
  void make_file(const std::string& path);
  void synced(const std::string& path);
  void directory_synced(const std::string& path);
  [[nodiscard]] bool forgets(base::FileOperation operation, const std::string& path) const;
  void note_paths(NodeId node, const std::string& path, std::map<NodeId, std::string>& paths) const;
  [[nodiscard]] std::map<NodeId, Names> names_left(Kept kept, std::mt19937_64& random) const;
  [[nodiscard]] static Bytes bytes_left(const Bytes& synced, const Bytes& now, Kept kept, std::mt19937_64& random);

  base::FileSystem& below_;
  std::string root_;
  mutable std::recursive_mutex mutex_;
  std::map<NodeId, Node> nodes_;
  std::vector<Change> changes_;
  Sync forgotten_;
  bool plain_ = false;
};

}  // namespace varve::testing
