// Where rows go: standard output or a file that appears whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "varve/base/cancel.h"
#include "varve/base/file_system.h"
#include "varve/cli/format.h"
#include "varve/table/table.h"

namespace varve::cli {

// The reader of our standard output has closed it: there is nothing to say about that, and the program ends quietly.
struct OutputClosed {};

struct OutputOptions {
  std::optional<Format> format;  // else by the file's ending, else a table on a terminal, and CSV anywhere else
  std::string file;              // "": standard output
  bool to_terminal = false;      // standard output is one
  TextOptions text;
  base::CancelToken cancel;
};

// The format that rows are written in. Throws InvalidArgument for a file whose ending says none, and for Parquet on a
// terminal.
Format choose_format(const OutputOptions& options);

// Rows that come table by table: `next` gives them until it gives none.
struct RowSource {
  Schema schema;
  std::function<std::optional<Table>()> next;
};

// Writes the rows. A file takes its name only when it is whole, in place of one that was there; what is no regular file
// (a pipe, a device) is written to as it is. Throws OutputClosed, Io, ReadOnly, Cancelled.
void write_output(base::FileSystem& files, const RowSource& rows, const OutputOptions& options);
void write_output(base::FileSystem& files, const Table& table, const OutputOptions& options);

// The same for text that is ready; `file` empty: standard output.
void write_output(base::FileSystem& files, std::string_view text, const std::string& file = {});

}  // namespace varve::cli
