#include "varve/parquet/reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/column_assembly.h"
#include "varve/parquet/read/pruning.h"
#include "varve/parquet/read/workspace.h"
#include "varve/table/bits.h"
#include "varve/table/select.h"

namespace varve::parquet {
namespace {

using table::RowRange;

// Rows of one row group that are wanted: ascending and disjoint.
struct GroupRows {
  size_t group = 0;
  std::vector<RowRange> rows;
};

constexpr int64_t kResultBytesUsual = int64_t{4} << 30;
constexpr int64_t kExpansionUsual = 4096;

std::vector<RowRange> intersect(const std::vector<RowRange>& left, const std::vector<RowRange>& right) {
  std::vector<RowRange> result;
  for (size_t l = 0, r = 0; l < left.size() && r < right.size();) {
    const RowRange both{std::max(left[l].first, right[r].first), std::min(left[l].last, right[r].last)};
    if (both.first < both.last) result.push_back(both);
    if (left[l].last < right[r].last) {
      ++l;
    } else {
      ++r;
    }
  }
  return result;
}

// Of the rows of all groups, one after the other, those from `kept.first` to before `kept.last`.
void trim(std::vector<GroupRows>& groups, const RowRange& kept) {
  int64_t row = 0;
  for (GroupRows& group : groups) {
    std::vector<RowRange> rows;
    for (const RowRange& range : group.rows) {
      const int64_t first = std::max(range.first, range.first + kept.first - row);
      const int64_t last = std::min(range.last, range.first + kept.last - row);
      if (first < last) rows.push_back({first, last});
      row += range.last - range.first;
    }
    group.rows = std::move(rows);
  }
  std::erase_if(groups, [](const GroupRows& group) { return group.rows.empty(); });
}

// Which rows of an index column lie within a range.
struct Matches {
  RowRange hull;              // from the first to the last that does
  std::vector<uint8_t> mask;  // bits of the rows of the hull; empty if all of them do
};

template <typename T>
Matches find_matches(const Column& index, const UnitRange& range, bool sorted) {
  const std::span<const T> values = index.values<T>();
  Matches matches;
  if (sorted && index.null_count() == 0) {
    const auto below = [](T value, int64_t bound) { return value < bound; };
    const auto above = [](int64_t bound, T value) { return bound < value; };
    const auto first = std::lower_bound(values.begin(), values.end(), range.first, below);
    matches.hull = {first - values.begin(), std::upper_bound(first, values.end(), range.last, above) - values.begin()};
    return matches;
  }
  const auto inside = [&](int64_t row) {
    const int64_t value = values[static_cast<size_t>(row)];
    return value >= range.first && value <= range.last && !index.is_null(row);
  };
  RowRange hull{0, index.length()};
  while (hull.first < hull.last && !inside(hull.first)) ++hull.first;
  while (hull.last > hull.first && !inside(hull.last - 1)) --hull.last;
  matches.hull = hull;
  int64_t row = hull.first;
  while (row < hull.last && inside(row)) ++row;
  if (row == hull.last) return matches;
  matches.mask.assign(table::bytes_for_bits(hull.last - hull.first), 0);
  for (row = hull.first; row < hull.last; ++row) table::set_bit(matches.mask.data(), row - hull.first, inside(row));
  return matches;
}

Matches find_matches(const Column& index, const IndexRange& range) {
  if (index.type().id == TypeId::kDate) {
    return find_matches<int32_t>(index, to_units(range.start, range.end, kNanosecondsPerDay), range.sorted);
  }
  return find_matches<int64_t>(index, to_units(range.start, range.end, nanoseconds_per(index.type().unit)),
                               range.sorted);
}

Table filter_by(const Table& table, const Matches& matches, base::ThreadPool* pool) {
  base::MutableBuffer bits = base::MutableBuffer::allocate(0);
  bits.append(std::as_bytes(std::span(matches.mask)));
  ColumnParts mask{.type = DataType::boolean(), .length = table.num_rows(), .null_count = 0};
  mask.values = std::move(bits).finish();
  return table::filter(table, Column(std::move(mask)), pool);
}

// One call of read: which columns and rows, narrowed step by step, then decoded.
class TableRead {
 public:
  TableRead(const OpenFile& file, const Schema& schema, const ReadOptions& options)
      : file_(file), options_(options), schema_(schema) {
    if (options.columns) {
      std::vector<Field> fields;
      for (const std::string& name : *options.columns) {
        columns_.push_back(&find(name));
        fields.push_back(schema[static_cast<size_t>(columns_.back() - file.columns.columns.data())]);
      }
      schema_ = Schema(std::move(fields), schema.metadata());
    } else {
      for (const LeafColumn& column : file.columns.columns) columns_.push_back(&column);
    }
  }

