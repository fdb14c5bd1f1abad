#include "varve/store/read/panel.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/base/naming.h"
#include "varve/store/read/series_view.h"
#include "varve/store/read/wide.h"
#include "varve/table/cast.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

using catalog::Catalog;

// Series of one read, one under the other.
struct Stack {
  Table rows;
  std::vector<int64_t> counts;  // of each series
};

class PanelReader {
 public:
  PanelReader(Engine& engine, std::vector<SeriesView> views)
      : engine_(engine), views_(std::move(views)), schema_(unite_schemas(views_)) {}

  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }

  [[nodiscard]] Stack read() const {
    if (views_.empty()) return {Table::empty(schema_), {}};
    std::vector<Table> pieces;
    Stack stack;
    for (size_t first = 0; first < views_.size();) {
      const size_t end = end_of_chunk(first);
      pieces.push_back(read_chunk(first, end, stack.counts));
      first = end;
    }
    stack.rows = table::concatenate(pieces, engine_.pool());
    return stack;
  }

 private:
  // Small files do not stay open, so that they are as good as one of those that do.
  [[nodiscard]] size_t end_of_chunk(size_t first) const {
    constexpr int64_t kSmall = int64_t{64} << 10;
    size_t open = 0;
    size_t end = first;
    for (; end < views_.size() && open < kFilesAtOnce; ++end) {
      for (const catalog::ObjectRow& object : views_[end].state().objects) open += object.bytes > kSmall ? 1 : 0;
    }
    return end;
  }

  [[nodiscard]] Table read_chunk(size_t first, size_t end, std::vector<int64_t>& counts) const {
    if (const auto parts = open_parts(first, end)) return read_parts(first, end, *parts, counts);
    std::vector<Table> pieces(end - first);
    base::parallel_for(engine_.pool(), pieces.size(),
                       [&](size_t at) { pieces[at] = table::conform(views_[first + at].read(), schema_); });
    for (const Table& piece : pieces) counts.push_back(piece.num_rows());
    return table::concatenate(pieces, engine_.pool());
  }

  using Parts = std::vector<std::vector<parquet::FilePart>>;  // of each view

  // Nothing if they cannot be read as one: a file has other columns, or only so many rows of a series are wanted.
  [[nodiscard]] std::optional<Parts> open_parts(size_t first, size_t end) const {
    for (size_t at = first; at < end; ++at) {
      const SeriesView& view = views_[at];
      const bool alike = view.schema() == schema_ && view.index() == views_[first].index();
      if (view.selection().rows_max || !alike) return {};
    }
    Parts parts(end - first);
    std::atomic<bool> all_fit = true;
    base::parallel_for(engine_.pool(), parts.size(), [&](size_t at) {
      const SeriesView& view = views_[first + at];
      for (size_t file = 0; file < view.num_files() && all_fit; ++file) {
        auto part = view.part(file);
        if (part) {
          parts[at].push_back(*std::move(part));
        } else {
          all_fit = false;
        }
      }
    });
    if (!all_fit) return {};
    return parts;
  }

  [[nodiscard]] Table read_parts(size_t first, size_t end, const Parts& parts, std::vector<int64_t>& counts) const {
    std::vector<parquet::FilePart> all;
    for (const auto& each : parts) all.insert(all.end(), each.begin(), each.end());
    if (all.empty()) {
      counts.resize(counts.size() + end - first);
      return Table::empty(schema_);
    }
    const parquet::JointTable joint = parquet::read_jointly(all, views_[first].part_options());
    auto rows = joint.rows.begin();
    for (const auto& each : parts) {
      const auto next = rows + std::ssize(each);
      counts.push_back(std::accumulate(rows, next, int64_t{0}));
      rows = next;
    }
    return table::conform(joint.table, schema_);
  }

  Engine& engine_;
  std::vector<SeriesView> views_;
  Schema schema_;
};

// Columns are asked of all series together: one that only some have is null in the others.
Selection selection_of(const Catalog::State& state, const PanelSelection& panel) {
  Selection selection = panel.each;
  if (panel.pivot) {
    const std::string& index = state.series.definition.index;
    if (*panel.pivot == index) throw InvalidArgument("column {} is the index", quote(index));
    selection.columns = {index, *panel.pivot};
    if (index.empty()) selection.columns->erase(selection.columns->begin());  // it is refused once all are known
  } else if (selection.columns) {
    std::erase_if(*selection.columns, [&](const std::string& name) { return !state.schema.find(name); });
  }
  return selection;
}

