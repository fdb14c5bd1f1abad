#include "varve/store/disk.h"

#include <algorithm>
#include <optional>
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

void make_directory_if_absent(base::FileSystem& files, const std::string& path) {
  try {
    files.make_directory(path);
  } catch (const AlreadyExists&) {  // made by an earlier attempt, or by somebody else just now
  }
}

std::optional<base::FileType> type_if_there(base::FileSystem& files, const std::string& path) {
  try {
    return files.status(path).type;
  } catch (const NotFound&) {
    return {};
  }
}

// Whoever takes several does it in one order; two names may share a byte.
base::LockOptions in_order(base::LockOptions options, std::vector<uint64_t> bytes) {
  std::sort(bytes.rbegin(), bytes.rend());  // the system finds the place of the first of its locks soonest
  bytes.erase(std::unique(bytes.begin(), bytes.end()), bytes.end());
  options.byte = bytes.at(0);
  options.more_bytes.assign(bytes.begin() + 1, bytes.end());
  return options;
}

}  // namespace

uint64_t key_lock_byte(std::string_view key) { return lock_byte('k', key); }

uint64_t staging_lock_byte(std::string_view staging_id) { return lock_byte('s', staging_id); }

uint64_t lease_byte(int64_t series_id, int64_t version) {
  return lock_byte('v', std::to_string(series_id) + "/" + std::to_string(version));
}

std::string Disk::object_directory(std::string_view commit_id) const {
  return base::join_path(objects_path(), commit_id.substr(0, 2));
}

std::string Disk::object_path(std::string_view object_id) const {
  return base::join_path(object_directory(object_id), object_id);
}

std::string Disk::key_path(std::string_view key) const { return base::join_path(root_, catalog::key_to_path(key)); }

bool Disk::is_directory(const std::string& path) const { return files_->exists(base::join_path(path, ".")); }

void Disk::make_folders() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (!files_->exists(objects_path())) make_directory_if_absent(*files_, objects_path());
  const std::vector<std::string> names = files_->list(objects_path());
  const std::set<std::string> there(names.begin(), names.end());
  bool complete = true;
  for (const char high : kDigits) {
    for (const char low : kDigits) {
      const std::string name{high, low};
      if (there.contains(name)) continue;
      complete = false;
      make_directory_if_absent(*files_, base::join_path(objects_path(), name));
    }
  }
  if (!complete) files_->sync_directory(objects_path());
  if (!files_->exists(staging_path())) make_directory_if_absent(*files_, staging_path());
}

void Disk::check_key_path(std::string_view key) const { check_directory(catalog::key_to_path(key), key); }

void Disk::check_directory(const std::string& relative, std::string_view key) const {
  if (relative.empty()) return;
  for (size_t end = 0; end != std::string::npos;) {
    end = relative.find('/', end + 1);
    const std::string part = relative.substr(0, end);
    const std::string path = base::join_path(root_, part);
    const std::optional<base::FileType> type = type_if_there(*files_, path);
    if (!type) return;
    switch (*type) {
      case base::FileType::kDirectory: continue;
      case base::FileType::kSymlink: throw PathTraversal("key {}: {} is a symbolic link", quote(key), part);
      default: throw PathTraversal("key {} clashes with the file {}", quote(key), part);
    }
  }
}

void Disk::sync_tree(const std::string& directory) const {
  if (!*tree_syncs_deferred_) files_->sync_directory(directory);
}

void Disk::make_directories_below_root(const std::string& path) const {
  if (path.size() <= root_.size()) return;
  make_directories_below_root(base::parent_path(path));
  try {
    files_->make_directory(path);
  } catch (const AlreadyExists&) {  // whether it was there before or not, its name must be on the disk
  }
  sync_tree(base::parent_path(path));
}

void Disk::settle(const std::set<std::string>& directories) const {
  const auto nearest = [this](std::string at) {
    while (!files_->exists(at)) at = base::parent_path(at);
    return at;
  };
  for (const std::string& directory : directories) {
    const std::string at = nearest(directory);
    if (files_->list(at).empty()) remove_empty_directories(at);
  }
  std::set<std::string> there;
  for (const std::string& directory : directories) {
    for (std::string at = nearest(directory); at.size() >= root_.size() && there.insert(at).second;) {
      at = base::parent_path(at);
    }
  }
  for (const std::string& directory : there) sync_tree(directory);
}

void Disk::remove_empty_directories(std::string path) const {
  while (path.size() > root_.size() && files_->list(path).empty()) {
    files_->remove_directory(path);
    path = base::parent_path(path);
    sync_tree(path);
  }
}

std::unique_ptr<base::FileLock> Disk::lock(LakeLock what, Duration timeout) const {
  return files_->lock(locks_path(), {.byte = byte_of(what), .timeout = timeout});
}

std::unique_ptr<base::FileLock> Disk::lock_shared(LakeLock what, Duration timeout) const {
  return files_->lock(locks_path(), {.byte = byte_of(what), .exclusive = false, .timeout = timeout});
}

std::unique_ptr<base::FileLock> Disk::lock_shared(std::vector<uint64_t> bytes, Duration timeout) const {
  return files_->lock(locks_path(), in_order({.exclusive = false, .timeout = timeout}, std::move(bytes)));
}

std::unique_ptr<base::FileLock> Disk::lock_keys(std::span<const std::string> keys, Duration timeout) const {
  if (keys.empty()) return nullptr;
  std::vector<uint64_t> bytes;
  for (const std::string& key : keys) bytes.push_back(key_lock_byte(key));
  try {
    return files_->lock(locks_path(), in_order({.timeout = timeout}, std::move(bytes)));
  } catch (const ConcurrentWrite&) {
    if (keys.size() > 1) {
      throw ConcurrentWrite("another writer holds one of {} keys, {} to {}, waited {}", keys.size(),
                            quote(keys.front()), quote(keys.back()), to_string(timeout));
    }
    throw ConcurrentWrite("another writer holds the key {}, waited {}", quote(keys.front()), to_string(timeout));
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
