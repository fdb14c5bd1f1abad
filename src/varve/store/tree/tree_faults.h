// Where the visible tree is not what the catalog says.
#pragma once

#include <string>
#include <vector>

#include "varve/store/engine.h"

namespace varve::store {

enum class TreeFaultKind {
  kMissing,   // a file of the newest version is not there
  kReplaced,  // something else lies there under its name
  kLeft,      // a file of an older version is there
  kForeign,   // a file that is none of the series' lies there under the name of one of an older version
};

struct TreeFault {
  TreeFaultKind kind = TreeFaultKind::kMissing;
  std::string file;       // relative to the root
  std::string object_id;  // of an object that has or had this name
};

// How the places of a series (layout.h), deleted or not, differ from `objects`, those of its newest version. Files
// under names that no object of the series has are no fault, nor are those of another series. Beside somebody who
// publishes what it finds may be on its way already. Throws PathTraversal if a link or a file lies where a directory
// with objects should be.
std::vector<TreeFault> find_tree_faults(Engine& engine, const catalog::SeriesRow& series,
                                        const std::vector<catalog::ObjectRow>& objects);

}  // namespace varve::store
