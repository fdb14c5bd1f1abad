// What it takes to make files that lie in the tree a series in place, and what comes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/time.h"
#include "varve/lake/maintenance.h"
#include "varve/lake/options.h"

namespace varve {

struct AdoptOptions {
  SeriesOptions series;  // `layout` says where the files lie; else `range`
  bool dry_run = false;  // looks at everything and changes nothing
  // Files in any order, across each other, anywhere in the key's directory, of other types than the series': their rows
  // are written anew as the layout has them, and the files move to `.varve/originals`.
  bool rewrite = false;
  std::string zone;  // of an index without one, where files are rewritten
  WorkOptions work;  // told the bytes of files as they are read
};

// A series that was, or by a dry run would be, made of files.
struct AdoptedSeries {
  std::string key;
  std::string kind;
  std::string index;                                 // "" if untimed
  std::optional<std::vector<std::string>> identity;  // without the index; empty optional: none
  int64_t files = 0;                                 // that were found
  int64_t rows = 0;
  int64_t bytes = 0;
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;
  std::string originals;  // where files that were rewritten lie now, relative to the root; "": they are the series'
};

// What stays as it is, and why.
struct NotAdopted {
  std::string key;
  std::string what;
  bool failed = false;  // it was, or would be, tried; else it is a series already, or its files are another one's
};

struct AdoptReport {
  std::string commit_id;  // empty if nothing was adopted; of the last key, if files were rewritten
  std::vector<AdoptedSeries> series;
  // Of all keys that a template finds: those that are series already, or whose files are those of another one. Of a dry
  // run, or if files are rewritten, also those that cannot be adopted, with the error that says why.
  std::vector<NotAdopted> left;
  std::vector<std::string> empty_files;  // without rows: they stay beside the series, relative to the root
};

}  // namespace varve
