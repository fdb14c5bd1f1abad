#include "varve/store/recover.h"

#include <functional>
#include <optional>
#include <string>

#include "varve/base/error.h"
#include "varve/store/adopt/originals.h"
#include "varve/store/commit_files.h"
#include "varve/store/publish.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/replaced.h"

namespace varve::store {
namespace {

void attempt(const Engine& engine, const std::string& what, const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    engine.warn("cannot " + what + ": " + error.what());
  }
}

// Nothing is left of a commit that did not happen.
void undo_commit(Engine& engine, const std::string& intent, const std::string& commit_id) {
  remove_objects_of_commit(engine.disk(), commit_id);
  const std::vector<std::byte> text = base::read_file(engine.files(), intent);
  if (text.empty()) return;
  const auto lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
  put_back(engine, commit_id, parse_paths({reinterpret_cast<const char*>(text.data()), text.size()}));
}

// One entry of a dead owner's staging directory. What nobody can explain stays.
void sweep_entry(Engine& engine, const std::string& folder, const std::string& name) {
  const std::string path = base::join_path(folder, name);
  const bool directory = engine.files().status(path).type == base::FileType::kDirectory;
  if (const std::optional<StagedTree> tree = parse_staged_tree(name); tree && directory) {
    const std::string key = engine.catalog().key_of(tree->series_id);
    if (key.empty()) return engine.warn("nobody knows the series of " + path + ": it is kept");
    const auto lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
    engine.files().rename(path, engine.new_staged_tree(*tree));  // to be cleared when its time has come
  } else if (!directory && is_commit_id(name)) {
    if (!engine.catalog().find_commit(name)) undo_commit(engine, path, name);
    engine.files().unlink(path);
  } else if (!directory && (is_object_id(name) || tree)) {
    engine.files().unlink(path);
  } else {
    engine.warn(path + " is not a file that Varve made: it is kept");
  }
}

void sweep_staging_directory(Engine& engine, const std::string& id) {
  const std::unique_ptr<base::FileLock> lock = engine.disk().try_lock(staging_lock_byte(id));
  const std::string folder = base::join_path(engine.disk().staging_path(), id);
  if (!lock || !engine.files().exists(folder)) return;
  for (const std::string& name : engine.files().list(folder)) {
    attempt(engine, "clear " + base::join_path(folder, name), [&] { sweep_entry(engine, folder, name); });
  }
  if (engine.files().list(folder).empty()) engine.files().remove_directory(folder);
}

void check_objects(Engine& engine) {
  for (const catalog::ObjectRow& object : engine.catalog().all_objects()) {
    if (object.removed_version || !object.stored) continue;
    const std::string path = engine.disk().object_path(object.id);
    if (!engine.files().exists(path)) {
      engine.warn("the object of " + object.name + " is missing: " + path);
    } else if (const uint64_t size = engine.files().status(path).size; size != static_cast<uint64_t>(object.bytes)) {
      engine.warn("the object of " + object.name + " has " + std::to_string(size) + " bytes and should have " +
                  std::to_string(object.bytes) + ": " + path);
    }
  }
}

}  // namespace

void recover(Engine& engine) {
  bool clean = false;
  attempt(engine, "tell how the lake was closed", [&] { clean = engine.closed_cleanly(); });
  attempt(engine, "publish what is committed", [&] { publish_pending(engine); });
  if (clean) return;
  attempt(engine, "clear the staging directories", [&] {
    for (const std::string& id : engine.files().list(engine.disk().staging_path())) {
      attempt(engine, "clear staging directory " + id, [&] { sweep_staging_directory(engine, id); });
    }
  });
  attempt(engine, "clear what was replaced", [&] { clear_replaced(engine, engine.listing_grace()); });
  attempt(engine, "look at all objects", [&] { check_objects(engine); });
}

}  // namespace varve::store
