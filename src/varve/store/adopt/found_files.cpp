#include "varve/store/adopt/found_files.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/key.h"

namespace varve::store {
namespace {

bool is_hidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

// Of one that is wanted.
void check_no_link(const std::string& path, base::FileType type) {
  if (type != base::FileType::kSymlink) return;
  throw PathTraversal("{} is a symbolic link: it cannot become part of a series", path);
}

class Search {
 public:
  explicit Search(const Disk& disk) : disk_(disk) {}

  // Files, and links, in `path`, below the root, and in its directories for which `enter` is true at their depth.
  using Enter = std::function<bool(const std::string& name, size_t depth)>;
  using Take = std::function<void(const std::string& path, base::FileType type)>;
  void walk(const std::string& path, size_t depth, const Enter& enter, const Take& take) const {
    const std::string whole = path.empty() ? disk_.root() : base::join_path(disk_.root(), path);
    for (const std::string& name : disk_.files().list(whole)) {
      const bool is_file = name.ends_with(".parquet") && !is_hidden(name);
      if (!is_file && !enter(name, depth)) continue;
      const std::string below = path.empty() ? name : base::join_path(path, name);
      const base::FileType type = disk_.files().status(base::join_path(whole, name)).type;
      if (type == base::FileType::kDirectory) {
        if (enter(name, depth)) walk(below, depth + 1, enter, take);
      } else if (is_file && type != base::FileType::kOther) {
        take(below, type);
      }
    }
  }

 private:
  const Disk& disk_;
};

std::vector<FoundSeries> find_by_template(const Disk& disk, const Layout& layout, std::string_view key) {
  std::map<std::string, std::vector<FoundFile>> found;
  if (!key.empty()) found[std::string(key)];
  const auto enter = [](const std::string& name, size_t) { return name != kEngineFolder; };
  Search(disk).walk("", 0, enter, [&](const std::string& path, base::FileType type) {
    const auto place = layout.match(path);
    if (!place || (!key.empty() && place->key != key)) return;
    check_no_link(path, type);
    found[place->key].push_back({.path = path, .name = "/" + path});
  });
  std::vector<FoundSeries> all;
  for (auto& [name, files] : found) all.push_back({.key = name, .files = std::move(files)});
  return all;
}

}  // namespace

std::vector<FoundSeries> find_files(const Disk& disk, const Layout& layout, std::string_view key, FindWhere where) {
  if (layout.one_file_a_period()) return find_by_template(disk, layout, key);
  if (key.empty()) throw InvalidArgument("the layout {} does not tell keys from paths: name a key", layout.text());
  disk.check_key_path(key);
  FoundSeries found{.key = std::string(key), .files = {}};
  const std::string folder = catalog::key_to_path(key);
  if (!disk.files().exists(base::join_path(disk.root(), folder))) return {found};
  const bool anywhere = where == FindWhere::kBelowTheKey;
  const auto enter = [&](const std::string& name, size_t depth) {
    return anywhere ? !is_hidden(name) : layout.has_directory(name, depth);
  };
  Search(disk).walk(folder, 0, enter, [&](const std::string& path, base::FileType type) {
    std::string name = path.substr(folder.size() + 1);
    const auto depth = static_cast<size_t>(std::count(name.begin(), name.end(), '/'));
    if (!anywhere && depth != layout.depth()) return;
    check_no_link(path, type);
    found.files.push_back({.path = path, .name = std::move(name)});
  });
  return {std::move(found)};
}

}  // namespace varve::store
