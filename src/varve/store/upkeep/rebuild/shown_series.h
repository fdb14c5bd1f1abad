// The newest state of each series as the visible tree shows it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "varve/store/upkeep/rebuild/found_files.h"
#include "varve/store/upkeep/verify.h"

namespace varve::store {

// A file that the tree shows of a series.
struct ShownFile {
  const FoundObject* object = nullptr;
  std::string name;  // of the object in its series
};

// A visible file that says nothing of itself. Adopted ones are objects; the others are told of only where there are no
// objects at all, so that nobody knows.
struct UnnamedFile {
  std::string path;                     // relative to the root
  const FoundObject* object = nullptr;  // null: it is none
};

struct ShownTree {
  std::map<std::string, std::vector<ShownFile>> series;  // by key; of each the files in order of their versions
  std::vector<std::unique_ptr<FoundObject>> added;       // visible files that were no objects, and are now
  std::vector<UnnamedFile> unnamed;
  std::vector<Finding> findings;  // what is visible and belongs to no series, and why
};

// `objects` are those on the disk, and must outlive what is returned. A visible file that is no link to one of them
// becomes an object, unless it is a copy of one. Of files of a series that lie across each other the newest is taken.
// Throws Io, Cancelled.
ShownTree find_shown_series(const Disk& disk, const std::vector<FoundObject>& objects, Meter& meter);

// Whether the tree has a file that lies where its series has it; false where there is no directory.
bool shows_series(const Disk& disk);

}  // namespace varve::store
