// Directories of Parquet files that become series as they are.
#include "varve/lake/adoption.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/lake/maintenance.h"
#include "varve/parquet/writer.h"
#include "varve/table/cast.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Rows;
using testing::run_of;
using ::testing::SizeIs;
using testing::to_rows;
using testing::to_table;

constexpr int64_t kDay = 86'400;

class AdoptionTest : public ::testing::Test {
 protected:
  Lake open() { return Lake::open(root_, {.publish_delay = {}}); }

  // A file of somebody else's below the root.
  void put(const std::string& path, const Table& rows) {
    const std::string whole = root_ + "/" + path;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    std::ofstream file(whole, std::ios::binary);
    parquet::write_table(rows, [&](std::span<const std::byte> bytes) {
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    });
  }
  void put(const std::string& path, const Rows& rows) { put(path, to_table(rows)); }

  // Inodes by path: that of each file below the root which is no part of the engine's folder.
  std::map<std::string, uint64_t> inodes() {
    std::map<std::string, uint64_t> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      const std::string path = entry.path().lexically_relative(root_).string();
      struct ::stat status {};
      if (path.starts_with(".varve") || !entry.is_regular_file() || ::stat(entry.path().c_str(), &status) != 0)
        continue;
      found[path] = status.st_ino;
    }
    return found;
  }
  static AdoptOptions laid_out(const std::string& layout) {
    AdoptOptions options;
    options.series.layout = layout;
    options.series.identity = std::vector<std::string>{"timestamp"};
    return options;
  }
  void expect_refused(ErrorKind kind, const std::string& part, const std::string& layout = "range") {
    Lake lake = open();
    expect_error(kind, part, [&] { lake.adopt("k", laid_out(layout)); });
    EXPECT_FALSE(lake.exists("k"));
    EXPECT_THAT(std::filesystem::is_empty(root_ + "/.varve/staging"), true);
  }

  testing::TempDirectory directory_ = testing::make_quick_directory();
  std::string root_ = directory_ / "lake";
};

TEST_F(AdoptionTest, FilesBecomeASeriesAsTheyAre) {
  put("k/old name.parquet", run_of(10, 5));
  put("k/2024.parquet", run_of(0, 10));
  put("k/README.txt", Rows{});
  const auto before = inodes();
  Lake lake = open();
  const AdoptReport report = lake.adopt("k", laid_out("range"));
  ASSERT_THAT(report.series, SizeIs(1));
  EXPECT_EQ(report.series[0].rows, 15);
  EXPECT_EQ(report.series[0].files, 2);
  EXPECT_EQ(report.commit_id.size(), 32U);
  EXPECT_EQ(inodes(), before);
  EXPECT_EQ(to_rows(lake.read("k")), run_of(0, 15));
  EXPECT_THAT(lake.files("k"), ElementsAre("k/2024.parquet", "k/old name.parquet"));
  EXPECT_EQ(lake.versions("k").front().operation, "adopt");
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, AnAdoptedSeriesIsWrittenToLikeAnyOther) {
  put("k/a.parquet", run_of(0, 10));
  put("k/b.parquet", run_of(20, 10));
  Lake lake = open();
  lake.adopt("k", laid_out("range"));
  lake.upsert("k", to_table({{5, 99}, {40, 40}}));
  const Rows rows = to_rows(lake.read("k"));
  EXPECT_EQ(rows[5].second, 99);
  EXPECT_EQ(rows.size(), 21U);
  EXPECT_FALSE(inodes().contains("k/a.parquet"));
  EXPECT_TRUE(inodes().contains("k/b.parquet"));
  ReadOptions then;
  then.as_of = 1;
  EXPECT_EQ(to_rows(lake.read("k", then))[5].second, 5);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, LayoutsByTimeAreFoundInTheirDirectories) {
  put("m/1970/01/x.parquet", run_of(0, 5));
  put("m/1970/02/x.parquet", run_of(40 * kDay, 5));
  put("m/notes/x.parquet", run_of(0, 5));
  put("d/1970/01/02/x.parquet", run_of(kDay, 5));
  Lake lake = open();
  EXPECT_EQ(lake.adopt("m", laid_out("month")).series[0].files, 2);
  EXPECT_EQ(lake.adopt("d", laid_out("day")).series[0].files, 1);
  lake.upsert("m", to_table(run_of(5, 2)));
  EXPECT_EQ(lake.read("m").num_rows(), 12);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, ATemplateFindsTheKeys) {
  const std::string layout = "{exchange}/{symbol}/{yyyy}/{mm}/data.parquet";
  put("nyse/AAPL/1970/01/data.parquet", run_of(0, 5));
  put("nyse/AAPL/1970/02/data.parquet", run_of(40 * kDay, 5));
  put("nyse/MSFT/1970/01/data.parquet", run_of(0, 3));
  put("other.parquet", run_of(0, 3));
  Lake lake = open();
  const auto before = inodes();
  const AdoptReport report = lake.adopt("", laid_out(layout));
  ASSERT_THAT(report.series, SizeIs(2));
  EXPECT_EQ(report.series[0].key, "nyse/AAPL");
  EXPECT_EQ(report.series[1].rows, 3);
  EXPECT_EQ(lake.versions("nyse/MSFT").front().commit_id, report.commit_id);
  EXPECT_EQ(inodes(), before);
  lake.upsert("nyse/AAPL", to_table(run_of(3, 9)));
  EXPECT_EQ(lake.read("nyse/AAPL").num_rows(), 17);
  EXPECT_TRUE(lake.verify().clean());
  const AdoptReport again = lake.adopt("", laid_out(layout));
  EXPECT_THAT(again.series, IsEmpty());
  EXPECT_THAT(again.left, SizeIs(2));
}

