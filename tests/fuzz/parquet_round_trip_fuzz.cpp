// Fuzzes writer and reader together: a table of any types and values, written in any way, comes back as it was, whole
// and in any part.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/memory_file.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/writer.h"
#include "varve/table/predicate/predicate.h"
#include "varve/table/select.h"

#include "fuzz/fuzz_table.h"
#include "fuzz/targets.h"

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

// A value of the column, as conditions are given it; nothing for what nanoseconds cannot tell.
std::optional<Scalar> scalar_at(const Column& column, int64_t row) {
  const DataType& type = column.type();
  const auto at = static_cast<size_t>(row);
  const auto nanoseconds = [&](int64_t units) -> std::optional<int64_t> {
    int64_t product = 0;
    if (__builtin_mul_overflow(units, nanoseconds_per(type.unit), &product)) return std::nullopt;
    return product;
  };
  switch (type.id) {
    case TypeId::kBoolean: return column.bits()[row];
    case TypeId::kInt8: return int64_t{column.values<int8_t>()[at]};
    case TypeId::kInt16: return int64_t{column.values<int16_t>()[at]};
    case TypeId::kInt32: return int64_t{column.values<int32_t>()[at]};
    case TypeId::kInt64: return column.values<int64_t>()[at];
    case TypeId::kUInt32: return uint64_t{column.values<uint32_t>()[at]};
    case TypeId::kUInt64: return column.values<uint64_t>()[at];
    case TypeId::kFloat32: return static_cast<double>(column.values<float>()[at]);
    case TypeId::kFloat64: return column.values<double>()[at];
    case TypeId::kDecimal: return Decimal{column.values<Int128>()[at], type.scale};
    case TypeId::kTimestamp:
      if (const auto moment = nanoseconds(column.values<int64_t>()[at])) return Timestamp{*moment};
      return std::nullopt;
    case TypeId::kDuration:
      if (const auto length = nanoseconds(column.values<int64_t>()[at])) return Duration{*length};
      return std::nullopt;
    case TypeId::kString:
    case TypeId::kBinary:
    case TypeId::kFixedBinary:
    case TypeId::kDictionary: return std::string(column.bytes_at(row));
    default: return std::nullopt;
  }
}

Predicate any_condition(FuzzInput& input, const Table& table) {
  const size_t position = input.byte() % table.num_columns();
  const Column& column = table.column(position);
  const std::string& name = table.schema()[position].name;
  std::vector<Scalar> values;
  for (int64_t left = input.between(1, 3); left > 0 && table.num_rows() > 0; --left) {
    const int64_t row = input.between(0, table.num_rows() - 1);
    const auto value = column.is_null(row) ? std::nullopt : scalar_at(column, row);
    if (value) values.push_back(*value);
  }
  const int way = input.byte() % 8;
  if (values.empty() || way == 7) return Predicate::is_null(name);
  return way == 6 ? Predicate::in(name, values) : Predicate::compare(name, static_cast<Comparison>(way), values[0]);
}

Predicate any_predicate(FuzzInput& input, const Table& table) {
  Predicate predicate = any_condition(input, table);
  for (int64_t left = input.between(0, 2); left > 0; --left) {
    const Predicate next = any_condition(input, table);
    predicate = input.flag() ? predicate && next : predicate || next;
    if (input.flag()) predicate = !predicate;
  }
  return predicate;
}

// Statistics, indexes and dictionaries must not rule out a row that a condition keeps.
void check_condition(FuzzInput& input, const parquet::Reader& reader, const Table& table) {
  const Predicate predicate = any_predicate(input, table);
  const Table expected = table::filter(table, table::evaluate(predicate, table));
  expect_same(expected, reader.read({.where = predicate}), to_string(predicate));
}

void check_parts(FuzzInput& input, const parquet::Reader& reader, const Table& table) {
  const int64_t first = input.between(0, table.num_rows());
  const int64_t count = input.between(0, table.num_rows());
  expect_same(table.slice(first, count), reader.read_rows(first, count), "rows from " + std::to_string(first));
  const size_t position = input.byte() % table.num_columns();
  const std::string& name = table.schema()[position].name;
  expect_same(table.select(std::vector{name}), reader.read({.columns = {{name}}}), "column " + name);
  for (size_t at = 0; at < table.num_columns(); ++at) check_range(input, reader, table, at);
  for (int round = 0; round < 3; ++round) check_condition(input, reader, table);
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
  const auto reader = parquet::Reader::open(std::make_unique<base::MemoryFile>(write(input, table)), "fuzz.parquet");
  expect_same(table, reader.read(), "the whole");
  check_parts(input, reader, table);
}

}  // namespace varve::testing
