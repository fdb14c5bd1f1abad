#include "varve/parquet/reader.h"

#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/read/chunk_locator.h"
#include "varve/parquet/read/file_read.h"
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
  FileRead file(*this, options, groups_of(*this, first, count));
  file.select();
  return read_table({&file, 1}, options.pool);
}

Table Reader::read_row_group(size_t group, const ReadOptions& options) const {
  if (group >= num_row_groups()) throw InvalidArgument("row group {} of {}", group, num_row_groups());
  FileRead file(*this, options, {{group, {{0, metadata().row_groups[group].num_rows}}}});
  file.select();
  return read_table({&file, 1}, options.pool);
}

}  // namespace varve::parquet
