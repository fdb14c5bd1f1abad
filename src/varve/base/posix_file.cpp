#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "varve/base/error.h"
#include "varve/base/posix.h"

namespace varve::base::internal {
namespace {

constexpr size_t kCallBytesMax = size_t{1} << 30;  // Linux moves at most 2 GiB less a page a call
constexpr uint64_t kOffsetMax = std::numeric_limits<off_t>::max();
constexpr size_t kReservedMin = 4096;  // bytes that may begin a block of the disk

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  void read_at(uint64_t offset, std::span<std::byte> bytes) const override {
    if (offset > kOffsetMax || bytes.size() > kOffsetMax - offset) throw_ends_before(offset, bytes.size());
    std::span<std::byte> rest = bytes;
    uint64_t at = offset;
    while (!rest.empty()) {
      const size_t wish = std::min(rest.size(), kCallBytesMax);
      const ssize_t got = uninterrupted([&] { return ::pread(number(), rest.data(), wish, static_cast<off_t>(at)); });
      if (got < 0) throw_system_error(errno, "read", path_);
      if (got == 0) throw_ends_before(offset, bytes.size());
      rest = rest.subspan(static_cast<size_t>(got));
      at += static_cast<uint64_t>(got);
    }
  }

  void write_at(uint64_t offset, std::span<const std::byte> bytes) override {
    if (offset > kOffsetMax || bytes.size() > kOffsetMax - offset) throw_system_error(EFBIG, "write", path_);
    uint64_t at = offset;
    while (!bytes.empty()) {
      const size_t wish = std::min(bytes.size(), kCallBytesMax);
      const ssize_t put = uninterrupted([&] { return ::pwrite(number(), bytes.data(), wish, static_cast<off_t>(at)); });
      if (put <= 0) throw_system_error(put < 0 ? errno : EIO, "write", path_);
      bytes = bytes.subspan(static_cast<size_t>(put));
      at += static_cast<uint64_t>(put);
    }
  }

  void append(std::span<const std::byte> bytes) override {
    const uint64_t end = size();
    if (bytes.size() >= kReservedMin) reserve(end, bytes.size());
    write_at(end, bytes);
  }

  [[nodiscard]] uint64_t size() const override { return status().size; }

  void truncate(uint64_t size) override {
    if (size > kOffsetMax) throw_system_error(EFBIG, "truncate", path_);
    if (uninterrupted([&] { return ::ftruncate(number(), static_cast<off_t>(size)); }) != 0) {
      throw_system_error(errno, "truncate", path_);
    }
  }

  void start_sync() noexcept override { ::sync_file_range(number(), 0, 0, SYNC_FILE_RANGE_WRITE); }

  void sync() override {
    // After a failure the kernel may have dropped the bytes and call the next sync a success.
    if (given_up_) throw Io("cannot sync {}: an earlier sync failed, so the file must be given up", path_);
    if (uninterrupted([&] { return ::fdatasync(number()); }) != 0) {
      given_up_ = true;
      throw_system_error(errno, "sync", path_);
    }
  }

  void close() override {
    if (!descriptor_.valid()) return;
    // Interrupted or not, the descriptor is gone after the call.
    if (::close(descriptor_.release()) != 0 && errno != EINTR) throw_system_error(errno, "close", path_);
  }

  [[nodiscard]] BufferPtr map() const override {
    const uint64_t length = size();
    if (length == 0) return Buffer::wrap({}, nullptr);
    void* start = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, number(), 0);
    if (start == MAP_FAILED) return read_whole(length);
    const std::shared_ptr<const void> owner(start, [length](void* mapped) { ::munmap(mapped, length); });
    return Buffer::wrap({static_cast<const std::byte*>(start), length}, owner);
  }

  [[nodiscard]] FileStatus status() const override {
    struct ::stat status;
    if (::fstat(number(), &status) != 0) throw_system_error(errno, "look at", path_);
    return to_file_status(status);
  }

 private:
  [[nodiscard]] int number() const { return descriptor_.number(); }

  // A wish: the write behind it tells what goes wrong. Without it ext4 chooses the place of bytes on the disk late, and
  // a file that takes the name of another starts to write them all out at once; who then replaces this one in turn has
  // to wait for that.
  void reserve(uint64_t offset, size_t bytes) noexcept {
    if (bytes > kOffsetMax || offset > kOffsetMax - bytes) return;
    ::fallocate(number(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(bytes));
  }

  [[nodiscard]] BufferPtr read_whole(uint64_t length) const {
    MutableBuffer block = MutableBuffer::allocate(length);
    read_at(0, {block.data(), block.size()});
    return std::move(block).finish();
  }

  [[noreturn]] void throw_ends_before(uint64_t offset, uint64_t bytes) const {
    throw Corruption("{} ends too early: {} bytes at {} were to be read, the file has {}", path_, bytes, offset,
                     size());
  }

  Descriptor descriptor_;
  std::string path_;
  bool given_up_ = false;
};

}  // namespace

void throw_system_error(int error_number, std::string_view doing, std::string_view path) {
  char text[128];
  const char* reason = ::strerror_r(error_number, text, sizeof(text));
  constexpr std::string_view kPattern = "cannot {} {}: {}";
  switch (error_number) {
    case ENOENT: throw NotFound(kPattern, doing, path, reason);
    case EEXIST: throw AlreadyExists(kPattern, doing, path, reason);
    case EROFS:
    case EACCES:
    case EPERM: throw ReadOnly(kPattern, doing, path, reason);
    default: throw Io(kPattern, doing, path, reason);
  }
}

namespace {

int64_t to_nanoseconds(const struct ::timespec& time) {
  return Duration::seconds(time.tv_sec).nanoseconds + time.tv_nsec;
}

}  // namespace

Descriptor::~Descriptor() {
  if (valid()) ::close(number_);
}

int Descriptor::release() noexcept {
  const int number = number_;
  number_ = -1;
  return number;
}

FileStatus to_file_status(const struct ::stat& status) {
  FileStatus result;
  result.type = S_ISREG(status.st_mode)   ? FileType::kFile
                : S_ISDIR(status.st_mode) ? FileType::kDirectory
                : S_ISLNK(status.st_mode) ? FileType::kSymlink
                                          : FileType::kOther;
  result.size = static_cast<uint64_t>(status.st_size);
  result.inode = status.st_ino;
  result.device = status.st_dev;
  result.links = status.st_nlink;
  result.modified_nanoseconds = to_nanoseconds(status.st_mtim);
  result.changed_nanoseconds = to_nanoseconds(status.st_ctim);
  return result;
}

std::unique_ptr<File> make_posix_file(Descriptor descriptor, std::string path) {
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(path));
}

}  // namespace varve::base::internal
