#include "varve/parquet/reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/table_read.h"

namespace varve::parquet {
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
  return read_table(*this, std::move(groups), options);
}

Table Reader::read_row_group(size_t group, const ReadOptions& options) const {
  if (group >= num_row_groups()) throw InvalidArgument("row group {} of {}", group, num_row_groups());
  std::vector<GroupRows> groups{{group, {{0, metadata().row_groups[group].num_rows}}}};
  return read_table(*this, std::move(groups), options);
}

}  // namespace varve::parquet
