#include "varve/parquet/read/table_read.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/parquet/read/column_assembly.h"

namespace varve::parquet {
namespace {

// Decoding so few values is over before another thread has woken up.
constexpr int64_t kFewValues = int64_t{1} << 17;

// Rows of one row group, in the order in which the result has them.
struct Piece {
  const FileRead* file = nullptr;
  size_t group = 0;  // of those wanted
};

class TableRead {
 public:
  explicit TableRead(std::span<const FileRead> files) : files_(files) {
    for (const FileRead& file : files) {
      for (size_t group = 0; group < file.groups().size(); ++group) {
        pieces_.push_back({&file, group});
        rows_.push_back(count_rows(file.groups()[group].rows));
      }
      bytes_max_ += file.bytes_max();
      values_ += file.values_to_decode();
    }
  }

  [[nodiscard]] Table run(base::ThreadPool* pool) const {
    if (values_ <= kFewValues) pool = nullptr;
    const std::span<const LeafColumn* const> columns = files_[0].columns();
    for (const FileRead& file : files_) file.check_chunks();
    MemoryBudget budget(bytes_max_);
    std::vector<ColumnAssembly> assemblies = prepare(columns, budget);
    // Row group by row group, so that neighbouring tasks read neighbouring bytes.
    base::parallel_for(pool, pieces_.size() * columns.size(), [&](size_t task) {
      const size_t column = task % columns.size();
      if (columns[column]->type.id == TypeId::kNull) return;
      decode(task / columns.size(), column, assemblies[column], budget);
    });
    std::vector<Column> result(columns.size());
    base::parallel_for(pool, columns.size(), [&](size_t at) { result[at] = assemblies[at].finish(); });
    return Table(files_[0].schema(), std::move(result));
  }

 private:
  [[nodiscard]] std::vector<ColumnAssembly> prepare(std::span<const LeafColumn* const> columns,
                                                    MemoryBudget& budget) const {
    std::vector<ColumnAssembly> assemblies;
    assemblies.reserve(columns.size());
    for (const LeafColumn* column : columns) {
      try {
        assemblies.emplace_back(*column, rows_, budget);
      } catch (const Corruption& error) {
        throw Corruption("{}: column {}: {}", files_[0].file().name, column->name, error.what());
      }
    }
    return assemblies;
  }

  void decode(size_t piece, size_t column, ColumnAssembly& assembly, MemoryBudget& budget) const {
    const auto& [file, group] = pieces_[piece];
    files_[0].file().memory->workspaces.use(budget, [&](Workspace& workspace) {
      assembly.set(piece, file->decode(column, group, assembly.space_of(piece), workspace));
    });
  }

  std::span<const FileRead> files_;
  std::vector<Piece> pieces_;
  std::vector<int64_t> rows_;  // of each piece
  int64_t bytes_max_ = 0;
  int64_t values_ = 0;
};

}  // namespace

Table read_table(std::span<const FileRead> files, base::ThreadPool* pool) {
  Workspaces& workspaces = files[0].file().memory->workspaces;
  try {
    Table table = TableRead(files).run(pool);
    workspaces.shrink();
    return table;
  } catch (...) {
    workspaces.shrink();
    throw;
  }
}

}  // namespace varve::parquet