TEST_F(AdoptionTest, ADryRunTellsAndChangesNothing) {
  const std::string layout = "{symbol}/data.parquet";
  put("a/data.parquet", run_of(0, 5));
  put("b/data.parquet", Rows{{5, 5}, {4, 4}});
  Lake lake = open();
  AdoptOptions options = laid_out(layout);
  options.dry_run = true;
  const AdoptReport report = lake.adopt("", options);
  ASSERT_THAT(report.series, SizeIs(1));
  EXPECT_EQ(report.series[0].key, "a");
  ASSERT_THAT(report.left, SizeIs(1));
  EXPECT_THAT(report.left[0].what, HasSubstr("b/data.parquet: its rows are not in order"));
  EXPECT_EQ(report.commit_id, "");
  EXPECT_THAT(lake.list_keys(), IsEmpty());
}

TEST_F(AdoptionTest, FilesThatAreNoSeriesAreNamed) {
  put("k/a.parquet", run_of(0, 5));
  put("k/b.parquet", run_of(4, 5));
  expect_refused(ErrorKind::kInvalidArgument, "k/b.parquet: its rows begin at 1970-01-01T00:00:04Z, and those of");
  put("k/b.parquet", Rows{{9, 1}, {8, 1}});
  expect_refused(ErrorKind::kInvalidArgument, "k/b.parquet: its rows are not in order");
  put("k/b.parquet", Rows{{9, 1}, {9, 2}});
  expect_refused(ErrorKind::kAlreadyExists, "k/b.parquet: two rows have timestamp 1970-01-01T00:00:09Z");
  const DataType text = DataType::string();
  put("k/b.parquet", to_table({{9, 1}}).with_column({"value", text}, make_column(text, {std::string("x")})));
  expect_refused(ErrorKind::kSchemaCompatibility, "k/b.parquet: column value is int64 and cannot take in string");
  std::ofstream(root_ + "/k/b.parquet") << "no Parquet";
  expect_refused(ErrorKind::kCorruption, "k/b.parquet");
  std::filesystem::remove(root_ + "/k/b.parquet");
  std::filesystem::create_symlink("a.parquet", root_ + "/k/b.parquet");
  expect_refused(ErrorKind::kPathTraversal, "k/b.parquet is a symbolic link");
}

TEST_F(AdoptionTest, FilesLieWhereTheLayoutHasThem) {
  put("k/1970/01/a.parquet", run_of(40 * kDay, 5));
  expect_refused(ErrorKind::kInvalidArgument, "k/1970/01/a.parquet: its rows begin at 1970-02-10", "month");
  put("k/1970/01/a.parquet", Rows{{0, 1}, {40 * kDay, 1}});
  expect_refused(ErrorKind::kInvalidArgument, "more than one period of the layout month", "month");
  expect_refused(ErrorKind::kInvalidArgument, "no Parquet file lies where series \"k\"", "range");
}

