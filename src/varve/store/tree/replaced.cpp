#include "varve/store/tree/replaced.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "varve/base/error.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
#include "varve/store/upkeep/put_aside.h"

namespace varve::store {
namespace {

constexpr Duration kOldest{std::numeric_limits<int64_t>::max()};

Duration age_of(const Engine& engine, const base::FileStatus& status) {
  const Duration age{engine.clock().now().nanoseconds - status.changed_nanoseconds};
  return age < Duration{0} ? kOldest : age;
}

// Moves what somebody else put into a directory that was replaced to the one that is there now. Returns what has to
// stay because the names are taken.
std::vector<std::string> move_back(Engine& engine, const std::string& directory, const std::string& tree,
                                   const std::vector<std::string>& names) {
  std::vector<std::string> left;
  for (const std::string& name : names) {
    if (engine.files().exists(base::join_path(directory, name))) {
      left.push_back(name);
      continue;
    }
    engine.disk().make_directories_below_root(directory);
    engine.files().rename(base::join_path(tree, name), base::join_path(directory, name));
    engine.disk().sync_tree(directory);
  }
  return left;
}

// What has the name of an object is the object, or bytes that repair has put aside already, or what somebody put there.
// None of it goes back into the visible tree, where it would be read beside the rows of the series.
void clear_own_name(Engine& engine, const std::string& key, const std::string& path, const catalog::ObjectRow& object) {
  if (is_same_file(engine, path, object) || is_put_aside(engine.disk(), path)) return engine.files().unlink(path);
  const std::string kept = put_aside(engine.disk(), path, object.id + "-visible");
  engine.warn(
      format_message("{} was not the file that was published: it is now {}", {visible_path(key, object.name), kept}));
}

void discard(Engine& engine, const ReplacedDirectory& replaced, const std::string& key) {
  std::vector<std::string> left = engine.files().list(replaced.path);
  for (const catalog::ObjectRow& object : find_objects(engine, replaced.tree.series_id, replaced.tree.place, left)) {
    const std::string name = base::file_name(object.name);
    clear_own_name(engine, key, base::join_path(replaced.path, name), object);
    std::erase(left, name);
  }
  const std::string visible = base::join_path(engine.disk().root(), directory_of_place(key, replaced.tree.place));
  if (!left.empty()) left = move_back(engine, visible, replaced.path, left);
  if (left.empty()) return engine.files().remove_directory(replaced.path);
  const std::string kept = put_aside(engine.disk(), replaced.path, base::file_name(replaced.path));
  engine.warn(format_message("{} of somebody else, {} first, lie in {}: there are others of these names in {}",
                             {left.size(), left.front(), kept, visible}));
}

// One that was cleared meanwhile is fine.
void discard_if_known(Engine& engine, const ReplacedDirectory& replaced) {
  const std::string key = engine.catalog().key_of(replaced.tree.series_id);
  if (key.empty()) return;  // recovery tells
  try {
    discard(engine, replaced, key);
  } catch (const NotFound&) {
  } catch (const Error& error) {
    engine.warn("cannot clear " + replaced.path + ": " + error.what());
  }
}

std::vector<std::string> list_if_there(Engine& engine, const std::string& directory) {
  try {
    return engine.files().list(directory);
  } catch (const NotFound&) {  // its owner is done
    return {};
  }
}

// What goes meanwhile is as if it had not been there.
std::vector<ReplacedDirectory> find_in(Engine& engine, const std::string& staging) {
  std::vector<ReplacedDirectory> found;
  for (const std::string& name : list_if_there(engine, staging)) {
    const std::optional<StagedTree> tree = parse_staged_tree(name);
    if (!tree) continue;
    const std::string path = base::join_path(staging, name);
    try {
      const base::FileStatus status = engine.files().status(path);
      if (status.type == base::FileType::kDirectory) found.push_back({path, *tree, age_of(engine, status)});
    } catch (const NotFound&) {}
  }
  return found;
}

}  // namespace

std::vector<ReplacedDirectory> find_replaced(Engine& engine, StagedBy by) {
  if (by == StagedBy::kThisOpener) return find_in(engine, engine.staging());
  std::vector<ReplacedDirectory> all;
  for (const std::string& id : engine.files().list(engine.disk().staging_path())) {
    std::vector<ReplacedDirectory> found = find_in(engine, base::join_path(engine.disk().staging_path(), id));
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

Duration clear_replaced(Engine& engine, Duration grace, StagedBy by) {
  const auto due = [&](const ReplacedDirectory& one) { return one.age >= grace; };
  std::vector<ReplacedDirectory> found = find_replaced(engine, by);
  if (std::any_of(found.begin(), found.end(), due)) {
    const auto lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
    for (const ReplacedDirectory& one : find_replaced(engine, by)) {
      if (due(one)) discard_if_known(engine, one);
    }
    std::erase_if(found, due);
  }
  Duration rest{0};
  for (const ReplacedDirectory& one : found) {
    const Duration left{grace.nanoseconds - one.age.nanoseconds};
    rest = std::max(rest, left);
  }
  return rest;
}

std::set<std::string> names_in_replaced(Engine& engine, int64_t series_id) {
  std::set<std::string> names;
  for (const ReplacedDirectory& one : find_replaced(engine)) {
    if (one.tree.series_id != series_id) continue;
    for (const std::string& name : list_if_there(engine, one.path)) {
      names.insert(one.tree.place.empty() ? name : base::join_path(one.tree.place, name));
    }
  }
  return names;
}

}  // namespace varve::store
