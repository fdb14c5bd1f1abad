#include "varve/lake/annotations.h"

#include <utility>

#include "varve/base/error.h"
#include "varve/base/time.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {
namespace {

constexpr const char* kNoMetadata = "{}";

}  // namespace

catalog::Annotations to_annotations(const CoverageChange& coverage, std::optional<std::string> metadata) {
  return {.coverage = {.forgotten = coverage.forgotten,
                       .requested = coverage.requested,
                       .received = coverage.received,
                       .empty = coverage.empty},
          .metadata = std::move(metadata)};
}

void check_timed(std::string_view key, const std::string& index, const catalog::CoverageChange& coverage) {
  if (!index.empty() || coverage.none()) return;
  throw InvalidArgument("series {} is untimed: it has no coverage", quote(key));
}

std::string Lake::metadata(std::string_view key) const {
  const catalog::SeriesRow row = state_->series(key);
  const std::string json = state_->use().catalog().metadata(row.id);
  return json.empty() ? kNoMetadata : json;
}

void Lake::set_metadata(std::string_view key, std::string_view json) {
  state_->use(key).catalog().annotate(key, {.coverage = {}, .metadata = std::string(json)});
}

void Lake::remove_metadata(std::string_view key) { set_metadata(key, kNoMetadata); }

Coverage Lake::coverage(std::string_view key, const CoverageRange& within) const {
  const catalog::SeriesRow row = state_->series(key);
  catalog::Coverage known = state_->use().catalog().coverage(row.id, half_open(within, state_->has_dates(key)));
  return {
      .requested = std::move(known.requested), .received = std::move(known.received), .empty = std::move(known.empty)};
}

TimeRanges Lake::missing(std::string_view key, const CoverageRange& within) const {
  const TimeRange range = half_open(within, state_->has_dates(key));
  const std::optional<catalog::SeriesRow> row = state_->use(key).catalog().find_series(key);
  if (!row || row->deleted) {
    if (within.start && within.end) return merge_ranges({range});
    throw NotFound("no series {}", quote(key));
  }
  const catalog::Coverage known = state_->use().catalog().coverage(row->id, range);
  TimeRange wanted = range;
  if (!within.start || !within.end) {
    if (known.requested.empty()) return {};
    if (!within.start) wanted.start = known.requested.front().start;
    if (!within.end) wanted.end = known.requested.back().end;
  }
  return subtract(merge_ranges({wanted}), unite(known.received, known.empty));
}

void Lake::record_coverage(std::string_view key, const CoverageChange& change) {
  const catalog::SeriesRow row = state_->series(key);
  const catalog::Annotations annotations = to_annotations(change, {});
  check_timed(key, row.definition.index, annotations.coverage);
  state_->use().catalog().annotate(key, annotations);
}

}  // namespace varve
