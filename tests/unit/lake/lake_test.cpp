#include "varve/lake/lake.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "varve/base/error.h"
#include "varve/table/cast.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/table/random_table.h"
#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::expect_error;

// Tables as a series keeps them: any column may hold nulls.
Table as_kept(const Table& table) {
  std::vector<Field> fields = table.schema().fields();
  for (Field& field : fields) field.nullable = true;
  return table::conform(table, Schema(std::move(fields)));
}
template <typename... Options>
Table make_bars(int64_t rows, const Options&... options) {
  return as_kept(testing::make_bars(rows, options...));
}
Table make_trades(int64_t rows) { return as_kept(testing::make_trades(rows)); }

using Names = std::vector<std::string>;

class LakeTest : public ::testing::Test {
 protected:
  Lake open(OpenOptions options = {.publish_delay = {}}) { return Lake::open(directory_ / "lake", std::move(options)); }
  std::string path(std::string_view name) { return base::join_path(directory_ / "lake", name); }

  // Every name below the root with its time of change: what a refused call must not alter.
  std::vector<std::string> snapshot() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
      if (entry.path().filename().string().starts_with("catalog.sqlite")) continue;
      names.push_back(entry.path().string() + " " + std::to_string(entry.last_write_time().time_since_epoch().count()));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  testing::TempDirectory directory_ = testing::make_quick_directory();
};

