// Removes what no version needs any more.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "varve/store/engine.h"
#include "varve/store/upkeep/retention.h"

namespace varve::store {

struct Vacuumed {
  int64_t versions = 0;  // forgotten
  int64_t files = 0;     // removed
  int64_t bytes = 0;     // of these
};

// Forgets versions of one series (deleted or not; all if `key` is empty) that the policy lets go, except those that
// somebody reads under a lease, and removes their files: by what the catalog says, never by a listing. The visible tree
// does not change. May run beside readers and writers. Waits up to the engine's listing_grace first, if something was
// replaced just now. Throws NotFound; and, when it has done what it can, what keeps it from a series, as a full disk
// may that leaves no room for files that are to be published first. What was not done is done by the next call.
Vacuumed vacuum(Engine& engine, std::string_view key, const RetentionPolicy& policy);
// The same without waiting: what a replaced directory shows stays.
Vacuumed vacuum_at_once(Engine& engine, std::string_view key, const RetentionPolicy& policy);

// As long as it lives, nobody removes the files of these versions. Costs no sync, and ends with its process.
class Lease {
 public:
  // Throws NotFound if one of them is not there (any more).
  Lease(Engine& engine, std::span<const catalog::SeriesVersion> versions);

 private:
  std::unique_ptr<base::FileLock> lock_;
};

}  // namespace varve::store
