#include "varve/catalog/sources.h"

#include <functional>
#include <iterator>
#include <map>

#include "varve/catalog/rows.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {
namespace {

struct Source {
  std::string name;
  bool whole = true;
  std::optional<ClosedRange> range;  // that its rows may lie in

  bool operator==(const Source&) const = default;
};

using Sources = std::map<std::string, Source, std::less<>>;  // by checksum

Sources sources_of(Query&& rows) {
  Sources sources;
  while (rows.next()) {
    Source& source = sources[std::string(rows.text(0))];
    source.name = rows.text(1);
    source.whole = rows.integer(2) != 0;
    if (!rows.is_null(3)) source.range = ClosedRange{Timestamp{rows.integer(3)}, Timestamp{rows.integer(4)}};
  }
  return sources;
}

Sources newest_sources(Database& database, int64_t series_id) {
  return sources_of(database.query(
      "SELECT sha256, name, whole, first_time, last_time FROM sources WHERE series_id = ?1 AND removed_version IS NULL",
      series_id));
}

Sources newest_source(Database& database, int64_t series_id, std::string_view sha256) {
  return sources_of(database.query(
      "SELECT sha256, name, whole, first_time, last_time FROM sources WHERE series_id = ?1 AND sha256 = ?2 AND "
      "removed_version IS NULL",
      series_id, sha256));
}

Sources sources_at(Database& database, int64_t series_id, int64_t version) {
  return sources_of(database.query(
      "SELECT sha256, name, whole, first_time, last_time FROM sources WHERE series_id = ?1 AND added_version <= ?2 AND "
      "(removed_version IS NULL OR removed_version > ?2)",
      series_id, version));
}

// False if nothing of it is left.
bool cut(Source& source, const ClosedRange& emptied) {
  if (!source.range) {
    source.whole = false;
    return true;
  }
  ClosedRange& range = *source.range;
  if (emptied.last < range.first || range.last < emptied.first) return true;
  const bool from_start = emptied.first <= range.first;
  const bool to_end = range.last <= emptied.last;
  if (from_start && to_end) return false;
  source.whole = false;
  if (from_start) range.first = emptied.last + Duration{1};
  if (to_end) range.last = emptied.first - Duration{1};
  return true;
}

void end_source(Database& database, int64_t series_id, int64_t version, std::string_view sha256) {
  database
      .query("UPDATE sources SET removed_version = ?3 WHERE series_id = ?1 AND sha256 = ?2 AND removed_version IS NULL",
             series_id, sha256, version)
      .run();
}

void insert_source(Database& database, int64_t series_id, int64_t version, const Sources::value_type& entry) {
  const auto& [sha256, source] = entry;
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;
  if (source.range) {
    first = source.range->first;
    last = source.range->last;
  }
  database
      .query("INSERT INTO sources VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, ?7)", series_id, sha256, version, source.name,
             source.whole, nanoseconds_of(first), nanoseconds_of(last))
      .run();
}

bool has(const Sources& sources, const Sources::value_type& entry) {
  const auto found = sources.find(entry.first);
  return found != sources.end() && found->second == entry.second;
}

}  // namespace

void apply_sources(Database& database, int64_t series_id, int64_t version, const SourceChange& change) {
  if (change.none()) return;
  // A series may have thousands: one that only grows does not look at them.
  const bool touches_all = change.restored || change.forgets || !change.emptied.empty();
  const Sources before =
      touches_all ? newest_sources(database, series_id) : newest_source(database, series_id, change.sha256);
  Sources after = before;
  if (change.restored) {
    after = sources_at(database, change.restored->series_id, change.restored->version);
  } else if (change.forgets) {
    after.clear();
  }
  for (const ClosedRange& emptied : change.emptied) {
    for (auto at = after.begin(); at != after.end();) at = cut(at->second, emptied) ? std::next(at) : after.erase(at);
  }
  if (!change.sha256.empty()) {
    after[change.sha256] = {.name = change.name, .range = change.range};
  }
  for (const auto& entry : before) {
    if (!has(after, entry)) end_source(database, series_id, version, entry.first);
  }
  for (const auto& entry : after) {
    if (!has(before, entry)) insert_source(database, series_id, version, entry);
  }
}

void end_sources(Database& database, int64_t series_id, int64_t version) {
  database
      .query("UPDATE sources SET removed_version = ?2 WHERE series_id = ?1 AND removed_version IS NULL", series_id,
             version)
      .run();
}

void drop_old_sources(Database& database, int64_t series_id) {
  database
      .query(
          "DELETE FROM sources WHERE series_id = ?1 AND removed_version IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
          "versions WHERE versions.series_id = sources.series_id AND versions.version >= sources.added_version AND "
          "versions.version < sources.removed_version)",
          series_id)
      .run();
}

SourceSeen select_source(Database& database, int64_t series_id, std::string_view sha256) {
  const Sources found = newest_source(database, series_id, sha256);
  if (found.empty()) return SourceSeen::kNot;
  return found.begin()->second.whole ? SourceSeen::kWhole : SourceSeen::kInPart;
}

}  // namespace varve::catalog