TEST_F(LakeTest, BarsGoInAndOut) {
  Lake lake = open();
  const Table bars = make_bars(1000);
  const Commit commit = lake.upsert("forex/EUR_USD", bars);
  EXPECT_EQ(commit.rows_added, 1000);
  EXPECT_EQ(commit.version, 1);
  EXPECT_EQ(commit.id.size(), 32U);
  EXPECT_TRUE(commit.published);
  EXPECT_EQ(difference(lake.read("forex/EUR_USD"), bars), "");
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(LakeTest, BringingInTheSameAgainChangesNothing) {
  Lake lake = open();
  lake.upsert("k", make_bars(100));
  const Commit again = lake.upsert("k", make_bars(100));
  EXPECT_EQ(again.id, "");
  EXPECT_EQ(again.version, 1);
  EXPECT_EQ(again.rows_unchanged, 100);
}

TEST_F(LakeTest, TradesKeepAllTheirRows) {
  Lake lake = open();
  const Table trades = make_trades(2000);
  lake.append("t", trades, {.series = {.identity = Names{}}});
  EXPECT_EQ(difference(lake.read("t"), trades), "");
}

TEST_F(LakeTest, RangesCanBeOpenAtTheirEnds) {
  Lake lake = open();
  lake.write("k", make_bars(10));
  const Timestamp first = testing::kFirstBar;
  const Timestamp last = first + Duration::seconds(540);
  const auto rows = [&](Closed closed) {
    return lake.read("k", {.start = first, .end = last, .closed = closed}).num_rows();
  };
  EXPECT_EQ(rows(Closed::kBoth), 10);
  EXPECT_EQ(rows(Closed::kLeft), 9);
  EXPECT_EQ(rows(Closed::kRight), 9);
  EXPECT_EQ(rows(Closed::kNone), 8);
}

TEST_F(LakeTest, RangesMayReachToTheEndsOfTime) {
  Lake lake = open();
  lake.write("k", make_bars(10));
  EXPECT_EQ(lake.read("k", {.start = Timestamp::min(), .end = Timestamp::max()}).num_rows(), 10);
  EXPECT_EQ(lake.read("k", {.start = Timestamp::max(), .closed = Closed::kNone}).num_rows(), 0);
  EXPECT_EQ(lake.read("k", {.end = Timestamp::min(), .closed = Closed::kNone}).num_rows(), 0);
  EXPECT_EQ(lake.read("k", {.start = "2024-01-02", .end = "9999-12-31"}).num_rows(), 10);
  EXPECT_EQ(lake.read("k", {.start = "2024-01-03", .end = "2024-01-01"}).num_rows(), 0);
}

TEST_F(LakeTest, HeadTailAndLimit) {
  Lake lake = open();
  const Table bars = make_bars(100);
  lake.write("k", bars, {.series = {.target_rows_per_file = 7}});
  EXPECT_EQ(difference(lake.head("k", 10), bars.slice(0, 10)), "");
  EXPECT_EQ(difference(lake.tail("k", 10), bars.slice(90, 10)), "");
  EXPECT_EQ(lake.read("k", {.limit = 3}).num_rows(), 3);
  EXPECT_EQ(lake.tail("k", 1000).num_rows(), 100);
  EXPECT_EQ(lake.head("k", 0).num_columns(), bars.num_columns());
  expect_error(ErrorKind::kInvalidArgument, "-1", [&] { static_cast<void>(lake.head("k", -1)); });
  expect_error(ErrorKind::kInvalidArgument, "-1", [&] { static_cast<void>(lake.read("k", {.limit = -1})); });
}

TEST_F(LakeTest, TheCatalogTellsWhatThereIs) {
  Lake lake = open();
  lake.write("fx/EUR", make_bars(10));
  lake.write("fx/USD", make_bars(5));
  lake.write("stocks/A", make_bars(5));
  EXPECT_EQ(lake.list_keys("fx"), Names({"fx/EUR", "fx/USD"}));
  EXPECT_TRUE(lake.exists("fx/EUR"));
  EXPECT_FALSE(lake.exists("fx"));
  const SeriesInfo info = lake.info("fx/EUR");
  EXPECT_EQ(info.kind, "ohlcv");
  EXPECT_EQ(info.rows, 10);
  EXPECT_EQ(info.identity, Names{});
  EXPECT_EQ(info.first, testing::kFirstBar);
  EXPECT_EQ(info.schema.size(), 6U);
  EXPECT_EQ(lake.info_all().size(), 3U);
  EXPECT_EQ(lake.time_range("fx/EUR")->second, testing::kFirstBar + Duration::seconds(540));
  EXPECT_EQ(lake.files("fx/EUR"), Names{"fx/EUR/20240102T000000-20240102T000900.parquet"});
}

TEST_F(LakeTest, VersionsStartAtOne) {
  Lake lake = open();
  lake.write("k", make_bars(10));
  lake.write("k", make_bars(20));
  EXPECT_EQ(lake.read("k", {.as_of = 1}).num_rows(), 10);
  for (const int64_t version : {-1, 0, 3}) {
    expect_error(ErrorKind::kNotFound, "version", [&] { static_cast<void>(lake.read("k", {.as_of = version})); });
  }
}

TEST_F(LakeTest, RemovedSeriesAreGone) {
  Lake lake = open();
  lake.write("k", make_bars(10));
  EXPECT_EQ(lake.remove("k").rows_removed, 10);
  EXPECT_FALSE(lake.exists("k"));
  expect_error(ErrorKind::kNotFound, "k", [&] { lake.remove("k"); });
  expect_error(ErrorKind::kNotFound, "k", [&] { static_cast<void>(lake.info("k")); });
}

TEST_F(LakeTest, OptionsMustAgreeWithTheSeries) {
  Lake lake = open();
  lake.write("k", make_bars(10));
  expect_error(ErrorKind::kInvalidArgument, "kind",
               [&] { lake.upsert("k", make_bars(10), {.series = {.kind = "trades"}}); });
  EXPECT_EQ(lake.info("k").version, 1);
}

TEST_F(LakeTest, HostileKeysTouchNothing) {
  Lake lake = open();
  lake.write("good", make_bars(3));
  std::filesystem::create_directory_symlink("..", path("out"));
  std::ofstream(path("file")) << "mine";
  const std::vector<std::string> before = snapshot();
  const Names keys = {"",
                      "/",
                      "/etc/passwd",
                      "../x",
                      "a/../../x",
                      ".",
                      "a/./b",
                      "a//b",
                      "a/",
                      "a\\b",
                      ".varve",
                      ".varve/x",
                      ".Varve/locks",
                      std::string("a\0b", 3),
                      "a\nb",
                      "\x7F",
                      "\xFF\xFE",
                      "out/x",
                      "out",
                      "file",
                      "file/x",
                      std::string(5000, 'k'),
                      std::string(300, 'k')};
  for (const std::string& key : keys) {
    SCOPED_TRACE(quote(key));
    expect_error(ErrorKind::kPathTraversal, "", [&] { lake.write(key, make_bars(3)); });
    expect_error(ErrorKind::kPathTraversal, "", [&] { lake.append(key, make_bars(3)); });
    expect_error(ErrorKind::kPathTraversal, "", [&] { lake.remove(key); });
  }
  EXPECT_EQ(snapshot(), before);
  expect_error(ErrorKind::kPathTraversal, "..", [&] { static_cast<void>(lake.read("../x")); });
  expect_error(ErrorKind::kPathTraversal, "..", [&] { static_cast<void>(lake.exists("../x")); });
  expect_error(ErrorKind::kPathTraversal, "..", [&] { static_cast<void>(lake.files("../x")); });
}

TEST_F(LakeTest, AReadOnlyLakeRefusesToWrite) {
  open().write("k", make_bars(3));
  Lake lake = open({.read_only = true});
  EXPECT_TRUE(lake.read_only());
  EXPECT_EQ(lake.read("k").num_rows(), 3);
  expect_error(ErrorKind::kReadOnly, "reading only", [&] { lake.remove("k"); });
}

TEST_F(LakeTest, ADiskThatCannotBeWrittenIsOpenedForReading) {
  open().write("k", make_bars(3));
  const std::unique_ptr<base::FileSystem> system = base::make_system_file_system();
  for (const int error_number : {EROFS, ENOSPC}) {
    testing::FaultyFileSystem files(*system);
    files.set_fault({.kind = testing::FaultKind::kFailFrom, .call = 1, .error_number = error_number});
    Names told;
    Lake lake = open({.on_warning = [&](std::string_view line) { told.emplace_back(line); }, .file_system = &files});
    EXPECT_TRUE(lake.read_only());
    EXPECT_EQ(lake.read("k").num_rows(), 3);
    EXPECT_EQ(told.size(), 1U);
  }
}

TEST_F(LakeTest, NoNewCatalogIsMadeBesideOldFiles) {
  open().write("k", make_bars(3));
  std::filesystem::remove(path(".varve/catalog.sqlite"));
  const std::vector<std::string> before = snapshot();
  expect_error(ErrorKind::kCorruption, "catalog.sqlite is missing", [&] { open(); });
  EXPECT_EQ(snapshot(), before);
}

Table with_text(const Table& table, const std::string& name, const std::string& text) {
  const std::vector<std::string> texts(static_cast<size_t>(table.num_rows()), text);
  const Field field{name, DataType::string()};
  return table.with_column(field, make_column(field.type, {texts.begin(), texts.end()}));
}

TEST_F(LakeTest, IdentityGrowsByAColumnOfTheKindThatAppears) {
  Lake lake = open();
  lake.upsert("k", make_bars(3));
  const Commit first = lake.upsert("k", with_text(make_bars(3), "provider", "oanda"));
  const Commit second = lake.upsert("k", with_text(make_bars(3), "provider", "fxcm"));
  EXPECT_EQ(first.rows_added + second.rows_added, 6);
  EXPECT_EQ(first.rows_replaced + second.rows_replaced, 0);
  EXPECT_EQ(lake.info("k").identity, Names{"provider"});
  EXPECT_EQ(lake.read("k").num_rows(), 9);
  EXPECT_EQ(lake.upsert("k", with_text(make_bars(3), "provider", "fxcm")).rows_unchanged, 3);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(LakeTest, AnIndexWithoutAZoneIsRefusedUntilOneIsSaid) {
  const Table bars = make_bars(3);
  const Field naive{"timestamp", DataType::timestamp(TimeUnit::kNano, "")};
  ColumnParts parts = bars.column("timestamp").parts();
  parts.type = naive.type;
  const Table told = bars.with_column(naive, Column(std::move(parts)));
  Lake lake = open();
  expect_error(ErrorKind::kInvalidArgument, "without a zone", [&] { lake.upsert("k", told); });
  EXPECT_TRUE(lake.list_keys().empty());
  lake.upsert("k", told, {.zone = "UTC"});
  EXPECT_TRUE(equals(lake.read("k"), as_kept(bars)));
  lake.upsert("tokyo", told, {.zone = "Asia/Tokyo"});
  EXPECT_EQ(lake.time_range("tokyo")->first, testing::kFirstBar - Duration::seconds(9 * 3600));
}

TEST_F(LakeTest, DictionariesOfNumbersAreKeptAsNumbers) {
  const auto values =
      std::make_shared<const Column>(make_column<int64_t>(DataType::int64(), std::vector<int64_t>{7, 9}));
  const Field field{"rank", DataType::dictionary(DataType::int64())};
  ColumnParts parts = make_column<int32_t>(DataType::int32(), std::vector<int32_t>{1, 0, 1}).parts();
  parts.type = field.type;
  parts.dictionary = values;
  Lake lake = open();
  lake.upsert("k", make_bars(3).with_column(field, Column(std::move(parts))));
  const Table read = lake.read("k");
  EXPECT_EQ(read.column("rank").type(), DataType::int64());
  EXPECT_EQ(read.column("rank").values<int64_t>()[0], 9);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(LakeTest, AClosedLakeIsNotUsed) {
  Lake lake = open();
  lake.write("k", make_bars(3));
  lake.close();
  lake.close();
  expect_error(ErrorKind::kInvalidArgument, "closed", [&] { static_cast<void>(lake.read("k")); });
}

TEST_F(LakeTest, AForkedChildMayNotUseIt) {
  Lake lake = open();
  lake.write("k", make_bars(3));
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      static_cast<void>(lake.exists("k"));
    } catch (const Forked&) {
      status = 0;
    }
    ::_exit(status);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(lake.exists("k"));
}

TEST_F(LakeTest, TwoHandlesSeeEachOthersCommits) {
  Lake left = open();
  Lake right = open();
  left.upsert("k", make_bars(10));
  right.upsert("k", make_bars(20));
  EXPECT_EQ(left.read("k").num_rows(), 20);
  EXPECT_EQ(left.info("k").version, 2);
}

TEST_F(LakeTest, ThreadsMayShareAHandle) {
  Lake lake = open();
  std::vector<std::thread> threads;
  for (int64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string key = "k/" + std::to_string(thread % 4);
      for (int64_t part = 0; part < 5; ++part) {
        const Timestamp start = testing::kFirstBar + Duration::seconds(60 * (10 * part + thread / 4 * 1000));
        lake.upsert(key, make_bars(10, start));
        static_cast<void>(lake.tail(key, 5));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lake.list_keys().size(), 4U);
  for (const SeriesInfo& info : lake.info_all()) EXPECT_EQ(info.rows, 100);
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(LakeTest, ALakeIsFoundFromBelow) {
  open().write("a/b", make_bars(3));
  EXPECT_EQ(find_lake(path("a/b")), directory_ / "lake");
  EXPECT_EQ(find_lake(path("not/there")), directory_ / "lake");
  EXPECT_EQ(find_lake(directory_.path()), std::nullopt);
}

// A lake with a series of three rows whose directory lies elsewhere since it was opened.
class MovedLakeTest : public LakeTest {
 protected:
  MovedLakeTest() {
    lake_.write("k", make_bars(3));
    std::filesystem::rename(path(""), directory_ / "moved");
  }

  Lake lake_ = open();
};

TEST_F(MovedLakeTest, TakesNoMoreWrites) {
  EXPECT_FALSE(lake_.in_place());
  expect_error(ErrorKind::kNotFound, "moved, removed or replaced", [&] { lake_.write("k", make_bars(5)); });
}

TEST_F(MovedLakeTest, LeavesTheOneThatReplacedItAlone) {
  Lake another = open();
  EXPECT_TRUE(another.in_place());
  another.write("k", make_bars(4));
  EXPECT_FALSE(lake_.in_place());
  expect_error(ErrorKind::kNotFound, "moved, removed or replaced", [&] { lake_.append("k", make_bars(9)); });
  EXPECT_EQ(another.read("k").num_rows(), 4);
  EXPECT_TRUE(another.verify().clean());
}

TEST_F(MovedLakeTest, IsWholeWhereItLiesNow) {
  lake_.close();
  const Lake moved = Lake::open(directory_ / "moved");
  EXPECT_EQ(moved.read("k").num_rows(), 3);
  EXPECT_TRUE(moved.verify().clean());
}

TEST_F(LakeTest, UntimedSeriesHaveNoRange) {
  Lake lake = open();
  const Table names(Schema({{.name = "symbol", .type = DataType::string()}}),
                    {make_column(DataType::string(), {"B", "A"})});
  lake.write("names", names, {.series = {.identity = Names{"symbol"}}});
  EXPECT_EQ(lake.read("names").column("symbol").bytes_at(0), "A");
  EXPECT_EQ(lake.time_range("names"), std::nullopt);
  expect_error(ErrorKind::kInvalidArgument, "untimed",
               [&] { static_cast<void>(lake.read("names", {.start = "2024-01-01"})); });
}

}  // namespace
}  // namespace varve