TEST_F(AdoptionTest, TimesWithoutAZoneAreNotGuessed) {
  const DataType naive = DataType::timestamp(TimeUnit::kNano, "");
  put("k/a.parquet",
      to_table({{1, 1}}).with_column({"timestamp", naive}, make_column<int64_t>(naive, std::vector<int64_t>{1})));
  expect_refused(ErrorKind::kInvalidArgument, "without a zone");
}

TEST_F(AdoptionTest, FilesMayHaveDifferentColumnsAndNarrowerTypes) {
  const DataType narrow = DataType::int32();
  put("k/a.parquet",
      to_table({{1, 0}}).with_column({"value", narrow}, make_column<int32_t>(narrow, std::vector<int32_t>{7})));
  put("k/b.parquet",
      to_table({{2, 8}}).with_column({"x", narrow}, make_column<int32_t>(narrow, std::vector<int32_t>{9})));
  Lake lake = open();
  lake.adopt("k", laid_out("range"));
  const Table rows = lake.read("k");
  EXPECT_THAT(rows.column("value").values<int64_t>(), ElementsAre(7, 8));
  EXPECT_TRUE(rows.column("x").is_null(0));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, FilesWithoutRowsStayBeside) {
  put("k/a.parquet", run_of(0, 5));
  put("k/empty.parquet", Rows{});
  Lake lake = open();
  EXPECT_THAT(lake.adopt("k", laid_out("range")).empty_files, ElementsAre("k/empty.parquet"));
  EXPECT_THAT(lake.files("k"), ElementsAre("k/a.parquet"));
  lake.upsert("k", to_table(run_of(0, 3)));
  EXPECT_TRUE(inodes().contains("k/empty.parquet"));
}

TEST_F(AdoptionTest, ASeriesIsAdoptedOnce) {
  put("k/a.parquet", run_of(0, 5));
  Lake lake = open();
  lake.adopt("k", laid_out("range"));
  expect_error(ErrorKind::kAlreadyExists, "\"k\"", [&] { lake.adopt("k", laid_out("range")); });
  expect_error(ErrorKind::kInvalidArgument, "name a key", [&] { lake.adopt("", laid_out("month")); });
}

TEST_F(AdoptionTest, ARebuildTakesAdoptedFilesIntoASeriesThatWasWrittenSince) {
  put("k/a.parquet", run_of(0, 5));
  put("k/b.parquet", run_of(10, 5));
  put("only/a.parquet", run_of(0, 5));
  put("m/1970/02/b.parquet", Rows{{40 * kDay, 2}});
  {
    Lake lake = open();
    lake.adopt("k", laid_out("range"));
    lake.adopt("only", laid_out("range"));
    lake.adopt("m", laid_out("month"));
    lake.append("k", to_table({{100, 1}}));
    lake.append("m", to_table({{100 * kDay, 1}}));
  }
  std::filesystem::remove(root_ + "/.varve/catalog.sqlite");
  std::filesystem::remove_all(root_ + "/.varve/catalog-backups");
  const RebuildReport report = rebuild_catalog(root_, {});
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].file, "only/a.parquet");
  EXPECT_THAT(report.findings[0].what, HasSubstr("adopt it again"));
  Lake lake = open();
  EXPECT_EQ(lake.read("k").num_rows(), 11);
  EXPECT_EQ(lake.read("m").num_rows(), 2);
  EXPECT_EQ(lake.adopt("only", laid_out("range")).series.at(0).files, 1);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, ARebuildTellsOfAdoptedFilesThatDoNotFit) {
  put("k/a.parquet", run_of(0, 5));
  {
    Lake lake = open();
    lake.adopt("k", laid_out("range"));
    lake.append("k", to_table({{100, 1}}));
  }
  std::filesystem::remove(root_ + "/.varve/catalog.sqlite");
  std::filesystem::remove_all(root_ + "/.varve/catalog-backups");
  put("other.parquet", Rows{{2, 0}, {1, 0}});
  std::filesystem::remove(root_ + "/k/a.parquet");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ + "/.varve/objects")) {
    if (!entry.is_regular_file() || std::filesystem::hard_link_count(entry.path()) > 1) continue;
    std::filesystem::copy_file(root_ + "/other.parquet", entry.path(),
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::create_hard_link(entry.path(), root_ + "/k/a.parquet");
  }
  const RebuildReport report = rebuild_catalog(root_, {});
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].file, "k/a.parquet");
  EXPECT_THAT(report.findings[0].what, HasSubstr("not in order"));
  EXPECT_TRUE(inodes().contains("k/a.parquet"));
  EXPECT_EQ(open().read("k").num_rows(), 1);
}

