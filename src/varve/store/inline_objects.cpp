#include "varve/store/inline_objects.h"

#include <set>
#include <string>
#include <vector>

#include "varve/base/error.h"

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

}  // namespace varve::store
