// Makes a catalog anew from the files alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/base/log.h"
#include "varve/base/thread_pool.h"
#include "varve/store/upkeep/progress.h"
#include "varve/store/upkeep/verify.h"

namespace varve::store {

struct RebuildOptions {
  bool replace = false;  // also where there is a catalog: it is put aside
  Duration lock_timeout = Duration::seconds(30);
  base::Log log = {};
  base::ThreadPool* pool = nullptr;
  UpkeepOptions upkeep = {};
};

struct Rebuilt {
  int64_t keys = 0;  // of the new catalog, and their newest versions
  int64_t files = 0;
  int64_t rows = 0;
  std::string catalog_copy;       // the copy of the old catalog that was gone on from; "": none
  int64_t put_aside = 0;          // files that are now in `.varve/quarantine`
  std::vector<Finding> findings;  // what a person should know of single series and files
};

// The newest state of each series is what the visible tree shows of it: files that say they belong to the key, where
// its layout has them. The newest copy of the catalog that can be read tells the rest: old versions, snapshots,
// coverage, runs, metadata, compression, series without rows, columns that only removed rows had; where there is none
// these are lost. A series of that copy that no file shows stays as the copy has it if all its files are there, and
// else counts as deleted. Objects that belong nowhere (of old versions that nobody remembers, of commits that were not
// published or did not happen), whatever lies in staging, and the old catalog move to `.varve/quarantine`. Rows that
// lay only in the lost catalog, committed within the last moments before it was lost, cannot be had. The versions of a
// series go on from the newest that its files name. A series of the copy whose files the tree shows under another key
// was renamed since. Until the new catalog is whole nothing has changed but what was put aside; it may then be called
// again. Throws NotFound if `root` has no `.varve` nor a visible file where its series has it, AlreadyExists if there
// is a catalog and `replace` is false, ConcurrentWrite if the lake is open, Io, Cancelled.
Rebuilt rebuild_catalog(base::FileSystem& files, const base::Clock& clock, const std::string& root,
                        const RebuildOptions& options);

}  // namespace varve::store