TEST_F(AdoptionTest, ARenameOfAnAdoptedSeriesSurvivesARebuild) {
  put("k/a.parquet", run_of(0, 5));
  { open().adopt("k", laid_out("range")); }
  open().rename("k", "new");
  std::filesystem::remove(root_ + "/.varve/catalog.sqlite");
  rebuild_catalog(root_, {});
  Lake lake = open();
  EXPECT_THAT(lake.list_keys(), ElementsAre("new"));
  EXPECT_EQ(to_rows(lake.read("new")), run_of(0, 5));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, AChangeFromOutsideIsNoticedBeforeTheFileIsRead) {
  put("k/a.parquet", run_of(0, 50));
  { open().adopt("k", laid_out("range")); }
  const std::string path = root_ + "/k/a.parquet";
  const auto time = std::filesystem::last_write_time(path);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(20).put('\x7f');
  std::filesystem::last_write_time(path, time + std::chrono::seconds(1));
  Lake lake = open();
  expect_error(ErrorKind::kCorruption, "k/a.parquet has the SHA-256", [&] { (void)lake.read("k"); });
}

TEST_F(AdoptionTest, AFileThatWasOnlyTouchedIsTrustedAgain) {
  put("k/a.parquet", run_of(0, 50));
  { open().adopt("k", laid_out("range")); }
  const std::string path = root_ + "/k/a.parquet";
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(100));
  EXPECT_EQ(open().read("k").num_rows(), 50);
}

TEST_F(AdoptionTest, LooseFilesAreRewrittenAndMakeWay) {
  put("k/b.parquet", Rows{{9, 9}, {3, 3}});
  put("k/sub/a.parquet", Rows{{5, 5}, {40 * kDay, 1}});
  put("k/empty.parquet", Rows{});
  put("k/README.txt", Rows{});
  Lake lake = open();
  AdoptOptions options = laid_out("month");
  options.dry_run = options.rewrite = true;
  const AdoptReport dry = lake.adopt("k", options);
  EXPECT_EQ(dry.series.at(0).rows, 4);
  EXPECT_EQ(dry.series.at(0).last, testing::at_second(40 * kDay));
  EXPECT_FALSE(lake.exists("k"));
  EXPECT_TRUE(inodes().contains("k/b.parquet"));
  options.dry_run = false;
  const AdoptReport report = lake.adopt("k", options);
  EXPECT_EQ(report.series.at(0).files, 3);
  EXPECT_EQ(to_rows(lake.read("k")), (Rows{{3, 3}, {5, 5}, {9, 9}, {40 * kDay, 1}}));
  EXPECT_EQ(lake.versions("k").front().operation, "adopt");
  EXPECT_THAT(lake.files("k"), ElementsAre(HasSubstr("k/1970/01/"), HasSubstr("k/1970/02/")));
  EXPECT_EQ(inodes().size(), 3U);
  EXPECT_TRUE(inodes().contains("k/README.txt"));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/" + report.series.at(0).originals + "/k/sub/a.parquet.original"));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, FilesThatCannotBeRewrittenStay) {
  put("k/a.parquet", Rows{{1, 1}, {1, 2}});
  const auto before = inodes();
  Lake lake = open();
  AdoptOptions options = laid_out("range");
  options.rewrite = true;
  expect_error(ErrorKind::kAlreadyExists, "two rows have", [&] { lake.adopt("k", options); });
  put("k/a.parquet", run_of(0, 3));
  lake.append("k/below", to_table(run_of(0, 3)));
  expect_error(ErrorKind::kInvalidArgument, "where series \"k/below\" has its files",
               [&] { lake.adopt("k", options); });
  EXPECT_EQ(inodes().at("k/a.parquet"), before.at("k/a.parquet"));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/.varve/originals"));
}