  Table run(std::vector<GroupRows> groups) {
    groups_ = std::move(groups);
    std::erase_if(groups_, [](const GroupRows& group) { return group.rows.empty(); });
    if (!options_.range) return Table(schema_, decode(columns_));
    const LeafColumn& index = find(options_.range->column);
    if (!is_index_type(index.type)) {
      throw InvalidArgument("{}: column {} of type {} is no index", file_.name, index.name, to_string(index.type));
    }
    for (GroupRows& group : groups_) in_chunk(index, group.group, [&] { prune(index, group); });
    std::erase_if(groups_, [](const GroupRows& group) { return group.rows.empty(); });
    return read_matching(index);
  }

 private:
  const LeafColumn& find(const std::string& name) const {
    for (const LeafColumn& column : file_.columns.columns) {
      if (column.name == name) return column;
    }
    for (const std::string& nested : file_.columns.nested) {
      if (nested == name)
        throw NotSupported("{}: column {} is nested or of a type that has no column", file_.name, name);
    }
    throw NotFound("{}: no column {}", file_.name, name);
  }

  // Names the place in what `body` throws about the file's bytes.
  template <typename Body>
  void in_chunk(const LeafColumn& column, size_t group, const Body& body) const {
    try {
      body();
    } catch (const Corruption& error) {
      throw Corruption("{}: column {}, row group {}: {}", file_.name, column.name, group, error.what());
    } catch (const NotSupported& error) {
      throw NotSupported("{}: column {}, row group {}: {}", file_.name, column.name, group, error.what());
    }
  }

  // Leaves out rows that statistics and page bounds prove to be outside the range.
  void prune(const LeafColumn& index, GroupRows& group) const {
    const auto range = stored_range_of(index, options_.range->start, options_.range->end);
    if (!range) return;
    const PhysicalType type = *index.element.type;
    locate(file_, index, group.group);  // throws if there is no such chunk
    const auto& statistics = file_.metadata.row_groups[group.group].columns[index.position].meta_data->statistics;
    if (statistics && !may_hold(*statistics, type, *range)) {
      group.rows.clear();
      return;
    }
    const auto bounds = read_column_index(file_, index, group.group);
    const auto pages = bounds ? read_pages(file_, index, group.group) : std::nullopt;
    const auto rows = pages ? rows_that_may_match(*bounds, *pages, type, *range) : std::nullopt;
    if (rows) group.rows = intersect(group.rows, *rows);
  }

  // Decodes the index, keeps the rows from its first to its last match, and decodes the other columns for these.
  Table read_matching(const LeafColumn& index) {
    const LeafColumn* const only[] = {&index};
    const Column values = decode(only)[0];
    const Matches matches = find_matches(values, *options_.range);
    trim(groups_, matches.hull);
    std::vector<const LeafColumn*> others;
    std::copy_if(columns_.begin(), columns_.end(), std::back_inserter(others),
                 [&](const LeafColumn* column) { return column != &index; });
    std::vector<Column> decoded = decode(others);
    std::vector<Column> columns;
    auto next = decoded.begin();
    for (const LeafColumn* column : columns_) {
      columns.push_back(column == &index ? values.slice(matches.hull.first, matches.hull.last - matches.hull.first)
                                         : std::move(*next++));
    }
    const Table hull(schema_, std::move(columns));
    return matches.mask.empty() ? hull : filter_by(hull, matches, options_.pool);
  }

