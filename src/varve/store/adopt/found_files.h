// Parquet files that lie in the tree where a layout has those of a series.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "varve/store/disk.h"
#include "varve/store/tree/layout.h"

namespace varve::store {

struct FoundFile {
  std::string path;  // relative to the root
  std::string name;  // what an object that is visible there is called (layout.h)
};

struct FoundSeries {
  std::string key;
  std::vector<FoundFile> files;  // by name
};

enum class FindWhere {
  kLaidOut,     // only where the layout has files
  kBelowTheKey  // anywhere in the directory of the key; by a path template as above
};

// What lies there, by key; whose it is, is not asked (owners.h). With `key`: that one alone, with no files if there are
// none. By a path template an empty `key` means all that paths below the root name; other layouts need one. Names that
// begin with
// `.` or `_` are passed over, as other readers do. Throws PathTraversal where a link lies among the files,
// InvalidArgument, Io.
std::vector<FoundSeries> find_files(const Disk& disk, const Layout& layout, std::string_view key,
                                    FindWhere where = FindWhere::kLaidOut);

}  // namespace varve::store
