#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <thread>

#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/base/posix.h"

namespace varve::base {
namespace {

using internal::Descriptor;
using internal::throw_system_error;
using internal::uninterrupted;
using std::chrono::steady_clock;

constexpr mode_t kFileMode = 0666;       // less the process's umask
constexpr mode_t kDirectoryMode = 0777;  // the same
constexpr std::chrono::microseconds kLockPauseMin{200};
constexpr std::chrono::microseconds kLockPauseMax{20'000};

// The path as system calls take it, which would end it at a NUL and so mean another file.
const char* c_path(const std::string& path) {
  if (path.find('\0') != std::string::npos) throw InvalidArgument("the path {} holds a NUL", quote(path));
  return path.c_str();
}

Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor(uninterrupted([&] { return ::open(c_path(path), flags | O_CLOEXEC | O_NOCTTY, kFileMode); }));
}

constexpr off_t kAllBytes = 0;  // as the length of what is locked

// Asks for a lock, or its end, on so many bytes, without waiting. False (with errno) if that is refused.
bool set_lock(const Descriptor& descriptor, int16_t type, uint64_t byte, off_t count) {
  struct ::flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = count;
  return uninterrupted([&] { return ::fcntl(descriptor.number(), F_OFD_SETLK, &lock); }) == 0;
}

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)), process_(::getpid()) {}

  ~PosixFileLock() override {
    // A child forked meanwhile shares the description: closing ours would leave the lock to it, and its copy of this
    // object must not take the lock from us.
    if (::getpid() == process_) set_lock(descriptor_, F_UNLCK, 0, kAllBytes);
  }

  // Throws ConcurrentWrite if it cannot be had before `end`.
  void take(uint64_t byte, const std::string& path, const LockOptions& options, steady_clock::time_point end) {
    std::chrono::microseconds pause = kLockPauseMin;
    while (!set_lock(descriptor_, options.exclusive ? F_WRLCK : F_RDLCK, byte, 1)) {
      if (errno != EAGAIN && errno != EACCES) throw_system_error(errno, "lock", path);
      const std::chrono::nanoseconds left = end - steady_clock::now();
      if (left.count() <= 0) {
        throw ConcurrentWrite("byte {} of {} is locked by somebody else, waited {}", byte, path,
                              to_string(options.timeout));
      }
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, left));
      pause = std::min(pause * 2, kLockPauseMax);
    }
  }

 private:
  Descriptor descriptor_;
  pid_t process_;
};

// Gives the group of a shared directory the rights on what is made below it that it has on the directory itself.
class GroupRights {
 public:
  explicit GroupRights(std::string root) : root_(std::move(root)) {}

  // A file that is open and may be new. One of somebody else's keeps its rights.
  void give_file(const Descriptor& descriptor, const std::string& path) const {
    const mode_t rights = rights_below(path) & (S_IRGRP | S_IWGRP);
    struct ::stat status;
    if (rights == 0 || ::fstat(descriptor.number(), &status) != 0 || (status.st_mode & rights) == rights) return;
    check_given(::fchmod(descriptor.number(), (status.st_mode & kModeBits) | rights), path);
  }

  // A directory that is new. One that has the rights is left alone: chmod by somebody who is not of its group takes the
  // bit away by which what is made in it belongs to that group.
  void give_directory(const std::string& path) const {
    const mode_t rights = rights_below(path);
    struct ::stat status;
    if (rights == 0 || ::stat(c_path(path), &status) != 0 || (status.st_mode & rights) == rights) return;
    check_given(::chmod(c_path(path), (status.st_mode & kModeBits) | rights), path);
  }

 private:
  static constexpr mode_t kModeBits = 07777;

  // Where rights cannot be changed, by this user or at all, they are what they are.
  static void check_given(int result, const std::string& path) {
    if (result == 0 || errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP) return;
    throw_system_error(errno, "give the group its rights on", path);
  }

  // None where the group may not write to the directory, or it is not there yet.
  [[nodiscard]] mode_t rights_below(const std::string& path) const {
    struct ::stat status;
    if (root_.empty() || !path.starts_with(root_) || path.size() <= root_.size()) return 0;
    if (path[root_.size()] != '/' || ::stat(root_.c_str(), &status) != 0) return 0;
    return (status.st_mode & S_IWGRP) != 0 ? status.st_mode & (S_IRWXG | S_ISGID) : 0;
  }

  std::string root_;
};

Descriptor open_for_lock(const std::string& path, bool exclusive, const GroupRights& rights) {
  Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT);
  const int error_number = errno;
  if (descriptor.valid()) {
    rights.give_file(descriptor, path);
    return descriptor;
  }
  // Who only reads, from a read-only disk perhaps, can still hold a shared lock.
  if (!exclusive && (error_number == EROFS || error_number == EACCES || error_number == EPERM)) {
    Descriptor read_only = open_descriptor(path, O_RDONLY);
    if (read_only.valid()) return read_only;
  }
  throw_system_error(error_number, "lock", path);
}

class PosixFileSystem final : public FileSystem {
 public:
  explicit PosixFileSystem(std::string shared_root) : rights_(std::move(shared_root)) {}

