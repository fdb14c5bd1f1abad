#include "varve/store/publish.h"

#include <algorithm>
#include <map>
#include <vector>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/catalog/key.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

// How a directory and the catalog differ.
struct Difference {
  bool directory_exists = false;
  bool has_foreign = false;          // files of other people, directories of keys below
  std::vector<ObjectRow> arriving;   // not visible yet
  std::vector<std::string> leaving;  // Varve's own files that are not part of the series any more
};

class Publication {
 public:
  Publication(Engine& engine, const catalog::PendingPublication& series)
      : engine_(engine), series_(series), directory_(engine.disk().key_path(series.key)) {
    if (std::optional<catalog::Catalog::State> state = engine.catalog().state(series.key)) {
      objects_ = std::move(state->objects);
    }
  }

  void run() {
    const Difference difference = compare();
    const bool nothing_to_do = difference.arriving.empty() && difference.leaving.empty();
    if (nothing_to_do) {  // perhaps done before, but not known to be on the disk
      settle(difference.directory_exists);
    } else if (!difference.directory_exists) {
      bring_in();
    } else if (objects_.empty() && !difference.has_foreign) {
      take_out();
    } else if (const bool one_more = difference.arriving.size() == 1 && difference.leaving.empty();
               one_more || difference.has_foreign || !exchange()) {
      change_in_place(difference);
    }
  }

 private:
  [[nodiscard]] Difference compare() const {
    Difference difference{.directory_exists = engine_.files().exists(directory_)};
    const std::vector<std::string> names =
        difference.directory_exists ? engine_.files().list(directory_) : std::vector<std::string>{};
    const std::map<std::string, ObjectRow> known = find_objects(names);
    for (const std::string& name : names) {
      const auto at = known.find(name);
      if (at == known.end()) {
        difference.has_foreign = true;
      } else if (!is_same_file(engine_, visible_path(name), at->second)) {
        difference.has_foreign = true;
        warn(name, "is not the file that was published: it is left as it is");
      } else if (at->second.removed_version) {
        difference.leaving.push_back(name);
      }
    }
    for (const ObjectRow& object : objects_) {
      if (!known.contains(object.name)) difference.arriving.push_back(object);
    }
    return difference;
  }

  // The objects, live and dead, that have one of these names.
  [[nodiscard]] std::map<std::string, ObjectRow> find_objects(const std::vector<std::string>& names) const {
    std::map<std::string, ObjectRow> found;
    for (const ObjectRow& object : objects_) {
      if (std::binary_search(names.begin(), names.end(), object.name)) found.emplace(object.name, object);
    }
    std::vector<std::string> others;  // directories of keys below never end so, and there may be many of them
    for (const std::string& name : names) {
      if (name.ends_with(".parquet") && !found.contains(name)) others.push_back(name);
    }
    for (ObjectRow& object : engine_.catalog().objects_named(series_.series_id, others)) {
      found.emplace(object.name, std::move(object));
    }
    return found;
  }

  [[nodiscard]] std::string visible_path(const std::string& name) const { return base::join_path(directory_, name); }

  void warn(const std::string& name, std::string_view what) const {
    engine_.warn(base::join_path(catalog::key_to_path(series_.key), name) + " " + std::string(what));
  }

  // The directory as it should be, complete and on the disk, but not visible.
  [[nodiscard]] std::string build_tree() const {
    std::string tree = engine_.new_staging_tree(series_.series_id);
    engine_.files().make_directory(tree);
    for (const ObjectRow& object : objects_) make_visible(object, base::join_path(tree, object.name));
    engine_.files().sync_directory(tree);
    return tree;
  }

  void make_visible(const ObjectRow& object, const std::string& path) const {
    try {
      engine_.files().link(engine_.disk().object_path(object.id), path);
    } catch (const NotSupported&) {
      copy(object, path);
    }
  }

  void copy(const ObjectRow& object, const std::string& path) const {
    const base::BufferPtr bytes =
        engine_.files().open(engine_.disk().object_path(object.id), base::OpenMode::kRead)->map();
    const std::string staged = engine_.new_staging_tree(series_.series_id);
    const std::unique_ptr<base::File> file = engine_.files().open(staged, base::OpenMode::kWriteNew);
    file->append(bytes->bytes());
    file->sync();
    file->close();
    engine_.files().rename(staged, path);
  }

  void bring_in() const {
    if (objects_.empty()) return;
    const std::string parent = base::parent_path(directory_);
    engine_.disk().make_directories_below_root(parent);
    const std::string tree = build_tree();
    engine_.files().rename(tree, directory_);
    engine_.files().sync_directory(parent);
  }

  void take_out() const {
    std::string tree = engine_.new_staging_tree(series_.series_id);
    engine_.files().rename(directory_, tree);
    const std::string parent = base::parent_path(directory_);
    engine_.files().sync_directory(parent);
    engine_.disk().remove_empty_directories(parent);
    discard(tree);
  }

