#include "varve/store/tree/place.h"

#include <algorithm>
#include <map>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/store/tree/layout.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

std::string sha256_of_file(base::FileSystem& files, const std::string& path) {
  return base::to_hex(base::sha256(files.open(path, base::OpenMode::kRead)->map()->bytes()));
}

void copy_object(Engine& engine, const ObjectRow& object, const std::string& path) {
  const base::BufferPtr bytes = engine.files().open(engine.disk().object_path(object.id), base::OpenMode::kRead)->map();
  const std::string staged = engine.new_staged_tree({.series_id = object.series_id, .place = {}});
  const std::unique_ptr<base::File> file = engine.files().open(staged, base::OpenMode::kWriteNew);
  file->append(bytes->bytes());
  file->sync();
  file->close();
  engine.files().rename(staged, path);
}

void make_visible(Engine& engine, const ObjectRow& object, const std::string& path) {
  try {
    engine.files().link(engine.disk().object_path(object.id), path);
  } catch (const NotSupported&) {
    copy_object(engine, object, path);
  }
}

// How a directory and the catalog differ.
struct Difference {
  bool directory_exists = false;
  bool has_foreign = false;          // files of other people, directories of keys below
  std::vector<ObjectRow> arriving;   // not visible yet
  std::vector<std::string> leaving;  // Varve's own files that are not part of the series any more
};

// What a series has in one directory, "" or "2024/01" below that of its key.
class Directory {
 public:
  Directory(Engine& engine, const catalog::PendingPublication& series, const std::string& place,
            const std::vector<ObjectRow>& objects)
      : engine_(engine), series_(series), place_(place), objects_(objects) {}

  bool publish() const {
    const Difference difference = compare();
    if (difference.arriving.empty() && difference.leaving.empty()) return false;
    if (!difference.directory_exists) {
      bring_in();
    } else if (objects_.empty() && !difference.has_foreign) {
      take_out();
    } else if (const bool one_more = difference.arriving.size() == 1 && difference.leaving.empty();
               one_more || difference.has_foreign || !exchange()) {
      change_in_place(difference);
    }
    return true;
  }

 private:
  [[nodiscard]] Difference compare() const {
    Difference difference{.directory_exists = engine_.files().exists(directory_)};
    const std::vector<std::string> names =
        difference.directory_exists ? engine_.files().list(directory_) : std::vector<std::string>{};
    const std::map<std::string, ObjectRow> known = find_known(names);
    for (const std::string& name : names) {
      const auto at = known.find(name);
      if (at == known.end()) {
        difference.has_foreign = true;
      } else if (!is_same_file(engine_, visible_path(name), at->second)) {
        difference.has_foreign = true;
        warn(name, "is not the file that was published: it is left as it is");
      } else if (!belongs_here(at->second)) {
        difference.leaving.push_back(name);
      }
    }
    for (const ObjectRow& object : objects_) {
      if (!known.contains(base::file_name(object.name))) difference.arriving.push_back(object);
    }
    return difference;
  }

  [[nodiscard]] bool belongs_here(const ObjectRow& object) const {
    return std::any_of(objects_.begin(), objects_.end(),
                       [&](const ObjectRow& wanted) { return wanted.id == object.id; });
  }

  // The objects, live and dead, that have one of these names.
  [[nodiscard]] std::map<std::string, ObjectRow> find_known(const std::vector<std::string>& names) const {
    std::map<std::string, ObjectRow> found;
    for (const ObjectRow& object : objects_) {
      std::string name = base::file_name(object.name);
      if (std::binary_search(names.begin(), names.end(), name)) found.emplace(std::move(name), object);
    }
    std::vector<std::string> others;  // directories of keys below never end so, and there may be many of them
    for (const std::string& name : names) {
      if (name.ends_with(".parquet") && !found.contains(name)) others.push_back(name);
    }
    for (ObjectRow& object : find_objects(engine_, series_.series_id, place_, others)) {
      found.emplace(base::file_name(object.name), std::move(object));
    }
    return found;
  }

  [[nodiscard]] std::string visible_path(const std::string& name) const { return base::join_path(directory_, name); }

  void warn(const std::string& name, std::string_view what) const {
    engine_.warn(base::join_path(directory_of_place(series_.key, place_), name) + " " + std::string(what));
  }

  [[nodiscard]] std::string new_staged_directory() const {
    return engine_.new_staged_tree({.series_id = series_.series_id, .place = place_});
  }

  // The directory as it should be, complete and on the disk, but not visible.
  [[nodiscard]] std::string build() const {
    std::string built = new_staged_directory();
    engine_.files().make_directory(built);
    for (const ObjectRow& object : objects_) {
      make_visible(engine_, object, base::join_path(built, base::file_name(object.name)));
    }
    engine_.disk().sync_tree(built);
    return built;
  }

  void bring_in() const {
    if (objects_.empty()) return;
    const std::string parent = base::parent_path(directory_);
    engine_.disk().make_directories_below_root(parent);
    engine_.files().rename(build(), directory_);
    engine_.disk().sync_tree(parent);
  }

  void take_out() const {
    engine_.files().rename(directory_, new_staged_directory());
    const std::string parent = base::parent_path(directory_);
    engine_.disk().sync_tree(parent);
    engine_.disk().remove_empty_directories(parent);
  }

