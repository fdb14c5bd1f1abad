#include "varve/ingest/table_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/compress/codec.h"
#include "varve/parquet/writer.h"

#include "support/errors.h"
#include "support/table/random_table.h"
#include "support/temp_directory.h"

namespace varve::ingest {
namespace {

using testing::cells;
using testing::Cells;
using testing::expect_error;

constexpr std::string_view kText = "time,x\n1,10\n2,20\n";

std::string packed(compress::Codec codec, std::string_view text) {
  compress::BlockCodec block(codec);
  std::string bytes(block.bound(text.size()), '\0');
  bytes.resize(block.compress(std::as_bytes(std::span(text)), std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

class TableFiles : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view bytes) {
    std::ofstream(folder_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return folder_ / name;
  }
  std::string write_parquet(const std::string& name, const Table& table) {
    std::string bytes;
    (void)parquet::write_table(table, [&](std::span<const std::byte> piece) {
      bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    return write(name, bytes);
  }
  TableFile read(const std::string& path) { return read_table_file(*files_, path, options_); }
  static Table times(const DataType& type, const std::vector<int64_t>& values) {
    return Table(Schema({{"time", type}, {"x", DataType::int64()}}),
                 {make_column<int64_t>(type, values), make_column<int64_t>(DataType::int64(), values)});
  }

  testing::TempDirectory folder_;
  std::unique_ptr<base::FileSystem> files_ = base::make_system_file_system();
  TableFileOptions options_;
};

TEST_F(TableFiles, PackingIsToldByTheFirstBytesNotTheName) {
  for (const compress::Codec codec : {compress::Codec::kGzip, compress::Codec::kZstd}) {
    const TableFile file = read(write("a.csv", packed(codec, kText)));
    EXPECT_EQ(cells(file.table.column("x")), (Cells{"10", "20"}));
    EXPECT_EQ(file.index, "timestamp");
  }
}

TEST_F(TableFiles, ChecksumIsThatOfTheFile) {
  const std::string bytes = packed(compress::Codec::kGzip, kText);
  EXPECT_EQ(read(write("a.csv.gz", bytes)).sha256, base::to_hex(base::sha256(std::as_bytes(std::span(bytes)))));
}

TEST_F(TableFiles, ChecksumIsRightWhereTheFileIsReadTwice) {
  const std::string text = "time,x\n1,10\n2,ten\n";
  const TableFile file = read(write("a.csv", text));
  EXPECT_EQ(cells(file.table.column("x")), (Cells{"10", "ten"}));
  EXPECT_EQ(file.sha256, base::to_hex(base::sha256(std::as_bytes(std::span(text)))));
}

TEST_F(TableFiles, ErrorsNameTheFile) {
  const std::string path = write("a.csv", "a,b\n1,2\n");
  expect_error(ErrorKind::kNotFound, path + ": no time column", [&] { read(path); });
  expect_error(ErrorKind::kInvalidArgument, "there is nothing in it", [&] { read(write("empty", "")); });
  expect_error(ErrorKind::kNotFound, "missing.csv", [&] { read(folder_ / "missing.csv"); });
  const std::string cut = write("cut.csv.gz", packed(compress::Codec::kGzip, kText).substr(0, 20));
  expect_error(ErrorKind::kCorruption, cut, [&] { read(cut); });
}

TEST_F(TableFiles, TellsHowFarItHasCome) {
  std::string text = "time,x\n";
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i) + ",1\n";
  uint64_t last = 0;
  options_.on_progress = [&](uint64_t bytes, uint64_t total) {
    EXPECT_GT(bytes, last);
    EXPECT_EQ(total, text.size());
    last = bytes;
  };
  read(write("a.csv", text));
  EXPECT_EQ(last, text.size());
}

TEST_F(TableFiles, StopsWhenCancelled) {
  options_.cancel.cancel();
  expect_error(ErrorKind::kCancelled, "cancelled", [&] { read(write("a.csv", kText)); });
}

TEST_F(TableFiles, UntimedOnesHaveNoIndex) {
  options_.csv.untimed = true;
  EXPECT_EQ(read(write("a.csv", kText)).index, "");
  const Table rows = times(DataType::timestamp(TimeUnit::kNano, ""), {3, 1});
  const TableFile file = read(write_parquet("rows.parquet", rows));
  EXPECT_EQ(file.index, "");
  EXPECT_EQ(difference(file.table, rows), "");
}

TEST_F(TableFiles, ParquetKeepsTypesAndNames) {
  const Table bars = testing::make_bars(50);
  const TableFile file = read(write_parquet("bars.parquet", bars));
  EXPECT_EQ(difference(file.table, bars), "");
  EXPECT_EQ(file.index, "timestamp");
  EXPECT_EQ(file.rows_read, 50);
}

TEST_F(TableFiles, ParquetIsToldByItsFirstBytesToo) {
  EXPECT_EQ(read(write_parquet("bars.data", testing::make_bars(5))).rows_read, 5);
}

TEST_F(TableFiles, TextNamedParquetIsNoParquet) {
  expect_error(ErrorKind::kCorruption, "a.parquet", [&] { read(write("a.parquet", kText)); });
}

TEST_F(TableFiles, NaiveParquetTimesTakeTheZoneOrAreRefused) {
  const std::string path =
      write_parquet("a.parquet", times(DataType::timestamp(TimeUnit::kMilli, ""), {0, 1'720'000'000'000}));
  expect_error(ErrorKind::kInvalidArgument, "column time holds times without a zone: say which with --tz",
               [&] { read(path); });
  options_.csv.zone = "America/New_York";
  const TableFile file = read(path);
  EXPECT_EQ(cells(file.table.column("time")), (Cells{"1970-01-01T05:00:00Z", "2024-07-03T13:46:40Z"}));
  EXPECT_EQ(to_string(file.table.column("time").type()), "timestamp[ms, UTC]");
}

TEST_F(TableFiles, NaiveParquetTimesOutOfReachAreRefused) {
  options_.csv.zone = "UTC";
  const std::string path =
      write_parquet("a.parquet", times(DataType::timestamp(TimeUnit::kMilli, ""), {0, INT64_C(1) << 62}));
  expect_error(ErrorKind::kInvalidArgument, "outside 1677 to 2262", [&] { read(path); });
}

TEST_F(TableFiles, ParquetColumnsCanBeRenamedAndTheIndexNamed) {
  const DataType moment = DataType::timestamp(TimeUnit::kMicro, "UTC");
  const std::string path = write_parquet("a.parquet", times(moment, {1, 2}));
  options_.csv.renames = {{"close", "x"}};
  options_.csv.timestamp = "time";
  const TableFile file = read(path);
  EXPECT_EQ(file.table.schema()[1].name, "close");
  EXPECT_EQ(file.index, "time");
  options_.csv.timestamp = "y";
  expect_error(ErrorKind::kNotFound, "y", [&] { read(path); });
}

TEST_F(TableFiles, ParquetWithoutTimesIsRefused) {
  const std::string path = write_parquet(
      "a.parquet",
      Table(Schema({{"x", DataType::int64()}}), {make_column<int64_t>(DataType::int64(), std::vector<int64_t>{1})}));
  expect_error(ErrorKind::kNotFound, "no time column", [&] { read(path); });
}

TEST_F(TableFiles, BytesAtHandAreReadLikeAFile) {
  const std::string bytes = packed(compress::Codec::kZstd, kText);
  const TableFile file = read_table_bytes(std::as_bytes(std::span(bytes)), "standard input", options_);
  EXPECT_EQ(file.rows_read, 2);
  expect_error(ErrorKind::kInvalidArgument, "standard input: there is nothing in it",
               [&] { (void)read_table_bytes({}, "standard input", options_); });
}

}  // namespace
}  // namespace varve::ingest
