#include "support/crash_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "varve/base/error.h"

namespace varve::testing {
namespace {

namespace fs = std::filesystem;
using base::FileOperation;

constexpr size_t kBlock = 4096;

bool is_log(const std::string& path) { return path.ends_with("-wal") || path.ends_with("-journal"); }
bool is_shared_memory(const std::string& path) { return path.ends_with("-shm"); }

}  // namespace

// Tells the disk of syncs; writes are found in the file when they matter.
class CrashDiskFile final : public base::File {
 public:
  CrashDiskFile(std::unique_ptr<base::File> below, std::string path, CrashDisk& disk)
      : below_(std::move(below)), path_(std::move(path)), disk_(disk) {}

  void read_at(uint64_t offset, std::span<std::byte> bytes) const override { below_->read_at(offset, bytes); }
  void write_at(uint64_t offset, std::span<const std::byte> bytes) override { below_->write_at(offset, bytes); }
  void append(std::span<const std::byte> bytes) override { below_->append(bytes); }
  [[nodiscard]] uint64_t size() const override { return below_->size(); }
  void truncate(uint64_t size) override { below_->truncate(size); }
  void start_sync() noexcept override { below_->start_sync(); }
  void sync() override {
    below_->sync();
    disk_.synced(path_);
  }
  void close() override { below_->close(); }
  [[nodiscard]] base::BufferPtr map() const override { return below_->map(); }
  [[nodiscard]] base::FileStatus status() const override { return below_->status(); }

 private:
  std::unique_ptr<base::File> below_;
  std::string path_;
  CrashDisk& disk_;
};

CrashDisk::CrashDisk(base::FileSystem& below, std::string root) : below_(below), root_(std::move(root)) {
  take_in(root_);
}

CrashDisk::NodeId CrashDisk::take_in(const std::string& path) {
  std::map<uint64_t, NodeId> by_inode;
  const std::function<NodeId(const std::string&)> take = [&](const std::string& at) {
    const base::FileStatus status = below_.status(at);
    if (const auto known = by_inode.find(status.inode); known != by_inode.end()) return known->second;
    const auto id = static_cast<NodeId>(nodes_.size());
    by_inode[status.inode] = id;
    nodes_[id].directory = status.type == base::FileType::kDirectory;
    if (!nodes_[id].directory) {
      nodes_[id].synced = bytes_now(at);
      return id;
    }
    for (const std::string& name : below_.list(at)) {
      if (!is_shared_memory(name)) nodes_[id].names[name] = take(base::join_path(at, name));
    }
    nodes_[id].names_first = nodes_[id].names;
    return id;
  };
  return take(path);
}

CrashDisk::Bytes CrashDisk::bytes_now(const std::string& path) const {
  return below_.exists(path) ? base::read_file(below_, path) : Bytes();
}

CrashDisk::Place CrashDisk::place_of(std::string path) const {
  Place place{.directory = 0, .name = {}};
  while (path.ends_with('/')) path.pop_back();
  for (size_t begin = root_.size() + 1;;) {
    const size_t end = path.find('/', begin);
    place.name = path.substr(begin, end - begin);
    if (end == std::string::npos) return place;
    place.directory = nodes_.at(place.directory).names.at(place.name);
    begin = end + 1;
  }
}

std::optional<CrashDisk::NodeId> CrashDisk::find(const std::string& path) const {
  if (path == root_) return 0;
  const Place place = place_of(path);
  const Names& names = nodes_.at(place.directory).names;
  const auto at = names.find(place.name);
  return at == names.end() ? std::nullopt : std::optional(at->second);
}

void CrashDisk::apply(std::vector<Change::Entry> entries) {
  for (const Change::Entry& entry : entries) {
    Names& names = nodes_.at(entry.directory).names;
    if (entry.node) {
      names[entry.name] = *entry.node;
    } else {
      names.erase(entry.name);
    }
  }
  changes_.push_back({.entries = std::move(entries)});
}

void CrashDisk::make_file(const std::string& path) {
  if (outside(path) || is_shared_memory(path) || find(path)) return;
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_[id].log = is_log(path);
  const Place place = place_of(path);
  apply({{place.directory, place.name, id}});
}

bool CrashDisk::forgets(FileOperation operation, const std::string& path) const {
  return forgotten_ && forgotten_(operation, path);
}

void CrashDisk::synced(const std::string& path) {
  const std::lock_guard guard(mutex_);
  if (outside(path) || is_shared_memory(path)) return;
  const std::optional<NodeId> id = find(path);
  if (!id) return;
  Node& node = nodes_.at(*id);
  if (node.log) directory_synced(base::parent_path(path));
  node.log = false;
  if (!forgets(FileOperation::kSync, path)) node.synced = bytes_now(path);
}

void CrashDisk::directory_synced(const std::string& path) {
  const std::lock_guard guard(mutex_);
  if (outside(path) && path != root_) return;
  if (forgets(FileOperation::kSyncDirectory, path)) return;
  const NodeId id = find(path).value();
  for (Change& change : changes_) {
    const auto& entries = change.entries;
    if (std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.directory == id; })) {
      change.synced = true;
    }
  }
}

