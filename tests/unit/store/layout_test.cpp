#include "varve/store/tree/layout.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Layout;
using store::Store;

constexpr const char* kTemplate = "x/{name}:out/{name}/{yyyy}/m{mm}/{name_lower}.parquet";
constexpr int64_t kDay = 86'400;

int64_t second_of(const char* day) { return parse_date(day).days * kDay; }

class LayoutTest : public StoreTest {
 protected:
  // The Parquet files below a folder of the lake, relative to the root.
  std::vector<std::string> files_below(const std::string& folder) {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder_.path(folder))) return names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path(folder))) {
      const std::string path = entry.path().lexically_relative(folder_.root()).string();
      if (entry.is_regular_file() && path.ends_with(".parquet")) names.push_back(path);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // What they hold, in order of time.
  Rows rows_below(const std::string& folder) {
    Rows rows;
    const auto files = base::make_system_file_system();
    for (const std::string& name : files_below(folder)) {
      const std::string path = folder_.path(name);
      const Rows more = to_rows(parquet::Reader::open(files->open(path, base::OpenMode::kRead), path).read());
      rows.insert(rows.end(), more.begin(), more.end());
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  void put_foreign_file(const std::string& name) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(name)).parent_path());
    std::ofstream(folder_.path(name)) << "mine";
  }

  // Rows every six hours.
  static Rows quarters(const char* first_day, int64_t count) {
    Rows rows;
    for (int64_t row = 0; row < count; ++row) rows.emplace_back(second_of(first_day) + row * kDay / 4, row);
    return rows;
  }
};

using Names = std::vector<std::string>;

TEST_F(LayoutTest, WordsAndTemplatesAreLayouts) {
  for (const std::string text : {"range", "month", "day", kTemplate}) EXPECT_EQ(Layout::parse(text).text(), text);
  EXPECT_EQ(Layout::parse("{a}:{a}/x.parquet").text(), "{a}/x.parquet");
  for (const char* text : {"", "week", "Month", "{a}", "x.parquet"}) {
    expect_error(ErrorKind::kInvalidArgument, "", [&] { Layout::parse(text); });
  }
}

TEST_F(LayoutTest, RowsAreCutAtPeriodsAndByNumber) {
  const std::vector<int64_t> days = {second_of("2024-01-30"), second_of("2024-01-31"), second_of("2024-02-01"),
                                     second_of("2024-02-02"), second_of("2024-02-03")};
  std::vector<int64_t> index;
  for (const int64_t second : days) index.push_back(at_second(second).nanoseconds);
  const auto ends = [&](const char* layout, int64_t target) {
    std::vector<int64_t> all;
    for (const table::RowRange& range : Layout::parse(layout).cut(5, index, target)) all.push_back(range.last);
    return all;
  };
  EXPECT_EQ(ends("range", 10), std::vector<int64_t>({5}));
  EXPECT_EQ(ends("month", 10), std::vector<int64_t>({2, 5}));
  EXPECT_EQ(ends("month", 2), std::vector<int64_t>({2, 4, 5}));
  EXPECT_EQ(ends("day", 10), std::vector<int64_t>({1, 2, 3, 4, 5}));
  EXPECT_EQ(ends(kTemplate, 1), std::vector<int64_t>({2, 5}));
  EXPECT_TRUE(Layout::parse("month").cut(0, {}, 10).empty());
}

TEST_F(LayoutTest, MonthsAndDaysHaveDirectories) {
  const Store store = folder_.open();
  append(store, "fx/m", quarters("2023-12-31", 8), laid_out("month"));
  append(store, "fx/d", quarters("2023-12-31", 8), laid_out("day"));
  EXPECT_EQ(files_below("fx/m"), Names({"fx/m/2023/12/20231231T000000-20231231T180000.parquet",
                                        "fx/m/2024/01/20240101T000000-20240101T180000.parquet"}));
  EXPECT_EQ(files_below("fx/d"), Names({"fx/d/2023/12/31/20231231T000000-20231231T180000.parquet",
                                        "fx/d/2024/01/01/20240101T000000-20240101T180000.parquet"}));
  EXPECT_EQ(findings(store), "");
}

TEST_F(LayoutTest, ATemplateHasOneFileAPeriod) {
  const Store store = folder_.open();
  const auto definition = laid_out(kTemplate, 3);
  append(store, "x/EUR", quarters("2023-12-31", 8), definition);
  const Names names = {"out/EUR/2023/m12/eur.parquet", "out/EUR/2024/m01/eur.parquet"};
  EXPECT_EQ(files_below("out"), names);
  append(store, "x/EUR", quarters("2024-01-02", 8));
  append(store, "x/EUR", {{second_of("2023-12-01"), 5}});
  EXPECT_EQ(files_below("out"), names);
  EXPECT_EQ(rows_below("out"), read(store, "x/EUR"));
  EXPECT_EQ(read(store, "x/EUR").size(), 17U);
  EXPECT_EQ(findings(store), "");
  remove(store, "x/EUR");
  EXPECT_FALSE(std::filesystem::exists(folder_.path("out")));
}

