#include "varve/cli/stored_files.h"

#include <memory>
#include <optional>
#include <utility>

#include "varve/base/error.h"
#include "varve/cli/progress.h"
#include "varve/parquet/explain.h"
#include "varve/parquet/reader.h"
#include "varve/table/select.h"

namespace varve::cli {

namespace {

parquet::Reader open(base::FileSystem& files, const NamedFile& file) {
  return parquet::Reader::open(files.open(file.path, base::OpenMode::kRead), file.name);
}

Table with_file_name(const Table& table, const std::string& name) {
  const std::vector<std::optional<std::string>> names(static_cast<size_t>(table.num_rows()), name);
  std::vector<Field> fields{{.name = "file", .type = DataType::string()}};
  std::vector<Column> columns{make_column(DataType::string(), names)};
  for (size_t position = 0; position < table.num_columns(); ++position) {
    fields.push_back(table.schema()[position]);
    columns.push_back(table.column(position));
  }
  return Table(Schema(std::move(fields)), std::move(columns));
}

}  // namespace

bool names_parquet_file(base::FileSystem& files, const std::string& word) {
  return word.ends_with(".parquet") && files.exists(word) && files.status(word).type != base::FileType::kDirectory;
}

std::string describe_file(base::FileSystem& files, const NamedFile& file) {
  std::unique_ptr<base::File> opened = files.open(file.path, base::OpenMode::kRead);
  const auto bytes = static_cast<double>(opened->size());
  const parquet::Reader reader = parquet::Reader::open(std::move(opened), file.name);
  const auto& writer = reader.metadata().created_by;
  return format_message("{}: {} rows in {} row groups, {}, written by {}",
                        {file.name, reader.num_rows(), reader.num_row_groups(), bytes_text(bytes),
                         writer ? quote(*writer) : std::string("nobody knows whom")});
}

Table explain_files(base::FileSystem& files, const std::vector<NamedFile>& named, bool by_row_group) {
  std::vector<Table> tables;
  tables.reserve(named.size());
  for (const NamedFile& file : named) {
    tables.push_back(with_file_name(parquet::explain(open(files, file), {.by_row_group = by_row_group}), file.name));
  }
  return table::concatenate(tables);
}

}  // namespace varve::cli
