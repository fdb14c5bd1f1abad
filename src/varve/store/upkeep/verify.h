// Reads everything that the catalog says is there, and says what is not as it should be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"

namespace varve::store {

struct Finding {
  std::string key;   // "" if it concerns the lake
  std::string file;  // relative to the root, "" if none
  std::string what;
};

struct Verification {
  int64_t keys = 0;  // of these, and the files, rows and bytes of their newest versions
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t old_files = 0;  // that only older versions need
  std::vector<Finding> findings;
};

// Checks one series, or all and the catalog's own file if `key` is empty: each object's size, SHA-256, page CRCs, rows,
// range, order and identity, within and across files, those of older versions too; that the catalog's sums are right;
// that the visible directory shows exactly the files of the newest version (others that people put there are a finding
// only under names of objects that are not forgotten, also of deleted series: repair puts just these aside). Goes on
// after a finding. Files are read side by side, some rows at a time. Beside writers it looks again before it calls
// something wrong. An old file that cannot be had is found each time, until its versions are let go. Notes in the
// registry when an object was found whole, where the lake can be written. Throws NotFound for a key that is not there,
// Cancelled.
Verification verify(Engine& engine, std::string_view key, const UpkeepOptions& options = {});

}  // namespace varve::store