TEST_F(AdoptionTest, FilesOfASeriesByATemplateAreNotTakenFromIt) {
  Lake lake = open();
  SeriesWriteOptions written;
  written.series.layout = "fx/{symbol}/{yyyy}/{mm}/data.parquet";
  lake.append("EUR_USD", to_table(run_of(0, 5)), written);
  const auto before = inodes();
  AdoptOptions options = laid_out("range");
  options.rewrite = true;
  expect_error(ErrorKind::kInvalidArgument,
               "\"fx/EUR_USD\" cannot be adopted: fx/EUR_USD/1970/01/data.parquet lies where series \"EUR_USD\"",
               [&] { lake.adopt("fx/EUR_USD", options); });
  EXPECT_EQ(inodes(), before);
}

TEST_F(AdoptionTest, FilesOfSeriesInTheirDirectoriesAreLeftByATemplate) {
  Lake lake = open();
  lake.append("range", to_table(run_of(0, 5)));
  SeriesWriteOptions written;
  written.series.layout = "month";
  lake.append("month", to_table(run_of(0, 5)), written);
  put("new/a.parquet", run_of(0, 5));
  put("month/notes/02/a.parquet", run_of(0, 5));
  const AdoptReport pairs = lake.adopt("", laid_out("{symbol}/{part}.parquet"));
  ASSERT_THAT(pairs.series, SizeIs(1));
  EXPECT_EQ(pairs.series[0].key, "new/a");
  ASSERT_THAT(pairs.left, SizeIs(1));
  EXPECT_THAT(pairs.left[0].what, HasSubstr("lies where series \"range\" has its files"));
  EXPECT_FALSE(pairs.left[0].failed);
  AdoptOptions options = laid_out("{a}/{b}/{c}/{d}.parquet");
  options.dry_run = true;
  const AdoptReport deep = lake.adopt("", options);
  ASSERT_THAT(deep.left, SizeIs(2));
  EXPECT_THAT(deep.left[0].what, HasSubstr("lies where series \"month\" has its files"));
  EXPECT_THAT(deep.left[1].what, HasSubstr("would lie among the directories of series \"month\""));
}

TEST_F(AdoptionTest, ADryRunLooksWhereTheKeyWouldLie) {
  put("k/1970/01/a.parquet", run_of(0, 5));
  Lake lake = open();
  lake.append("k/below", to_table(run_of(0, 5)));
  AdoptOptions options = laid_out("month");
  options.dry_run = true;
  expect_error(ErrorKind::kInvalidArgument, "key \"k\" cannot have the layout month",
               [&] { lake.adopt("k", options); });
}

TEST_F(AdoptionTest, ErrorsOfATemplateNameTheKey) {
  put("a/data.parquet", run_of(0, 5));
  put("b/data.parquet", run_of(0, 5));
  AdoptOptions options = laid_out("{symbol}/data.parquet");
  options.series.index = "when";
  Lake lake = open();
  expect_error(ErrorKind::kNotFound, "series \"a\": ", [&] { lake.adopt("", options); });
  EXPECT_THAT(lake.list_keys(), IsEmpty());
}

TEST_F(AdoptionTest, LinksElsewhereAreNobodysBusiness) {
  put("a/data.parquet", run_of(0, 5));
  put("k/a.parquet", run_of(0, 5));
  std::filesystem::create_symlink("a/data.parquet", root_ + "/latest.parquet");
  put("k/1970/01/b.parquet", run_of(0, 5));
  std::filesystem::create_symlink("b.parquet", root_ + "/k/1970/link.parquet");
  Lake lake = open();
  EXPECT_THAT(lake.adopt("", laid_out("{symbol}/data.parquet")).series, SizeIs(1));
  EXPECT_THAT(lake.adopt("k", laid_out("month")).series, SizeIs(1));
  std::filesystem::create_directory(root_ + "/b");
  std::filesystem::create_symlink("../a/data.parquet", root_ + "/b/data.parquet");
  expect_error(ErrorKind::kPathTraversal, "b/data.parquet is a symbolic link",
               [&] { lake.adopt("", laid_out("{symbol}/data.parquet")); });
}

