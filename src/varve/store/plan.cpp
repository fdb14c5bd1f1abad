#include "varve/store/plan.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "varve/base/error.h"
#include "varve/store/tree/layout.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

// Files and new rows that become new files together.
struct Group {
  size_t first_object = 0;
  size_t last_object = 0;  // not inside
  int64_t first_row = 0;
  int64_t last_row = 0;  // not inside
};

constexpr size_t kFilesOfASize = 3;

// How often the rows can be divided by kFilesOfASize.
int size_class(int64_t rows) {
  int size = 0;
  for (int64_t left = rows; left >= static_cast<int64_t>(kFilesOfASize); left /= static_cast<int64_t>(kFilesOfASize)) {
    ++size;
  }
  return size;
}

class Planner {
 public:
  Planner(const SeriesFiles& series, const RowChange& change, const PlanTools& tools)
      : series_(series),
        change_(change),
        mode_(change.mode),
        definition_(series.definition),
        layout_(Layout::parse(definition_.layout)),
        order_(order_of(definition_)),
        tools_(tools) {}

  Plan plan() {
    const Table& rows = change_.rows;
    check(rows);
    const bool replaces = mode_ == WriteMode::kReplaceSeries;
    plan_.schema = series_.exists && !replaces ? table::unify(series_.schema, store::series_schema(rows.schema()))
                                               : store::series_schema(rows.schema());
    newer_ = table::conform(rows, plan_.schema);
    newer_is_unique_ = table::is_strictly_sorted(newer_, order_, tools_.pool);
    if (!newer_is_unique_) newer_ = table::sort(newer_, order_, tools_.pool);
    if (timed()) index_.emplace(newer_, definition_.index);
    if (replaces) {
      replace_series();
    } else if (mode_ == WriteMode::kReplaceRange) {
      replace_range();
    } else {
      for (const Group& group : timed() ? timed_groups() : untimed_groups()) merge_group(group);
      plan_.changes = !plan_.added.empty() || !series_.exists;
    }
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool timed() const { return !definition_.index.empty(); }
  [[nodiscard]] std::span<const int64_t> index() const {
    return index_ ? index_->nanoseconds() : std::span<const int64_t>{};
  }
  [[nodiscard]] Table read(size_t object) const {
    return table::conform(tools_.read_object(series_.objects[object]), plan_.schema);
  }
  [[nodiscard]] int64_t object_rows(size_t object) const { return series_.objects[object].rows; }
  [[nodiscard]] int64_t target_rows() const {
    return definition_.target_rows_per_file > 0 ? definition_.target_rows_per_file : kTargetRowsPerFile;
  }

  void check(const Table& rows) const {
    if (mode_ == WriteMode::kUpsert && !definition_.has_identity) {
      throw InvalidArgument("rows of this series have no identity, so none can take another's place: use append");
    }
    if (mode_ == WriteMode::kReplaceRange && !timed()) throw InvalidArgument("an untimed series has no ranges");
    if (timed() && !rows.schema().find(definition_.index)) {
      throw InvalidArgument("the rows have no column {}, which is the index of the series", definition_.index);
    }
    if (mode_ != WriteMode::kReplaceSeries && series_.exists) return;  // what is missing is filled with nulls
    for (const std::string& name : definition_.identity) {
      if (!rows.schema().find(name)) {
        throw InvalidArgument("the rows have no column {}, which is part of the identity of the series", name);
      }
    }
  }

  [[nodiscard]] table::OnConflict on_conflict() const {
    if (!definition_.has_identity) return table::OnConflict::kKeepBoth;
    switch (mode_) {
      case WriteMode::kAppendMissing: return table::OnConflict::kIgnore;
      case WriteMode::kUpsert: return table::OnConflict::kReplace;
      default: return table::OnConflict::kError;
    }
  }

  [[nodiscard]] std::vector<Group> timed_groups() const {
    std::vector<Group> groups;
    for (const Group& period : periods()) {
      if (layout_.one_file_a_period()) {
        groups.push_back(period);
      } else {
        add_groups(period, groups);
      }
    }
    return groups;
  }

  // New rows by the layout's periods, each with the files of its period: no file holds rows of two.
  [[nodiscard]] std::vector<Group> periods() const {
    std::vector<Group> periods;
    const std::vector<catalog::ObjectRow>& objects = series_.objects;
    size_t object = 0;
    for (const table::RowRange& rows : cut_periods(newer_.num_rows(), index(), layout_.period())) {
      const Date period = layout_.period_of({(*index_)[rows.first]});
      const auto is_before = [&](const catalog::ObjectRow& file) { return layout_.period_of(file.first) < period; };
      const auto is_within = [&](const catalog::ObjectRow& file) { return layout_.period_of(file.first) == period; };
      while (object < objects.size() && is_before(objects[object])) ++object;
      const size_t first_object = object;
      while (object < objects.size() && is_within(objects[object])) ++object;
      periods.push_back({first_object, object, rows.first, rows.last});
    }
    return periods;
  }

  // Rows already in one file by their time; runs of rows between files are groups of their own, but go with the file
  // before them if that is rewritten anyway.
  void add_groups(const Group& period, std::vector<Group>& groups) const {
    const size_t groups_before = groups.size();
    int64_t row = period.first_row;
    const auto add = [&](size_t first_object, size_t last_object, int64_t last_row) {
      if (row == last_row) return;
      const bool follows_rewritten =
          first_object == last_object && groups.size() > groups_before && groups.back().last_object == first_object;
      if (follows_rewritten) {
        groups.back().last_row = last_row;
      } else {
        const size_t begin = groups.size() > groups_before ? groups.back().last_object : period.first_object;
        groups.push_back({first_object, last_object, row, last_row});
        if (first_object == last_object) take_in_small_files(begin, groups.back());
      }
      row = last_row;
    };
    const auto values = index().first(static_cast<size_t>(period.last_row));
    for (size_t object = period.first_object; object < period.last_object; ++object) {
      const catalog::ObjectRow& file = series_.objects[object];
      const auto begin = std::lower_bound(values.begin() + row, values.end(), file.first.nanoseconds);
      add(object, object, begin - values.begin());
      add(object, object + 1, std::upper_bound(begin, values.end(), file.last.nanoseconds) - values.begin());
    }
    add(period.last_object, period.last_object, period.last_row);
  }

  // Where rows are told apart by columns other than a time, any file may hold any row; where not, new ones go to the
  // end.
  [[nodiscard]] std::vector<Group> untimed_groups() const {
    if (newer_.num_rows() == 0) return {};
    const size_t files = series_.objects.size();
    const bool anywhere = definition_.has_identity || layout_.one_file_a_period();
    Group group = {anywhere ? 0 : files, files, 0, newer_.num_rows()};
    if (!anywhere) take_in_small_files(0, group);
    return {group};
  }

  // Counts as one does with three: where two files of the size of the new rows, or smaller, lie before them, all three
  // become one, which may again be the third of its size. None before `begin`.
  void take_in_small_files(size_t begin, Group& group) const {
    int64_t rows = group.last_row - group.first_row;
    for (;;) {
      size_t first = group.first_object;
      int64_t sum = rows;
      while (first > begin && size_class(object_rows(first - 1)) <= size_class(rows) &&
             sum + object_rows(first - 1) <= target_rows()) {
        sum += object_rows(--first);
      }
      if (group.first_object - first + 1 < kFilesOfASize) return;
      group.first_object = first;
      rows = sum;
    }
  }

  void merge_group(const Group& group) {
    std::vector<Table> pieces = {Table::empty(plan_.schema)};
    for (size_t object = group.first_object; object < group.last_object; ++object) {
      pieces.push_back(read(object));
    }
    const Table older = pieces.size() == 1 ? pieces[0] : table::concatenate(std::span(pieces).subspan(1), tools_.pool);
    const Table newer = newer_.slice(group.first_row, group.last_row - group.first_row);
    const table::MergeResult merged = merge(older, newer);
    plan_.counts.added += merged.rows_added;
    plan_.counts.replaced += merged.rows_replaced;
    plan_.counts.unchanged += merged.rows_unchanged;
    plan_.counts.ignored += merged.rows_ignored;
    if (merged.rows_added + merged.rows_replaced == 0) return;
    for (size_t object = group.first_object; object < group.last_object; ++object) {
      plan_.removed.push_back(series_.objects[object].id);
    }
    add_files(merged.table);
  }

  [[nodiscard]] table::MergeResult merge(const Table& older, const Table& newer) const {
    const bool in_order_of_arrival = !timed() && !definition_.has_identity;
    if (!in_order_of_arrival) return table::merge(older, newer, order_, on_conflict());
    const std::vector<Table> both = {older, newer};
    return {.table = table::concatenate(both, tools_.pool), .rows_added = newer.num_rows()};
  }

  void check_no_duplicates() const {
    if (!definition_.has_identity || newer_is_unique_) return;
    const int64_t row = table::find_duplicate(newer_, order_);
    if (row >= 0) throw AlreadyExists("two rows have {}", table::describe_row(newer_, row, order_));
  }

  void check_within_range() const {
    for (const int64_t row : {int64_t{0}, newer_.num_rows() - 1}) {
      if (newer_.num_rows() == 0 || within_range((*index_)[row], (*index_)[row])) continue;
      throw InvalidArgument("the row with {} lies outside the range from {} to {}",
                            table::describe_row(newer_, row, order_), to_string(change_.first),
                            to_string(change_.last));
    }
  }
  [[nodiscard]] bool within_range(int64_t first, int64_t last) const {
    return change_.first.nanoseconds <= first && last <= change_.last.nanoseconds;
  }

  // The files that reach into the range or, where a period has one file, that new rows go into.
  [[nodiscard]] Group group_of_range() const {
    const std::vector<catalog::ObjectRow>& objects = series_.objects;
    Date first_period = layout_.period_of(change_.first);
    Date last_period = first_period;
    if (newer_.num_rows() > 0) {
      first_period = layout_.period_of({(*index_)[0]});
      last_period = layout_.period_of({(*index_)[newer_.num_rows() - 1]});
    }
    const auto takes_new_rows = [&](const catalog::ObjectRow& file) {
      const Date period = layout_.period_of(file.first);
      return layout_.one_file_a_period() && newer_.num_rows() > 0 && first_period <= period && period <= last_period;
    };
    const auto lies_before = [&](const catalog::ObjectRow& file) {
      return file.last < change_.first && !takes_new_rows(file);
    };
    const auto lies_after = [&](const catalog::ObjectRow& file) {
      return file.first > change_.last && !takes_new_rows(file);
    };
    const auto begin = std::find_if_not(objects.begin(), objects.end(), lies_before);
    const auto end = std::find_if(begin, objects.end(), lies_after);
    return {static_cast<size_t>(begin - objects.begin()), static_cast<size_t>(end - objects.begin()), 0,
            newer_.num_rows()};
  }

  // The rows of some files by where they lie.
  struct AroundRange {
    std::vector<Table> before;
    std::vector<Table> within;
    std::vector<Table> after;
    int64_t rows_within = 0;
  };
  [[nodiscard]] AroundRange read_around(const Group& group) const {
    AroundRange old;
    const auto add = [](std::vector<Table>& pieces, const Table& rows) {
      if (rows.num_rows() > 0) pieces.push_back(rows);
    };
    for (size_t at = group.first_object; at < group.last_object; ++at) {
      const catalog::ObjectRow& file = series_.objects[at];
      if (newer_.num_rows() == 0 && within_range(file.first.nanoseconds, file.last.nanoseconds)) {
        old.rows_within += file.rows;  // nothing to compare them with
        continue;
      }
      const Table rows = read(at);
      const table::IndexValues index(rows, definition_.index);
      const table::RowRange range =
          table::rows_within(index.nanoseconds(), change_.first.nanoseconds, change_.last.nanoseconds);
      add(old.before, rows.slice(0, range.first));
      add(old.within, rows.slice(range.first, range.last - range.first));
      add(old.after, rows.slice(range.last, rows.num_rows() - range.last));
      old.rows_within += range.last - range.first;
    }
    return old;
  }

  // Counts what becomes of the rows of the range; false if they stay as they are.
  bool count_range(const AroundRange& old) {
    RowCounts& counts = plan_.counts;
    const Table within = old.within.empty() ? Table::empty(plan_.schema) : table::concatenate(old.within, tools_.pool);
    if (definition_.has_identity && newer_.num_rows() > 0) {
      const table::MergeResult merged = table::merge(within, newer_, order_, table::OnConflict::kReplace);
      counts.added = merged.rows_added;
      counts.replaced = merged.rows_replaced;
      counts.unchanged = merged.rows_unchanged;
    } else if (within.num_rows() == newer_.num_rows() && old.rows_within == newer_.num_rows() &&
               equals(within, newer_)) {
      counts.unchanged = newer_.num_rows();
    } else {
      counts.added = newer_.num_rows();
    }
    counts.removed = old.rows_within - counts.replaced - counts.unchanged;
    return counts.added + counts.replaced + counts.removed > 0;
  }

  void replace_range() {
    check_within_range();
    check_no_duplicates();
    Group group = group_of_range();
    const AroundRange old = read_around(group);
    plan_.changes = count_range(old) || !series_.exists;
    if (plan_.counts.added + plan_.counts.replaced + plan_.counts.removed == 0) return;
    std::vector<Table> pieces = old.before;
    if (newer_.num_rows() > 0) pieces.push_back(newer_);
    pieces.insert(pieces.end(), old.after.begin(), old.after.end());
    if (!pieces.empty()) take_in_before(pieces, group);
    for (size_t object = group.first_object; object < group.last_object; ++object) {
      plan_.removed.push_back(series_.objects[object].id);
    }
    if (!pieces.empty()) add_files(table::concatenate(pieces, tools_.pool));
  }

  // Small files of the same period before what is rewritten anyway.
  void take_in_before(std::vector<Table>& pieces, Group& group) const {
    if (layout_.one_file_a_period()) return;
    int64_t rows = 0;
    for (const Table& piece : pieces) rows += piece.num_rows();
    const Date period = layout_.period_of({table::IndexValues(pieces.front(), definition_.index)[0]});
    size_t begin = group.first_object;
    while (begin > 0 && layout_.period_of(series_.objects[begin - 1].first) == period) --begin;
    Group wider{group.first_object, group.last_object, 0, rows};
    take_in_small_files(begin, wider);
    for (size_t at = group.first_object; at > wider.first_object; --at) pieces.insert(pieces.begin(), read(at - 1));
    group.first_object = wider.first_object;
  }

  void replace_series() {
    check_no_duplicates();
    const int64_t old_rows = std::accumulate(series_.objects.begin(), series_.objects.end(), int64_t{0},
                                             [](int64_t sum, const auto& object) { return sum + object.rows; });
    if (!change_.anew && is_the_same_already(old_rows)) {
      plan_.counts.unchanged = old_rows;
      return;
    }
    for (const catalog::ObjectRow& object : series_.objects) plan_.removed.push_back(object.id);
    plan_.counts.added = newer_.num_rows();
    plan_.counts.removed = old_rows;
    plan_.changes = true;
    add_files(newer_);
  }

  [[nodiscard]] bool is_the_same_already(int64_t old_rows) const {
    if (!series_.exists || old_rows != newer_.num_rows() || series_.schema != plan_.schema) return false;
    if (index_ && old_rows > 0 && !has_ends(index())) return false;
    int64_t row = 0;
    for (const catalog::ObjectRow& object : series_.objects) {
      const Table old = table::conform(tools_.read_object(object), plan_.schema);
      if (!equals(old, newer_.slice(row, object.rows))) return false;
      row += object.rows;
    }
    return true;
  }

  // Whether the series begins and ends where these values do, which costs nothing to know.
  [[nodiscard]] bool has_ends(std::span<const int64_t> values) const {
    return series_.objects.front().first.nanoseconds == values.front() &&
           series_.objects.back().last.nanoseconds == values.back();
  }

  void add_files(const Table& rows) {
    std::optional<table::IndexValues> index;
    if (timed()) index.emplace(rows, definition_.index);
    const std::span<const int64_t> values = index ? index->nanoseconds() : std::span<const int64_t>{};
    for (const table::RowRange& range : layout_.cut(rows.num_rows(), values, target_rows())) {
      PlannedFile file{.rows = rows.slice(range.first, range.last - range.first)};
      if (index) {
        file.first = {(*index)[range.first]};
        file.last = {(*index)[range.last - 1]};
      }
      plan_.added.push_back(std::move(file));
    }
  }

  const SeriesFiles& series_;
  const RowChange& change_;
  const WriteMode mode_;
  const catalog::SeriesDefinition& definition_;
  Layout layout_;
  table::RowOrder order_;
  const PlanTools& tools_;
  Table newer_;                   // in order
  bool newer_is_unique_ = false;  // no two of its rows are equal in that order; false: not known
  std::optional<table::IndexValues> index_;
  Plan plan_;
};

}  // namespace

// Whether a column may hold nulls is not remembered: it would make equal types differ. Dictionaries are for text and
// bytes: a Parquet file gives others back as plain values, so they are kept as such.
Schema series_schema(const Schema& rows) {
  std::vector<Field> fields = rows.fields();
  for (Field& field : fields) {
    field.nullable = true;
    const bool is_dictionary = field.type.id == TypeId::kDictionary;
    if (is_dictionary && storage_of(*field.type.value_type) != Storage::kVariable) {
      field.type = DataType(*field.type.value_type);
    }
  }
  return Schema(std::move(fields));
}

table::RowOrder order_of(const catalog::SeriesDefinition& definition) {
  return {.index = definition.index, .identity = definition.identity};
}

Plan plan_write(const SeriesFiles& series, const RowChange& change, const PlanTools& tools) {
  return Planner(series, change, tools).plan();
}

}  // namespace varve::store
