#include "varve/parquet/joint_read.h"

#include <algorithm>

#include "varve/base/error.h"
#include "varve/parquet/read/column_assembly.h"
#include "varve/parquet/read/file_read.h"
#include "varve/parquet/read/table_read.h"

namespace varve::parquet {
namespace {

void check_columns(const FileRead& first, const FileRead& other) {
  const bool alike = std::equal(first.columns().begin(), first.columns().end(), other.columns().begin(),
                                other.columns().end(), [](const LeafColumn* left, const LeafColumn* right) {
                                  return left->name == right->name && left->type == right->type;
                                });
  if (!alike) throw InvalidArgument("{} and {} have other columns", first.file().name, other.file().name);
}

}  // namespace

JointTable read_jointly(std::span<const FilePart> parts, const ReadOptions& options) {
  if (parts.empty()) throw InvalidArgument("no files to read");
  ReadOptions inside = options;
  inside.range.reset();
  std::vector<FileRead> files;
  files.reserve(parts.size());
  for (const FilePart& part : parts) {
    const Reader& reader = *part.reader;
    files.emplace_back(reader, part.inside ? inside : options, groups_of(reader, 0, reader.num_rows()));
    check_columns(files[0], files.back());
  }
  const bool choosing = options.where || std::any_of(parts.begin(), parts.end(), [&](const FilePart& part) {
                          return options.range && !part.inside;
                        });
  if (choosing)
    base::parallel_for(parts.size() > 2 ? options.pool : nullptr, files.size(), [&](size_t at) { files[at].select(); });
  JointTable result{read_table(files, options.pool), {}};
  for (const FileRead& file : files) {
    int64_t rows = 0;
    for (const GroupRows& group : file.groups()) rows += count_rows(group.rows);
    result.rows.push_back(rows);
  }
  return result;
}

}  // namespace varve::parquet
