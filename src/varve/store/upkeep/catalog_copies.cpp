#include "varve/store/upkeep/catalog_copies.h"

#include <algorithm>

#include "varve/base/error.h"

namespace varve::store {
namespace {

constexpr uint64_t kCatalogBytesMax = uint64_t{256} << 20;
constexpr std::string_view kEnding = "Z.sqlite";
constexpr size_t kNameLength = 15 + kEnding.size();  // "20240101T100000" before it

std::string name_of(Timestamp made) {
  std::string name = to_string(made);  // "2024-01-01T10:00:00.5Z"
  std::erase_if(name, [](char letter) { return letter == '-' || letter == ':'; });
  return name.substr(0, 15) + std::string(kEnding);
}

}  // namespace

std::vector<std::string> catalog_copies(const Disk& disk) {
  std::vector<std::string> names;
  if (!disk.files().exists(disk.catalog_copies_path())) return names;
  names = disk.files().list(disk.catalog_copies_path());
  std::erase_if(names, [](const std::string& name) { return name.size() != kNameLength || !name.ends_with(kEnding); });
  std::reverse(names.begin(), names.end());
  return names;
}

void keep_catalog_copy(Engine& engine) {
  const Disk& disk = engine.disk();
  base::FileSystem& files = engine.files();
  const Timestamp now = engine.clock().now();
  std::vector<std::string> names = catalog_copies(disk);
  if (!names.empty() && names.front() > name_of(now - Duration::seconds(24 * 3600))) return;
  if (files.status(disk.catalog_path()).size > kCatalogBytesMax) return;
  const std::string unfinished = disk.catalog_path() + ".copy";
  if (files.exists(unfinished)) files.unlink(unfinished);
  engine.catalog().copy_to(unfinished);
  if (!files.exists(disk.catalog_copies_path())) {
    files.make_directory(disk.catalog_copies_path());
    files.sync_directory(disk.engine_path());
  }
  names.insert(names.begin(), name_of(now));
  files.rename(unfinished, base::join_path(disk.catalog_copies_path(), names.front()));
  for (size_t at = kCatalogCopiesKept; at < names.size(); ++at) {
    files.unlink(base::join_path(disk.catalog_copies_path(), names[at]));
  }
  files.sync_directory(disk.catalog_copies_path());
}

}  // namespace varve::store
