// Fuzzes the Parquet reader: any bytes end in a table or in an error of the hierarchy, never in anything else.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "varve/base/error.h"
#include "varve/parquet/reader.h"
#include "varve/table/print.h"

#include "support/parquet/memory_file.h"

namespace {

using varve::parquet::Reader;
using varve::parquet::ReadOptions;

constexpr int64_t kResultBytesMax = int64_t{4} << 20;

// Looks at every value of a table, so that a sanitizer sees what lies outside its buffers.
void touch(const varve::Table& table) {
  for (size_t at = 0; at < table.num_columns(); ++at) {
    const varve::Column& column = table.column(at);
    for (int64_t row = 0; row < std::min<int64_t>(column.length(), 1000); ++row) {
      if (!column.is_null(row)) static_cast<void>(varve::table::value_text(column, row));
    }
  }
}

// One way to read; an Error is as good as a table.
template <typename Read>
void attempt(const Read& read) {
  try {
    touch(read());
  } catch (const varve::Error&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  try {
    const Reader reader = Reader::open(
        std::make_unique<varve::testing::MemoryFile>(std::vector<std::byte>(first, first + size)), "fuzz.parquet");
    ReadOptions options{.verify_checksums = false, .result_bytes_max = kResultBytesMax};
    attempt([&] { return reader.read(options); });
    attempt([&] { return reader.read_rows(reader.num_rows() / 3, 5, options); });
    for (const varve::Field& field : reader.schema().fields()) {
      options.columns = {{field.name}};  // one damaged column does not hide the others
      attempt([&] { return reader.read(options); });
      if (!varve::is_index_type(field.type)) continue;
      options.range = {.column = field.name, .start = {0}, .end = {int64_t{1} << 60}, .sorted = size % 2 == 0};
      attempt([&] { return reader.read(options); });
      options.range.reset();
    }
  } catch (const varve::Error&) {
    return 0;
  }
  return 0;
}
