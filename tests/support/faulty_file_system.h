// A file system that fails, or stops as if the process were killed, at the n-th call that changes what is stored.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "varve/base/file_system.h"

namespace varve::testing {

// Thrown where the process would have been killed. No varve::Error and no std::exception, so that nobody takes it for a
// failure that can be dealt with.
struct Stopped {};

enum class FaultKind {
  kFailOnce,    // the call does nothing and throws
  kFailFrom,    // it and every later changing call do nothing and throw
  kShortWrite,  // it throws, once; a write has then stored the first half of its bytes
  kStop,        // it does nothing and throws Stopped, and so does every later call of any sort
  kStopTorn,    // the same, but a write has then stored the first half of its bytes
};

struct Fault {
  FaultKind kind = FaultKind::kFailOnce;
  uint64_t call = 1;       // the n-th changing call from when the fault was set, 1 being the next
  int error_number = EIO;  // errno value that the failure speaks of: EIO, ENOSPC, EROFS, …
};

struct TracedCall {
  base::FileOperation operation;
  std::string path;  // the first one of two
  bool operator==(const TracedCall&) const = default;
};

// Hands every call to the file system beneath, unless a fault says otherwise. Changing calls, which are counted and
// traced: opening for writing; write and append, truncate, sync and close of a file so opened; rename, exchange, link,
// unlink, make and remove directory, sync_directory; and of those announced through `before` the same sorts. Other
// calls are not counted and fail only after a stop. Files and locks that were handed out obey too, also after this
// object is gone. As with the real one, a file whose sync has failed is never synced again. After a stop nothing
// reaches the disk any more; destroying files and locks only closes them, as the end of a process does.
// Safe from several threads.
class FaultyFileSystem final : public base::FileSystem {
 public:
  // `below` must outlive this and all files handed out.
  explicit FaultyFileSystem(base::FileSystem& below);
  ~FaultyFileSystem() override;

  // From now on the fault holds (instead of an earlier one), and calls are counted and traced from here.
  void set_fault(const Fault& fault);
  // All is well again, also after a stop; calls are counted and traced from here.
  void heal();
  [[nodiscard]] uint64_t calls() const;
  [[nodiscard]] std::vector<TracedCall> trace() const;
  // Whether the fault that was set has come about.
  [[nodiscard]] bool struck() const;

  void before(const base::FileCall& call) override;
  std::unique_ptr<base::File> open(const std::string& path, base::OpenMode mode) override;
  bool exists(const std::string& path) override;
  base::FileStatus status(const std::string& path) override;
  std::vector<std::string> list(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void exchange(const std::string& left, const std::string& right) override;
  void link(const std::string& existing, const std::string& name) override;
  void unlink(const std::string& path) override;
  void make_directory(const std::string& path) override;
  void remove_directory(const std::string& path) override;
  void sync_directory(const std::string& path) override;
  void sync_all(const std::string& directory) override;
  std::unique_ptr<base::FileLock> lock(const std::string& path, const base::LockOptions& options) override;

  class Plan;

 private:
  base::FileSystem& below_;
  std::shared_ptr<Plan> plan_;
};

}  // namespace varve::testing
