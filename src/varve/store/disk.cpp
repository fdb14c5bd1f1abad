#include "varve/store/disk.h"

#include <span>
#include <vector>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/catalog/key.h"

namespace varve::store {
namespace {

// `domain` keeps names of different sorts apart.
uint64_t lock_byte(char domain, std::string_view name) {
  std::string text(1, domain);
  text += name;
  const base::Sha256Digest digest = base::sha256(std::as_bytes(std::span(text)));
  uint64_t hash = 0;
  for (size_t at = 0; at < 8; ++at) hash = hash << 8 | digest[at];
  constexpr uint64_t kEnd = uint64_t{1} << 62;  // well inside what can be locked
  return kKeyLocksBegin + hash % (kEnd - kKeyLocksBegin);
}

uint64_t byte_of(LakeLock what) { return static_cast<uint64_t>(what); }

}  // namespace

uint64_t key_lock_byte(std::string_view key) { return lock_byte('k', key); }

uint64_t staging_lock_byte(std::string_view staging_id) { return lock_byte('s', staging_id); }

std::string Disk::object_directory(std::string_view commit_id) const {
  return base::join_path(objects_path(), commit_id.substr(0, 2));
}

std::string Disk::object_path(std::string_view object_id) const {
  return base::join_path(object_directory(object_id), object_id);
}

std::string Disk::key_path(std::string_view key) const { return base::join_path(root_, catalog::key_to_path(key)); }

bool Disk::is_directory(const std::string& path) const { return files_->exists(base::join_path(path, ".")); }

void Disk::check_key_path(std::string_view key) const {
  const std::string relative = catalog::key_to_path(key);
  for (size_t end = 0; end != std::string::npos;) {
    end = relative.find('/', end + 1);
    const std::string part = relative.substr(0, end);
    const std::string path = base::join_path(root_, part);
    if (!files_->exists(path)) return;
    switch (files_->status(path).type) {
      case base::FileType::kDirectory: continue;
      case base::FileType::kSymlink: throw PathTraversal("key {}: {} is a symbolic link", quote(key), part);
      default: throw PathTraversal("key {} clashes with the file {}", quote(key), part);
    }
  }
}

void Disk::make_directories_below_root(const std::string& path) const {
  if (path.size() <= root_.size()) return;
  make_directories_below_root(base::parent_path(path));
  try {
    files_->make_directory(path);
  } catch (const AlreadyExists&) {  // whether it was there before or not, its name must be on the disk
  }
  files_->sync_directory(base::parent_path(path));
}

void Disk::sync_up_to_root(const std::string& path) const {
  for (std::string at = path; at.size() > root_.size();) {
    at = base::parent_path(at);
    files_->sync_directory(at);
  }
}

void Disk::remove_empty_directories(std::string path) const {
  while (path.size() > root_.size() && files_->list(path).empty()) {
    files_->remove_directory(path);
    path = base::parent_path(path);
    files_->sync_directory(path);
  }
}

std::unique_ptr<base::FileLock> Disk::lock(LakeLock what, Duration timeout) const {
  return files_->lock(locks_path(), {.byte = byte_of(what), .timeout = timeout});
}

std::unique_ptr<base::FileLock> Disk::lock_shared(LakeLock what, Duration timeout) const {
  return files_->lock(locks_path(), {.byte = byte_of(what), .exclusive = false, .timeout = timeout});
}

std::unique_ptr<base::FileLock> Disk::lock_key(std::string_view key, Duration timeout) const {
  try {
    return files_->lock(locks_path(), {.byte = key_lock_byte(key), .timeout = timeout});
  } catch (const ConcurrentWrite&) {
    throw ConcurrentWrite("another writer holds the key {}, waited {}", quote(key), to_string(timeout));
  }
}

std::unique_ptr<base::FileLock> Disk::try_lock(uint64_t byte) const {
  try {
    return files_->lock(locks_path(), {.byte = byte});
  } catch (const ConcurrentWrite&) {
    return nullptr;
  }
}

}  // namespace varve::store
