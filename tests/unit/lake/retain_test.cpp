// Rows go by their age.
#include <numeric>

#include "varve/lake/lake.h"

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::Rows;
using testing::run_of;
using testing::to_rows;
using testing::to_table;

constexpr int64_t kDay = 86'400;
constexpr int64_t kNow = 1'704'067'200;  // where the clock stands, 2024-01-01

class RetainTest : public ::testing::Test {
 protected:
  // A row a day, the newest one now.
  void write_days(const std::string& key, int64_t days, SeriesWriteOptions options = {}) {
    Rows rows;
    for (int64_t day = days; day-- > 0;) rows.emplace_back(kNow - day * kDay, day);
    lake_.write(key, to_table(rows), options);
  }
  // The ages of the rows, in days.
  std::vector<int64_t> ages(const std::string& key) {
    std::vector<int64_t> ages;
    for (const auto& [second, value] : to_rows(lake_.read(key))) ages.push_back(value);
    return ages;
  }
  static std::vector<int64_t> days_down_from(int64_t oldest) {
    std::vector<int64_t> ages(static_cast<size_t>(oldest) + 1);
    std::iota(ages.rbegin(), ages.rend(), 0);
    return ages;
  }

  testing::FakeClock clock_;
  testing::TempDirectory directory_ = testing::make_quick_directory();
  Lake lake_ = Lake::open(directory_ / "lake", {.publish_delay = {}, .clock = &clock_});
};

TEST_F(RetainTest, RowsNewerThanTheAgeStay) {
  write_days("k", 10);
  const Commit done = lake_.retain("k", "3d");
  EXPECT_EQ(done.rows_removed, 6);
  EXPECT_EQ(done.version, 2);
  EXPECT_EQ(ages("k"), days_down_from(3));
  EXPECT_EQ(lake_.versions("k").back().operation, "retain");
  EXPECT_EQ(lake_.read("k", {.as_of = 1}).num_rows(), 10);
}

TEST_F(RetainTest, AnAgeIsALengthAMomentOrADay) {
  const std::vector<RowAge> same = {RowAge("2d"),
                                    RowAge("1d24h"),
                                    RowAge(Duration::seconds(2 * kDay)),
                                    RowAge(testing::at_second(kNow - 2 * kDay)),
                                    RowAge("2023-12-30"),
                                    RowAge(parse_date("2023-12-30")),
                                    RowAge("2023-12-30T00:00:00Z"),
                                    RowAge("2023-12-30T01:00", "Europe/Berlin")};
  for (const RowAge& age : same) {
    write_days("k", 5);
    EXPECT_EQ(lake_.retain("k", age).rows_removed, 2);
    EXPECT_EQ(ages("k"), days_down_from(2));
  }
}

TEST_F(RetainTest, WhatIsNoAgeIsRefused) {
  write_days("k", 5);
  for (const char* bad : {"", "3x", "d", "soon", "2023-13-01", "2023-12-30T01:00"}) {
    expect_error(ErrorKind::kInvalidArgument, "", [&] { lake_.retain("k", bad); });
  }
  for (const char* bad : {"0s", "-3d", "-2w"}) {
    expect_error(ErrorKind::kInvalidArgument, "not longer than nothing", [&] { lake_.retain("k", bad); });
  }
  EXPECT_EQ(lake_.info("k").version, 1);
}

TEST_F(RetainTest, WeeksAreALengthOfTime) {
  write_days("k", 20);
  EXPECT_EQ(lake_.retain("k", "2w").rows_removed, 5);
  EXPECT_EQ(ages("k"), days_down_from(14));
}

TEST_F(RetainTest, NothingOlderMakesNoVersion) {
  write_days("k", 5);
  EXPECT_EQ(lake_.retain("k", "10d").id, "");
  EXPECT_EQ(lake_.retain("k", Timestamp::min()).version, 1);
  expect_error(ErrorKind::kNotFound, "no series", [&] { lake_.retain("other", "10d"); });
}

