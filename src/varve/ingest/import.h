// Brings files of rows into a lake.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/file_system.h"
#include "varve/ingest/table_file.h"
#include "varve/lake/lake.h"

namespace varve::ingest {

struct ImportOptions {
  std::string key = "{stem}";  // {stem}: the file's name without folder and without the endings of its format
  TableFileOptions file;
  SeriesOptions series;                    // for a series that is not there yet; its index is found by the import
  bool skip_bad = false;                   // bring in the rows that parse, and count the others
  std::optional<int64_t> expects_version;  // as in SeriesWriteOptions
};

struct FileImport {
  std::string path;
  std::string key;
  int64_t rows_read = 0;
  int64_t bad_rows = 0;
  std::vector<BadRow> first_bad;
  std::optional<Commit> commit;  // none: there are bad rows, so nothing was written
};

// Reads the file and puts all of its rows into the series in one commit. Where rows have an identity, rows that are
// there already are replaced (upsert); where they have none, rows are added, and a file that came in before, told by
// its checksum, is not brought in again (Commit::source_seen). Nothing is written if any row is bad, unless skip_bad
// says otherwise. Throws InvalidArgument for an unknown {name} in the key, and what reading and writing throw; messages
// have the path, and where it is about the series the key.
FileImport import_file(Lake& lake, base::FileSystem& files, const std::string& path, const ImportOptions& options);

// Runs `work`, which puts rows of `source` (a path, or what else they came from) into the series. Errors that it throws
// keep their class and get the source, and the key where they do not tell it, in front of their message.
void run_naming(const std::string& source, const std::string& key, const std::function<void()>& work);

// The key for a file: "fx/{stem}" and "data/EUR.csv.gz" give "fx/EUR".
std::string expand_key(const std::string& key, const std::string& path);

// True if rows put into the series have an identity: as the series says if it is there, else as `options` say, else by
// the kind that the columns speak of.
bool rows_have_identity(const Lake& lake, const std::string& key, const Table& table, const SeriesOptions& options);

}  // namespace varve::ingest