  void before(const FileCall& /*call*/) override {}

  std::unique_ptr<File> open(const std::string& path, OpenMode mode) override {
    Descriptor descriptor = open_descriptor(path, flags_of(mode));
    if (!descriptor.valid()) throw_system_error(errno, "open", path);
    struct ::stat status;
    if (::fstat(descriptor.number(), &status) != 0) throw_system_error(errno, "open", path);
    if (!S_ISREG(status.st_mode)) throw Io("cannot open {}: it is not a regular file", path);
    if (mode != OpenMode::kRead) rights_.give_file(descriptor, path);
    return internal::make_posix_file(std::move(descriptor), path);
  }

  bool exists(const std::string& path) override {
    struct ::stat status;
    if (::lstat(c_path(path), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw_system_error(errno, "look at", path);
  }

  FileStatus status(const std::string& path) override {
    struct ::stat status;
    if (::lstat(c_path(path), &status) != 0) {  // below a file there is nothing, as exists() has it
      throw_system_error(errno == ENOTDIR ? ENOENT : errno, "look at", path);
    }
    return internal::to_file_status(status);
  }

  std::vector<std::string> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(c_path(path)), &::closedir);
    if (!directory) throw_system_error(errno, "list", path);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) throw_system_error(errno, "list", path);
    std::sort(names.begin(), names.end());
    return names;
  }

  void rename(const std::string& from, const std::string& to) override {
    if (::rename(c_path(from), c_path(to)) != 0) throw_system_error(errno, "rename " + from + " to", to);
  }

  void exchange(const std::string& left, const std::string& right) override {
    if (::renameat2(AT_FDCWD, c_path(left), AT_FDCWD, c_path(right), RENAME_EXCHANGE) == 0) return;
    if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
      throw NotSupported("this file system cannot exchange {} and {}", left, right);
    }
    throw_system_error(errno, "exchange " + left + " and", right);
  }

  void link(const std::string& existing, const std::string& name) override {
    if (::link(c_path(existing), c_path(name)) == 0) return;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK || errno == EXDEV) {
      throw NotSupported("no hard link {} to {} can be made here: {}", name, existing, ::strerrordesc_np(errno));
    }
    throw_system_error(errno, "link " + existing + " as", name);
  }

  void unlink(const std::string& path) override {
    if (::unlink(c_path(path)) != 0) throw_system_error(errno, "remove", path);
  }

  void make_directory(const std::string& path) override {
    if (::mkdir(c_path(path), kDirectoryMode) != 0) throw_system_error(errno, "make directory", path);
    rights_.give_directory(path);
  }

  void remove_directory(const std::string& path) override {
    if (::rmdir(c_path(path)) != 0) throw_system_error(errno, "remove directory", path);
  }

  void sync_directory(const std::string& path) override {
    const Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.valid()) throw_system_error(errno, "sync directory", path);
    // EINVAL: the file system has no such thing, and nothing that could be done about it.
    if (uninterrupted([&] { return ::fsync(descriptor.number()); }) != 0 && errno != EINVAL) {
      throw_system_error(errno, "sync directory", path);
    }
  }

  void sync_all(const std::string& directory) override {
    const Descriptor descriptor = open_descriptor(directory, O_RDONLY | O_DIRECTORY);
    if (!descriptor.valid()) throw_system_error(errno, "sync all of", directory);
    if (uninterrupted([&] { return ::syncfs(descriptor.number()); }) != 0) {
      throw_system_error(errno, "sync all of", directory);
    }
  }

  std::unique_ptr<FileLock> lock(const std::string& path, const LockOptions& options) override {
    std::vector<uint64_t> bytes = {options.byte};
    bytes.insert(bytes.end(), options.more_bytes.begin(), options.more_bytes.end());
    for (const uint64_t byte : bytes) {
      if (byte <= static_cast<uint64_t>(std::numeric_limits<off_t>::max() - 1)) continue;
      throw InvalidArgument("no byte {} of {} can be locked: files end before", byte, path);
    }
    auto lock = std::make_unique<PosixFileLock>(open_for_lock(path, options.exclusive, rights_));
    constexpr int64_t kLongest = std::numeric_limits<int64_t>::max() / 2;  // what a clock can be added to
    const std::chrono::nanoseconds timeout{std::min(options.timeout.nanoseconds, kLongest)};
    const steady_clock::time_point end = steady_clock::now() + timeout;
    for (const uint64_t byte : bytes) lock->take(byte, path, options, end);
    return lock;
  }

 private:
  static int flags_of(OpenMode mode) {
    switch (mode) {
      case OpenMode::kRead: return O_RDONLY | O_NONBLOCK;  // a pipe with that name must not hold us up
      case OpenMode::kWriteNew: return O_RDWR | O_CREAT | O_EXCL;
      case OpenMode::kReadWrite: break;
    }
    return O_RDWR | O_CREAT;
  }

  GroupRights rights_;
};

}  // namespace

std::unique_ptr<FileSystem> make_system_file_system(std::string shared_root) {
  return std::make_unique<PosixFileSystem>(std::move(shared_root));
}

}  // namespace varve::base
