// The ledger of the files that the rows of a series came from, version by version: what keeps a file from coming in
// twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/time.h"
#include "varve/catalog/history.h"

namespace varve::catalog {

class Database;

// Both ends inside.
struct ClosedRange {
  Timestamp first;
  Timestamp last;

  bool operator==(const ClosedRange&) const = default;
};

// What a new version of a series does to the sources of the one before, in this order.
struct SourceChange {
  std::optional<SeriesVersion> restored;  // they become those of this version
  bool forgets = false;                   // there are none: all rows of before are gone
  std::vector<ClosedRange> emptied;  // rows of before are gone there: a source that lies in it whole is forgotten, one
                                     // that reaches into it, or has no range, is there in part from now on
  std::string sha256;                // not empty: of a file whose rows all come with this version
  std::string name;
  std::optional<ClosedRange> range;  // of its rows' index; absent: untimed

  [[nodiscard]] bool none() const { return !restored && !forgets && emptied.empty() && sha256.empty(); }
};

// Within a transaction of the caller's. Without a change, the sources of a version are those of the one before.
void apply_sources(Database& database, int64_t series_id, int64_t version, const SourceChange& change);
// The version has none.
void end_sources(Database& database, int64_t series_id, int64_t version);
// Drops those that no version has any more.
void drop_old_sources(Database& database, int64_t series_id);

enum class SourceSeen { kNot, kInPart, kWhole };
// Of the newest version.
SourceSeen select_source(Database& database, int64_t series_id, std::string_view sha256);

}  // namespace varve::catalog
