// Directories that were taken out of the visible tree, and how long they stay as they were.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "varve/base/time.h"
#include "varve/store/engine.h"

namespace varve::store {

// Who opened a directory before it was replaced may list it after. If its files went one by one meanwhile, that list
// would be neither the old nor the new state; so all of them stay for the engine's listing_grace, as a directory in
// staging. To the holder of the publish lock every directory there is one that was replaced, or left behind by somebody
// who was killed; to others it may also be one on its way into the tree.
struct ReplacedDirectory {
  std::string path;
  StagedTree tree;
  Duration age{0};  // since it was replaced; as old as can be if the clock says that this is still to come
};

// Those in the staging directories of all processes, or only of this opener.
enum class StagedBy { kAnybody, kThisOpener };
std::vector<ReplacedDirectory> find_replaced(Engine& engine, StagedBy by = StagedBy::kAnybody);

// Clears those that have been there for `grace`: Varve's own files go, what others put in is moved to the visible
// directory, or, with a warning, into the quarantine where its name is taken there or is one that an object of the
// series has or had. Takes the publish lock if there is something to do. Returns how long it is until the others can be
// cleared; 0: there are none. What cannot be cleared is told to the log. Throws ConcurrentWrite, Io.
Duration clear_replaced(Engine& engine, Duration grace, StagedBy by = StagedBy::kAnybody);

// The names of objects (layout.h) of a series that such directories show. The caller holds the publish lock.
std::set<std::string> names_in_replaced(Engine& engine, int64_t series_id);

}  // namespace varve::store