  // False if the file system cannot do it: what was built for it is cleared with what is replaced.
  [[nodiscard]] bool exchange() const {
    try {
      engine_.files().exchange(build(), directory_);
    } catch (const NotSupported&) {
      return false;
    }
    engine_.disk().sync_tree(base::parent_path(directory_));
    return true;
  }

  // Old files go before new ones come, so that no row is visible twice.
  void change_in_place(const Difference& difference) const {
    for (const std::string& name : difference.leaving) engine_.files().unlink(visible_path(name));
    if (!difference.leaving.empty() && !difference.arriving.empty()) engine_.disk().sync_tree(directory_);
    for (const ObjectRow& object : difference.arriving) {
      make_visible(engine_, object, visible_path(base::file_name(object.name)));
    }
    engine_.disk().sync_tree(directory_);
    if (objects_.empty()) engine_.disk().remove_empty_directories(directory_);
  }

  Engine& engine_;
  const catalog::PendingPublication& series_;
  const std::string& place_;
  const std::vector<ObjectRow>& objects_;
  std::string directory_ = base::join_path(engine_.disk().root(), directory_of_place(series_.key, place_));
};

// Whether the file there is, or was, the series' own: most likely the newest, and to look at the others takes time.
bool is_own_file(Engine& engine, int64_t series_id, const std::string& place, const std::string& path) {
  std::vector<ObjectRow> known = find_objects(engine, series_id, place, {});
  const auto newer = [](const auto& left, const auto& right) { return left.added_version > right.added_version; };
  std::sort(known.begin(), known.end(), newer);
  return std::any_of(known.begin(), known.end(), [&](const auto& one) { return is_same_file(engine, path, one); });
}

// The file by a path template. Another one takes its name in the same step.
bool publish_file(Engine& engine, const catalog::PendingPublication& series, const std::string& place,
                  const ObjectRow* object) {
  const std::string path = base::join_path(engine.disk().root(), place.substr(1));
  const bool exists = engine.files().exists(path);
  if (!exists && object == nullptr) return false;
  if (exists) {
    if (object != nullptr && is_same_file(engine, path, *object)) return false;
    if (!is_own_file(engine, series.series_id, place, path)) {
      engine.warn(place.substr(1) + " is not the file that was published: it is left as it is");
      return false;
    }
  }
  const std::string directory = base::parent_path(path);
  if (object == nullptr) {
    engine.files().unlink(path);
    engine.disk().sync_tree(directory);
    engine.disk().remove_empty_directories(directory);
    return true;
  }
  engine.disk().make_directories_below_root(directory);
  const std::string staged = engine.new_staged_tree({.series_id = series.series_id, .place = {}});
  make_visible(engine, *object, staged);
  engine.files().rename(staged, path);
  engine.disk().sync_tree(directory);
  return true;
}

}  // namespace

bool publish_place(Engine& engine, const catalog::PendingPublication& series, const std::string& place,
                   const std::vector<ObjectRow>& objects) {
  engine.disk().check_directory(directory_of_place(series.key, place), series.key);
  if (!is_by_template(place)) return Directory(engine, series, place, objects).publish();
  return publish_file(engine, series, place, objects.empty() ? nullptr : &objects.front());
}

void check_place(Engine& engine, int64_t series_id, std::string_view key, const std::string& place) {
  engine.disk().check_directory(directory_of_place(key, place), key);
  if (!is_by_template(place)) return;
  const std::string path = base::join_path(engine.disk().root(), place.substr(1));
  if (!engine.files().exists(path) || is_own_file(engine, series_id, place, path)) return;
  if (engine.files().exists(path)) {  // and did not go while it was looked at
    throw AlreadyExists("{} is there already, where series {} has its file, and is not of this series", place.substr(1),
                        quote(key));
  }
}

std::string directory_of_place(std::string_view key, std::string_view place) {
  if (!is_by_template(place)) {
    const std::string directory = catalog::key_to_path(key);
    return place.empty() ? directory : base::join_path(directory, place);
  }
  return std::string(place.substr(1, place.rfind('/') == 0 ? 0 : place.rfind('/') - 1));
}

std::vector<ObjectRow> find_objects(Engine& engine, int64_t series_id, const std::string& place,
                                    const std::vector<std::string>& names) {
  if (is_by_template(place)) return engine.catalog().objects_between(series_id, place, end_of_names(place));
  std::vector<std::string> whole;
  for (const std::string& name : names) whole.push_back(base::join_path(place, name));
  return engine.catalog().objects_named(series_id, whole);
}

bool is_same_file(const Engine& engine, const std::string& path, const catalog::ObjectRow& object) try {
  const base::FileStatus visible = engine.files().status(path);
  if (visible.type != base::FileType::kFile) return false;
  const std::string object_path = engine.disk().object_path(object.id);
  if (engine.files().exists(object_path)) {
    const base::FileStatus stored = engine.files().status(object_path);
    if (visible.inode == stored.inode && visible.device == stored.device) return true;
  }
  return visible.size == static_cast<uint64_t>(object.bytes) && sha256_of_file(engine.files(), path) == object.sha256;
} catch (const NotFound&) {  // it went meanwhile
  return false;
}

}  // namespace varve::store
