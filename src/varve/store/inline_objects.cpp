#include "varve/store/inline_objects.h"

#include <set>
#include <string>
#include <vector>

#include "varve/base/error.h"

namespace varve::store {
namespace {

void store_bytes(Engine& engine, const catalog::ObjectRow& object) {
  const base::BufferPtr bytes = engine.catalog().inline_bytes(object.id);
  if (!bytes) throw Corruption("the catalog should have the bytes of object {} and does not", object.id);
  const std::string staged = base::join_path(engine.staging(), object.id);
  if (engine.files().exists(staged)) engine.files().unlink(staged);  // of an attempt that failed
  const std::unique_ptr<base::File> file = engine.files().open(staged, base::OpenMode::kWriteNew);
  file->append(bytes->bytes());
  file->sync();
  file->close();
  engine.files().rename(staged, engine.disk().object_path(object.id));
}

}  // namespace

void store_inline_objects(Engine& engine, std::span<catalog::ObjectRow> objects) {
  std::set<std::string> directories;
  std::vector<std::string> ids;
  for (const catalog::ObjectRow& object : objects) {
    if (object.stored) continue;
    store_bytes(engine, object);
    directories.insert(engine.disk().object_directory(object.id));
    ids.push_back(object.id);
  }
  for (const std::string& directory : directories) engine.files().sync_directory(directory);
  engine.catalog().set_stored(ids);
  for (catalog::ObjectRow& object : objects) object.stored = true;
}

}  // namespace varve::store