  std::vector<Column> decode(std::span<const LeafColumn* const> columns) const {
    const int64_t usual = std::max(kResultBytesUsual, static_cast<int64_t>(file_.size) * kExpansionUsual);
    MemoryBudget budget(options_.result_bytes_max > 0 ? options_.result_bytes_max : usual);
    std::vector<int64_t> rows;
    for (const GroupRows& group : groups_) rows.push_back(count_rows(group.rows));
    // What a chunk says is checked for all of them before memory is taken for any.
    std::vector<ColumnAssembly> assemblies;
    assemblies.reserve(columns.size());
    for (const LeafColumn* column : columns) {
      for (const GroupRows& group : groups_)
        in_chunk(*column, group.group, [&] { locate(file_, *column, group.group); });
    }
    for (const LeafColumn* column : columns) {
      in_chunk(*column, 0, [&] { assemblies.emplace_back(*column, rows, budget); });
    }
    Workspaces workspaces(budget);
    // Row group by row group, so that neighbouring tasks read neighbouring bytes.
    run_all(options_.pool, groups_.size() * columns.size(), [&](size_t task) {
      const LeafColumn& column = *columns[task % columns.size()];
      const size_t piece = task / columns.size();
      if (column.type.id == TypeId::kNull) return;
      in_chunk(column, groups_[piece].group, [&] {
        ColumnAssembly& assembly = assemblies[task % columns.size()];
        workspaces.use([&](Workspace& workspace) {
          assembly.set(piece, decode_chunk(request(column, groups_[piece], workspace), assembly.values_of(piece)));
        });
      });
    });
    std::vector<Column> result(columns.size());
    run_all(options_.pool, columns.size(), [&](size_t at) { result[at] = assemblies[at].finish(options_.pool); });
    return result;
  }

  ChunkRequest request(const LeafColumn& column, const GroupRows& group, Workspace& workspace) const {
    ChunkRequest request;
    request.file = file_.file.get();
    request.column = &column;
    request.location = locate(file_, column, group.group);
    request.location.verify_checksums = options_.verify_checksums;
    request.rows = group.rows;
    request.workspace = &workspace;
    request.cancel = &options_.cancel;
    const int64_t rows = file_.metadata.row_groups[group.group].num_rows;
    const auto pages = count_rows(group.rows) == rows ? std::nullopt : read_pages(file_, column, group.group);
    if (pages) {
      request.runs = runs_holding(*pages, group.rows);
      const uint64_t first = pages->front().begin;
      if (first > request.location.begin) request.dictionary_end = first;
    } else {
      request.runs = {{request.location.begin, request.location.end, {0, rows}}};
    }
    return request;
  }

  const OpenFile& file_;
  const ReadOptions& options_;
  Schema schema_;
  std::vector<const LeafColumn*> columns_;
  std::vector<GroupRows> groups_;
};

}  // namespace

struct Reader::State {
  OpenFile file;
  Schema schema;
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Reader Reader::open(std::unique_ptr<base::File> file, std::string name) {
  auto state = std::make_unique<State>();
  state->file = read_footer(std::move(file), std::move(name));
  try {
    state->schema = state->file.columns.to_schema(state->file.metadata);
  } catch (const InvalidArgument& error) {
    throw Corruption("{}: {}", state->file.name, error.what());
  }
  return Reader(std::move(state));
}

const Schema& Reader::schema() const noexcept { return state_->schema; }
const std::vector<std::string>& Reader::nested_columns() const noexcept { return state_->file.columns.nested; }
int64_t Reader::num_rows() const noexcept { return state_->file.metadata.num_rows; }
size_t Reader::num_row_groups() const noexcept { return state_->file.metadata.row_groups.size(); }
const FileMetaData& Reader::metadata() const noexcept { return state_->file.metadata; }
const OpenFile& Reader::file() const noexcept { return state_->file; }

Table Reader::read(const ReadOptions& options) const { return read_rows(0, num_rows(), options); }

Table Reader::read_rows(int64_t first, int64_t count, const ReadOptions& options) const {
  if (first < 0 || count < 0) throw InvalidArgument("rows from {}, {} of them", first, count);
  first = std::min(first, num_rows());
  const int64_t last = first + std::min(count, num_rows() - first);
  std::vector<GroupRows> groups;
  int64_t row = 0;  // the group's first
  for (size_t group = 0; group < num_row_groups(); ++group) {
    const int64_t rows = metadata().row_groups[group].num_rows;
    const RowRange range{std::clamp<int64_t>(first - row, 0, rows), std::clamp<int64_t>(last - row, 0, rows)};
    if (range.first < range.last) groups.push_back({group, {range}});
    row += rows;
  }
  return TableRead(state_->file, state_->schema, options).run(std::move(groups));
}

Table Reader::read_row_group(size_t group, const ReadOptions& options) const {
  if (group >= num_row_groups()) throw InvalidArgument("row group {} of {}", group, num_row_groups());
  std::vector<GroupRows> groups{{group, {{0, metadata().row_groups[group].num_rows}}}};
  return TableRead(state_->file, state_->schema, options).run(std::move(groups));
}

}  // namespace varve::parquet
