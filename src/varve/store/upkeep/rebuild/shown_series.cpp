#include "varve/store/upkeep/rebuild/shown_series.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/store/commit_files.h"
#include "varve/store/tree/layout.h"

namespace varve::store {
namespace {

class TreeReader {
 public:
  TreeReader(const Disk& disk, const std::vector<FoundObject>& objects, Meter& meter)
      : disk_(disk), objects_(objects), meter_(meter) {}

  ShownTree run() {
    find_shown_files();
    return std::move(tree_);
  }

 private:
  [[nodiscard]] base::FileSystem& files() const { return disk_.files(); }

  void tell(std::string key, std::string file, std::string what) {
    tree_.findings.push_back({.key = std::move(key), .file = std::move(file), .what = std::move(what)});
  }

  void find_shown_files() {
    std::map<std::pair<uint64_t, uint64_t>, const FoundObject*> by_inode;
    for (const FoundObject& object : objects_) {
      by_inode[{object.status.device, object.status.inode}] = &object;
      if (!object.problem.empty())
        tell("", object.path.substr(disk_.root().size() + 1), "cannot be read: " + object.problem);
    }
    for (const std::string& file : find_visible_files(disk_)) {
      const base::FileStatus status = files().status(base::join_path(disk_.root(), file));
      const auto at = by_inode.find({status.device, status.inode});
      show(file, at == by_inode.end() ? nullptr : at->second);
    }
    show_moved();
    for (auto& [key, shown] : tree_.series) settle(key, shown);
  }

  // Where links are lost, or all objects are, a file under another key than its own is of a renamed series, which left
  // nothing behind, or else a copy that somebody made.
  void show_moved() {
    std::set<std::string> keys;
    for (const auto& [key, shown] : tree_.series) keys.insert(key);
    std::set<std::string> shown;
    for (const auto& added : tree_.added) shown.insert(added->sha256);
    for (Moved& one : moved_) {
      const bool stayed = keys.contains(one.found.facts->key) || !is_object(one.found.sha256);
      if (shown.contains(one.found.sha256) || (stayed && !objects_.empty())) {
        tell_misplaced(one.file, one.found);
      } else {
        tree_.series[one.as.key].push_back({take_in(std::move(one.found)), one.as.name});
      }
    }
  }

  [[nodiscard]] bool is_object(const std::string& sha256) const {
    return std::any_of(objects_.begin(), objects_.end(), [&](const FoundObject& one) { return one.sha256 == sha256; });
  }

  void tell_misplaced(const std::string& file, const FoundObject& found) {
    tell("", file, "is not where series " + quote(found.facts->key) + " has it, and is left as it is");
  }

  void show(const std::string& file, const FoundObject* object) {
    std::optional<FoundObject> copy;
    if (object == nullptr) {
      copy = examine_file(files(), base::join_path(disk_.root(), file), meter_);
      if (!copy->problem.empty()) tell("", file, "cannot be read, and is left as it is: " + copy->problem);
      object = &*copy;
    }
    if (!object->facts) {  // somebody else's, or told above
      if (object->problem.empty() && (!copy || objects_.empty()))
        tree_.unnamed.push_back({file, copy ? nullptr : object});
      return;
    }
    const std::optional<ShownAs> shown = shown_as(*object, file);
    if (!shown) return tell_misplaced(file, *object);
    if (shown->key != object->facts->key && copy) {
      moved_.push_back({file, *shown, *std::move(copy)});
      return;
    }
    if (copy) object = take_in(*std::move(copy));
    tree_.series[shown->key].push_back({object, shown->name});
  }

  // A visible file that is no link to an object becomes one, or turns out to be a copy of one.
  const FoundObject* take_in(FoundObject copy) {
    for (const FoundObject& object : objects_) {
      if (object.facts && object.sha256 == copy.sha256) return &object;
    }
    const std::string commit_id = is_commit_id(copy.facts->commit_id) ? copy.facts->commit_id : base::make_uuid();
    size_t number = 0;
    while (files().exists(disk_.object_path(object_id(commit_id, number)))) ++number;
    copy.id = object_id(commit_id, number);
    add_object(disk_, copy.path, copy.id);
    copy.path = disk_.object_path(copy.id);
    tree_.added.push_back(std::make_unique<FoundObject>(std::move(copy)));
    return tree_.added.back().get();
  }

  // Names of untimed files count on.
  static bool written_before(const ShownFile& left, const ShownFile& right) {
    const auto place = [](const ShownFile& file) {
      return std::tuple(file.object->facts->version, file.name.size(), std::string_view(file.name));
    };
    return place(left) < place(right);
  }

  // No file twice, and none that lies across others: the newer ones stay.
  void settle(const std::string& key, std::vector<ShownFile>& shown) {
    const auto newer = [](const ShownFile& left, const ShownFile& right) {
      return std::tie(right.object->facts->version, left.name) < std::tie(left.object->facts->version, right.name);
    };
    std::stable_sort(shown.begin(), shown.end(), newer);
    const bool timed = !shown.front().object->facts->definition.index.empty();
    std::vector<ShownFile> kept;
    for (ShownFile& file : shown) {
      const bool clashes = std::any_of(kept.begin(), kept.end(), [&](const ShownFile& one) {
        if (one.object == file.object) return true;
        return timed && one.object->first <= file.object->last && file.object->first <= one.object->last;
      });
      if (clashes) {
        tell(key, visible_path(key, file.name), "lies across newer files of its series: it is not part of it");
      } else {
        kept.push_back(std::move(file));
      }
    }
    std::reverse(kept.begin(), kept.end());
    if (!timed) std::sort(kept.begin(), kept.end(), written_before);
    shown = std::move(kept);
  }

  const Disk& disk_;
  const std::vector<FoundObject>& objects_;
  Meter& meter_;
  ShownTree tree_;
  struct Moved {
    std::string file;
    ShownAs as;
    FoundObject found;
  };
  std::vector<Moved> moved_;
};

}  // namespace

ShownTree find_shown_series(const Disk& disk, const std::vector<FoundObject>& objects, Meter& meter) {
  return TreeReader(disk, objects, meter).run();
}

bool shows_series(const Disk& disk) {
  if (!disk.is_directory(disk.root())) return false;
  const UpkeepOptions nothing;
  Meter meter(nothing);
  for (const std::string& file : find_visible_files(disk)) {
    const FoundObject found = examine_file(disk.files(), base::join_path(disk.root(), file), meter);
    if (!found.facts) continue;
    const std::optional<ShownAs> shown = shown_as(found, file);
    if (shown && shown->key == found.facts->key) return true;
  }
  return false;
}

}  // namespace varve::store
