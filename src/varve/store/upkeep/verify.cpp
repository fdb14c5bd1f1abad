#include "varve/store/upkeep/verify.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/catalog/registry.h"
#include "varve/store/publish.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/tree_faults.h"
#include "varve/store/upkeep/check_object.h"
#include "varve/store/upkeep/object_bytes.h"

namespace varve::store {
namespace {

using catalog::Catalog;
using catalog::ObjectRow;

// Nothing hangs on it: a lake that cannot be written is verified all the same.
void mark_whole(Engine& engine, const std::string& key, const std::vector<catalog::WholeObject>& objects) {
  if (engine.read_only()) return;
  try {
    catalog::Registry(engine.catalog()).mark_verified(objects);
  } catch (const Error& error) {
    engine.warn("cannot note when " + quote(key) + " was verified: " + error.what());
  }
}

// Not forgotten since we listed it.
bool is_needed(Engine& engine, const ObjectRow& object) {
  const std::vector<ObjectRow> needed = needed_objects(engine, object.series_id);
  return std::any_of(needed.begin(), needed.end(), [&](const ObjectRow& one) { return one.id == object.id; });
}

// The rows of the newest version of one series.
class SeriesVerifier {
 public:
  SeriesVerifier(Engine& engine, Catalog::State state, Verification& report, Meter& meter)
      : engine_(engine),
        state_(std::move(state)),
        rules_{.key = state_.series.key, .definition = state_.series.definition, .schema = state_.schema},
        report_(report),
        meter_(meter) {
    sort_objects(state_.objects, rules_.definition);
  }

  void run() {
    ++report_.keys;
    check_sums();
    check_files();
  }

 private:
  [[nodiscard]] const std::string& key() const { return rules_.key; }

  void report(std::string file, std::string what) {
    report_.findings.push_back({.key = key(), .file = std::move(file), .what = std::move(what)});
  }

  void check_sums() {
    int64_t rows = 0;
    int64_t bytes = 0;
    for (const ObjectRow& object : state_.objects) {
      rows += object.rows;
      bytes += object.bytes;
    }
    const catalog::SeriesRow& series = state_.series;
    if (series.rows != rows || series.bytes != bytes || series.files != static_cast<int64_t>(state_.objects.size())) {
      report("",
             format_message("the catalog counts {} rows, {} bytes in {} files; its files have {} rows, {} bytes in {}",
                            {series.rows, series.bytes, series.files, rows, bytes, state_.objects.size()}));
    }
  }

  void check_files() {
    std::vector<ObjectCheck> checks(state_.objects.size());
    base::parallel_for(engine_.pool(), checks.size(),
                       [&](size_t at) { checks[at] = check_object(engine_, state_.objects[at], rules_, meter_); });
    std::vector<catalog::WholeObject> whole;
    std::optional<Table> last_row;  // of the file before
    for (size_t at = 0; at < checks.size(); ++at) {
      const ObjectRow& object = state_.objects[at];
      ObjectCheck& check = checks[at];
      if (!check.problems.empty() && !is_needed(engine_, object)) continue;  // it went while we looked
      ++report_.files;
      report_.rows += check.rows;
      report_.bytes += object.bytes;
      if (last_row && check.first_row) {
        for (std::string& problem : check_border(*last_row, *check.first_row, rules_, false)) {
          check.problems.push_back(std::move(problem));
        }
      }
      last_row = std::move(check.last_row);
      if (check.problems.empty()) whole.push_back({object.id, check.modified});
      for (std::string& problem : check.problems) report(visible_name(key(), object), std::move(problem));
    }
    mark_whole(engine_, key(), whole);
  }

