#include "varve/store/engine.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "varve/base/error.h"
#include "varve/base/uuid.h"

namespace varve::store {
namespace {

constexpr std::string_view kCleanMark = "clean_mark";
constexpr std::string_view kTreePrefix = "series-";

// What the kernel calls the time since the machine was started; empty if it cannot be told.
std::string boot_id(base::FileSystem& files) {
  try {
    std::array<std::byte, 36> text{};
    files.open("/proc/sys/kernel/random/boot_id", base::OpenMode::kRead)->read_at(0, text);
    return std::string(reinterpret_cast<const char*>(text.data()), text.size());
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Engine::Engine(Disk disk, catalog::Catalog catalog, EngineOptions options)
    : disk_(std::move(disk)), catalog_(std::move(catalog)), options_(std::move(options)) {
  if (!read_only()) open_lock_ = disk_.lock_shared(LakeLock::kOpen, lock_timeout());
}

void Engine::warn(std::string_view line) const {
  if (options_.log) options_.log(base::LogLevel::kWarning, line);
}

const std::string& Engine::staging() {
  const std::lock_guard guard(staging_mutex_);
  if (staging_lock_) return staging_;
  if (!catalog_.property(kCleanMark).empty()) catalog_.set_property(kCleanMark, "");
  const std::string id = base::make_uuid();
  std::unique_ptr<base::FileLock> lock = disk_.try_lock(staging_lock_byte(id));
  if (!lock) throw ConcurrentWrite("staging directory {} belongs to somebody else", id);
  const std::string path = base::join_path(disk_.staging_path(), id);
  files().make_directory(path);
  staging_ = path;
  staging_lock_ = std::move(lock);
  return staging_;
}

bool Engine::wrote() {
  const std::lock_guard guard(staging_mutex_);
  return !staging_.empty();
}

std::string Engine::new_staged_tree(const StagedTree& tree) {
  const std::string& folder = staging();
  const std::lock_guard guard(staging_mutex_);
  std::string name(kTreePrefix);
  name += std::to_string(tree.series_id) + "-" + std::to_string(++trees_given_);
  if (!tree.place.empty()) name += "-" + tree.place;
  std::replace(name.begin(), name.end(), '/', '-');
  return base::join_path(folder, name);
}

bool Engine::closed_cleanly() {
  const std::string boot = boot_id(files());
  return !boot.empty() && catalog_.property(kCleanMark) == boot && files().list(disk_.staging_path()).empty();
}

void Engine::close() {
  if (closed_) return;
  closed_ = true;
  const bool tidies = !read_only() && catalog_.in_place();
  if (tidies && staging_lock_ && files().list(staging_).empty()) files().remove_directory(staging_);
  staging_lock_.reset();
  open_lock_.reset();
  if (tidies) mark_closed_cleanly();
  catalog_.close();
}

void Engine::mark_closed_cleanly() {
  const std::unique_ptr<base::FileLock> alone = disk_.try_lock(static_cast<uint64_t>(LakeLock::kOpen));
  if (!alone || !files().list(disk_.staging_path()).empty()) return;
  const std::string boot = boot_id(files());
  if (catalog_.property(kCleanMark) != boot) catalog_.set_property(kCleanMark, boot);
}

std::optional<StagedTree> parse_staged_tree(std::string_view name) {
  if (!name.starts_with(kTreePrefix)) return {};
  name.remove_prefix(kTreePrefix.size());
  StagedTree tree;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), tree.series_id);
  name.remove_prefix(static_cast<size_t>(end - name.data()));
  if (error != std::errc() || tree.series_id <= 0 || !name.starts_with('-')) return {};
  if (const size_t dash = name.find('-', 1); dash != std::string_view::npos) tree.place = name.substr(dash + 1);
  std::replace(tree.place.begin(), tree.place.end(), '-', '/');
  return tree;
}

}  // namespace varve::store