TEST_F(AdoptionTest, AFileThatShrinksWhileItIsReadIsAnError) {
  Rows rows = run_of(0, 400'000);
  uint64_t value = 1;
  for (testing::Row& row : rows) row.second = static_cast<int64_t>(value = value * 6'364'136'223'846'793'005 + 1);
  put("k/a.parquet", rows);
  AdoptOptions options = laid_out("range");
  options.work.progress = [&](int64_t, int64_t) { std::filesystem::resize_file(root_ + "/k/a.parquet", 1000); };
  Lake lake = open();
  expect_error(ErrorKind::kCorruption, "k/a.parquet", [&] { lake.adopt("k", options); });
  EXPECT_FALSE(lake.exists("k"));
}

TEST_F(AdoptionTest, KeysThatCannotBeRewrittenStayAndTheOthersAreTold) {
  put("a/data.parquet", Rows{{5, 5}, {4, 4}});
  put("b/data.parquet", Rows{{5, 5}, {5, 6}});
  put("c/data.parquet", run_of(0, 5));
  AdoptOptions options = laid_out("{symbol}/data.parquet");
  options.rewrite = true;
  Lake lake = open();
  const AdoptReport report = lake.adopt("", options);
  EXPECT_THAT(lake.list_keys(), ElementsAre("a", "c"));
  EXPECT_THAT(report.series, SizeIs(2));
  ASSERT_THAT(report.left, SizeIs(1));
  EXPECT_EQ(report.left[0].key, "b");
  EXPECT_THAT(report.left[0].what, HasSubstr("two rows have"));
  EXPECT_TRUE(report.left[0].failed);
  expect_error(ErrorKind::kAlreadyExists, "series \"b\": two rows have", [&] { lake.adopt("", options); });
}

TEST_F(AdoptionTest, RewrittenTimesGetTheZoneThatIsSaid) {
  const DataType naive = DataType::timestamp(TimeUnit::kNano, "");
  const int64_t hour = 3600;
  put("k/a.parquet", to_table({{1, 1}}).with_column(
                         {"timestamp", naive},
                         make_column<int64_t>(naive, std::vector<int64_t>{testing::at_second(2 * hour).nanoseconds})));
  Lake lake = open();
  AdoptOptions options = laid_out("range");
  options.rewrite = true;
  expect_error(ErrorKind::kInvalidArgument, "say which zone", [&] { lake.adopt("k", options); });
  options.zone = "+01:00";
  lake.adopt("k", options);
  EXPECT_EQ(to_rows(lake.read("k")), (Rows{{hour, 1}}));
  options.rewrite = false;
  expect_error(ErrorKind::kInvalidArgument, "not rewritten", [&] { lake.adopt("m", options); });
}

TEST_F(AdoptionTest, AllKeysOfATemplateAreRewritten) {
  put("a/data.parquet", Rows{{5, 5}, {4, 4}});
  put("b/data.parquet", run_of(0, 5));
  Lake lake = open();
  AdoptOptions options = laid_out("{symbol}/data.parquet");
  options.rewrite = true;
  EXPECT_THAT(lake.adopt("", options).series, SizeIs(2));
  EXPECT_EQ(to_rows(lake.read("a")), (Rows{{4, 4}, {5, 5}}));
  EXPECT_EQ(inodes().size(), 2U);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, PricesOfFilesThatStayAreDecimalsAlready) {
  const auto with_close = [](const Rows& rows, const DataType& type) {
    std::vector<double> closes(rows.size(), 1.25);
    const Column floats = make_column<double>(DataType::float64(), closes);
    return to_table(rows).with_column({"close", type}, table::cast(floats, type));
  };
  AdoptOptions options = laid_out("range");
  options.series.prices = "decimal";
  options.series.price_columns = {"close"};
  put("k/a.parquet", with_close(run_of(0, 3), DataType::decimal(18, 2)));
  put("k/b.parquet", with_close(run_of(5, 3), DataType::decimal(18, 3)));
  Lake lake = open();
  expect_error(ErrorKind::kSchemaCompatibility,
               "k/a.parquet: column \"close\" is decimal(18, 2) and has to be decimal(18, 3): have the files rewritten",
               [&] { lake.adopt("k", options); });
  put("k/b.parquet", with_close(run_of(5, 3), DataType::decimal(18, 2)));
  lake.adopt("k", options);
  EXPECT_EQ(lake.read("k").column("close").values<double>()[5], 1.25);
  EXPECT_EQ(lake.info("k").price_scales.at("close"), 2);
  EXPECT_TRUE(lake.verify().clean());
  put("m/a.parquet", with_close(run_of(0, 3), DataType::float64()));
  expect_error(ErrorKind::kSchemaCompatibility, "have the files rewritten", [&] { lake.adopt("m", options); });
  options.rewrite = true;
  lake.adopt("m", options);
  EXPECT_EQ(lake.info("m").price_scales.at("close"), 2);
}

TEST_F(AdoptionTest, FilesOfADeletedSeriesAreNotForeign) {
  Lake lake = Lake::open(root_, {.publish_delay = Duration::seconds(100)});
  lake.append("k", to_table(run_of(0, 5)), {.published = true});
  lake.remove("k");
  expect_error(ErrorKind::kInvalidArgument, "no Parquet file", [&] { lake.adopt("k", laid_out("range")); });
}

TEST_F(AdoptionTest, FilesOfABackupAreItsOwn) {
  put("k/a.parquet", run_of(0, 50));
  Lake lake = open();
  lake.adopt("k", laid_out("range"));
  lake.backup(directory_ / "copy");
  Lake copy = Lake::open(directory_ / "copy", {.publish_delay = {}});
  EXPECT_EQ(to_rows(copy.read("k")), run_of(0, 50));
  EXPECT_TRUE(copy.verify().clean());
  EXPECT_THAT(copy.files("k"), ElementsAre("k/a.parquet"));
}

TEST_F(AdoptionTest, ACatalogMadeAnewFromItsCopyHasThem) {
  put("k/a.parquet", run_of(0, 50));
  put("m/a.parquet", run_of(0, 5));
  {
    Lake lake = open();
    lake.adopt("k", laid_out("range"));
    lake.adopt("m", laid_out("range"));
    lake.append("m", to_table(run_of(5, 5)));
  }
  std::filesystem::remove(root_ + "/.varve/catalog.sqlite");
  const RebuildReport report = rebuild_catalog(root_);
  ASSERT_NE(report.catalog_copy, "");
  EXPECT_THAT(report.findings, IsEmpty());
  Lake lake = open();
  EXPECT_EQ(lake.read("k").num_rows(), 50);
  EXPECT_EQ(to_rows(lake.read("m")), run_of(0, 10));
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(AdoptionTest, WithoutACopyOfTheCatalogTheyAreAdoptedAgain) {
  put("k/a.parquet", run_of(0, 50));
  { open().adopt("k", laid_out("range")); }
  std::filesystem::remove(root_ + "/.varve/catalog.sqlite");
  std::filesystem::remove_all(root_ + "/.varve/catalog-backups");
  const RebuildReport report = rebuild_catalog(root_);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_THAT(report.findings[0].what, HasSubstr("adopt it again"));
  Lake lake = open();
  lake.adopt("k", laid_out("range"));
  EXPECT_EQ(lake.read("k").num_rows(), 50);
}

TEST_F(AdoptionTest, UntimedSeriesAreAdopted) {
  const DataType text = DataType::string();
  const auto symbols = [&](const std::vector<std::optional<std::string>>& names) {
    return Table(Schema({{"symbol", text}}), {make_column(text, names)});
  };
  put("k/a.parquet", symbols({"A", "B"}));
  put("k/b.parquet", symbols({"C", "D"}));
  AdoptOptions options;
  options.series.kind = "definitions";
  Lake lake = open();
  EXPECT_EQ(lake.adopt("k", options).series[0].rows, 4);
  EXPECT_TRUE(lake.verify().clean());
  put("m/a.parquet", symbols({"A", "C"}));
  put("m/b.parquet", symbols({"B", "D"}));
  expect_error(ErrorKind::kInvalidArgument, "m/b.parquet: its rows do not come after",
               [&] { lake.adopt("m", options); });
}

}  // namespace
}  // namespace varve
