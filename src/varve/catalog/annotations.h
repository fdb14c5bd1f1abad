// What is known of a series beside its rows: coverage and user metadata. It belongs to the key as it is now, not to its
// versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/time_ranges.h"

namespace varve::catalog {

class Database;

// What was asked for (of a provider, say), what of it came, and what is known to hold nothing: sets of moments.
// Whatever came or is known to be empty was asked for; no moment is both. What was asked for and is neither was asked
// in vain.
struct Coverage {
  TimeRanges requested;
  TimeRanges received;
  TimeRanges empty;

  bool operator==(const Coverage&) const = default;
};

// Half-open ranges in any order, which may overlap.
struct CoverageChange {
  std::vector<TimeRange> forgotten;  // done first: nothing is known of these any more
  std::vector<TimeRange> requested;
  std::vector<TimeRange> received;  // also asked for, and not empty any more
  std::vector<TimeRange> empty;     // also asked for, and not received any more

  [[nodiscard]] bool none() const {
    return forgotten.empty() && requested.empty() && received.empty() && empty.empty();
  }
};

struct Annotations {
  CoverageChange coverage;
  std::optional<std::string> metadata;  // a JSON object, in place of the one before; absent: it stays

  [[nodiscard]] bool none() const { return coverage.none() && !metadata; }
};

// Throws InvalidArgument for a range that ends before it starts, moments both received and empty, and text that is no
// JSON object (see check_json).
void check_annotations(const Annotations& annotations);

// Within a transaction of the caller's. What is written is in proportion to the ranges that change.
void apply_annotations(Database& database, int64_t series_id, const Annotations& annotations);
void drop_coverage(Database& database, int64_t series_id);
void drop_metadata(Database& database, int64_t series_id);

}  // namespace varve::catalog