void CrashDisk::before(const base::FileCall& call) {
  const std::lock_guard guard(mutex_);
  const std::string path(call.path);
  if (call.operation == FileOperation::kOpen) make_file(path);
  if (call.operation == FileOperation::kSync) synced(path);
  if (call.operation == FileOperation::kUnlink && !outside(path) && !is_shared_memory(path) && find(path)) {
    nodes_.at(*find(path)).last = bytes_now(path);
    apply({{place_of(path).directory, place_of(path).name, {}}});
  }
  below_.before(call);
}

std::unique_ptr<base::File> CrashDisk::open(const std::string& path, base::OpenMode mode) {
  const std::lock_guard guard(mutex_);
  std::unique_ptr<base::File> file = below_.open(path, mode);
  if (mode != base::OpenMode::kRead) make_file(path);
  return std::make_unique<CrashDiskFile>(std::move(file), path, *this);
}

void CrashDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard guard(mutex_);
  if (const std::optional<NodeId> replaced = find(to)) {
    nodes_.at(*replaced).last = bytes_now(to);
  }
  below_.rename(from, to);
  const NodeId node = find(from).value();
  const Place old_place = place_of(from);
  const Place new_place = place_of(to);
  apply({{old_place.directory, old_place.name, {}}, {new_place.directory, new_place.name, node}});
}

void CrashDisk::exchange(const std::string& left, const std::string& right) {
  const std::lock_guard guard(mutex_);
  if (plain_) throw NotSupported("no exchange of {} and {} here", left, right);
  below_.exchange(left, right);
  const NodeId left_node = find(left).value();
  const NodeId right_node = find(right).value();
  const Place left_place = place_of(left);
  const Place right_place = place_of(right);
  apply({{left_place.directory, left_place.name, right_node}, {right_place.directory, right_place.name, left_node}});
}

void CrashDisk::link(const std::string& existing, const std::string& name) {
  const std::lock_guard guard(mutex_);
  if (plain_) throw NotSupported("no link {} to {} here", name, existing);
  below_.link(existing, name);
  const Place place = place_of(name);
  apply({{place.directory, place.name, find(existing).value()}});
}

void CrashDisk::unlink(const std::string& path) {
  const std::lock_guard guard(mutex_);
  Node& node = nodes_.at(find(path).value());
  node.last = bytes_now(path);
  below_.unlink(path);
  const Place place = place_of(path);
  apply({{place.directory, place.name, {}}});
}

void CrashDisk::make_directory(const std::string& path) {
  const std::lock_guard guard(mutex_);
  below_.make_directory(path);
  if (outside(path)) return;
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_[id].directory = true;
  const Place place = place_of(path);
  apply({{place.directory, place.name, id}});
}

void CrashDisk::remove_directory(const std::string& path) {
  const std::lock_guard guard(mutex_);
  below_.remove_directory(path);
  const Place place = place_of(path);
  apply({{place.directory, place.name, {}}});
}

void CrashDisk::sync_directory(const std::string& path) {
  below_.sync_directory(path);
  directory_synced(path);
}

