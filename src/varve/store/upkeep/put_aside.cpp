#include "varve/store/upkeep/put_aside.h"

#include <algorithm>
#include <vector>

#include "varve/base/error.h"

namespace varve::store {

std::string put_aside(const Disk& disk, const std::string& path, std::string_view name) {
  base::FileSystem& files = disk.files();
  try {
    files.make_directory(disk.quarantine_path());
    files.sync_directory(disk.engine_path());
  } catch (const AlreadyExists&) {  // from an earlier time
  }
  std::string own(name);
  for (int number = 2; files.exists(base::join_path(disk.quarantine_path(), own)); ++number) {
    own = std::string(name) + "-" + std::to_string(number);
  }
  files.rename(path, base::join_path(disk.quarantine_path(), own));
  files.sync_directory(disk.quarantine_path());
  files.sync_directory(base::parent_path(path));
  return base::join_path(base::join_path(kEngineFolder, "quarantine"), own);
}

bool is_put_aside(const Disk& disk, const std::string& path) {
  base::FileSystem& files = disk.files();
  const base::FileStatus wanted = files.status(path);
  if (wanted.type != base::FileType::kFile || wanted.links < 2 || !files.exists(disk.quarantine_path())) return false;
  const std::vector<std::string> names = files.list(disk.quarantine_path());
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const base::FileStatus status = files.status(base::join_path(disk.quarantine_path(), name));
    return status.inode == wanted.inode && status.device == wanted.device;
  });
}

}  // namespace varve::store
