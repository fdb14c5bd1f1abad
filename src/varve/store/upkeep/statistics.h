// How much there is in a lake, from the catalog alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "varve/store/engine.h"
#include "varve/store/upkeep/retention.h"

namespace varve::store {

struct Amount {
  int64_t keys = 0;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
};

// Sums over newest versions, unless it says otherwise.
struct Statistics {
  Amount all;
  std::map<std::string, Amount> by_kind;
  std::map<std::string, Amount> by_layout;
  int64_t deleted_keys = 0;
  int64_t versions = 0;  // that can be read, newest ones too
  int64_t snapshots = 0;
  int64_t inline_files = 0;  // whose bytes lie in the catalog still, and these
  int64_t inline_bytes = 0;
  int64_t old_files = 0;  // that only older versions have, and their bytes
  int64_t old_bytes = 0;
  int64_t free_files = 0;  // of these, what vacuum would remove by the policy
  int64_t free_bytes = 0;
  int64_t catalog_bytes = 0;  // with its log
  int64_t behind = 0;         // series whose visible directory is behind
};

// Takes time in proportion to what the catalog holds. Leases are not looked at.
Statistics count(Engine& engine, const RetentionPolicy& policy = {});

}  // namespace varve::store
