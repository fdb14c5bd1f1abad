// Shows how a file's columns are stored: types, encodings, pages, bytes.
#pragma once

#include "varve/parquet/reader.h"
#include "varve/table/table.h"

namespace varve::parquet {

struct ExplainOptions {
  bool by_row_group = true;  // a row per column chunk; else a row per column, over all row groups
};

// One row per row group and column, in the file's order, or one per column. Nested columns are there leaf by leaf.
//
//   row_group, or row_groups   int64    its number from 0; or how many there are
//   column, type               string   the type that reads give, null for leaves of nested columns
//   physical                   string   "INT64", "FIXED_LEN_BYTE_ARRAY(16)"
//   encodings                  string   of the data pages, in the order of their first page: "RLE_DICTIONARY, PLAIN"
//   codec                      string   "ZSTD"; pages may be stored as they are all the same, see compressed_pages
//   bytes_per_value            float64  stored bytes by rows (leaves of nested columns: by values), to three places
//   stored_bytes               int64    in the file, headers and dictionary included
//   uncompressed_bytes         int64    the same before compression
//   pages, compressed_pages    int64    data pages, and those of them that are compressed
//   values                     int64    nulls included
//   nulls                      int64    null where the file does not tell
//   dictionary_values          int64    null without a dictionary; of a column, those of all row groups
//   min, max                   string   as the statistics have them, cut where long; null where they have none
//
// Reads the headers of all pages, but no page. Throws Corruption, naming file, column and row group, for bytes that
// are not what the format says, Io.
Table explain(const Reader& reader, const ExplainOptions& options = {});

}  // namespace varve::parquet
