#include "varve/parquet/stream.h"

#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/memory_file.h"
#include "varve/base/thread_pool.h"
#include "varve/parquet/writer.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::parquet {
namespace {

using namespace varve::testing;  // NOLINT(google-build-using-namespace): the fixtures' verbs

class StreamTest : public ::testing::Test {
 protected:
  void write(const Table& table, int64_t rows_per_group) {
    bytes_.clear();
    const auto sink = [&](std::span<const std::byte> piece) {
      bytes_.insert(bytes_.end(), piece.begin(), piece.end());
    };
    write_table(table, sink, {.rows_per_group = rows_per_group, .rows_per_page = 100});
  }
  Stream open(StreamOptions options = {}) const {
    return {std::make_shared<Reader>(Reader::open(std::make_unique<base::MemoryFile>(bytes_), "some.parquet")),
            std::move(options)};
  }
  static std::vector<Table> drain(Stream stream) {
    std::vector<Table> tables;
    while (auto table = stream.next()) tables.push_back(std::move(*table));
    EXPECT_FALSE(stream.next());
    return tables;
  }
  static std::vector<int64_t> sizes(const std::vector<Table>& tables) {
    std::vector<int64_t> rows;
    for (const Table& table : tables) rows.push_back(table.num_rows());
    return rows;
  }

  std::vector<std::byte> bytes_;
};

using Sizes = std::vector<int64_t>;

TEST_F(StreamTest, GivesRowGroupsInTheirOrder) {
  const Table bars = make_bars(1000);
  write(bars, 300);
  const auto tables = drain(open());
  EXPECT_EQ(sizes(tables), (Sizes{300, 300, 300, 100}));
  EXPECT_EQ(difference(table::concatenate(tables), bars), "");
}

TEST_F(StreamTest, LargeRowGroupsComeInParts) {
  const Table bars = make_bars(1000);
  write(bars, 600);
  base::ThreadPool pool(3);
  const auto tables = drain(open({.read = {.pool = &pool}, .rows_max = 250}));
  EXPECT_EQ(sizes(tables), (Sizes{250, 250, 100, 250, 150}));
  EXPECT_EQ(difference(table::concatenate(tables), bars), "");
}

TEST_F(StreamTest, TakesColumnsInTheOrderNamed) {
  const Table bars = make_bars(1000);
  write(bars, 300);
  const ReadOptions read{.columns = {{"volume", "close"}}};
  const auto tables = drain(open({.read = read}));
  EXPECT_EQ(open({.read = read}).schema(), tables[0].schema());
  EXPECT_EQ(difference(table::concatenate(tables), bars.select(*read.columns)), "");
}

TEST_F(StreamTest, RowGroupsThatHoldNoRowOfTheRangeAreLeftOut) {
  const Table bars = make_bars(1000);
  write(bars, 300);
  const auto times = bars.column("timestamp").values<int64_t>();
  const IndexRange range{.column = "timestamp", .start = {times[350]}, .end = {times[620]}};
  EXPECT_EQ(sizes(drain(open({.read = {.range = range}}))), (Sizes{250, 21}));
}

TEST_F(StreamTest, FileWithoutRowsHasASchemaAndNoTables) {
  write(make_bars(0), 300);
  EXPECT_EQ(open().schema(), make_bars(0).schema());
  EXPECT_TRUE(drain(open()).empty());
}

TEST_F(StreamTest, WrongOptionsAreToldAtOnce) {
  write(make_bars(10), 300);
  expect_error(ErrorKind::kNotFound, "nowhere", [&] { open({.read = {.columns = {{"nowhere"}}}}); });
  expect_error(ErrorKind::kInvalidArgument, "0 rows", [&] { open({.rows_max = 0}); });
}

TEST_F(StreamTest, GoesOnBehindRowsThatCannotBeRead) {
  const Table bars = make_bars(1000);
  write(bars, 300);
  bytes_[100] ^= std::byte{1};  // in the first page
  Stream stream = open();
  expect_error(ErrorKind::kCorruption, "row group 0", [&] { stream.next(); });
  EXPECT_EQ(difference(*stream.next(), bars.slice(300, 300)), "");
}

TEST_F(StreamTest, CancelledStreamStops) {
  write(make_bars(1000), 300);
  StreamOptions options;
  Stream stream = open(options);
  ASSERT_TRUE(stream.next());
  options.read.cancel.cancel();
  expect_error(ErrorKind::kCancelled, "", [&] { stream.next(); });
}

}  // namespace
}  // namespace varve::parquet
