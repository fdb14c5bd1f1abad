#include "varve/parquet/read/table_read.h"

#include <algorithm>
#include <span>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/read/column_assembly.h"
#include "varve/parquet/read/pruning.h"
#include "varve/parquet/read/row_selection.h"
#include "varve/parquet/read/workspace.h"

namespace varve::parquet {
namespace {

constexpr int64_t kResultBytesUsual = int64_t{4} << 30;
constexpr int64_t kExpansionUsual = 4096;
// Decoding so few values is over before another thread has woken up.
constexpr int64_t kFewValues = int64_t{1} << 17;
constexpr int64_t kPageRowsUsual = int64_t{1} << 14;

Predicate inside(const IndexRange& range) {
  const ColumnName index(range.column);
  if (range.start == Timestamp::min() && range.end == Timestamp::max()) return !Predicate::is_null(range.column);
  if (range.start == Timestamp::min()) return index <= range.end;
  if (range.end == Timestamp::max()) return index >= range.start;
  return index >= range.start && index <= range.end;
}

class TableRead {
 public:
  TableRead(const Reader& reader, const ReadOptions& options)
      : file_(reader.file()), options_(options), schema_(reader.schema()) {
    if (options.columns) {
      std::vector<Field> fields;
      for (const std::string& name : *options.columns) {
        columns_.push_back(&find(name));
        fields.push_back(field_of(*columns_.back()));
      }
      schema_ = Schema(std::move(fields), reader.schema().metadata());
    } else {
      if (!file_.columns.nested.empty()) refuse(file_.columns.nested.front());
      for (const LeafColumn& column : file_.columns.columns) columns_.push_back(&column);
    }
  }

  Table run(std::vector<GroupRows> groups) {
    groups_ = std::move(groups);
    if (options_.range) check_index(find(options_.range->column));
    if (options_.range || options_.where) select();
    drop_empty_groups();
    return Table(schema_, decode(columns_));
  }

 private:
  const LeafColumn& find(const std::string& name) const {
    for (const LeafColumn& column : file_.columns.columns) {
      if (column.name == name) return column;
    }
    for (const std::string& nested : file_.columns.nested) {
      if (nested == name) refuse(name);
    }
    throw NotFound("{}: no column {}", file_.name, name);
  }

  [[noreturn]] void refuse(const std::string& nested) const {
    throw NotSupported("{}: column {} is nested or of a type that has no column: name the others to read them",
                       file_.name, nested);
  }

  static Field field_of(const LeafColumn& column) { return {column.name, column.type, column.nullable}; }

  void check_index(const LeafColumn& index) const {
    if (is_index_type(index.type)) return;
    throw InvalidArgument("{}: column {} of type {} is no index", file_.name, index.name, to_string(index.type));
  }

  void drop_empty_groups() {
    std::erase_if(groups_, [](const GroupRows& group) { return group.rows.empty(); });
  }

  // Leaves of the wanted rows those that meet the options' conditions.
  void select() {
    std::vector<Predicate> terms;
    if (options_.range) terms.push_back(inside(*options_.range));
    if (options_.where) terms.push_back(*options_.where);
    const Predicate predicate = Predicate::all_of(std::move(terms));
    std::vector<const LeafColumn*> columns;
    std::vector<Field> fields;
    for (const std::string& name : predicate.columns()) {
      columns.push_back(&find(name));
      fields.push_back(field_of(*columns.back()));
    }
    const table::Condition condition = table::bind(predicate, Schema(std::move(fields)));
    check_chunks(columns);
    MemoryBudget budget(bytes_max());  // what is read to decide is soon forgotten: it is no part of the result
    for (GroupRows& group : groups_) {
      group.rows = possible_rows({file_, group.group, columns, nullptr}, condition, group.rows);
    }
    drop_empty_groups();
    run_all(options_.pool, groups_.size(), [&](size_t at) {
      GroupRows& group = groups_[at];
      file_.memory->workspaces.use(budget, [&](Workspace& workspace) {
        const auto read_rows = [&](const ColumnQuestion& question) { return match(question, group.group, workspace); };
        group.rows = select_rows({file_, group.group, columns, read_rows}, condition, group.rows);
      });
    });
  }

