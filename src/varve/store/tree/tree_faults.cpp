#include "varve/store/tree/tree_faults.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;
using catalog::SeriesRow;

class TreeSearch {
 public:
  TreeSearch(Engine& engine, const SeriesRow& series) : engine_(engine), series_(series) {}

  std::vector<TreeFault> run(const std::vector<ObjectRow>& objects) {
    std::map<std::string, std::vector<ObjectRow>> live;  // by place
    for (const std::string& name : engine_.catalog().object_names(series_.id)) live[place_of(name)];
    for (const ObjectRow& object : objects) live[place_of(object.name)].push_back(object);
    for (const auto& [place, shown] : live) look_at(place, shown);
    return std::move(faults_);
  }

 private:
  void look_at(const std::string& place, const std::vector<ObjectRow>& shown) {
    const std::string directory = directory_of_place(series_.key, place);
    std::set<std::string> names = list(place, directory, !shown.empty());
    std::set<std::string> replaced;
    for (const ObjectRow& object : shown) {
      const std::string file = visible_path(series_.key, object.name);
      const std::string name = base::file_name(file);
      if (!names.contains(name)) {
        add(TreeFaultKind::kMissing, file, object);
      } else if (is_same_file(engine_, path_of(file), object)) {
        names.erase(name);
      } else {
        replaced.insert(name);
      }
    }
    if (names.empty()) return;
    for (const auto& [name, known] : find_known(place, names)) {
      judge(base::join_path(directory, name), known, replaced.contains(name));
    }
  }

  // The files of the place. Where no directory is, and none has to be, there are none.
  [[nodiscard]] std::set<std::string> list(const std::string& place, const std::string& directory, bool needed) const {
    std::vector<std::string> names;
    try {
      engine_.disk().check_directory(directory, series_.key);
      names = engine_.files().list(path_of(directory));
    } catch (const NotFound&) {
    } catch (const PathTraversal&) {
      if (needed) throw;
    }
    const auto may_be_ours = [&](const std::string& name) {
      return is_by_template(place) ? name == base::file_name(place) : name.ends_with(".parquet");
    };
    std::erase_if(names, [&](const std::string& name) { return !may_be_ours(name); });
    return {names.begin(), names.end()};
  }

  // The objects, live and dead, by file name.
  [[nodiscard]] std::map<std::string, std::vector<ObjectRow>> find_known(const std::string& place,
                                                                         const std::set<std::string>& names) const {
    std::map<std::string, std::vector<ObjectRow>> known;
    for (ObjectRow& object : find_objects(engine_, series_.id, place, {names.begin(), names.end()})) {
      known[base::file_name(visible_path(series_.key, object.name))].push_back(std::move(object));
    }
    return known;
  }

  // A file that is not that of the newest version. There are several known objects only by a path template, where all
  // versions have one name.
  void judge(const std::string& file, const std::vector<ObjectRow>& known, bool is_replaced) {
    const std::string path = path_of(file);
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const ObjectRow& object) { return is_same_file(engine_, path, object); });
    if (same != known.end()) return add(TreeFaultKind::kLeft, file, *same);
    if (is_replaced) return add(TreeFaultKind::kReplaced, file, known.back());
    if (!is_file(path) || is_of_another_series(file)) return;
    add(TreeFaultKind::kForeign, file, known.back());
  }

  [[nodiscard]] bool is_file(const std::string& path) const {
    try {
      return engine_.files().status(path).type == base::FileType::kFile;
    } catch (const NotFound&) {  // it went meanwhile
      return false;
    }
  }

  // Once this series had left a place, another one may have come to lie there.
  [[nodiscard]] bool is_of_another_series(const std::string& file) const {
    for (const SeriesRow& other : engine_.catalog().list_series({})) {
      if (other.id == series_.id) continue;
      const std::optional<std::string> name = name_in(other, file);
      if (!name) continue;
      const std::vector<ObjectRow> known = find_objects(engine_, other.id, place_of(*name), {base::file_name(*name)});
      if (std::any_of(known.begin(), known.end(),
                      [&](const ObjectRow& object) { return is_same_file(engine_, path_of(file), object); })) {
        return true;
      }
    }
    return false;
  }

  // What an object of the series would be called that is visible there.
  static std::optional<std::string> name_in(const SeriesRow& series, const std::string& file) {
    const Layout layout = Layout::parse(series.definition.layout);
    if (layout.one_file_a_period()) {
      const auto place = layout.match(file);
      return place && place->key == series.key ? std::optional("/" + file) : std::nullopt;
    }
    const std::string directory = catalog::key_to_path(series.key) + "/";
    return file.starts_with(directory) ? std::optional(file.substr(directory.size())) : std::nullopt;
  }

  [[nodiscard]] std::string path_of(const std::string& relative) const {
    return base::join_path(engine_.disk().root(), relative);
  }

  void add(TreeFaultKind kind, const std::string& file, const ObjectRow& object) {
    faults_.push_back({.kind = kind, .file = file, .object_id = object.id});
  }

  Engine& engine_;
  const SeriesRow& series_;
  std::vector<TreeFault> faults_;
};

}  // namespace

std::vector<TreeFault> find_tree_faults(Engine& engine, const SeriesRow& series,
                                        const std::vector<ObjectRow>& objects) {
  return TreeSearch(engine, series).run(objects);
}

}  // namespace varve::store
