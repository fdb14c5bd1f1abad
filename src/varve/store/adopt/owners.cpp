#include "varve/store/adopt/owners.h"

#include <utility>

#include "varve/catalog/key.h"

namespace varve::store {
namespace {

// Whether the layout has files at this path below the directory of a key.
bool has_file(const Layout& layout, std::string_view path) {
  size_t depth = 0;
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    if (!layout.has_directory(path.substr(0, slash), depth++)) return false;
    path.remove_prefix(slash + 1);
  }
  return depth == layout.depth();
}

}  // namespace

Owners::Owners(catalog::Catalog& catalog) {
  for (const catalog::SeriesRow& series : catalog.list_series({})) {
    const std::string& text = series.definition.layout;
    auto at = templates_.find(text);
    if (at == templates_.end()) {
      Layout layout = Layout::parse(text);
      if (!layout.one_file_a_period()) {
        directories_.emplace(catalog::key_to_path(series.key), Directory{series.key, std::move(layout)});
        continue;
      }
      at = templates_.emplace(text, ByTemplate{std::move(layout), {}}).first;
    }
    at->second.keys.insert(series.key);
  }
}

std::optional<std::string> Owners::find(const std::string& path) const {
  for (const auto& [text, series] : templates_) {
    const auto place = series.layout.match(path);
    if (place && series.keys.contains(place->key)) return place->key;
  }
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string_view whole = path;
    const auto at = directories_.find(whole.substr(0, slash));
    if (at != directories_.end() && has_file(at->second.layout, whole.substr(slash + 1))) return at->second.key;
  }
  return std::nullopt;
}

}  // namespace varve::store
