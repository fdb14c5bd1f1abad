#include "varve/store/upkeep/verify.h"

#include <algorithm>
#include <map>
#include <optional>

#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/catalog/registry.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
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

// The newest version of one series.
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
    try {
      check_tree();
    } catch (const Error& error) {
      report(catalog::key_to_path(key()), error.what());
    }
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
    for_each(engine_.pool(), checks.size(),
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

  // Somebody may publish at this moment: only what is found twice, in one version that is not flagged, is a finding.
  void check_tree() {
    constexpr int kLooks = 5;
    engine_.disk().check_key_path(key());
    for (int look = 0; look < kLooks; ++look) {
      std::vector<Finding> found = look_at_tree(state_.objects);
      if (found.empty()) return;
      if (is_pending()) return;
      std::optional<Catalog::State> now = engine_.catalog().state(key());
      if (!now) return;
      const bool same = now->version == state_.version;
      state_ = std::move(*now);
      if (same && look > 0) {
        std::move(found.begin(), found.end(), std::back_inserter(report_.findings));
        return;
      }
    }
  }

  [[nodiscard]] bool is_pending() const {
    const std::vector<catalog::PendingPublication> pending = engine_.catalog().pending_publications();
    return std::any_of(pending.begin(), pending.end(),
                       [&](const auto& publication) { return publication.series_id == state_.series.id; });
  }

  [[nodiscard]] std::vector<Finding> look_at_tree(const std::vector<ObjectRow>& objects) const {
    std::map<std::string, std::vector<ObjectRow>> live;  // by place
    for (const std::string& name : engine_.catalog().object_names(state_.series.id)) live[place_of(name)];
    for (const ObjectRow& object : objects) live[place_of(object.name)].push_back(object);
    std::vector<Finding> found;
    for (const auto& [place, shown] : live) look_at_place(place, shown, found);
    return found;
  }

  void look_at_place(const std::string& place, const std::vector<ObjectRow>& shown, std::vector<Finding>& found) const {
    const std::string directory = directory_of_place(key(), place);
    const auto add = [&](const std::string& name, std::string what) {
      found.push_back({.key = key(), .file = base::join_path(directory, name), .what = std::move(what)});
    };
    const std::string path = base::join_path(engine_.disk().root(), directory);
    std::vector<std::string> names;
    if (engine_.files().exists(path)) names = engine_.files().list(path);
    if (is_by_template(place)) std::erase_if(names, [&](const auto& name) { return name != base::file_name(place); });
    for (const ObjectRow& object : shown) {
      const std::string own = base::file_name(visible_path(key(), object.name));
      const auto at = std::find(names.begin(), names.end(), own);
      if (at == names.end()) {
        add(own, "is not in the visible tree");
        continue;
      }
      if (!is_same_file(engine_, base::join_path(path, own), object)) {
        add(own, "the visible file is not the one that was published: it was replaced from outside");
      }
      names.erase(at);
    }
    if (names.empty()) return;
    for (const ObjectRow& object : find_objects(engine_, state_.series.id, place, names)) {
      const std::string own = base::file_name(visible_path(key(), object.name));
      if (is_same_file(engine_, base::join_path(path, own), object)) {
        add(own, "is visible and not part of the series any more");
      }
    }
  }

  Engine& engine_;
  Catalog::State state_;
  const SeriesRules rules_;
  Verification& report_;
  Meter& meter_;
};

// What only older versions of a series need. It is measured by the schema it was written under.
void check_old_files(Engine& engine, const catalog::SeriesRow& series, Verification& report, Meter& meter) {
  std::vector<ObjectRow> objects = needed_objects(engine, series.id);
  std::erase_if(objects, [](const ObjectRow& object) { return !object.removed_version; });
  for (const ObjectRow& object : objects) meter.expect(object.bytes);
  std::vector<ObjectCheck> checks(objects.size());
  for_each(engine.pool(), objects.size(), [&](size_t at) {
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
                                 .what = format_message("as versions {} to {} have it: {}",
                                                        {object.added_version, *object.removed_version - 1, problem})});
    }
  }
  mark_whole(engine, series.key, whole);
}

void verify_series(Engine& engine, const catalog::SeriesRow& series, Verification& report, Meter& meter) {
  std::optional<Catalog::State> state = engine.catalog().state(series.key);
  if (state) SeriesVerifier(engine, std::move(*state), report, meter).run();
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
