#include "varve/parquet/read/file_read.h"

#include <algorithm>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/read/column_assembly.h"
#include "varve/parquet/read/pruning.h"

namespace varve::parquet {
namespace {

constexpr int64_t kResultBytesUsual = int64_t{4} << 30;
constexpr int64_t kExpansionUsual = 4096;
constexpr int64_t kPageRowsUsual = int64_t{1} << 14;

Field field_of(const LeafColumn& column) { return {column.name, column.type, column.nullable}; }

Predicate inside(const IndexRange& range) {
  const ColumnName index(range.column);
  if (range.start == Timestamp::min() && range.end == Timestamp::max()) return !Predicate::is_null(range.column);
  if (range.start == Timestamp::min()) return index <= range.end;
  if (range.end == Timestamp::max()) return index >= range.start;
  return index >= range.start && index <= range.end;
}

}  // namespace

std::vector<GroupRows> groups_of(const Reader& reader, int64_t first, int64_t count) {
  if (first < 0 || count < 0) throw InvalidArgument("rows from {}, {} of them", first, count);
  first = std::min(first, reader.num_rows());
  const int64_t last = first + std::min(count, reader.num_rows() - first);
  std::vector<GroupRows> groups;
  int64_t row = 0;  // the group's first
  for (size_t group = 0; group < reader.num_row_groups(); ++group) {
    const int64_t rows = reader.metadata().row_groups[group].num_rows;
    const RowRange range{std::clamp<int64_t>(first - row, 0, rows), std::clamp<int64_t>(last - row, 0, rows)};
    if (range.first < range.last) groups.push_back({group, {range}});
    row += rows;
  }
  return groups;
}

FileRead::FileRead(const Reader& reader, const ReadOptions& options, std::vector<GroupRows> groups)
    : reader_(&reader), file_(&reader.file()), options_(&options), groups_(std::move(groups)) {
  drop_empty_groups();
  if (options.columns) {
    for (const std::string& name : *options.columns) columns_.push_back(&find(name));
    return;
  }
  if (!file_->columns.nested.empty()) refuse(file_->columns.nested.front());
  for (const LeafColumn& column : file_->columns.columns) columns_.push_back(&column);
}

Schema FileRead::schema() const {
  if (!options_->columns) return reader_->schema();
  std::vector<Field> fields;
  for (const LeafColumn* column : columns_) fields.push_back(field_of(*column));
  return Schema(std::move(fields), reader_->schema().metadata());
}

const LeafColumn& FileRead::find(const std::string& name) const {
  for (const LeafColumn& column : file_->columns.columns) {
    if (column.name == name) return column;
  }
  for (const std::string& nested : file_->columns.nested) {
    if (nested == name) refuse(name);
  }
  throw NotFound("{}: no column {}", file_->name, name);
}

void FileRead::refuse(const std::string& nested) const {
  throw NotSupported("{}: column {} is nested or of a type that has no column: name the others to read them",
                     file_->name, nested);
}

void FileRead::check_index(const LeafColumn& index) const {
  if (is_index_type(index.type)) return;
  throw InvalidArgument("{}: column {} of type {} is no index", file_->name, index.name, to_string(index.type));
}

void FileRead::drop_empty_groups() {
  std::erase_if(groups_, [](const GroupRows& group) { return group.rows.empty(); });
}

void FileRead::select() {
  if (options_->range) check_index(find(options_->range->column));
  if (!options_->range && !options_->where) return;
  std::vector<Predicate> terms;
  if (options_->range) terms.push_back(inside(*options_->range));
  if (options_->where) terms.push_back(*options_->where);
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
    group.rows = possible_rows({*file_, group.group, columns, nullptr}, condition, group.rows);
  }
  drop_empty_groups();
  base::parallel_for(options_->pool, groups_.size(), [&](size_t at) {
    GroupRows& group = groups_[at];
    file_->memory->workspaces.use(budget, [&](Workspace& workspace) {
      const auto read_rows = [&](const ColumnQuestion& question) { return match(question, group.group, workspace); };
      group.rows = select_rows({*file_, group.group, columns, read_rows}, condition, group.rows);
    });
  });
  drop_empty_groups();
}

RowRanges FileRead::match(const ColumnQuestion& question, size_t group, Workspace& workspace) const {
  RowRanges matches;
  in_chunk(question.column, group, [&] {
    const bool sorted = options_->range && options_->range->sorted && options_->range->column == question.column.name;
    const GroupRows wanted{group, question.rows};
    matches = match_chunk(request(question.column, wanted, workspace), question.condition, {.sorted = sorted});
  });
  return matches;
}

// Names the place in what `body` throws about the file's bytes.
template <typename Body>
void FileRead::in_chunk(const LeafColumn& column, size_t group, const Body& body) const {
  try {
    body();
  } catch (const Corruption& error) {
    throw Corruption("{}: column {}, row group {}: {}", file_->name, column.name, group, error.what());
  } catch (const NotSupported& error) {
    throw NotSupported("{}: column {}, row group {}: {}", file_->name, column.name, group, error.what());
  }
}

void FileRead::check_chunks(std::span<const LeafColumn* const> columns) const {
  for (const LeafColumn* column : columns) {
    for (const GroupRows& group : groups_) {
      in_chunk(*column, group.group, [&] { locate(*file_, *column, group.group); });
    }
  }
}

int64_t FileRead::bytes_max() const {
  if (options_->result_bytes_max > 0) return options_->result_bytes_max;
  return std::max(kResultBytesUsual, static_cast<int64_t>(file_->size) * kExpansionUsual);
}

int64_t FileRead::values_to_decode() const {
  int64_t rows = 0;
  for (const GroupRows& group : groups_) {
    const int64_t beside = std::ssize(group.rows) * kPageRowsUsual;
    rows += std::min(file_->metadata.row_groups[group.group].num_rows, count_rows(group.rows) + beside);
  }
  return rows * std::ssize(columns_);
}

DecodedChunk FileRead::decode(size_t column, size_t group, const RowSpace& space, Workspace& workspace) const {
  DecodedChunk chunk;
  in_chunk(*columns_[column], groups_[group].group,
           [&] { chunk = decode_chunk(request(*columns_[column], groups_[group], workspace), space); });
  return chunk;
}

ChunkRequest FileRead::request(const LeafColumn& column, const GroupRows& group, Workspace& workspace) const {
  ChunkRequest request;
  request.file = file_->file.get();
  request.column = &column;
  request.id = {group.group, column.position};
  request.location = locate(*file_, column, group.group);
  request.location.verify_checksums = options_->verify_checksums;
  request.rows = group.rows;
  request.dictionaries = &file_->memory->dictionaries;
  request.workspace = &workspace;
  request.cancel = &options_->cancel;
  const int64_t rows = file_->metadata.row_groups[group.group].num_rows;
  const auto pages = count_rows(group.rows) == rows ? nullptr : read_pages(*file_, column, group.group);
  if (pages) {
    request.runs = runs_holding(*pages, group.rows);
    const uint64_t first = pages->front().begin;
    if (first > request.location.begin) request.dictionary_end = first;
  } else {
    request.runs = {{request.location.begin, request.location.end, {0, rows}}};
  }
  return request;
}

}  // namespace varve::parquet