  [[nodiscard]] RowRanges match(const ColumnQuestion& question, size_t group, Workspace& workspace) const {
    RowRanges matches;
    in_chunk(question.column, group, [&] {
      const bool sorted = options_.range && options_.range->sorted && options_.range->column == question.column.name;
      const GroupRows wanted{group, question.rows};
      matches = match_chunk(request(question.column, wanted, workspace), question.condition, {.sorted = sorted});
    });
    return matches;
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

  // What chunks say of themselves is checked for all of them before memory is taken for any.
  void check_chunks(std::span<const LeafColumn* const> columns) const {
    for (const LeafColumn* column : columns) {
      for (const GroupRows& group : groups_) {
        in_chunk(*column, group.group, [&] { locate(file_, *column, group.group); });
      }
    }
  }

  [[nodiscard]] int64_t bytes_max() const {
    if (options_.result_bytes_max > 0) return options_.result_bytes_max;
    return std::max(kResultBytesUsual, static_cast<int64_t>(file_.size) * kExpansionUsual);
  }

  // About how many values the pages hold that `columns` columns are read of.
  [[nodiscard]] int64_t values_to_decode(size_t columns) const {
    int64_t rows = 0;
    for (const GroupRows& group : groups_) {
      const int64_t beside = std::ssize(group.rows) * kPageRowsUsual;
      rows += std::min(file_.metadata.row_groups[group.group].num_rows, count_rows(group.rows) + beside);
    }
    return rows * static_cast<int64_t>(columns);
  }

  [[nodiscard]] base::ThreadPool* pool_for(size_t columns) const {
    return values_to_decode(columns) <= kFewValues ? nullptr : options_.pool;
  }

  std::vector<Column> decode(std::span<const LeafColumn* const> columns) const {
    MemoryBudget budget(bytes_max());
    base::ThreadPool* pool = pool_for(columns.size());
    std::vector<int64_t> rows;
    for (const GroupRows& group : groups_) rows.push_back(count_rows(group.rows));
    check_chunks(columns);
    std::vector<ColumnAssembly> assemblies;
    assemblies.reserve(columns.size());
    for (const LeafColumn* column : columns) {
      in_chunk(*column, 0, [&] { assemblies.emplace_back(*column, rows, budget); });
    }
    // Row group by row group, so that neighbouring tasks read neighbouring bytes.
    run_all(pool, groups_.size() * columns.size(), [&](size_t task) {
      const LeafColumn& column = *columns[task % columns.size()];
      const size_t piece = task / columns.size();
      if (column.type.id == TypeId::kNull) return;
      in_chunk(column, groups_[piece].group, [&] {
        ColumnAssembly& assembly = assemblies[task % columns.size()];
        file_.memory->workspaces.use(budget, [&](Workspace& workspace) {
          assembly.set(piece, decode_chunk(request(column, groups_[piece], workspace), assembly.space_of(piece)));
        });
      });
    });
    std::vector<Column> result(columns.size());
    run_all(pool, columns.size(), [&](size_t at) { result[at] = assemblies[at].finish(); });
    return result;
  }

  [[nodiscard]] ChunkRequest request(const LeafColumn& column, const GroupRows& group, Workspace& workspace) const {
    ChunkRequest request;
    request.file = file_.file.get();
    request.column = &column;
    request.id = {group.group, column.position};
    request.location = locate(file_, column, group.group);
    request.location.verify_checksums = options_.verify_checksums;
    request.rows = group.rows;
    request.dictionaries = &file_.memory->dictionaries;
    request.workspace = &workspace;
    request.cancel = &options_.cancel;
    const int64_t rows = file_.metadata.row_groups[group.group].num_rows;
    const auto pages = count_rows(group.rows) == rows ? nullptr : read_pages(file_, column, group.group);
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

Table read_table(const Reader& reader, std::vector<GroupRows> groups, const ReadOptions& options) {
  Workspaces& workspaces = reader.file().memory->workspaces;
  try {
    Table table = TableRead(reader, options).run(std::move(groups));
    workspaces.shrink();
    return table;
  } catch (...) {
    workspaces.shrink();
    throw;
  }
}

}  // namespace varve::parquet
