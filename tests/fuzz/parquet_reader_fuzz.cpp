// Fuzzes the Parquet reader: any bytes end in a table that is whole, or in an error of the hierarchy.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/base/memory_file.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/writer.h"
#include "varve/table/print.h"

#include "fuzz/targets.h"

namespace varve::testing {
namespace {

using parquet::Reader;
using parquet::ReadOptions;

constexpr int64_t kResultBytesMax = int64_t{1} << 20;
constexpr int64_t kRowsPrinted = 20;

Reader open(std::vector<std::byte> bytes) {
  return Reader::open(std::make_unique<base::MemoryFile>(std::move(bytes)), "fuzz.parquet");
}

// Offsets, indices, text, digits and counts of nulls are what a column promises.
void check_column(const Field& field, const Column& column) {
  for (int64_t row = 0; row < std::min(column.length(), kRowsPrinted); ++row) {
    if (!column.is_null(row)) static_cast<void>(table::value_text(column, row));
  }
  try {
    if (Column(column.parts(), true).null_count() != column.null_count()) fail_fuzzing("nulls are counted wrong");
  } catch (const InvalidArgument& error) {
    fail_fuzzing("column " + field.name + ": " + error.what());
  }
}

// One way to read; an Error is as good as a table.
template <typename Read>
std::optional<Table> attempt(const Read& read) {
  try {
    const Table table = read();
    for (size_t at = 0; at < table.num_columns(); ++at) check_column(table.schema()[at], table.column(at));
    return table;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// What was read can be written, unless the writer says why not, and read again.
void write_again(const Table& table) {
  std::vector<std::byte> bytes;
  try {
    parquet::write_table(table,
                         [&](std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); },
                         {.rows_per_group = std::max<int64_t>(1, table.num_rows() / 3), .rows_per_page = 1000});
  } catch (const Error&) {
    return;
  }
  if (!equals(table, open(std::move(bytes)).read())) fail_fuzzing("what was written again came back otherwise");
}

// A value that does not suit its column is refused, which costs nothing.
void read_where(const Reader& reader, ReadOptions options) {
  for (const Field& field : reader.schema().fields()) {
    for (const Scalar& value : {Scalar(int64_t{100}), Scalar(std::string("a")), Scalar(Timestamp{0}), Scalar(true)}) {
      options.where = Predicate::compare(field.name, Comparison::kGreater, value) || Predicate::is_null(field.name);
      attempt([&] { return reader.read(options); });
    }
  }
}

void read_columns(const Reader& reader, ReadOptions options, bool ranges, bool sorted) {
  for (const Field& field : reader.schema().fields()) {
    options.columns = {{field.name}};  // one damaged column does not hide the others
    attempt([&] { return reader.read(options); });
    if (!ranges || !is_index_type(field.type)) continue;
    options.range = {.column = field.name, .start = {0}, .end = {int64_t{1} << 60}, .sorted = sorted};
    attempt([&] { return reader.read(options); });
    options.range.reset();
  }
}

// The whole table where the ways ask for it and the file gives it.
std::optional<Table> read_in_ways(const Reader& reader, unsigned ways) {
  const ReadOptions options{.verify_checksums = false, .result_bytes_max = kResultBytesMax};
  std::optional<Table> table;
  if ((ways & 1) == 0) table = attempt([&] { return reader.read(options); });
  if ((ways & 4) != 0) attempt([&] { return reader.read_rows(reader.num_rows() / 3, 5, options); });
  if ((ways & 8) != 0) read_columns(reader, options, (ways & 16) != 0, (ways & 32) != 0);
  if ((ways & 128) != 0) read_where(reader, options);
  if ((ways & 64) != 0) attempt([&] { return reader.read_row_group(reader.num_row_groups() / 2, options); });
  return table;
}

// What the first time left behind (pages, dictionaries, bounds) is what the second goes by.
void read_again(const Reader& reader, unsigned ways, const std::optional<Table>& before) {
  const auto table = read_in_ways(reader, ways);
  if (table.has_value() != before.has_value()) fail_fuzzing("a file was read once of two times");
  if (table && !equals(*table, *before)) fail_fuzzing("a file was read otherwise the second time");
}

}  // namespace

// Every file begins with a 'P', so the first byte of the input is free to choose ways to read: none for a whole file.
void fuzz_parquet_reader(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  const auto first = std::as_bytes(bytes);
  std::vector<std::byte> file(first.begin(), first.end());
  const unsigned ways = bytes[0] ^ static_cast<unsigned>('P');
  file[0] = std::byte{'P'};
  try {
    const Reader reader = open(std::move(file));
    const auto table = read_in_ways(reader, ways);
    if ((ways & 2) == 0) return;
    read_again(reader, ways, table);
    if (table) write_again(*table);
  } catch (const Error&) {
    return;
  }
}

}  // namespace varve::testing
