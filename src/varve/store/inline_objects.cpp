#include "varve/store/inline_objects.h"

#include <algorithm>
#include <set>

#include "varve/base/error.h"
#include "varve/store/series_reader.h"

namespace varve::store {
namespace {

// Returns the file in the staging directory.
std::string stage_bytes(Engine& engine, const catalog::ObjectRow& object, bool sync) {
  const base::BufferPtr bytes = engine.catalog().inline_bytes(object.id);
  if (!bytes) throw Corruption("the catalog should have the bytes of object {} and does not", object.id);
  const std::string staged = base::join_path(engine.staging(), object.id);
  if (engine.files().exists(staged)) engine.files().unlink(staged);  // of an attempt that failed
  const std::unique_ptr<base::File> file = engine.files().open(staged, base::OpenMode::kWriteNew);
  file->append(bytes->bytes());
  if (sync) file->sync();
  file->close();
  return staged;
}

}  // namespace

void store_inline_objects(Engine& engine, std::span<catalog::ObjectRow> objects) {
  std::set<std::string> directories;
  std::vector<std::string> ids;
  for (const catalog::ObjectRow& object : objects) {
    if (object.stored) continue;
    engine.files().rename(stage_bytes(engine, object, true), engine.disk().object_path(object.id));
    directories.insert(engine.disk().object_directory(object.id));
    ids.push_back(object.id);
  }
  for (const std::string& directory : directories) engine.files().sync_directory(directory);
  engine.catalog().set_stored(ids);
  for (catalog::ObjectRow& object : objects) object.stored = true;
}

std::vector<std::string> write_inline_objects(Engine& engine, std::span<catalog::ObjectRow* const> objects) {
  if (objects.empty()) return {};
  std::vector<std::string> staged;
  for (const catalog::ObjectRow* object : objects) staged.push_back(stage_bytes(engine, *object, false));
  engine.files().sync_all(engine.staging());
  std::vector<std::string> ids;
  for (size_t at = 0; at < objects.size(); ++at) {
    engine.files().rename(staged[at], engine.disk().object_path(objects[at]->id));
    objects[at]->stored = true;
    ids.push_back(objects[at]->id);
  }
  return ids;
}

std::vector<std::string> object_files(Engine& engine, std::string_view key, const catalog::VersionWanted& version) {
  catalog::Catalog::State state = find_version(engine, key, version);
  const auto is_stored = [](const catalog::ObjectRow& object) { return object.stored; };
  if (!std::all_of(state.objects.begin(), state.objects.end(), is_stored)) {
    if (engine.read_only()) {
      throw ReadOnly("rows of series {} are in the catalog and not in files yet, and the lake {} is open for reading",
                     quote(key), engine.disk().root());
    }
    const auto lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
    state = find_version(engine, key, version);  // somebody may have made them meanwhile
    store_inline_objects(engine, state.objects);
  }
  sort_objects(state.objects, state.series.definition);
  std::vector<std::string> paths;
  for (const catalog::ObjectRow& object : state.objects) {
    paths.push_back(engine.disk().object_path(object.id).substr(engine.disk().root().size() + 1));
  }
  return paths;
}

}  // namespace varve::store