TEST_F(LayoutTest, OldVersionsOfATemplateStayReadable) {
  const Store store = folder_.open();
  append(store, "x/EUR", quarters("2024-01-01", 4), laid_out(kTemplate));
  for (int64_t value = 10; value < 14; ++value) upsert(store, "x/EUR", {{second_of("2024-01-01"), value}});
  EXPECT_EQ(read(store, "x/EUR", {.version = 1}), quarters("2024-01-01", 4));
  EXPECT_EQ(rows_below("out"), read(store, "x/EUR"));
  EXPECT_EQ(files_below("out").size(), 1U);
}

TEST_F(LayoutTest, ATemplateWithoutTimesTakesUntimedSeries) {
  const Store store = folder_.open();
  auto definition = laid_out("splits/{part}/{name}.parquet", 2);
  definition.index.clear();
  definition.has_identity = false;
  for (int64_t turn = 0; turn < 3; ++turn) append(store, "train/EUR", run_of(turn * 5, 5), definition);
  append(store, "train/GBP", run_of(0, 3), definition);
  EXPECT_EQ(files_below("splits"), Names({"splits/train/EUR.parquet", "splits/train/GBP.parquet"}));
  EXPECT_EQ(read(store, "train/EUR"), run_of(0, 15));
  remove(store, "train/EUR");
  EXPECT_EQ(rows_below("splits"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(LayoutTest, SeriesThatCannotHaveTheLayoutAreRefused) {
  const Store store = folder_.open();
  auto untimed = laid_out("month");
  untimed.index.clear();
  expect_error(ErrorKind::kInvalidArgument, "no index", [&] { append(store, "k", run_of(0, 1), untimed); });
  expect_error(ErrorKind::kInvalidArgument, "does not fit",
               [&] { append(store, "y/EUR", run_of(0, 1), laid_out(kTemplate)); });
  EXPECT_EQ(folder_.object_files(), 0U);
}

TEST_F(LayoutTest, NoKeyLiesAmongTheDirectoriesOfAnother) {
  const Store store = folder_.open();
  append(store, "m", run_of(0, 1), laid_out("month"));
  append(store, "a/b/c", run_of(0, 1));
  expect_error(ErrorKind::kInvalidArgument, "among the directories", [&] { append(store, "m/1970/01", run_of(0, 1)); });
  expect_error(ErrorKind::kInvalidArgument, "directories would be",
               [&] { append(store, "a/b", run_of(0, 1), laid_out("day")); });
  append(store, "mm", run_of(0, 1), laid_out("month"));
  append(store, "a/b", run_of(0, 1));
  remove(store, "m");
  append(store, "m/1970/01", run_of(0, 1));
}

TEST_F(LayoutTest, OnlyPlacesThatChangeAreTouched) {
  const Store store = folder_.open();
  append(store, "m", quarters("2024-01-01", 4 * 366), laid_out("day"));
  folder_.files().heal();
  const uint64_t before = folder_.files().calls();
  upsert(store, "m", {{second_of("2024-07-01"), -1}});
  const uint64_t calls = folder_.files().calls() - before;
  EXPECT_LT(calls, 60U);
  EXPECT_EQ(rows_below("m"), read(store, "m"));
}

TEST_F(LayoutTest, ForeignFilesStayInAllDirectories) {
  const Store store = folder_.open();
  append(store, "m", quarters("2024-01-30", 16), laid_out("month"));
  append(store, "x/EUR", quarters("2024-01-30", 16), laid_out(kTemplate));
  const Names foreign = {"m/notes.txt", "m/2024/notes.txt", "m/2024/01/notes.txt", "out/EUR/2024/m01/notes.txt"};
  for (const std::string& name : foreign) put_foreign_file(name);
  for (const char* key : {"m", "x/EUR"}) {
    upsert(store, key, {{second_of("2024-01-31"), -1}});
    write(store, key, quarters("2024-02-01", 2));
    remove(store, key);
  }
  for (const std::string& name : foreign) EXPECT_TRUE(std::filesystem::exists(folder_.path(name))) << name;
  EXPECT_EQ(files_below("m"), Names());
  EXPECT_EQ(files_below("out"), Names());
}

TEST_F(LayoutTest, AFileThatLiesWhereATemplateHasItsOwnIsNotReplaced) {
  const Store store = folder_.open();
  put_foreign_file("out/EUR/2024/m01/eur.parquet");
  const auto add = [&] { append(store, "x/EUR", quarters("2024-01-30", 16), laid_out(kTemplate)); };
  expect_error(ErrorKind::kAlreadyExists, "out/EUR/2024/m01/eur.parquet", add);
  EXPECT_EQ(folder_.object_files(), 0U);
  std::filesystem::remove(folder_.path("out/EUR/2024/m01/eur.parquet"));
  add();
  std::filesystem::remove(folder_.path("out/EUR/2024/m01/eur.parquet"));
  put_foreign_file("out/EUR/2024/m01/eur.parquet");
  EXPECT_NE(findings(store).find("replaced from outside"), std::string::npos);
  upsert(store, "x/EUR", {{second_of("2024-01-31"), -1}});
  EXPECT_EQ(std::filesystem::file_size(folder_.path("out/EUR/2024/m01/eur.parquet")), 4U);
}

TEST_F(LayoutTest, SeriesOfTwoTemplatesDoNotTakeEachOthersFile) {
  const Store store = folder_.open();
  append(store, "a/x", run_of(0, 1), laid_out("a/{n}:out/{n}.parquet"));
  expect_error(ErrorKind::kAlreadyExists, "out/x.parquet",
               [&] { append(store, "b/x", run_of(5, 1), laid_out("b/{n}:out/{n}.parquet")); });
  EXPECT_EQ(rows_below("out"), run_of(0, 1));
}

TEST_F(LayoutTest, ALinkInTheWayIsNotFollowed) {
  const Store store = folder_.open();
  std::filesystem::create_directories(directory_ / "elsewhere");
  std::filesystem::create_directories(folder_.path("m"));
  std::filesystem::create_directories(folder_.path("out"));
  std::filesystem::create_symlink(directory_ / "elsewhere", folder_.path("m/2024"));
  std::filesystem::create_symlink(directory_ / "elsewhere", folder_.path("out/EUR"));
  const Rows rows = quarters("2024-01-01", 4);
  expect_error(ErrorKind::kPathTraversal, "symbolic link", [&] { append(store, "m", rows, laid_out("month")); });
  expect_error(ErrorKind::kPathTraversal, "symbolic link", [&] { append(store, "x/EUR", rows, laid_out(kTemplate)); });
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "elsewhere"));
}

TEST_F(LayoutTest, ASeriesMadeAnewMayHaveAnotherLayout) {
  const Store store = folder_.open();
  const Rows rows = quarters("2024-01-30", 16);
  for (const char* layout : {"range", "month", "x/{n}:out/{n}/{yyyy}/f.parquet", "day", kTemplate, "range"}) {
    append(store, "x/EUR", rows, laid_out(layout));
    Rows shown = rows_below("x");
    const Rows more = rows_below("out");
    shown.insert(shown.end(), more.begin(), more.end());
    EXPECT_EQ(shown, rows) << layout;
    EXPECT_EQ(findings(store), "") << layout;
    remove(store, "x/EUR");
  }
}

TEST_F(LayoutTest, VerifySeesWhatIsMissingOrTooMuchInAnyPlace) {
  const Store store = folder_.open();
  append(store, "m", quarters("2024-01-30", 16), laid_out("month"));
  append(store, "x/EUR", quarters("2024-01-30", 16), laid_out(kTemplate));
  const std::string old = folder_.path("kept");
  const std::string month = folder_.path(files_below("m/2024/01").at(0));
  std::filesystem::create_hard_link(month, old);
  upsert(store, "m", {{second_of("2024-01-31"), -1}});
  std::filesystem::rename(old, month);
  std::filesystem::remove(folder_.path("out/EUR/2024/m02/eur.parquet"));
  const std::string found = findings(store);
  EXPECT_NE(found.find("not part of the series any more"), std::string::npos) << found;
  EXPECT_NE(found.find("out/EUR/2024/m02/eur.parquet: is not in the visible tree"), std::string::npos) << found;
}

// Any changes, beside what a map says the series is.
TEST_F(LayoutTest, AnyChangesKeepPeriodsApart) {
  Random random;
  for (const std::string layout : {"month", "day", "x/{n}:out/{n}/{yyyy}/f.parquet", kTemplate}) {
    const std::string key = "x/" + std::to_string(random.next() % 1'000'000);
    std::map<int64_t, int64_t> expected;
    std::optional<Store> store = folder_.open();
    for (int64_t turn = 0; turn < 25; ++turn) {
      Rows rows;
      const int64_t begin = second_of("2023-11-20") + random.between(0, 80) * kDay;
      for (int64_t count = random.between(1, 20); count > 0; --count) {
        rows.emplace_back(begin + random.between(0, 40) * kDay / 2, random.between(0, 5));
      }
      std::sort(rows.begin(), rows.end());
      const auto same = [](const Row& left, const Row& right) { return left.first == right.first; };
      rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
      if (random.one_in(10)) {
        expected.clear();
        change(*store, key, rows, store::WriteMode::kReplaceSeries, laid_out(layout, 8));
      } else {
        change(*store, key, rows, store::WriteMode::kUpsert, laid_out(layout, 8));
      }
      for (const auto& [second, value] : rows) expected[second] = value;
      const Rows all(expected.begin(), expected.end());
      ASSERT_EQ(read(*store, key), all);
      Rows shown = rows_below(key);
      if (layout.find("out/") != std::string::npos) shown = rows_below("out/" + key.substr(2));
      ASSERT_EQ(shown, all) << layout << " " << turn;
      if (random.one_in(5)) store = folder_.open();
    }
    ASSERT_EQ(findings(*store), "") << layout;
  }
}

}  // namespace
}  // namespace varve::testing