  // False if the file system cannot do it.
  [[nodiscard]] bool exchange() const {
    const std::string tree = build_tree();
    try {
      engine_.files().exchange(tree, directory_);
    } catch (const NotSupported&) {
      discard(tree);
      return false;
    }
    engine_.files().sync_directory(base::parent_path(directory_));
    discard(tree);
    return true;
  }

  // Old files go before new ones come, so that no row is visible twice.
  void change_in_place(const Difference& difference) const {
    for (const std::string& name : difference.leaving) engine_.files().unlink(visible_path(name));
    if (!difference.leaving.empty() && !difference.arriving.empty()) engine_.files().sync_directory(directory_);
    for (const ObjectRow& object : difference.arriving) make_visible(object, visible_path(object.name));
    engine_.files().sync_directory(directory_);
    if (objects_.empty()) engine_.disk().remove_empty_directories(directory_);
  }

  void settle(bool directory_exists) const {
    if (directory_exists) engine_.files().sync_directory(directory_);
    std::string nearest = directory_;
    while (!engine_.files().exists(nearest)) nearest = base::parent_path(nearest);
    engine_.disk().sync_up_to_root(nearest);
    if (objects_.empty()) engine_.disk().remove_empty_directories(nearest);
  }

  // What is left of it does not make the publication fail: recovery comes back to it.
  void discard(const std::string& tree) const {
    try {
      discard_tree(engine_, series_, tree);
    } catch (const Error& error) {
      engine_.warn("cannot clear " + tree + ": " + error.what());
    }
  }

  Engine& engine_;
  const catalog::PendingPublication& series_;
  std::string directory_;
  std::vector<ObjectRow> objects_;
};

std::string sha256_of_file(base::FileSystem& files, const std::string& path) {
  return base::to_hex(base::sha256(files.open(path, base::OpenMode::kRead)->map()->bytes()));
}

// Moves what somebody else put into a directory that was replaced to the one that is there now. Returns what has to
// stay because the names are taken.
std::vector<std::string> move_back(Engine& engine, const std::string& key, const std::string& tree,
                                   const std::vector<std::string>& names) {
  const std::string directory = engine.disk().key_path(key);
  std::vector<std::string> left;
  for (const std::string& name : names) {
    if (engine.files().exists(base::join_path(directory, name))) {
      left.push_back(name);
      continue;
    }
    engine.disk().make_directories_below_root(directory);
    engine.files().rename(base::join_path(tree, name), base::join_path(directory, name));
    engine.files().sync_directory(directory);
  }
  return left;
}

}  // namespace

void publish(Engine& engine, const catalog::PendingPublication& pending) {
  const std::unique_ptr<base::FileLock> lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
  engine.disk().check_key_path(pending.key);
  Publication(engine, pending).run();
  engine.catalog().clear_pending(pending.series_id, pending.commit_id);
}

size_t publish_pending(Engine& engine) {
  size_t behind = 0;
  for (const catalog::PendingPublication& pending : engine.catalog().pending_publications()) {
    const std::unique_ptr<base::FileLock> lock = engine.disk().try_lock(key_lock_byte(pending.key));
    try {
      if (lock) {
        publish(engine, pending);
        continue;
      }
    } catch (const Error& error) {
      engine.warn("cannot publish " + quote(pending.key) + ": " + error.what());
    }
    ++behind;
  }
  return behind;
}

bool discard_tree(Engine& engine, const catalog::PendingPublication& series, const std::string& tree) {
  const std::vector<std::string> names = engine.files().list(tree);
  std::vector<std::string> left = names;
  for (const ObjectRow& object : engine.catalog().objects_named(series.series_id, names)) {
    const std::string path = base::join_path(tree, object.name);
    if (!is_same_file(engine, path, object)) continue;
    engine.files().unlink(path);
    std::erase(left, object.name);
  }
  if (!left.empty()) left = move_back(engine, series.key, tree, left);
  for (const std::string& name : left) {
    engine.warn("a file that somebody else made was kept in " + base::join_path(tree, name));
  }
  if (left.empty()) engine.files().remove_directory(tree);
  return left.empty();
}

bool is_same_file(const Engine& engine, const std::string& path, const catalog::ObjectRow& object) {
  const base::FileStatus visible = engine.files().status(path);
  if (visible.type != base::FileType::kFile) return false;
  const std::string object_path = engine.disk().object_path(object.id);
  if (engine.files().exists(object_path)) {
    const base::FileStatus stored = engine.files().status(object_path);
    if (visible.inode == stored.inode && visible.device == stored.device) return true;
  }
  return visible.size == static_cast<uint64_t>(object.bytes) && sha256_of_file(engine.files(), path) == object.sha256;
}

}  // namespace varve::store
