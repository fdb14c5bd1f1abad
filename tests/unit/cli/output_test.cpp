#include "varve/cli/output.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/parquet/reader.h"

#include "support/errors.h"
#include "support/faulty_file_system.h"
#include "support/table/random_table.h"
#include "support/temp_directory.h"

namespace varve::cli {
namespace {

using testing::expect_error;

class OutputTest : public ::testing::Test {
 protected:
  void write(const std::string& file, const Table& table) { write_output(*files_, table, {.file = file}); }
  static std::string content(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  size_t files_there() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

  testing::TempDirectory folder_;
  std::unique_ptr<base::FileSystem> files_ = base::make_system_file_system();
  Table bars_ = testing::make_bars(100);
};

TEST_F(OutputTest, FormatFollowsFlagThenEndingThenTerminal) {
  EXPECT_EQ(choose_format({.format = Format::kJson, .file = "a.csv"}), Format::kJson);
  EXPECT_EQ(choose_format({.file = "a.csv"}), Format::kCsv);
  EXPECT_EQ(choose_format({.to_terminal = true}), Format::kTable);
  EXPECT_EQ(choose_format({}), Format::kCsv);
}

TEST_F(OutputTest, ParquetIsNotForTerminals) {
  expect_error(ErrorKind::kInvalidArgument, "not for terminals",
               [] { (void)choose_format({.format = Format::kParquet, .to_terminal = true}); });
  EXPECT_EQ(choose_format({.format = Format::kParquet}), Format::kParquet);
}

TEST_F(OutputTest, UnknownEndingIsAnError) {
  expect_error(ErrorKind::kInvalidArgument, "names no format", [] { (void)choose_format({.file = "a.xyz"}); });
}

TEST_F(OutputTest, FileHoldsTheRows) {
  write(folder_ / "a.ndjson", bars_);
  const std::string text = content(folder_ / "a.ndjson");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 100);
}

TEST_F(OutputTest, ParquetFileIsReadBackEqual) {
  write(folder_ / "a.parquet", bars_);
  const auto reader = parquet::Reader::open(files_->open(folder_ / "a.parquet", base::OpenMode::kRead), "a.parquet");
  EXPECT_EQ(difference(reader.read(), bars_), "");
}

TEST_F(OutputTest, FileThatWasThereIsReplacedWhole) {
  write(folder_ / "a.csv", bars_);
  write(folder_ / "a.csv", bars_.slice(0, 1));
  const std::string text = content(folder_ / "a.csv");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(files_there(), 1U);
}

TEST_F(OutputTest, CancelledFileLeavesWhatWasThere) {
  write(folder_ / "a.csv", bars_.slice(0, 1));
  const std::string before = content(folder_ / "a.csv");
  OutputOptions options{.file = folder_ / "a.csv"};
  options.cancel.cancel();
  expect_error(ErrorKind::kCancelled, "cancelled", [&] { write_output(*files_, bars_, options); });
  EXPECT_EQ(content(folder_ / "a.csv"), before);
  EXPECT_EQ(files_there(), 1U);
}

TEST_F(OutputTest, DeviceIsWrittenToAndStays) {
  write_output(*files_, bars_, {.format = Format::kCsv, .file = "/dev/null"});
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(OutputTest, FullDeviceIsAnError) {
  expect_error(ErrorKind::kIo, "No space left",
               [&] { write_output(*files_, bars_, {.format = Format::kCsv, .file = "/dev/full"}); });
}

TEST_F(OutputTest, FolderThatIsNotThereIsAnError) {
  expect_error(ErrorKind::kNotFound, "nowhere", [&] { write(folder_ / "nowhere/a.csv", bars_); });
}

}  // namespace
}  // namespace varve::cli
