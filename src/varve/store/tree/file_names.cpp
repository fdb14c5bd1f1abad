#include "varve/store/tree/file_names.h"

#include <set>
#include <utility>

namespace varve::store {
namespace {

using catalog::Catalog;

class FileNames {
 public:
  FileNames(Engine& engine, std::span<const FileToName> files) : engine_(engine), files_(files) {}

  std::vector<std::string> choose() {
    look_up_first_choices();
    std::vector<std::string> names;
    for (const FileToName& file : files_) {
      names.push_back(name(file, [&](const std::string& one) { return is_taken(file, one); }));
      given_.emplace(file.key, names.back());
    }
    return names;
  }

 private:
  template <typename Taken>
  static std::string name(const FileToName& file, Taken taken) {
    return file.layout.name_file(file.key, file.range, file.version, taken);
  }

  // Mostly these are free: one look at the catalog does for all.
  void look_up_first_choices() {
    for (const FileToName& file : files_) {
      if (file.series_id == 0) continue;
      looked_up_.emplace(file.series_id, name(file, [](const std::string&) { return false; }));
    }
    if (!looked_up_.empty()) taken_ = engine_.catalog().taken_names(looked_up_);
  }

  bool is_taken(const FileToName& file, const std::string& name) {
    if (given_.contains({file.key, name}) || is_in_catalog(file.series_id, name)) return true;
    const std::string path = base::join_path(engine_.disk().root(), visible_path(file.key, name));
    return !file.layout.one_file_a_period() && engine_.files().exists(path);
  }

  bool is_in_catalog(int64_t series_id, const std::string& name) {
    if (series_id == 0) return false;
    const Catalog::ObjectNames::value_type wanted(series_id, name);
    if (looked_up_.insert(wanted).second) taken_.merge(engine_.catalog().taken_names({wanted}));
    return taken_.contains(wanted);
  }

  Engine& engine_;
  std::span<const FileToName> files_;
  Catalog::ObjectNames looked_up_;
  Catalog::ObjectNames taken_;                                // of those
  std::set<std::pair<std::string_view, std::string>> given_;  // by key
};

}  // namespace

std::vector<std::string> name_files(Engine& engine, std::span<const FileToName> files) {
  return FileNames(engine, files).choose();
}

}  // namespace varve::store
