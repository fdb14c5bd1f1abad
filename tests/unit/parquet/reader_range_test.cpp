// Reading the rows of a range of the index.
#include <cstdint>
#include <limits>
#include <string>

#include <gmock/gmock.h>

#include "unit/parquet/reader_fixture.h"

namespace varve::parquet {
namespace {

std::string stored(int64_t seconds) {
  const Bytes bytes = bytes_of<int64_t>({seconds * kSecond});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

int64_t rows_between(const HandmadeFile& file, int64_t start, int64_t end) {
  const int64_t sorted = read(file, between(start, end)).num_rows();
  EXPECT_EQ(read(file, between(start, end, false)).num_rows(), sorted);
  return sorted;
}

TEST(ReaderRange, BothEndsAreInside) {
  EXPECT_EQ(rows_between(times(), 20, 50), 4);
  EXPECT_EQ(rows_between(times(), 21, 49), 2);
  EXPECT_EQ(rows_between(times(), 0, 100), 8);
  EXPECT_EQ(rows_between(times(), 81, 100), 0);
  EXPECT_EQ(rows_between(times(), 50, 20), 0);
}

TEST(ReaderRange, OpenEndsHoldWhatNanosecondsDoNotReach) {
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kMicro, "UTC"), false});
  file.page_v1(4, bytes_of<int64_t>({-kFar, -1, 0, kFar})).end_group();
  EXPECT_EQ(read(file, {.range = IndexRange{.column = "x", .end = {0}}}).num_rows(), 3);
  EXPECT_EQ(read(file, {.range = IndexRange{.column = "x", .start = {0}}}).num_rows(), 2);
  EXPECT_EQ(read(file, {.range = IndexRange{.column = "x"}}).num_rows(), 4);
}

TEST(ReaderRange, StatisticsKeepAGroupFromBeingRead) {
  HandmadeFile file = times();
  file.chunk(0).statistics = Statistics{.min_value = stored(10), .max_value = stored(40)};
  file.chunk(0).codec = CompressionCodec::kLzo;  // to be read at all it would have to be another
  EXPECT_EQ(rows_between(file, 45, 60), 2);
  expect_error(ErrorKind::kNotSupported, "codec", [&] { static_cast<void>(read(file, between(40, 60))); });
}

TEST(ReaderRange, StatisticsOfOddSizesProveNothing) {
  HandmadeFile file = times();
  file.chunk(0).statistics = Statistics{.min_value = "x", .max_value = "y"};
  file.chunk(1).statistics = Statistics{.min_value = stored(80), .max_value = stored(50)};
  EXPECT_EQ(rows_between(file, 20, 50), 4);
}

// The first group's first page is damaged: only readers that leave it alone get the rest.
HandmadeFile damaged_times() {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kNano, "UTC"), false});
  file.page_v1(2, bytes_of<int64_t>({10 * kSecond}));
  file.page_v1(2, bytes_of<int64_t>({30 * kSecond, 40 * kSecond})).end_group();
  return file;
}

TEST(ReaderRange, PageIndexKeepsAPageFromBeingRead) {
  HandmadeFile file = damaged_times();
  file.offset_index({file.locations()});
  file.column_index(
      {.null_pages = {false, false}, .min_values = {stored(10), stored(30)}, .max_values = {stored(20), stored(40)}});
  EXPECT_EQ(rows_between(file, 30, 40), 2);
  expect_corruption("2 values", file, between(20, 40));
}

TEST(ReaderRange, InconsistentPageIndexesAreLeftAside) {
  for (int way = 0; way < 5; ++way) {
    HandmadeFile file = times();
    std::vector<PageLocation> locations(file.locations().begin(), file.locations().begin() + 2);
    ColumnIndex bounds{
        .null_pages = {false, false}, .min_values = {stored(10), stored(30)}, .max_values = {stored(20), stored(40)}};
    if (way == 0) locations[1].offset = 1 << 30;
    if (way == 1) std::swap(locations[0], locations[1]);
    if (way == 2) locations[1].first_row_index = 7;
    if (way == 3) bounds.min_values.pop_back();
    if (way == 4) bounds.max_values[1] = "odd";
    file.offset_index({locations}).column_index(bounds);
    EXPECT_EQ(rows_between(file, 30, 40), 2) << "way " << way;
  }
}

TEST(ReaderRange, AnOffsetIndexThatLiesAboutRowsIsCorruption) {
  HandmadeFile file = times();
  std::vector<PageLocation> locations(file.locations().begin(), file.locations().begin() + 2);
  locations[1].first_row_index = 1;
  file.offset_index({locations});
  expect_error(ErrorKind::kCorruption, "rows", [&] { static_cast<void>(open(file.finish()).read_rows(0, 1)); });
}

TEST(ReaderRange, RowsByNumberCrossGroups) {
  const Reader reader = open(times().finish());
  EXPECT_EQ(cells(reader.read_rows(3, 2)), (Cells{"1970-01-01T00:00:40Z", "1970-01-01T00:00:50Z"}));
  EXPECT_EQ(reader.read_rows(6, 100).num_rows(), 2);
  EXPECT_EQ(reader.read_rows(8, 1).num_rows(), 0);
  EXPECT_EQ(reader.read_row_group(1).num_rows(), 4);
  expect_error(ErrorKind::kInvalidArgument, "row group 2", [&] { static_cast<void>(reader.read_row_group(2)); });
  expect_error(ErrorKind::kInvalidArgument, "-1", [&] { static_cast<void>(reader.read_rows(-1, 1)); });
}

TEST(ReaderRange, RowsWithoutIndexAreInNoRange) {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kNano, "UTC")});
  file.page_v1(4, prefixed(rle_bits({0, 1, 0, 1})) + bytes_of<int64_t>({10 * kSecond, 20 * kSecond})).end_group();
  EXPECT_EQ(rows_between(file, 0, 100), 2);
  EXPECT_EQ(rows_between(file, 15, 100), 1);
}

TEST(ReaderRange, UnsortedRowsAreFiltered) {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kNano, "UTC"), false});
  file.page_v1(5, bytes_of<int64_t>({5 * kSecond, 50 * kSecond, 6 * kSecond, 60 * kSecond, 7 * kSecond})).end_group();
  EXPECT_EQ(read(file, between(0, 10, false)).num_rows(), 3);
}

TEST(ReaderRange, CoarseUnitsKeepTheEndsExact) {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kMilli, ""), false});
  file.page_v1(3, bytes_of<int64_t>({-1, 0, 1})).end_group();
  const auto count = [&](int64_t start, int64_t end) {
    const IndexRange range{.column = "x", .start = {start}, .end = {end}};
    return read(file, {.range = range}).num_rows();
  };
  EXPECT_EQ(count(-1'000'000, 1'000'000), 3);
  EXPECT_EQ(count(-999'999, 999'999), 1);
  EXPECT_EQ(count(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()), 3);
}

TEST(ReaderRange, OnlyTimesAreAnIndex) {
  ReadOptions options = between(0, 1);
  expect_error(ErrorKind::kInvalidArgument, "int64", [&] { static_cast<void>(read(three_rows(), options)); });
  options.range->column = "y";
  expect_error(ErrorKind::kNotFound, "y", [&] { static_cast<void>(read(three_rows(), options)); });
}

}  // namespace
}  // namespace varve::parquet
