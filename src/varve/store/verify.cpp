#include "varve/store/verify.h"

#include <algorithm>
#include <map>
#include <optional>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/catalog/key.h"
#include "varve/catalog/registry.h"
#include "varve/store/plan.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"
#include "varve/table/select.h"
#include "varve/table/sort.h"

namespace varve::store {
namespace {

using catalog::Catalog;
using catalog::ObjectRow;

class SeriesVerifier {
 public:
  SeriesVerifier(Engine& engine, Catalog::State state, Verification& report)
      : engine_(engine),
        state_(std::move(state)),
        definition_(state_.series.definition),
        order_(order_of(definition_)),
        report_(report) {
    sort_objects(state_.objects, definition_);
  }

  void run() {
    ++report_.keys;
    check_sums();
    for (const ObjectRow& object : state_.objects) {
      ++report_.files;
      const size_t findings = report_.findings.size();
      try {
        check_object(object);
        if (report_.findings.size() == findings) whole_.push_back(object.id);
      } catch (const Error& error) {
        report(visible_name(key(), object), error.what());
        last_row_.reset();
      }
    }
    mark_whole();
    try {
      check_tree();
    } catch (const Error& error) {
      report(catalog::key_to_path(key()), error.what());
    }
  }

 private:
  [[nodiscard]] const std::string& key() const { return state_.series.key; }

  void report(std::string file, std::string what) {
    report_.findings.push_back({.key = key(), .file = std::move(file), .what = std::move(what)});
  }

  // Nothing hangs on it: a lake that cannot be written is verified all the same.
  void mark_whole() {
    if (engine_.read_only()) return;
    try {
      catalog::Registry(engine_.catalog()).mark_verified(whole_);
    } catch (const Error& error) {
      engine_.warn("cannot note when " + quote(key()) + " was verified: " + error.what());
    }
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

  void check_object(const ObjectRow& object) {
    const std::string file = visible_name(key(), object);
    const std::unique_ptr<base::File> bytes = open_bytes(object);
    if (!bytes) return report(file, "its object is missing: " + object.id);
    if (bytes->size() != static_cast<uint64_t>(object.bytes)) {
      return report(file, format_message("has {} bytes and should have {}: it was changed from outside",
                                         {bytes->size(), object.bytes}));
    }
    const std::string sha256 = base::to_hex(base::sha256(bytes->map()->bytes()));
    if (sha256 != object.sha256) report(file, "has the SHA-256 " + sha256 + " and should have " + object.sha256);
    const parquet::Reader reader = parquet::Reader::open(open_bytes(object), file);  // anew: what is kept may be older
    if (reader.num_rows() != object.rows) {
      report(file, format_message("has {} rows and should have {}", {reader.num_rows(), object.rows}));
    }
    const Table rows = table::conform(reader.read({.pool = engine_.pool()}), state_.schema);
    report_.rows += rows.num_rows();
    report_.bytes += object.bytes;
    check_rows(file, object, rows);
  }

  // Null if there are none.
  [[nodiscard]] std::unique_ptr<base::File> open_bytes(const ObjectRow& object) const {
    try {
      return open_object_bytes(engine_, object);
    } catch (const NotFound&) {
      return nullptr;
    }
  }

  void check_rows(const std::string& file, const ObjectRow& object, const Table& rows) {
    if (rows.num_rows() == 0) return report(file, "has no rows");
    const bool ordered = !definition_.index.empty() || definition_.has_identity;
    if (ordered && !table::is_sorted(rows, order_)) report(file, "its rows are not in order");
    if (!definition_.index.empty()) {
      const table::IndexValues index(rows, definition_.index);
      const Timestamp first{index[0]};
      const Timestamp last{index[rows.num_rows() - 1]};
      if (first != object.first || last != object.last) {
        report(file,
               format_message("reaches from {} to {} and should from {} to {}",
                              {to_string(first), to_string(last), to_string(object.first), to_string(object.last)}));
      }
    }
    check_layout(file, object);
    if (definition_.has_identity) check_unique(file, rows);
    if (ordered && last_row_) check_border(file, rows.slice(0, 1));
    last_row_ = rows.slice(rows.num_rows() - 1, 1);
  }

  void check_layout(const std::string& file, const ObjectRow& object) {
    const Layout layout = Layout::parse(definition_.layout);
    if (layout.period_of(object.first) != layout.period_of(object.last)) {
      report(file, "holds rows of more than one period of the layout " + layout.text());
    } else if (layout.place(key(), object.first) != place_of(object.name)) {
      report(file, "does not lie where the layout " + layout.text() + " has rows of its time");
    }
  }

  void check_unique(const std::string& file, const Table& rows) {
    const int64_t row = table::find_duplicate(rows, order_);
    if (row >= 0) report(file, "has two rows with " + table::describe_row(rows, row, order_));
  }

  // Between the file before and this one.
  void check_border(const std::string& file, const Table& first_row) {
    const std::vector<Table> both = {*last_row_, first_row};
    const Table border = table::concatenate(both);
    if (!table::is_sorted(border, order_)) return report(file, "its rows begin before those of the file before it end");
    const table::RowOrder by_index{.index = definition_.index, .identity = {}};
    if (definition_.has_identity) check_unique(file, border);
    if (!definition_.index.empty() && table::find_duplicate(border, by_index) >= 0) {
      report(file, "begins at the index value at which the file before it ends");
    }
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
  const catalog::SeriesDefinition definition_;
  const table::RowOrder order_;
  Verification& report_;
  std::vector<std::string> whole_;  // ids of objects
  std::optional<Table> last_row_;   // of the file before
};

}  // namespace

Verification verify(Engine& engine, std::string_view key) {
  Verification report;
  if (!key.empty()) {
    std::optional<Catalog::State> state = engine.catalog().state(key);
    if (!state) throw NotFound("no series {}", quote(key));
    SeriesVerifier(engine, std::move(*state), report).run();
    return report;
  }
  for (std::string& line : engine.catalog().check()) {
    report.findings.push_back({.key = {}, .file = ".varve/catalog.sqlite", .what = std::move(line)});
  }
  for (const catalog::SeriesRow& series : engine.catalog().list_series({})) {
    std::optional<Catalog::State> state = engine.catalog().state(series.key);
    if (state) SeriesVerifier(engine, std::move(*state), report).run();
  }
  return report;
}

}  // namespace varve::store
