// What data files tell of themselves when nobody else knows them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/thread_pool.h"
#include "varve/store/disk.h"
#include "varve/store/file_metadata.h"
#include "varve/store/upkeep/progress.h"
#include "varve/table/schema.h"

namespace varve::store {

struct FoundObject {
  std::string id;  // of the object; "" if the file is only in the visible tree
  std::string path;
  base::FileStatus status;
  std::string problem;             // why the rest could not be had; "" if it could
  std::optional<FileFacts> facts;  // absent: not a file that Varve wrote
  Schema schema;                   // without metadata
  int64_t rows = 0;
  Timestamp first;  // of the index; both 0 if untimed
  Timestamp last;
  std::string sha256;
  std::optional<int64_t> modified = {};  // as in catalog::ObjectRow
};

// Reads what there is to know of the file at `path`. Throws Cancelled; all else is a problem.
FoundObject examine_file(base::FileSystem& files, const std::string& path, Meter& meter);

// Makes the bytes of the file at `path` an object, durably: by a link, or a copy where there are no links.
void add_object(const Disk& disk, const std::string& path, const std::string& id);

// All files in `objects/`, in order of their ids.
std::vector<FoundObject> find_objects_on_disk(const Disk& disk, base::ThreadPool* pool, Meter& meter);

// The paths below the root, relative to it, of all regular files outside `.varve` that end in `.parquet`, sorted.
// Links are not followed.
std::vector<std::string> find_visible_files(const Disk& disk);

// A visible file in the words of the catalog.
struct ShownAs {
  std::string key;   // of the series that shows it, by where it lies: files of a renamed series name its old key
  std::string name;  // of the object
};

// Nothing if a series with such a layout would not have the file there.
std::optional<ShownAs> shown_as(const FoundObject& object, const std::string& visible_file);

}  // namespace varve::store
