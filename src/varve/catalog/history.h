// What a catalog tells of the past: versions, the commits that made them, and snapshots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "varve/base/time.h"
#include "varve/table/schema.h"

namespace varve::catalog {

// One version by its series.
struct SeriesVersion {
  int64_t series_id = 0;
  int64_t version = 0;
};

// Which version of a key is meant: the one of that number (0: the newest) of the series that has the key; or, of the
// series that had the key then or else of the one that has it now, the newest at a time or the one in a snapshot; or
// what one of these was found to be.
using VersionWanted = std::variant<int64_t, Timestamp, std::string, SeriesVersion>;

struct CommitRow {
  std::string id;
  int64_t sequence = 0;
  Timestamp time;  // never earlier than that of the commit before it
  std::string operation;
};

// One version of a series and the commit that made it. Sums are over its objects, counts are those of the commit.
struct VersionRow {
  int64_t version = 0;
  std::string commit_id;
  Timestamp time;
  std::string operation;
  bool deleted = false;  // the series ended with it
  int32_t schema_version = 0;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
  std::optional<Timestamp> first;  // empty: no rows, or untimed
  std::optional<Timestamp> last;
  int64_t rows_added = 0;
  int64_t rows_replaced = 0;
  int64_t rows_removed = 0;
};

// One schema of a series and the commit that brought it.
struct SchemaRow {
  int32_t schema_version = 0;
  int64_t version = 0;  // the first one with it
  Timestamp time;
  std::string operation;
  Schema schema;
};

// When a version came to be, and whether a snapshot names it.
struct VersionTime {
  int64_t version = 0;
  Timestamp time;
  bool in_snapshot = false;
};

// A named set of versions, one a key.
struct SnapshotRow {
  std::string name;
  Timestamp created;
  int64_t keys = 0;
};

// A version that a snapshot names, and the key that its series had when the snapshot was made.
struct SnapshotVersion {
  std::string key;
  int64_t version = 0;
};

}  // namespace varve::catalog