TEST_F(RetainTest, ASeriesOfWhichAllIsOldBecomesEmpty) {
  write_days("k", 5);
  EXPECT_EQ(lake_.retain("k", Timestamp::max()).rows_removed, 5);
  EXPECT_EQ(ages("k"), std::vector<int64_t>());
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(RetainTest, AnUntimedSeriesHasNoAge) {
  SeriesWriteOptions untimed;
  untimed.series.index = "";
  const std::vector<std::string> values = {"value"};
  lake_.write("k", to_table(run_of(0, 3)).select(values), untimed);
  expect_error(ErrorKind::kInvalidArgument, "untimed", [&] { lake_.retain("k", "10d"); });
  expect_error(ErrorKind::kInvalidArgument, "untimed", [&] { lake_.retain("k", Timestamp::min()); });
}

TEST_F(RetainTest, ADryRunCountsAndChangesNothing) {
  write_days("k", 10);
  const Commit would = lake_.retain("k", "3d", {.dry_run = true});
  EXPECT_EQ(would.rows_removed, 6);
  EXPECT_EQ(would.version, 1);
  EXPECT_EQ(would.id, "");
  EXPECT_EQ(ages("k"), days_down_from(9));
  EXPECT_EQ(lake_.remove("k", {.dry_run = true}).rows_removed, 10);
  EXPECT_TRUE(lake_.exists("k"));
  lake_.remove("k");
  EXPECT_EQ(lake_.restore("k", 1, {.dry_run = true}).rows_added, 10);
  EXPECT_FALSE(lake_.exists("k"));
}

TEST_F(RetainTest, ManyKeysAreOneCommit) {
  write_days("a", 10);
  write_days("b", 2);
  write_days("c", 7);
  const std::vector<Commit> done = lake_.retain_many({"c", "a", "b"}, "3d");
  ASSERT_EQ(done.size(), 3U);
  EXPECT_EQ(done[0].rows_removed, 6);
  EXPECT_EQ(done[1].id, "");
  EXPECT_EQ(done[2].id, done[0].id);
  expect_error(ErrorKind::kNotFound, "no series", [&] { lake_.retain_many({"a", "other"}, "1d"); });
  EXPECT_EQ(ages("a"), days_down_from(3));
}

TEST_F(RetainTest, ItIsPartOfATransaction) {
  write_days("k", 10);
  Transaction changes = lake_.transaction();
  changes.retain("k", "3d").write("other", to_table(run_of(0, 1)));
  expect_error(ErrorKind::kInvalidArgument, "dry run", [&] { changes.retain("x", "3d", {.dry_run = true}); });
  const std::vector<Commit> done = changes.commit();
  EXPECT_EQ(done[0].rows_removed, 6);
  EXPECT_EQ(done[0].id, done[1].id);
}

TEST_F(RetainTest, AnExpectedVersionIsChecked) {
  write_days("k", 5);
  const ChangeOptions other{.expects_version = 2};
  const SeriesRange all{.start = Timestamp::min(), .end = Timestamp::max()};
  expect_error(ErrorKind::kConcurrentWrite, "has version 1", [&] { lake_.retain("k", "1d", other); });
  expect_error(ErrorKind::kConcurrentWrite, "has version 1", [&] { lake_.remove("k", other); });
  expect_error(ErrorKind::kConcurrentWrite, "has version 1", [&] { lake_.remove_range("k", all, other); });
  expect_error(ErrorKind::kConcurrentWrite, "has version 1", [&] { lake_.restore("k", 1, other); });
  EXPECT_EQ(lake_.retain("k", "1d", {.expects_version = 1}).version, 2);
  EXPECT_EQ(lake_.restore("k", 1, {.expects_version = 2}).version, 3);
  EXPECT_EQ(lake_.remove("k", {.expects_version = 3}).version, 4);
}

TEST_F(RetainTest, NobodyFetchesAgainWhatWentByAge) {
  const Timestamp start = testing::at_second(kNow - 9 * kDay);
  const Timestamp end = testing::at_second(kNow + 1);
  write_days("k", 10, {.coverage = {.received = {{start, end}}}});
  lake_.retain("k", "3d");
  EXPECT_EQ(lake_.coverage("k").requested, (TimeRanges{{testing::at_second(kNow - 3 * kDay), end}}));
  EXPECT_TRUE(lake_.missing("k").empty());
}

// In each layout: files that are old as a whole go without being read, others stay as they are, one is cut.
class RetainLayoutTest : public RetainTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(RetainLayoutTest, OnlyTheFileThatIsCutIsWritten) {
  SeriesWriteOptions options;
  options.series.layout = GetParam();
  options.series.target_rows_per_file = 20;
  write_days("series", 200, options);
  const std::vector<std::string> before = lake_.files("series", 1);
  EXPECT_EQ(lake_.retain("series", "50d").rows_removed, 149);
  EXPECT_EQ(ages("series"), days_down_from(50));
  int64_t fresh = 0;
  for (const std::string& file : lake_.files("series", 2)) fresh += std::count(before.begin(), before.end(), file) == 0;
  EXPECT_LE(fresh, 1);
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_P(RetainLayoutTest, WhatIsOldAsAWholeIsNotRead) {
  SeriesWriteOptions options;
  options.series.layout = GetParam();
  options.series.target_rows_per_file = 20;
  write_days("series", 200, options);
  std::filesystem::resize_file(base::join_path(lake_.root(), lake_.files("series", 1).front()), 10);
  expect_error(ErrorKind::kCorruption, "10 bytes", [&] { static_cast<void>(lake_.read("series")); });
  EXPECT_EQ(lake_.retain("series", "50d").rows_removed, 149);
  EXPECT_EQ(ages("series"), days_down_from(50));
}

TEST_P(RetainLayoutTest, IsWhatFilteringByAgeWouldLeave) {
  testing::Random random;
  SeriesWriteOptions options;
  options.series.layout = GetParam();
  options.series.target_rows_per_file = 10;
  write_days("series", 150, options);
  Rows model = to_rows(lake_.read("series"));
  while (!model.empty()) {
    const int64_t first = model.front().first + random.between(-1, 20 * kDay);
    const size_t old = std::erase_if(model, [&](const testing::Row& row) { return row.first < first; });
    EXPECT_EQ(lake_.retain("series", testing::at_second(first)).rows_removed, static_cast<int64_t>(old));
    ASSERT_EQ(to_rows(lake_.read("series")), model);
  }
  EXPECT_TRUE(lake_.verify().clean());
}

INSTANTIATE_TEST_SUITE_P(Layouts, RetainLayoutTest,
                         ::testing::Values("range", "month", "day", "{name}/{yyyy}/{mm}/data.parquet"));

}  // namespace
}  // namespace varve