  Engine& engine_;
  Catalog::State state_;
  const SeriesRules rules_;
  Verification& report_;
  Meter& meter_;
};

std::string_view describe(TreeFaultKind kind) {
  switch (kind) {
    case TreeFaultKind::kMissing: return "is not in the visible tree";
    case TreeFaultKind::kReplaced:
      return "the visible file is not the one that was published: it was replaced from outside";
    case TreeFaultKind::kLeft: return "is visible and not part of the series any more";
    case TreeFaultKind::kForeign: break;
  }
  return "is not part of the newest version: it has the name of a former file, "
         "and whoever lists the directory reads its rows too";
}

// What is visible of a series, deleted or not. Somebody may publish at this moment: only what is found twice, in one
// version that is not flagged, is a finding.
void look_at_tree(Engine& engine, const std::string& key, Verification& report) {
  constexpr int kLooks = 5;
  for (int look = 0; look < kLooks; ++look) {
    const std::optional<catalog::SeriesRow> series = engine.catalog().find_series(key);
    if (!series) return;
    const std::optional<Catalog::State> state = engine.catalog().state(key, series->version);
    if (state) engine.disk().check_key_path(key);
    const std::vector<TreeFault> faults =
        find_tree_faults(engine, *series, state ? state->objects : std::vector<ObjectRow>());
    if (faults.empty() || find_pending(engine, series->id)) return;
    const std::optional<catalog::SeriesRow> now = engine.catalog().find_series(key);
    if (!now || now->version != series->version || look == 0) continue;
    for (const TreeFault& fault : faults) {
      report.findings.push_back({.key = key, .file = fault.file, .what = std::string(describe(fault.kind))});
    }
    return;
  }
}

void check_tree(Engine& engine, const std::string& key, Verification& report) {
  try {
    look_at_tree(engine, key, report);
  } catch (const Error& error) {
    report.findings.push_back({.key = key, .file = catalog::key_to_path(key), .what = error.what()});
  }
}

// What only older versions of a series need. It is measured by the schema it was written under.
void check_old_files(Engine& engine, const catalog::SeriesRow& series, Verification& report, Meter& meter) {
  std::vector<ObjectRow> objects = needed_objects(engine, series.id);
  std::erase_if(objects, [](const ObjectRow& object) { return !object.removed_version; });
  for (const ObjectRow& object : objects) meter.expect(object.bytes);
  std::vector<ObjectCheck> checks(objects.size());
  base::parallel_for(engine.pool(), objects.size(), [&](size_t at) {
    const ObjectRow& object = objects[at];
    const SeriesRules rules{.key = series.key,
                            .definition = series.definition,
                            .schema = engine.catalog().schema(series.id, object.schema_version),
                            .as_written = true};
    checks[at] = check_object(engine, object, rules, meter);
    checks[at].first_row = checks[at].last_row = std::nullopt;
  });
  std::vector<catalog::WholeObject> whole;
  for (size_t at = 0; at < checks.size(); ++at) {
    const ObjectRow& object = objects[at];
    ++report.old_files;
    if (checks[at].problems.empty()) whole.push_back({object.id, checks[at].modified});
    if (checks[at].problems.empty() || !is_needed(engine, object)) continue;
    for (const std::string& problem : checks[at].problems) {
      report.findings.push_back({.key = series.key,
                                 .file = visible_name(series.key, object),
                                 .what = format_message("in {}: {}", {old_versions_of(object), problem})});
    }
  }
  mark_whole(engine, series.key, whole);
}

void verify_series(Engine& engine, const catalog::SeriesRow& series, Verification& report, Meter& meter) {
  std::optional<Catalog::State> state = engine.catalog().state(series.key);
  if (state) SeriesVerifier(engine, std::move(*state), report, meter).run();
  check_tree(engine, series.key, report);
  check_old_files(engine, series, report, meter);
}

}  // namespace

Verification verify(Engine& engine, std::string_view key, const UpkeepOptions& options) {
  Verification report;
  Meter meter(options);
  if (!key.empty()) {
    const std::optional<catalog::SeriesRow> series = engine.catalog().find_series(key);
    if (!series || series->deleted) throw NotFound("no series {}", quote(key));
    meter.expect(series->bytes);
    verify_series(engine, *series, report, meter);
    return report;
  }
  for (std::string& line : engine.catalog().check()) {
    report.findings.push_back({.key = {}, .file = ".varve/catalog.sqlite", .what = std::move(line)});
  }
  for (const catalog::SeriesRow& series : engine.catalog().list_series({})) meter.expect(series.bytes);
  for (const int64_t id : engine.catalog().series_ids()) {
    const std::optional<catalog::SeriesRow> series = engine.catalog().find_series(engine.catalog().key_of(id));
    if (series) verify_series(engine, *series, report, meter);
  }
  return report;
}

}  // namespace varve::store
