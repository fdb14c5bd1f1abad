#include "varve/cli/stored_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "varve/cli/exit_codes.h"
#include "varve/cli/program.h"
#include "varve/lake/lake.h"
#include "varve/parquet/writer.h"

#include "support/errors.h"
#include "support/table/random_table.h"
#include "support/temp_directory.h"

namespace varve::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class StoredFilesTest : public ::testing::Test {
 protected:
  NamedFile write(const std::string& name, int64_t rows, int64_t rows_per_group = 1000) {
    std::ofstream out(folder_ / name, std::ios::binary);
    const auto sink = [&out](std::span<const std::byte> bytes) {
      out.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    };
    parquet::write_table(testing::make_bars(rows), sink, {.rows_per_group = rows_per_group});
    return {folder_ / name, name};
  }
  NamedFile write_text(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return {folder_ / name, name};
  }
  Table explain(const std::vector<NamedFile>& files, bool by_row_group = false) {
    return explain_files(*files_, files, by_row_group);
  }
  static std::vector<std::string> texts(const Table& table, std::string_view column) {
    std::vector<std::string> texts;
    for (const auto& cell : testing::cells(table.column(column))) texts.push_back(cell.value_or("-"));
    return texts;
  }
  // Runs the program as a shell does; what it shows goes into a file.
  int run(std::vector<std::string> words) {
    words.insert(words.begin(), {"varve", "--quiet", "--out", shown_});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    return run_program(static_cast<int>(words.size()), arguments.data());
  }
  std::string shown() {
    std::ifstream file(shown_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::TempDirectory folder_;
  std::unique_ptr<base::FileSystem> files_ = base::make_system_file_system();
  std::string shown_ = folder_ / "shown.csv";
};

TEST_F(StoredFilesTest, ExistingFileWithTheEndingIsNoKey) {
  std::filesystem::create_directory(folder_ / "folder.parquet");
  EXPECT_TRUE(names_parquet_file(*files_, write("bars.parquet", 1).path));
  EXPECT_FALSE(names_parquet_file(*files_, write("bars", 1).path));
  EXPECT_FALSE(names_parquet_file(*files_, folder_ / "nothing.parquet"));
  EXPECT_FALSE(names_parquet_file(*files_, folder_ / "folder.parquet"));
}

TEST_F(StoredFilesTest, DescriptionCountsAndNamesTheWriter) {
  EXPECT_THAT(
      describe_file(*files_, write("bars.parquet", 2500)),
      AllOf(HasSubstr("bars.parquet: 2500 rows in 3 row groups, "), HasSubstr("B, written by \"varve version ")));
}

TEST_F(StoredFilesTest, EachColumnOfEachFileHasARow) {
  const Table shown = explain({write("a.parquet", 2500), write("b.parquet", 10)});
  EXPECT_EQ(shown.schema()[0].name, "file");
  EXPECT_THAT(texts(shown, "file"),
              ElementsAre("a.parquet", "a.parquet", "a.parquet", "a.parquet", "a.parquet", "a.parquet", "b.parquet",
                          "b.parquet", "b.parquet", "b.parquet", "b.parquet", "b.parquet"));
  EXPECT_THAT(texts(shown.slice(5, 2), "column"), ElementsAre("volume", "timestamp"));
  EXPECT_THAT(texts(shown.slice(5, 2), "row_groups"), ElementsAre("3", "1"));
  EXPECT_THAT(texts(shown.slice(5, 2), "values"), ElementsAre("2500", "10"));
}

TEST_F(StoredFilesTest, RowGroupsAreShownOneByOne) {
  const Table shown = explain({write("a.parquet", 2500), write("b.parquet", 10)}, true);
  EXPECT_EQ(shown.num_rows(), (3 + 1) * 6);
  EXPECT_THAT(texts(shown.slice(12, 1), "row_group"), ElementsAre("2"));
  EXPECT_THAT(texts(shown.slice(12, 1), "values"), ElementsAre("500"));
}

TEST_F(StoredFilesTest, DamagedFileIsNamed) {
  const NamedFile text = write_text("text.parquet", "time,open\n1,2\n");
  expect_error(ErrorKind::kCorruption, "text.parquet", [&] { (void)explain({write("a.parquet", 10), text}); });
  expect_error(ErrorKind::kCorruption, "text.parquet", [&] { (void)describe_file(*files_, text); });
}

TEST_F(StoredFilesTest, MissingFileIsNotFound) {
  const NamedFile missing{folder_ / "gone.parquet", "gone.parquet"};
  expect_error(ErrorKind::kNotFound, "gone.parquet", [&] { (void)explain({missing}); });
  expect_error(ErrorKind::kInvalidArgument, "", [&] { (void)explain({}); });
}

TEST_F(StoredFilesTest, CommandShowsTheFilesOfASeries) {
  Lake lake = Lake::open(folder_ / "lake");
  lake.write("fx/EUR", testing::make_bars(50));
  ASSERT_THAT(lake.files("fx/EUR"), SizeIs(1));
  EXPECT_EQ(run({"--lake", folder_ / "lake", "info", "fx/EUR", "--files"}), kExitDone);
  EXPECT_THAT(shown(), AllOf(HasSubstr("file,row_groups,column,type,"),
                             HasSubstr("\n" + lake.files("fx/EUR")[0] + ",1,close,float64,DOUBLE,")));
}

TEST_F(StoredFilesTest, CommandShowsTheRowGroupsOfAFile) {
  EXPECT_EQ(run({"info", write("bars.parquet", 1500).path, "--row-groups"}), kExitDone);
  EXPECT_THAT(shown(), AllOf(HasSubstr("file,row_group,column,"), HasSubstr("bars.parquet,1,volume,int64,INT64,")));
}

TEST_F(StoredFilesTest, CommandFailsForDamagedFiles) {
  EXPECT_EQ(run({"info", write_text("text.parquet", "no file").path}), exit_code(ErrorKind::kCorruption));
  EXPECT_EQ(shown(), "");
}

}  // namespace
}  // namespace varve::cli
