// What keeping a lake whole takes and gives back: vacuum, verify, repair, backup.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/cancel.h"
#include "varve/base/time.h"

namespace varve {

// For work that takes long.
struct WorkOptions {
  // Told now and then, by one thread at a time: bytes that are done, and of how many, as far as is known. What it
  // throws ends the work.
  std::function<void(int64_t bytes, int64_t bytes_total)> progress = {};
  base::CancelToken cancel = {};  // Cancelled
};

// Which old versions a lake keeps, besides the newest and those in snapshots: all that were the newest at some time
// within `all_for`, but at most `versions_max` of these, and the last of each hour within `hourly_for`.
struct RetentionPolicy {
  Duration all_for = Duration::seconds(3600);
  Duration hourly_for = Duration::seconds(7 * 24 * 3600);
  int64_t versions_max = 500;

  bool operator==(const RetentionPolicy&) const = default;
};

// What one vacuum keeps; what is absent is as the policy of the lake says.
struct VacuumOptions {
  std::optional<Duration> all_for;
  std::optional<Duration> hourly_for;
  std::optional<int64_t> versions_max;
};

struct VacuumReport {
  int64_t versions = 0;  // forgotten
  int64_t files = 0;     // removed
  int64_t bytes = 0;     // of these
};

struct VerifyFinding {
  std::string key;   // "" if it concerns the lake
  std::string file;  // relative to the root, "" if none
  std::string what;
};

// What `verify` looked at and found. Nothing found: the lake is whole.
struct VerifyReport {
  int64_t keys = 0;  // and the files, rows and bytes of their newest versions
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t old_files = 0;  // that only older versions need
  std::vector<VerifyFinding> findings;

  [[nodiscard]] bool clean() const noexcept { return findings.empty(); }
};

struct RepairOptions {
  std::string from_backup;  // the directory of a backup of this lake; "": none
  WorkOptions work = {};
};

enum class RepairOutcome {
  kMended,     // the file is what was committed again
  kPublished,  // the visible tree shows the series again
  kLost,       // nowhere to be found: a new version of the series goes without it
  kLostOld,    // the same of a file of older versions, which cannot be read whole any more
  kLeft,       // nothing was done
};
std::string_view to_string(RepairOutcome outcome) noexcept;  // "mended", "published", "lost", "lost old", "left"

// One thing that was wrong, and what became of it.
struct RepairStep {
  std::string key;   // "" if it concerns the lake
  std::string file;  // relative to the root, "" if none
  RepairOutcome outcome = RepairOutcome::kLeft;
  std::string what;                // what was wrong, and where good bytes came from or bad ones went
  int64_t rows = 0;                // of what was lost
  std::optional<Timestamp> first;  // its index values, both inside; empty if untimed or nothing was lost
  std::optional<Timestamp> last;
};

struct RepairReport {
  int64_t keys = 0;   // looked at
  int64_t files = 0;  // looked at, those of older versions too
  std::vector<RepairStep> steps;

  // Whether all that was wrong is mended.
  [[nodiscard]] bool whole() const noexcept;
  [[nodiscard]] int64_t rows_lost() const noexcept;  // from newest versions
};

struct BackupReport {
  int64_t keys = 0;   // in the copy
  int64_t files = 0;  // in the copy, of all versions
  int64_t bytes = 0;
  int64_t files_copied = 0;  // this time
  int64_t bytes_copied = 0;
  int64_t files_removed = 0;         // no version needs them any more
  std::vector<std::string> damaged;  // ids of files that were not copied: they are not what was committed
};

struct RebuildOptions {
  bool replace = false;  // also where there is a catalog: it is put aside
  WorkOptions work = {};
};

struct RebuildReport {
  int64_t keys = 0;  // of the new catalog, and their newest versions
  int64_t files = 0;
  int64_t rows = 0;
  std::string catalog_copy;             // the copy of the old catalog that it goes on from; "": none
  int64_t put_aside = 0;                // files and folders that are now in `.varve/quarantine`
  std::vector<VerifyFinding> findings;  // what is to be known of single series and files
};

enum class Health { kOk, kWarn, kFail };
std::string_view to_string(Health health) noexcept;  // "ok", "warn", "fail"

struct Symptom {
  std::string subject;  // "hard links", "free space", …
  Health health = Health::kOk;
  std::string what;    // was found
  std::string advice;  // what to do; "" if it is well
};

// How much there is of something: in newest versions.
struct Amount {
  std::string name;  // of a kind or a layout
  int64_t keys = 0;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
};

struct LakeStats {
  int64_t keys = 0;  // and the rows, files and bytes of their newest versions
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
  std::vector<Amount> by_kind;    // sorted by name
  std::vector<Amount> by_layout;  // likewise
  int64_t deleted_keys = 0;       // of which something is remembered
  int64_t versions = 0;           // that can be read, newest ones too
  int64_t snapshots = 0;
  int64_t inline_files = 0;  // whose bytes lie in the catalog still, and these
  int64_t inline_bytes = 0;
  int64_t old_files = 0;  // that only older versions have, and their bytes
  int64_t old_bytes = 0;
  int64_t free_files = 0;  // of these, what `vacuum` would remove
  int64_t free_bytes = 0;
  int64_t catalog_bytes = 0;                 // with its log
  int64_t behind = 0;                        // series whose visible directory is behind
  std::optional<RetentionPolicy> retention;  // of the lake; nothing if its catalog has one that is not understood
};

}  // namespace varve
