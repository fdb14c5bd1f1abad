#include "varve/catalog/annotations.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/connection.h"
#include "varve/catalog/rows.h"
#include "varve/catalog/schema_text.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

namespace {

constexpr std::string_view kRequested = "requested";
constexpr std::string_view kReceived = "received";
constexpr std::string_view kEmpty = "empty";

// One of the sets of a series.
struct CoverageSet {
  int64_t series_id = 0;
  std::string_view fact;
};

// The ranges of the set that overlap or touch `span`. No two of a set do, so they end in the order in which they start.
TimeRanges select_ranges(Database& database, const CoverageSet& set, const TimeRange& span) {
  Query rows = database.query(
      "SELECT start_time, end_time FROM coverage WHERE series_id = ?1 AND fact = ?2 AND start_time <= ?3 "
      "ORDER BY start_time DESC",
      set.series_id, set.fact, span.end.nanoseconds);
  std::vector<TimeRange> ranges;
  while (rows.next() && Timestamp{rows.integer(1)} >= span.start) {
    ranges.push_back({Timestamp{rows.integer(0)}, Timestamp{rows.integer(1)}});
  }
  return merge_ranges(std::move(ranges));
}

void replace_ranges(Database& database, const CoverageSet& set, const TimeRanges& before, const TimeRanges& after) {
  const auto among = [](const TimeRanges& ranges, const TimeRange& range) {
    const auto at = std::lower_bound(ranges.begin(), ranges.end(), range.start,
                                     [](const TimeRange& each, Timestamp start) { return each.start < start; });
    return at != ranges.end() && *at == range;
  };
  for (const TimeRange& range : before) {
    if (among(after, range)) continue;
    database
        .query("DELETE FROM coverage WHERE series_id = ?1 AND fact = ?2 AND start_time = ?3", set.series_id, set.fact,
               range.start.nanoseconds)
        .run();
  }
  for (const TimeRange& range : after) {
    if (among(before, range)) continue;
    database
        .query("INSERT INTO coverage VALUES (?1, ?2, ?3, ?4)", set.series_id, set.fact, range.start.nanoseconds,
               range.end.nanoseconds)
        .run();
  }
}

void change_set(Database& database, const CoverageSet& set, const TimeRanges& removed, const TimeRanges& added) {
  const TimeRanges touched = unite(removed, added);
  if (touched.empty()) return;
  const TimeRanges before = select_ranges(database, set, {touched.front().start, touched.back().end});
  replace_ranges(database, set, before, unite(subtract(before, removed), added));
}

void apply_coverage(Database& database, int64_t series_id, const CoverageChange& change) {
  const TimeRanges forgotten = merge_ranges(change.forgotten);
  const TimeRanges received = merge_ranges(change.received);
  const TimeRanges empty = merge_ranges(change.empty);
  const TimeRanges requested = unite(unite(merge_ranges(change.requested), received), empty);
  change_set(database, {series_id, kRequested}, forgotten, requested);
  change_set(database, {series_id, kReceived}, unite(forgotten, empty), received);
  change_set(database, {series_id, kEmpty}, unite(forgotten, received), empty);
}

void check_ranges(const std::vector<TimeRange>& ranges) {
  for (const TimeRange& range : ranges) {
    if (range.start <= range.end) continue;
    throw InvalidArgument("the range from {} to {} ends before it starts", to_string(range.start),
                          to_string(range.end));
  }
}

TimeRanges clipped(TimeRanges ranges, const TimeRange& within) { return intersect(ranges, merge_ranges({within})); }

}  // namespace

void check_annotations(const Annotations& annotations) {
  const CoverageChange& coverage = annotations.coverage;
  for (const auto* ranges : {&coverage.forgotten, &coverage.requested, &coverage.received, &coverage.empty}) {
    check_ranges(*ranges);
  }
  const TimeRanges both = intersect(merge_ranges(coverage.received), merge_ranges(coverage.empty));
  if (!both.empty()) {
    throw InvalidArgument("the time from {} to {} cannot be both received and empty", to_string(both.front().start),
                          to_string(both.front().end));
  }
  if (annotations.metadata) check_json(*annotations.metadata, JsonShape::kObject, "metadata");
}

void apply_annotations(Database& database, int64_t series_id, const Annotations& annotations) {
  apply_coverage(database, series_id, annotations.coverage);
  if (!annotations.metadata) return;
  database.query("INSERT OR REPLACE INTO metadata VALUES (?1, ?2)", series_id, *annotations.metadata).run();
}

void drop_coverage(Database& database, int64_t series_id) {
  database.query("DELETE FROM coverage WHERE series_id = ?1", series_id).run();
}

void drop_metadata(Database& database, int64_t series_id) {
  database.query("DELETE FROM metadata WHERE series_id = ?1", series_id).run();
}

void Catalog::annotate(std::string_view key, const Annotations& annotations) {
  check_annotations(annotations);
  connection_->write("annotate a series", [&](Database& database) {
    const std::optional<SeriesRow> series = select_series(database, key);
    if (!series || series->deleted) throw NotFound("no series {}", quote(key));
    apply_annotations(database, series->id, annotations);
  });
}

Coverage Catalog::coverage(int64_t series_id, const TimeRange& within) {
  return connection_->read("read what is covered", [&](Database& database) {
    const auto read = [&](std::string_view fact) {
      return clipped(select_ranges(database, {series_id, fact}, within), within);
    };
    return Coverage{.requested = read(kRequested), .received = read(kReceived), .empty = read(kEmpty)};
  });
}

std::string Catalog::metadata(int64_t series_id) {
  return connection_->read("read metadata", [&](Database& database) {
    Query rows = database.query("SELECT value FROM metadata WHERE series_id = ?1", series_id);
    return rows.next() ? std::string(rows.text(0)) : std::string();
  });
}

std::map<int64_t, std::string> Catalog::all_metadata() {
  return connection_->read("read all metadata", [](Database& database) {
    std::map<int64_t, std::string> found;
    Query rows = database.query("SELECT series_id, value FROM metadata");
    while (rows.next()) found.emplace(rows.integer(0), rows.text(1));
    return found;
  });
}

}  // namespace varve::catalog
