#include "varve/catalog/read/read_only.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/catalog/vfs.h"

namespace varve::catalog {
namespace {

constexpr std::chrono::milliseconds kStepOfFileTimes{20};
constexpr int kLooks = 10;

std::optional<base::FileStatus> status_if_there(base::FileSystem& files, const std::string& path) {
  try {
    return files.status(path);
  } catch (const NotFound&) {
    return {};
  }
}

bool same_file(const base::FileStatus& left, const base::FileStatus& right) {
  return left.inode == right.inode && left.device == right.device && left.size == right.size &&
         left.modified_nanoseconds == right.modified_nanoseconds;
}

std::string make_private_folder() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "varve-catalog-XXXXXX").string();
  if (error || ::mkdtemp(path.data()) == nullptr) throw Io("cannot make a temporary folder {}", path);
  return path;
}

void write_new_file(base::FileSystem& files, const std::string& path, const std::vector<std::byte>& bytes) {
  const std::unique_ptr<base::File> file = files.open(path, base::OpenMode::kWriteNew);
  file->append(bytes);
  file->close();
}

}  // namespace

ReadOnlySource::ReadOnlySource(base::FileSystem& files, std::string path, SharedMemory memory)
    : files_(files), path_(std::move(path)), traces_(traces()), opened_path_(path_) {
  const bool shares = memory == SharedMemory::kIfThere;
  if (!(shares && can_be_shared()) && needs_log()) wait_for_quiet();  // to copy it, if it is still so then
  if (shares && can_be_shared()) {
    access_ = Access::kReadOnly;
  } else if (!needs_log()) {
    access_ = Access::kImmutable;
  } else {
    copy();
  }
}

ReadOnlySource::~ReadOnlySource() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool ReadOnlySource::is_current() const {
  const Traces now = traces();
  if (access_ == Access::kReadOnly) return now.log.has_value() && now.has_shared_memory;
  return same(now);
}

bool ReadOnlySource::same(const Traces& now) const {
  if (now.has_shared_memory != traces_.has_shared_memory || now.log.has_value() != traces_.log.has_value())
    return false;
  return same_file(now.file, traces_.file) && (!now.log || same_file(*now.log, *traces_.log));
}

ReadOnlySource::Traces ReadOnlySource::traces() const {
  const std::optional<base::FileStatus> file = status_if_there(files_, path_);
  if (!file) throw NotFound("no catalog {}", path_);
  return {*file, status_if_there(files_, path_ + "-wal"), files_.exists(path_ + "-shm")};
}

// The time of a file's last change steps on some times a second only: what changes right after a change may look as if
// it had not. If somebody is at it all the time, the copy is of no use, and is not current.
void ReadOnlySource::wait_for_quiet() {
  for (int left = kLooks; left > 0; --left) {
    std::this_thread::sleep_for(kStepOfFileTimes);
    const Traces now = traces();
    if (same(now)) return;
    traces_ = now;
  }
}

void ReadOnlySource::copy() {
  folder_ = make_private_folder();
  opened_path_ = base::join_path(folder_, base::file_name(path_));
  access_ = Access::kQuery;
  try {
    write_new_file(files_, opened_path_, read_database_file(path_));
    write_new_file(files_, opened_path_ + "-wal", base::read_file(files_, path_ + "-wal"));
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    throw;
  }
}

}  // namespace varve::catalog
