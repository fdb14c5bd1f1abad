#include "varve/store/upkeep/check_object.h"

#include <algorithm>
#include <array>
#include <memory>

#include "varve/base/error.h"
#include "varve/parquet/reader.h"
#include "varve/store/file_metadata.h"
#include "varve/store/plan.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/layout.h"
#include "varve/store/upkeep/object_bytes.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

constexpr int64_t kBytesAtOnce = int64_t{32} << 20;
constexpr int64_t kRowsAtOnceMin = int64_t{1} << 14;

// So many that their values take about kBytesAtOnce.
int64_t rows_at_once(const Schema& schema) {
  constexpr int64_t kBytesOfValue = 16;
  return std::max(kRowsAtOnceMin, kBytesAtOnce / (kBytesOfValue * static_cast<int64_t>(schema.size() + 1)));
}

// A row that does not keep those around it in memory.
Table copy_row(const Table& rows, int64_t row) { return table::take(rows, std::array{row}); }

class ObjectChecker {
 public:
  ObjectChecker(Engine& engine, const ObjectRow& object, const SeriesRules& rules, Meter& meter)
      : engine_(engine), object_(object), rules_(rules), meter_(meter) {}

  ObjectCheck run() {
    const std::string path = engine_.disk().object_path(object_.id);
    if (object_.modified && engine_.files().exists(path)) {
      check_.modified = engine_.files().status(path).modified_nanoseconds;
    }
    std::string damage = find_damage(engine_, object_, meter_);
    const bool may_be_read = damage.empty() || damage.starts_with("has the SHA-256");
    if (!damage.empty()) report(std::move(damage));
    if (may_be_read) check_content();
    return take_check();
  }
  // What was found so far.
  ObjectCheck take_check() {
    if (!check_.problems.empty()) check_.first_row = check_.last_row = std::nullopt;
    return std::move(check_);
  }

 private:
  void report(std::string problem) { check_.problems.push_back(std::move(problem)); }

  void check_content() {
    const parquet::Reader reader =  // anew: what is kept open may be older
        parquet::Reader::open(open_object_bytes(engine_, object_), visible_name(rules_.key, object_));
    if (reader.num_rows() != object_.rows) {
      report(format_message("has {} rows and should have {}", {reader.num_rows(), object_.rows}));
    }
    if (rules_.as_written) take_definition(reader);
    order_ = order_of(rules_.definition);
    const int64_t step = rows_at_once(reader.schema());
    for (int64_t row = 0; row < reader.num_rows(); row += step) {
      const Table rows = reader.read_rows(row, step, {.pool = engine_.pool(), .cancel = meter_.cancel()});
      check_rows(table::conform(rows, rules_.schema));
    }
    if (check_.rows == 0) return report("has no rows");
    check_range();
    if (!rules_.definition.layout.empty()) check_layout();
  }

  void take_definition(const parquet::Reader& reader) {
    const std::optional<FileFacts> facts = parse_metadata(reader.metadata().key_value_metadata);
    rules_.definition = facts ? facts->definition : catalog::SeriesDefinition{.index = {}, .layout = {}};
    if (facts) rules_.key = facts->key;
  }

  void check_rows(const Table& rows) {
    if (rows.num_rows() == 0) return;
    if (rules_.ordered() && !table::is_sorted(rows, order_)) {
      if (!unsorted_) report("its rows are not in order");
      unsorted_ = true;
    } else if (rules_.definition.has_identity && !duplicate_) {
      const int64_t row = table::find_duplicate(rows, order_);
      duplicate_ = row >= 0;
      if (duplicate_) report("has two rows with " + table::describe_row(rows, row, order_));
    }
    Table first = copy_row(rows, 0);
    if (check_.last_row && rules_.ordered()) {
      for (std::string& problem : check_border(*check_.last_row, first, rules_, true)) report(std::move(problem));
    }
    if (!check_.first_row) check_.first_row = std::move(first);
    check_.last_row = copy_row(rows, rows.num_rows() - 1);
    check_.rows += rows.num_rows();
  }

  void check_range() {
    if (!rules_.timed() || unsorted_) return;
    const Timestamp first{table::IndexValues(*check_.first_row, rules_.definition.index)[0]};
    const Timestamp last{table::IndexValues(*check_.last_row, rules_.definition.index)[0]};
    if (first == object_.first && last == object_.last) return;
    report(format_message("reaches from {} to {} and should from {} to {}",
                          {to_string(first), to_string(last), to_string(object_.first), to_string(object_.last)}));
  }

  void check_layout() {
    const Layout layout = Layout::parse(rules_.definition.layout);
    if (layout.period_of(object_.first) != layout.period_of(object_.last)) {
      report("holds rows of more than one period of the layout " + layout.text());
    } else if (layout.place(rules_.key, object_.first) != place_of(object_.name)) {
      report("does not lie where the layout " + layout.text() + " has rows of its time");
    }
  }

  Engine& engine_;
  const ObjectRow& object_;
  SeriesRules rules_;
  table::RowOrder order_;
  Meter& meter_;
  ObjectCheck check_;
  bool unsorted_ = false;
  bool duplicate_ = false;
};

}  // namespace

ObjectCheck check_object(Engine& engine, const ObjectRow& object, const SeriesRules& rules, Meter& meter) {
  ObjectChecker checker(engine, object, rules, meter);
  try {
    return checker.run();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    ObjectCheck failed = checker.take_check();
    failed.problems.emplace_back(error.what());
    return failed;
  }
}

std::vector<std::string> check_border(const Table& last_row, const Table& first_row, const SeriesRules& rules,
                                      bool within_file) {
  if (!rules.ordered()) return {};
  const std::vector<Table> both = {last_row, first_row};
  const Table border = table::concatenate(both);
  const table::RowOrder order = order_of(rules.definition);
  if (!table::is_sorted(border, order)) {
    return {within_file ? "its rows are not in order" : "its rows begin before those of the file before it end"};
  }
  std::vector<std::string> problems;
  if (rules.definition.has_identity && table::find_duplicate(border, order) >= 0) {
    problems.push_back("has two rows with " + table::describe_row(border, 1, order));
  }
  const table::RowOrder by_index{.index = rules.definition.index, .identity = {}};
  if (!within_file && rules.timed() && table::find_duplicate(border, by_index) >= 0) {
    problems.emplace_back("begins at the index value at which the file before it ends");
  }
  return problems;
}

}  // namespace varve::store
