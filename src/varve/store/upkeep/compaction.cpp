#include "varve/store/upkeep/compaction.h"

#include <utility>
#include <vector>

#include "varve/store/partition.h"
#include "varve/store/tree/layout.h"
#include "varve/table/cast.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

constexpr int64_t kRowsAtOnce = int64_t{32} << 20;  // so that other writers of the key need not wait long

// Neighbouring files.
struct Run {
  size_t first = 0;
  size_t last = 0;  // not inside
  int64_t rows = 0;

  [[nodiscard]] size_t files() const { return last - first; }
};

class Compaction {
 public:
  Compaction(const SeriesFiles& series, int64_t target_rows, const PlanTools& tools)
      : series_(series),
        layout_(Layout::parse(series.definition.layout)),
        target_rows_(target_rows > 0                              ? target_rows
                     : series.definition.target_rows_per_file > 0 ? series.definition.target_rows_per_file
                                                                  : kTargetRowsPerFile),
        tools_(tools) {}

  CompactionPlan plan() {
    CompactionPlan compaction;
    compaction.plan.schema = series_.schema;
    int64_t rows = 0;
    for (const Run& run : runs()) {
      // Files of an untimed series are in the order in which they were written: what follows a merged one is rewritten.
      const bool follows = !timed() && compaction.plan.changes && run.files() == 1;
      if (run.files() < 2 && !follows) continue;
      if (rows > 0 && rows + run.rows > kRowsAtOnce && timed()) {
        compaction.unfinished = true;
        break;
      }
      rows += run.rows;
      add(run, compaction.plan);
    }
    return compaction;
  }

 private:
  [[nodiscard]] bool timed() const { return !series_.definition.index.empty(); }

  [[nodiscard]] bool same_period(size_t left, size_t right) const {
    return !timed() ||
           layout_.period_of(series_.objects[left].first) == layout_.period_of(series_.objects[right].first);
  }

  [[nodiscard]] std::vector<Run> runs() const {
    std::vector<Run> runs;
    for (size_t at = 0; at < series_.objects.size(); ++at) {
      const int64_t rows = series_.objects[at].rows;
      const bool joins = !runs.empty() && runs.back().rows + rows <= target_rows_ && same_period(runs.back().first, at);
      if (!joins) runs.push_back({at, at, 0});
      runs.back().last = at + 1;
      runs.back().rows += rows;
    }
    join_rests(runs);
    return runs;
  }

  // A run of a few rows that found no room goes with the one before it.
  void join_rests(std::vector<Run>& runs) const {
    for (size_t at = 1; at < runs.size(); ++at) {
      Run& before = runs[at - 1];
      Run& rest = runs[at];
      const bool fits = rest.rows < target_rows_ / 2 && before.rows + rest.rows <= target_rows_ + target_rows_ / 2;
      if (!fits || before.files() == 0 || !same_period(before.first, rest.first)) continue;
      before.last = rest.last;
      before.rows += rest.rows;
      rest.first = rest.last;
      rest.rows = 0;
    }
  }

  void add(const Run& run, Plan& plan) const {
    const auto begin = series_.objects.begin();
    const std::vector<catalog::ObjectRow> objects(begin + static_cast<ptrdiff_t>(run.first),
                                                  begin + static_cast<ptrdiff_t>(run.last));
    PlannedFile file{
        .rows = {},
        .merge = [objects, schema = series_.schema, tools = tools_] { return merge(objects, schema, tools); },
        .first = objects.front().first,
        .last = objects.back().last};
    for (const catalog::ObjectRow& object : objects) plan.removed.push_back(object.id);
    plan.added.push_back(std::move(file));
    plan.changes = true;
  }

  static Table merge(const std::vector<catalog::ObjectRow>& objects, const Schema& schema, const PlanTools& tools) {
    std::vector<Table> pieces;
    for (const catalog::ObjectRow& object : objects) {
      pieces.push_back(table::conform(tools.read_object(object), schema));
    }
    return table::concatenate(pieces, tools.pool);
  }

  const SeriesFiles& series_;
  Layout layout_;
  int64_t target_rows_;
  const PlanTools& tools_;
};

}  // namespace

CompactionPlan plan_compaction(const SeriesFiles& series, int64_t target_rows, const PlanTools& tools) {
  return Compaction(series, target_rows, tools).plan();
}

}  // namespace varve::store