void check_columns(const PanelSelection& panel, std::span<const Catalog::State> states) {
  if (panel.pivot || !panel.each.columns || states.empty()) return;
  for (const std::string& name : *panel.each.columns) {
    const bool found = std::any_of(states.begin(), states.end(),
                                   [&](const Catalog::State& state) { return state.schema.find(name).has_value(); });
    if (!found) throw NotFound("none of the series has a column {}", quote(name));
  }
}

std::vector<SeriesView> open_views(Engine& engine, std::span<const std::string> keys, const PanelSelection& panel) {
  std::vector<Catalog::State> states = find_states(engine, keys, panel.each);
  check_columns(panel, states);
  std::vector<SeriesView> views;
  views.reserve(states.size());
  for (Catalog::State& state : states) {
    const std::string key = state.series.key;
    run_naming_series(key, [&] {
      Selection selection = selection_of(state, panel);
      views.emplace_back(engine, std::move(state), std::move(selection));
    });
  }
  if (panel.pivot) check_one_index(views);
  return views;
}

Table make_long(const Stack& stack, const Schema& schema, const KeyColumn& column) {
  std::vector<KeyColumn::Run> runs;
  for (size_t key = 0; key < stack.counts.size(); ++key) runs.push_back({key, stack.counts[key]});
  return column.add_to(table::conform(stack.rows, schema), runs);
}

}  // namespace

void check_one_index(std::span<const SeriesView> views) {
  for (const SeriesView& view : views) {
    if (view.index().empty()) throw InvalidArgument("series {} is untimed: it has no order in time", quote(view.key()));
    if (view.index() != views[0].index()) {
      throw InvalidArgument("the index of series {} is {}, that of {} is {}", quote(view.key()), quote(view.index()),
                            quote(views[0].key()), quote(views[0].index()));
    }
  }
}

void check_keys(std::span<const std::string> keys) {
  std::set<std::string_view> seen;
  for (const std::string& key : keys) {
    if (!seen.insert(key).second) throw InvalidArgument("series {} is asked for twice", quote(key));
  }
}

Schema unite_schemas(std::span<const SeriesView> views) {
  if (views.empty()) return {};
  Schema united = views[0].schema();
  for (const SeriesView& view : views) {
    if (view.schema() == united) continue;
    try {
      united = table::unify(united, view.schema());
    } catch (const SchemaCompatibility& error) {
      throw SchemaCompatibility("series {}: {}", quote(view.key()), error.what());
    }
  }
  return united;
}

KeyColumn::KeyColumn(std::span<const std::string> keys, std::string name, const Schema& schema) {
  if (schema.find(name)) {
    throw InvalidArgument("the series have a column {}: give the column of keys another name", quote(name));
  }
  std::vector<std::optional<std::string>> values(keys.begin(), keys.end());
  dictionary_ = std::make_shared<const Column>(make_column(DataType::string(), values));
  std::vector<Field> fields{{std::move(name), DataType::dictionary(DataType::string())}};
  fields.insert(fields.end(), schema.fields().begin(), schema.fields().end());
  schema_ = Schema(std::move(fields));
}

Table KeyColumn::add_to(const Table& table, std::span<const Run> runs) const {
  auto indices = base::MutableBuffer::allocate(static_cast<size_t>(table.num_rows()) * sizeof(int32_t));
  auto* out = indices.as<int32_t>();
  for (const Run& run : runs) out = std::fill_n(out, run.rows, static_cast<int32_t>(run.key));
  std::vector<Column> columns{Column({.type = schema_[0].type,
                                      .length = table.num_rows(),
                                      .values = std::move(indices).finish(),
                                      .dictionary = dictionary_,
                                      .null_count = 0})};
  for (size_t at = 0; at < table.num_columns(); ++at) columns.push_back(table.column(at));
  return Table(schema_, std::move(columns));
}

Table read_panel(Engine& engine, std::span<const std::string> keys, const PanelSelection& selection) {
  check_keys(keys);
  for (bool again = false;; again = true) {
    const PanelReader reader(engine, open_views(engine, keys, selection));
    const bool wide = selection.pivot.has_value();
    const bool chosen = !wide && selection.each.columns && !keys.empty();
    const Schema schema = chosen ? with_columns(reader.schema(), *selection.each.columns) : reader.schema();
    const KeyColumn column(keys, selection.key_column, wide ? Schema() : schema);
    try {
      const Stack stack = reader.read();
      return wide ? make_wide(stack.rows, keys, stack.counts, engine.pool()) : make_long(stack, schema, column);
    } catch (const NotFound& error) {  // a file went after the catalog was read: a newer state has others
      if (again) throw Corruption("a file is missing: {}", error.what());
    }
  }
}

}  // namespace varve::store
