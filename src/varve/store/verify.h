// Reads everything that the catalog says is there, and says what is not as it should be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "varve/store/engine.h"

namespace varve::store {

struct Finding {
  std::string key;   // "" if it concerns the lake
  std::string file;  // relative to the root, "" if none
  std::string what;
};

struct Verification {
  int64_t keys = 0;
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  std::vector<Finding> findings;
};

// Checks the newest version of one series, or of all and the catalog's own file if `key` is empty: each object's size,
// SHA-256, page CRCs, rows, range, order and identity, within and across files; that the catalog's sums are right; that
// the visible directory shows exactly these files (others that people put there are no finding). Goes on after a
// finding. Beside writers it looks again before it calls something wrong. Notes in the registry when an object was
// found whole, where the lake can be written. Throws NotFound for a key that is not there.
Verification verify(Engine& engine, std::string_view key);

}  // namespace varve::store
