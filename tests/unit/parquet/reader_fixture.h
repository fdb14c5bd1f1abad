// Files made by hand, read, and what came of it as text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/memory_file.h"
#include "varve/parquet/reader.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/parquet/handmade_file.h"

namespace varve::parquet {

using namespace varve::testing;  // NOLINT(google-build-using-namespace): the fixtures' verbs

constexpr int64_t kSecond = kNanosecondsPerSecond;

inline Reader open(Bytes bytes) {
  return Reader::open(std::make_unique<base::MemoryFile>(std::move(bytes)), "some.parquet");
}
inline Table read(const HandmadeFile& file, const ReadOptions& options = {}) {
  return open(file.finish()).read(options);
}

// The rows of the only column as text, "-" for null.
inline std::vector<std::string> cells(const Table& table) {
  std::vector<std::string> result;
  const Column& column = table.column(size_t{0});
  for (int64_t row = 0; row < column.length(); ++row) {
    result.push_back(column.is_null(row) ? "-" : table::value_text(column, row));
  }
  return result;
}
inline std::vector<std::string> cells(const HandmadeFile& file, const ReadOptions& options = {}) {
  return cells(read(file, options));
}

inline void expect_corruption(std::string_view part, const HandmadeFile& file, const ReadOptions& options = {}) {
  expect_error(ErrorKind::kCorruption, part, [&] { static_cast<void>(read(file, options)); });
}

using Cells = std::vector<std::string>;

inline const Field kInt64{"x", DataType::int64()};
inline const Field kRequired{"x", DataType::int64(), false};
inline const Field kText{"x", DataType::string()};
inline const Field kSymbols{"x", DataType::dictionary(DataType::string())};

inline HandmadeFile three_rows() {
  HandmadeFile file(kRequired);
  file.page_v1(3, bytes_of<int64_t>({1, 2, 3})).end_group();
  return file;
}

// Two groups of two pages each: 10 20 | 30 40 and 50 60 | 70 80 seconds.
inline HandmadeFile times(const Field& field = {"x", DataType::timestamp(TimeUnit::kNano, "UTC"), false}) {
  HandmadeFile file(field);
  for (const int64_t first : {10, 50}) {
    file.page_v1(2, bytes_of<int64_t>({first * kSecond, (first + 10) * kSecond}));
    file.page_v1(2, bytes_of<int64_t>({(first + 20) * kSecond, (first + 30) * kSecond})).end_group();
  }
  return file;
}

inline ReadOptions between(int64_t start, int64_t end, bool sorted = true) {
  return {.range = IndexRange{.column = "x", .start = {start * kSecond}, .end = {end * kSecond}, .sorted = sorted}};
}

}  // namespace varve::parquet
