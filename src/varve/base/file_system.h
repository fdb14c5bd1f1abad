// The seam through which all of the engine's file work goes: an interface, and the real file system behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/base/time.h"

namespace varve::base {

// What a call does to what is stored. The names are those of traces and of tests that fail the n-th call.
enum class FileOperation {
  kOpen,
  kRead,
  kWrite,
  kTruncate,
  kSync,
  kClose,
  kRename,
  kExchange,
  kLink,
  kUnlink,
  kMakeDirectory,
  kRemoveDirectory,
  kSyncDirectory,
  kSyncAll,
  kLock,
  kStat,
  kList
};
std::string_view to_string(FileOperation operation) noexcept;

// One call, announced before it is made.
struct FileCall {
  FileOperation operation;
  std::string_view path;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

enum class FileType { kFile, kDirectory, kSymlink, kOther };

struct FileStatus {
  FileType type = FileType::kFile;  // of the name itself: links are not followed
  uint64_t size = 0;
  uint64_t inode = 0;
  uint64_t device = 0;
  uint64_t links = 0;
  int64_t modified_nanoseconds = 0;  // its bytes, or a directory's names
  int64_t changed_nanoseconds = 0;   // also its own names and attributes
};

// An open file. Move-only by unique_ptr; one thread at a time for writing, several for `read_at`.
class File {
 public:
  virtual ~File() = default;  // closes; what must be durable calls sync() and close() itself
  // Reads exactly `bytes.size()` bytes from `offset`. Throws Io, or Corruption if the file ends before.
  virtual void read_at(uint64_t offset, std::span<std::byte> bytes) const = 0;
  virtual void write_at(uint64_t offset, std::span<const std::byte> bytes) = 0;
  virtual void append(std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual uint64_t size() const = 0;
  virtual void truncate(uint64_t size) = 0;
  // Begins to bring the content to the disk, so that sync takes less long. A hint: nothing is promised, nothing fails.
  virtual void start_sync() noexcept {}
  // Content and size to the disk. A failure is final: the file must be given up, never synced again.
  virtual void sync() = 0;
  // Throws Io where the system reports a late failure. Idempotent.
  virtual void close() = 0;
  // The whole file as shared bytes: mapped where it can be, else read. The file must not change meanwhile
  // (objects do not). The bytes outlive the File.
  [[nodiscard]] virtual BufferPtr map() const = 0;
  [[nodiscard]] virtual FileStatus status() const = 0;
};

enum class OpenMode {
  kRead,       // must exist
  kWriteNew,   // must not exist
  kReadWrite,  // made if absent
};

// A lock on bytes of a file, held until destroyed or the process ends. Works between processes and between
// handles of one process (open file description locks).
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct LockOptions {
  uint64_t byte = 0;
  std::vector<uint64_t> more_bytes = {};  // locked after it, in this order, all or none
  bool exclusive = true;
  Duration timeout = Duration::seconds(0);  // 0: try once
};

// Every call throws Io with path and reason, NotFound where a file that must exist does not, AlreadyExists where one
// that must not exist does, ReadOnly for a read-only file system or missing permission, InvalidArgument for a path that
// holds a NUL. Safe from several threads.
// Paths are given whole; nothing here depends on the working directory's staying the same.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Announces a call that somebody else makes (SQLite's). The real file system does nothing; test ones may throw.
  virtual void before(const FileCall& call) = 0;

  [[nodiscard]] virtual std::unique_ptr<File> open(const std::string& path, OpenMode mode) = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;  // without following a last link
  [[nodiscard]] virtual FileStatus status(const std::string& path) = 0;
  // Names in a directory without `.` and `..`, sorted by bytes.
  [[nodiscard]] virtual std::vector<std::string> list(const std::string& path) = 0;
  // A file that has the new name already is replaced in the same step.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  // Exchanges two names in one step. Throws NotSupported where the file system cannot.
  virtual void exchange(const std::string& left, const std::string& right) = 0;
  // A second name for a file. Throws NotSupported where the file system has no hard links.
  virtual void link(const std::string& existing, const std::string& name) = 0;
  virtual void unlink(const std::string& path) = 0;
  virtual void make_directory(const std::string& path) = 0;    // AlreadyExists if it is there
  virtual void remove_directory(const std::string& path) = 0;  // must be empty
  virtual void sync_directory(const std::string& path) = 0;    // names in it to the disk
  // All that was changed so far in the file system that holds the directory, whoever changed it.
  virtual void sync_all(const std::string& directory) = 0;
  // Takes the lock or throws ConcurrentWrite, naming the byte, the file and how long it waited. The file is made if
  // absent.
  [[nodiscard]] virtual std::unique_ptr<FileLock> lock(const std::string& path, const LockOptions& options) = 0;
};

// The machine's file system. `umask` of the process decides permissions; but where the group may write to the directory
// `shared_root` (a whole path), it gets the rights that it has there on all that is made below, and directories hand
// the group on if that one does.
std::unique_ptr<FileSystem> make_system_file_system(std::string shared_root = {});

// Made from the calls above, on any file system:

// Makes the directories of `path` that are missing and syncs the parents of those it made.
void make_directories(FileSystem& files, const std::string& path);
// Removes a tree; a missing one is fine. Does not follow links.
void remove_tree(FileSystem& files, const std::string& path);
struct WholeFileOptions {
  bool durable = true;  // on the disk when the call returns; else a crash may leave less than all of it
};
// A file that appears whole, in place of the one that was there: the content goes into a new file beside it
// (`<path>.<random>.tmp`), which takes its name at last. So after a crash `path` holds either all of it or what it held
// before. Move-only; without `commit` the new file is removed. One thread at a time.
class WholeFile {
 public:
  // `files` must outlive it. A link at `path` is replaced, not followed. Throws Io for what is neither file nor link (a
  // device, a pipe), NotFound if there is no such folder.
  static WholeFile create(FileSystem& files, std::string path);
  ~WholeFile();
  WholeFile(WholeFile&&) noexcept = default;
  WholeFile& operator=(WholeFile&&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // What is to be filled. Only before `commit`.
  [[nodiscard]] File& file() noexcept { return *file_; }
  // Sync, close, rename, directory sync. Once.
  void commit(const WholeFileOptions& options = {});

 private:
  WholeFile(FileSystem& files, std::string path);

  FileSystem* files_;
  std::string path_;
  std::string temporary_;
  std::unique_ptr<File> file_;  // null once it has its name, or has moved on
};
// The same in one call: `fill` puts the content in. Throws what `fill` throws.
void write_whole_file(FileSystem& files, const std::string& path, const std::function<void(File& file)>& fill,
                      const WholeFileOptions& options = {});
// The whole file.
std::vector<std::byte> read_file(FileSystem& files, const std::string& path);

// "a/b" from "a" and "b". The folder of a path, "." if it has none. The last part of a path.
std::string join_path(std::string_view folder, std::string_view name);
std::string parent_path(std::string_view path);
std::string file_name(std::string_view path);

}  // namespace varve::base
