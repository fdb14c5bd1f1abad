// Mends what is damaged, and says what cannot be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/time.h"
#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"

namespace varve::store {

struct RepairOptions {
  std::string from_backup;  // the root of a backup of this lake, "": none
  UpkeepOptions upkeep = {};
};

enum class RepairOutcome {
  kMended,     // the file is what was committed again
  kPublished,  // the visible tree shows the series again
  kLost,       // no bytes were found: the rows are gone from the newest version
  kLostOld,    // the same of a file that only older versions need: these cannot be read whole any more
  kLeft,       // nothing was done
};

// One thing that was found, and what became of it.
struct Repair {
  std::string key;   // "" if it concerns the lake
  std::string file;  // relative to the root, "" if none
  RepairOutcome outcome = RepairOutcome::kLeft;
  std::string what;                // what was wrong, and where the good bytes came from or the bad ones went
  int64_t rows = 0;                // lost ones
  std::optional<Timestamp> first;  // index values of the lost rows, both inside
  std::optional<Timestamp> last;
};

struct Repaired {
  int64_t keys = 0;   // looked at
  int64_t files = 0;  // objects, those of older versions too
  std::vector<Repair> repairs;
};

// Looks at the bytes of all objects of one series, or of all, and at the visible tree, and mends what is wrong. Damaged
// bytes and visible files that were changed from outside move to `.varve/quarantine`; nothing is deleted. Good bytes
// come from where find_intact_bytes finds them. An object that cannot be had leaves its series in a new version, whose
// coverage forgets the range; its old versions stay. What does not follow from damaged files (a catalog whose sums are
// wrong) is left for `verify` to tell. Each series is locked while it is looked at. May be called again after any
// failure. Throws NotFound for a key or backup that is not there, ReadOnly, ConcurrentWrite, Io, Cancelled.
Repaired repair(Engine& engine, std::string_view key, const RepairOptions& options);

// The visible tree alone, of all series: as above, without a look at the bytes of objects. What cannot be is told to
// the log.
Repaired mend_tree(Engine& engine);

}  // namespace varve::store
