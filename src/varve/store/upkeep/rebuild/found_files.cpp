#include "varve/store/upkeep/rebuild/found_files.h"

#include <algorithm>
#include <memory>

#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/parquet/reader.h"
#include "varve/store/commit_files.h"
#include "varve/store/tree/layout.h"
#include "varve/store/upkeep/object_bytes.h"
#include "varve/table/index.h"

namespace varve::store {
namespace {

Timestamp index_at(const parquet::Reader& reader, const std::string& index, int64_t row) {
  const Table rows = reader.read_rows(row, 1, {.columns = std::vector<std::string>{index}});
  return Timestamp{table::IndexValues(rows, index)[0]};
}

void read_facts(base::FileSystem& files, FoundObject& found) {
  const parquet::Reader reader = parquet::Reader::open(files.open(found.path, base::OpenMode::kRead), found.path);
  found.facts = parse_metadata(reader.metadata().key_value_metadata);
  if (!found.facts) return;
  catalog::check_key(found.facts->key);
  Layout::parse(found.facts->definition.layout).check(found.facts->key, !found.facts->definition.index.empty());
  found.schema = reader.schema().with_metadata({});
  found.rows = reader.num_rows();
  const std::string& index = found.facts->definition.index;
  if (index.empty() || found.rows == 0) return;
  found.first = index_at(reader, index, 0);
  found.last = index_at(reader, index, found.rows - 1);
}

void add_visible_files(const Disk& disk, const std::string& folder, std::vector<std::string>& found) {
  for (const std::string& name : disk.files().list(base::join_path(disk.root(), folder))) {
    const std::string relative = folder.empty() ? name : base::join_path(folder, name);
    if (relative == kEngineFolder) continue;
    const base::FileType type = disk.files().status(base::join_path(disk.root(), relative)).type;
    if (type == base::FileType::kDirectory) {
      add_visible_files(disk, relative, found);
    } else if (type == base::FileType::kFile && name.ends_with(".parquet")) {
      found.push_back(relative);
    }
  }
}

}  // namespace

FoundObject examine_file(base::FileSystem& files, const std::string& path, Meter& meter) {
  FoundObject found{.id = {}, .path = path};
  try {
    found.status = files.status(path);
    read_facts(files, found);
    if (found.facts) found.sha256 = sha256_of(*files.open(path, base::OpenMode::kRead), meter);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    found.problem = error.what();
    found.facts.reset();
  }
  return found;
}

void add_object(const Disk& disk, const std::string& path, const std::string& id) {
  base::FileSystem& files = disk.files();
  try {
    files.link(path, disk.object_path(id));
  } catch (const NotSupported&) {
    const std::vector<std::byte> bytes = base::read_file(files, path);
    base::write_whole_file(files, disk.object_path(id), [&](base::File& file) { file.append(bytes); });
  }
  files.sync_directory(disk.object_directory(id));
}

std::vector<FoundObject> find_objects_on_disk(const Disk& disk, base::ThreadPool* pool, Meter& meter) {
  std::vector<std::string> ids;
  for (const std::string& folder : disk.files().list(disk.objects_path())) {
    for (const std::string& name : disk.files().list(base::join_path(disk.objects_path(), folder))) {
      if (!is_object_id(name) || !name.starts_with(folder)) continue;
      ids.push_back(name);
      meter.expect(static_cast<int64_t>(disk.files().status(disk.object_path(name)).size));
    }
  }
  std::vector<FoundObject> found(ids.size());
  base::parallel_for(pool, ids.size(), [&](size_t at) {
    found[at] = examine_file(disk.files(), disk.object_path(ids[at]), meter);
    found[at].id = ids[at];
  });
  return found;
}

std::vector<std::string> find_visible_files(const Disk& disk) {
  std::vector<std::string> found;
  add_visible_files(disk, "", found);
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<ShownAs> shown_as(const FoundObject& object, const std::string& visible_file) {
  const std::string& key = object.facts->key;
  const Layout layout = Layout::parse(object.facts->definition.layout);
  const std::string place = layout.place(key, object.first);
  if (is_by_template(place)) {
    if (place.substr(1) != visible_file) return {};
    return ShownAs{key, place};
  }
  std::string directory = base::parent_path(visible_file);
  const std::string file = base::file_name(visible_file);
  try {
    if (place.empty()) return ShownAs{catalog::path_to_key(directory), file};
    if (!directory.ends_with("/" + place)) return {};
    directory.resize(directory.size() - place.size() - 1);
    return ShownAs{catalog::path_to_key(directory), base::join_path(place, file)};
  } catch (const PathTraversal&) {  // no key has this directory
    return {};
  }
}

}  // namespace varve::store
