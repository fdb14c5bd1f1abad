// Reads files of rows into tables: CSV, plain or packed by gzip or zstd, and Parquet.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "varve/base/cancel.h"
#include "varve/base/file_system.h"
#include "varve/ingest/csv_options.h"
#include "varve/ingest/csv_table.h"

namespace varve::ingest {

struct TableFileOptions {
  CsvOptions csv;  // of a Parquet file only timestamp, untimed, zone and renames count
  // Told now and then how many bytes of how many were read.
  std::function<void(uint64_t bytes, uint64_t bytes_total)> on_progress;
  base::CancelToken cancel;
};

struct TableFile {
  Table table;
  std::string index;   // the time column of the table; empty if it is untimed
  std::string sha256;  // of the file's bytes, packed as they are
  int64_t rows_read = 0;
  int64_t bad_rows = 0;
  std::vector<BadRow> first_bad;
};

// Reads a regular file, told by its first bytes: Parquet (also by the ending `.parquet`), gzip, zstd, else CSV. Columns
// of a Parquet file keep type and name, but for renames; a naive index gets the zone of the options, and is an error
// without one. Throws what read_csv and the Parquet reader throw, and NotFound (no such file, no time column),
// InvalidArgument (an empty file), Corruption, NotSupported (zip), Io (a folder or pipe), Cancelled; messages have the
// path.
TableFile read_table_file(base::FileSystem& files, const std::string& path, const TableFileOptions& options);

// The same for bytes that are at hand; `name` stands for the path in messages.
TableFile read_table_bytes(std::span<const std::byte> bytes, const std::string& name, const TableFileOptions& options);

}  // namespace varve::ingest
