// Fuzzes writer and reader together: a table of any types and values, written in any way, comes back as it was, whole
// and in any part.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "varve/parquet/reader.h"
#include "varve/parquet/writer.h"
#include "varve/table/bits.h"
#include "varve/table/select.h"

#include "fuzz/fuzz_table.h"
#include "fuzz/targets.h"
#include "support/parquet/memory_file.h"

namespace varve::testing {
namespace {

void expect_same(const Table& expected, const Table& found, const std::string& what) {
  if (expected.schema() != found.schema()) {
    fail_fuzzing(what + ": schema " + to_string(expected.schema()) + " came back as " + to_string(found.schema()));
  }
  if (!equals(expected, found)) fail_fuzzing(what + ": " + difference(expected, found));
}

parquet::WriteOptions any_options(FuzzInput& input, const Table& table) {
  parquet::WriteOptions options;
  options.compression.codec = static_cast<parquet::Compression>(input.byte() % 6);
  if (options.compression.codec == parquet::Compression::kZstd) options.compression.level = input.byte() % 4;
  if (input.flag()) options.rows_per_group = input.between(std::max<int64_t>(1, table.num_rows() / 6), 2000);
  if (input.flag()) options.rows_per_page = input.between(std::max<int64_t>(1, table.num_rows() / 20), 500);
  return options;
}

std::vector<std::byte> write(FuzzInput& input, const Table& table) {
  std::vector<std::byte> bytes;
  parquet::Writer writer(
      table.schema(), [&](std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); },
      any_options(input, table));
  const int64_t first = input.flag() ? input.between(0, table.num_rows()) : 0;
  writer.write(table.slice(0, first));
  writer.write(table.slice(first, table.num_rows() - first));
  const parquet::WriteSummary summary = writer.finish();
  if (summary.rows != table.num_rows() || summary.bytes != std::ssize(bytes)) fail_fuzzing("the summary is wrong");
  return bytes;
}

int64_t units_per(const Column& index, int64_t row) {
  return index.type().id == TypeId::kDate ? index.values<int32_t>()[static_cast<size_t>(row)]
                                          : index.values<int64_t>()[static_cast<size_t>(row)];
}

// The rows that a range of `index` must give, found one by one.
Table rows_within(const Table& table, const Column& index, int64_t first, int64_t last) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    if (!index.is_null(row) && units_per(index, row) >= first && units_per(index, row) <= last) rows.push_back(row);
  }
  return table::take(table, rows);
}

bool is_sorted(const Column& index) {
  if (index.null_count() != 0) return false;
  for (int64_t row = 1; row < index.length(); ++row) {
    if (units_per(index, row - 1) > units_per(index, row)) return false;
  }
  return true;
}

// Reads from one row's value to another's, where they fit nanoseconds.
void check_range(FuzzInput& input, const parquet::Reader& reader, const Table& table, size_t position) {
  const Column& index = table.column(position);
  if (!is_index_type(index.type()) || table.num_rows() == 0) return;
  const int64_t unit = index.type().id == TypeId::kDate ? kNanosecondsPerDay : nanoseconds_per(index.type().unit);
  parquet::IndexRange range{.column = table.schema()[position].name};
  int64_t ends[2];
  Timestamp* const moments[2] = {&range.start, &range.end};
  for (int end = 0; end < 2; ++end) {
    const int64_t row = input.between(0, table.num_rows() - 1);
    if (index.is_null(row)) return;
    ends[end] = units_per(index, row);
    if (__builtin_mul_overflow(ends[end], unit, &moments[end]->nanoseconds)) return;
  }
  const Table expected = rows_within(table, index, ends[0], ends[1]);
  expect_same(expected, reader.read({.range = range}), "range of " + range.column);
  range.sorted = is_sorted(index);
  if (range.sorted) expect_same(expected, reader.read({.range = range}), "sorted range of " + range.column);
}

void check_parts(FuzzInput& input, const parquet::Reader& reader, const Table& table) {
  const int64_t first = input.between(0, table.num_rows());
  const int64_t count = input.between(0, table.num_rows());
  expect_same(table.slice(first, count), reader.read_rows(first, count), "rows from " + std::to_string(first));
  const size_t position = input.byte() % table.num_columns();
  const std::string& name = table.schema()[position].name;
  expect_same(table.select(std::vector{name}), reader.read({.columns = {{name}}}), "column " + name);
  for (size_t at = 0; at < table.num_columns(); ++at) check_range(input, reader, table, at);
  int64_t row = 0;
  for (size_t group = 0; group < reader.num_row_groups(); ++group) {
    const Table found = reader.read_row_group(group);
    expect_same(table.slice(row, found.num_rows()), found, "row group " + std::to_string(group));
    row += found.num_rows();
  }
  if (row != table.num_rows()) fail_fuzzing("row groups do not hold all rows");
}

}  // namespace

void fuzz_parquet_round_trip(std::span<const uint8_t> bytes) {
  FuzzInput input(bytes);
  const Table table = make_fuzz_table(input);
  const auto reader = parquet::Reader::open(std::make_unique<MemoryFile>(write(input, table)), "fuzz.parquet");
  expect_same(table, reader.read(), "the whole");
  check_parts(input, reader, table);
}

}  // namespace varve::testing