void CrashDisk::sync_all(const std::string& directory) {
  below_.sync_all(directory);
  const std::lock_guard guard(mutex_);
  if (forgets(FileOperation::kSyncAll, directory)) return;
  for (Change& change : changes_) change.synced = true;
  std::map<NodeId, std::string> paths;
  note_paths(0, root_, paths);
  for (const auto& [id, path] : paths) {
    if (!nodes_.at(id).directory) nodes_.at(id).synced = bytes_now(path);
  }
}

std::unique_ptr<base::FileLock> CrashDisk::lock(const std::string& path, const base::LockOptions& options) {
  std::unique_ptr<base::FileLock> lock = below_.lock(path, options);
  const std::lock_guard guard(mutex_);
  make_file(path);
  return lock;
}

std::map<CrashDisk::NodeId, CrashDisk::Names> CrashDisk::names_left(Kept kept, std::mt19937_64& random) const {
  std::map<NodeId, Names> left;
  for (const auto& [id, node] : nodes_) left[id] = node.names_first;
  const size_t prefix = kept == Kept::kPrefix ? random() % (changes_.size() + 1) : 0;
  for (size_t at = 0; at < changes_.size(); ++at) {
    const bool chosen = kept == Kept::kNames || at < prefix || (kept == Kept::kAny && random() % 2 == 0);
    if (!changes_[at].synced && !chosen) continue;
    for (const Change::Entry& entry : changes_[at].entries) {
      if (entry.node) {
        left[entry.directory][entry.name] = *entry.node;
      } else {
        left[entry.directory].erase(entry.name);
      }
    }
  }
  return left;
}

CrashDisk::Bytes CrashDisk::bytes_left(const Bytes& synced, const Bytes& now, Kept kept, std::mt19937_64& random) {
  if (kept == Kept::kNothing || kept == Kept::kNames) return synced;
  const uint64_t choice = kept == Kept::kBytes ? 1 : random() % 3;
  if (choice < 2) return choice == 0 ? synced : now;
  Bytes left = synced;
  left.resize(random() % 2 == 0 ? now.size() : std::max(now.size(), synced.size()));
  for (size_t begin = 0; begin < left.size(); begin += kBlock) {
    const size_t end = std::min({begin + kBlock, now.size(), left.size()});
    if (random() % 2 == 0 || begin >= end) continue;
    std::copy(now.begin() + static_cast<ptrdiff_t>(begin), now.begin() + static_cast<ptrdiff_t>(end),
              left.begin() + static_cast<ptrdiff_t>(begin));
  }
  return left;
}

void CrashDisk::note_paths(NodeId node, const std::string& path, std::map<NodeId, std::string>& paths) const {
  paths[node] = path;
  for (const auto& [name, below] : nodes_.at(node).names) note_paths(below, base::join_path(path, name), paths);
}

void CrashDisk::leave(const std::string& folder, Kept kept, std::mt19937_64& random) {
  std::map<NodeId, std::string> paths;  // where the bytes of files are now
  note_paths(0, root_, paths);
  const std::map<NodeId, Names> names = names_left(kept, random);
  std::map<NodeId, std::string> made;
  const std::function<void(NodeId, const fs::path&)> make = [&](NodeId id, const fs::path& path) {
    const Node& node = nodes_.at(id);
    if (!node.directory) {
      if (const auto [at, fresh] = made.emplace(id, path); !fresh) {
        fs::create_hard_link(at->second, path);
        return;
      }
      const auto at = paths.find(id);
      const Bytes bytes = bytes_left(node.synced, at == paths.end() ? node.last : bytes_now(at->second), kept, random);
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      return;
    }
    fs::create_directories(path);
    for (const auto& entry : fs::directory_iterator(path)) {
      const auto kept_name = names.at(id).find(entry.path().filename());
      const bool stays =
          entry.is_directory() && kept_name != names.at(id).end() && nodes_.at(kept_name->second).directory;
      if (!stays) fs::remove_all(entry.path());
    }
    for (const auto& [name, below] : names.at(id)) make(below, path / name);
  };
  make(0, folder);
}

}  // namespace varve::testing
