// Which series have their files where in the visible tree.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "varve/catalog/catalog.h"
#include "varve/store/tree/layout.h"

namespace varve::store {

// A value: the series that there are when it is made.
class Owners {
 public:
  explicit Owners(catalog::Catalog& catalog);

  // The key of a series that may have a file at this path below the root; nothing if none may.
  [[nodiscard]] std::optional<std::string> find(const std::string& path) const;

 private:
  struct Directory {
    std::string key;
    Layout layout;
  };
  struct ByTemplate {
    Layout layout;
    std::set<std::string> keys;
  };
  std::map<std::string, Directory, std::less<>> directories_;  // by their paths
  std::map<std::string, ByTemplate> templates_;                // by their texts
};

}  // namespace varve::store
