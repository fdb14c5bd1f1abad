#include "varve/store/adopt/originals.h"

#include <set>

#include "varve/base/error.h"

namespace varve::store {
namespace {

constexpr char kEnd = '\0';  // of a path: no path has it

// Relative to the root, as `path` is.
std::string path_away(std::string_view commit_id, const std::string& path) {
  return base::join_path(originals_path(commit_id), path) + ".original";
}

void check_not_changed(base::FileSystem& files, const std::string& whole, const Original& file) {
  const base::FileStatus now = files.status(whole);
  if (now.inode != file.status.inode || now.size != file.status.size ||
      now.modified_nanoseconds != file.status.modified_nanoseconds) {
    throw ConcurrentWrite("{} was changed while it was read", file.path);
  }
}

}  // namespace

std::string to_text(std::span<const Original> files) {
  std::string text;
  for (const Original& file : files) text += file.path + kEnd;
  return text;
}

std::vector<std::string> parse_paths(std::string_view text) {
  std::vector<std::string> paths;
  for (size_t end = text.find(kEnd); end != std::string_view::npos; end = text.find(kEnd)) {
    paths.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return paths;
}

std::string originals_path(std::string_view commit_id) {
  return base::join_path(base::join_path(kEngineFolder, "originals"), commit_id);
}

void put_away(const Disk& disk, std::string_view commit_id, std::span<const Original> files) {
  std::set<std::string> left;
  for (const Original& file : files) {
    const std::string from = base::join_path(disk.root(), file.path);
    const std::string to = base::join_path(disk.root(), path_away(commit_id, file.path));
    check_not_changed(disk.files(), from, file);
    disk.make_directories_below_root(base::parent_path(to));
    disk.files().rename(from, to);
    disk.files().sync_directory(base::parent_path(to));
    left.insert(base::parent_path(from));
  }
  disk.settle(left);
}

void put_back(const Engine& engine, std::string_view commit_id, std::span<const std::string> paths) {
  const Disk& disk = engine.disk();
  std::set<std::string> left;
  for (const std::string& path : paths) {
    const std::string away = base::join_path(disk.root(), path_away(commit_id, path));
    const std::string home = base::join_path(disk.root(), path);
    if (!disk.files().exists(away)) continue;
    if (disk.files().exists(home)) {
      engine.warn(path + " is there again: the file that made way for series that came to nothing stays at " +
                  path_away(commit_id, path));
      continue;
    }
    disk.make_directories_below_root(base::parent_path(home));
    disk.files().rename(away, home);
    disk.files().sync_directory(base::parent_path(home));
    left.insert(base::parent_path(away));
  }
  disk.settle(left);
}

}  // namespace varve::store
