// Shows how data files store their columns, for `info`.
#pragma once

#include <string>
#include <vector>

#include "varve/base/file_system.h"
#include "varve/table/table.h"

namespace varve::cli {

// A file, and the name that it is shown by.
struct NamedFile {
  std::string path;
  std::string name;
};

// Whether a word of the command line means a Parquet file and not a key: it ends in .parquet and is there.
bool names_parquet_file(base::FileSystem& files, const std::string& word);

// One line about the file: rows, row groups, bytes, writer. Throws NotFound, Corruption.
std::string describe_file(base::FileSystem& files, const NamedFile& file);

// parquet::explain for each file, one after the other, with the file's name in front; a row a column, or a row a row
// group and column. Throws NotFound, Corruption; InvalidArgument if there is no file.
Table explain_files(base::FileSystem& files, const std::vector<NamedFile>& named, bool by_row_group);

}  // namespace varve::cli
