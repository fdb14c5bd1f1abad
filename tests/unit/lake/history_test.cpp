// The past of a lake: versions, times, snapshots, what is brought back and what is let go; and transactions.
#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::expect_error;
using testing::FakeClock;
using testing::Rows;
using testing::run_of;
using testing::to_rows;
using testing::to_table;

constexpr VacuumOptions kNothing{.all_for = Duration{}, .hourly_for = Duration{}};

class HistoryTest : public ::testing::Test {
 protected:
  Lake open() { return Lake::open(directory_ / "lake", {.publish_delay = {}, .clock = &clock_}); }

  // One version a second: of the first row, of two, of three, ….
  void grow(Lake& lake, const std::string& key, int64_t versions) {
    for (int64_t row = 0; row < versions; ++row) {
      clock_.advance(Duration::seconds(1));
      lake.append(key, to_table(run_of(row, 1)));
    }
  }
  Rows read(const Lake& lake, const std::string& key, std::optional<AsOf> as_of = {}) {
    ReadOptions options;
    options.as_of = std::move(as_of);
    return to_rows(lake.read(key, options));
  }

  static Rows read_file(const Lake& lake, const std::string& name) {
    const std::unique_ptr<base::FileSystem> files = base::make_system_file_system();
    const std::string path = base::join_path(lake.root(), name);
    return to_rows(parquet::Reader::open(files->open(path, base::OpenMode::kRead), path).read());
  }

  FakeClock clock_;
  testing::TempDirectory directory_ = testing::make_quick_directory();
};

TEST_F(HistoryTest, VersionsTellWhatEachCommitDid) {
  Lake lake = open();
  grow(lake, "k", 2);
  lake.remove("k");
  const std::vector<VersionInfo> versions = lake.versions("k");
  ASSERT_EQ(versions.size(), 3U);
  EXPECT_EQ(versions[1].version, 2);
  EXPECT_EQ(versions[1].operation, "append");
  EXPECT_EQ(versions[1].rows, 2);
  EXPECT_EQ(versions[1].rows_added, 1);
  EXPECT_EQ(versions[1].commit_id.size(), 32U);
  EXPECT_GT(versions[1].time, versions[0].time);
  EXPECT_TRUE(versions[2].deleted);
  EXPECT_EQ(versions[2].rows_removed, 2);
  expect_error(ErrorKind::kNotFound, "no series", [&] { static_cast<void>(lake.versions("other")); });
}

TEST_F(HistoryTest, ATimeIsTheVersionThatWasTheNewestThen) {
  Lake lake = open();
  const Timestamp begin = clock_.now();
  grow(lake, "k", 3);
  EXPECT_EQ(read(lake, "k", begin + Duration::seconds(2)), run_of(0, 2));
  EXPECT_EQ(read(lake, "k", begin + Duration::milliseconds(2900)), run_of(0, 2));
  EXPECT_EQ(read(lake, "k", Timestamp::max()), run_of(0, 3));
  expect_error(ErrorKind::kNotFound, "no version of", [&] { read(lake, "k", begin); });
}

TEST_F(HistoryTest, ASnapshotNamesVersionsOfManyKeys) {
  Lake lake = open();
  grow(lake, "a", 2);
  grow(lake, "b", 1);
  EXPECT_EQ(lake.make_snapshot("then"), 2);
  grow(lake, "c", 1);
  lake.write("a", to_table({}));
  lake.remove("b");
  EXPECT_EQ(read(lake, "a", "then"), run_of(0, 2));
  EXPECT_EQ(read(lake, "b", "then"), run_of(0, 1));
  expect_error(ErrorKind::kNotFound, "\"c\" is not in snapshot \"then\"", [&] { read(lake, "c", "then"); });
  expect_error(ErrorKind::kNotFound, "no snapshot \"now\"", [&] { read(lake, "a", "now"); });
  EXPECT_EQ(lake.snapshot("then"), (std::vector<std::pair<std::string, int64_t>>{{"a", 2}, {"b", 1}}));
  EXPECT_EQ(lake.snapshots().at(0).keys, 2);
  expect_error(ErrorKind::kAlreadyExists, "then", [&] { lake.make_snapshot("then"); });
  expect_error(ErrorKind::kNotFound, "\"x\"", [&] { lake.make_snapshot("of x", std::vector<std::string>{"x"}); });
  EXPECT_EQ(lake.snapshots().size(), 1U);
  EXPECT_EQ(lake.make_snapshot("twice", std::vector<std::string>{"c", "a", "c"}), 2);
  lake.remove_snapshot("twice");
  lake.remove_snapshot("then");
  EXPECT_TRUE(lake.snapshots().empty());
}

TEST_F(HistoryTest, VacuumGoesByThePolicyOfTheLakeUnlessToldOtherwise) {
  const RetentionPolicy policy{.all_for = Duration::seconds(1000), .hourly_for = {}, .versions_max = 3};
  {
    Lake lake = open();
    grow(lake, "k", 6);
    lake.set_retention_policy(policy);
    expect_error(ErrorKind::kInvalidArgument, "versions_max", [&] { lake.set_retention_policy({.versions_max = -1}); });
    expect_error(ErrorKind::kInvalidArgument, "all_for", [&] { lake.vacuum("k", {.all_for = Duration{-1}}); });
  }
  Lake lake = open();
  EXPECT_EQ(lake.retention_policy(), policy);
  EXPECT_EQ(lake.stats().retention, policy);
  EXPECT_EQ(lake.stats().free_files, lake.stats({.versions_max = 3}).free_files);
  EXPECT_EQ(lake.vacuum("k", {.versions_max = 4}).versions, 2);
  EXPECT_EQ(lake.vacuum("k").versions, 1);
  clock_.advance(Duration::seconds(2000));
  EXPECT_EQ(lake.vacuum("k", {.all_for = Duration::seconds(5000)}).versions, 0);
  EXPECT_EQ(lake.vacuum("k").versions, 2);
}

TEST_F(HistoryTest, RestoringIsANewVersion) {
  Lake lake = open();
  grow(lake, "k", 3);
  EXPECT_EQ(lake.restore("k", 2).version, 4);
  EXPECT_EQ(lake.versions("k").back().operation, "restore");
  EXPECT_EQ(read(lake, "k"), run_of(0, 2));
  EXPECT_EQ(read(lake, "k", 3), run_of(0, 3));
  EXPECT_EQ(lake.restore("k", 4).id, "");  // it is so already
}

TEST_F(HistoryTest, ADeletedSeriesComesBackAsItWas) {
  Lake lake = open();
  SeriesWriteOptions options;
  options.series.kind = "features";
  options.series.compression = "zstd";
  options.series.layout = "month";
  lake.write("k", to_table(run_of(0, 3)), options);
  const SeriesInfo before = lake.info("k");
  lake.remove("k");
  EXPECT_EQ(lake.restore("k", 1).version, 3);
  const SeriesInfo after = lake.info("k");
  EXPECT_EQ(after.kind, before.kind);
  EXPECT_EQ(after.identity, before.identity);
  EXPECT_EQ(after.compression, before.compression);
  EXPECT_EQ(after.layout, before.layout);
  EXPECT_EQ(read(lake, "k"), run_of(0, 3));
}

TEST_F(HistoryTest, VacuumKeepsTheNewestAndSnapshots) {
  Lake lake = open();
  grow(lake, "k", 3);
  lake.make_snapshot("three");
  clock_.advance(Duration::seconds(1));
  lake.write("k", to_table(run_of(5, 1)));
  clock_.advance(Duration::seconds(1));
  EXPECT_EQ(lake.vacuum("k").versions, 0);  // all are of the last hour
  EXPECT_EQ(lake.vacuum("k", kNothing).versions, 2);
  EXPECT_EQ(lake.versions("k").size(), 2U);
  EXPECT_EQ(read(lake, "k", "three"), run_of(0, 3));
  EXPECT_EQ(read(lake, "k"), run_of(5, 1));
  expect_error(ErrorKind::kNotFound, "no version 1", [&] { read(lake, "k", 1); });
  EXPECT_TRUE(lake.verify().clean());
}

TEST_F(HistoryTest, ADiffTellsWhatChangedBetweenTwoStates) {
  Lake lake = open();
  const Timestamp begin = clock_.now();
  for (int64_t row = 0; row < 3; ++row) {
    clock_.advance(Duration::seconds(1));
    lake.append("k", to_table(run_of(row, 1)), {.series = {.identity = {{"timestamp"}}}});
  }
  lake.make_snapshot("three");
  lake.upsert("k", to_table({{1, 9}, {7, 7}}));
  const Diff diff = lake.diff("k", "three");
  EXPECT_EQ(diff.from_version, 3);
  EXPECT_EQ(diff.to_version, 4);
  EXPECT_EQ(to_rows(diff.added), (Rows{{7, 7}}));
  EXPECT_EQ(to_rows(diff.before), (Rows{{1, 1}}));
  EXPECT_EQ(to_rows(diff.after), (Rows{{1, 9}}));
  EXPECT_EQ(lake.diff("k", begin + Duration::seconds(1), 3).rows_added, 2);
  EXPECT_EQ(lake.diff("k", 1, 4, {.limit = 1}).added.num_rows(), 1);
  EXPECT_TRUE(lake.diff("k", 4).empty());
  EXPECT_FALSE(diff.empty());
  expect_error(ErrorKind::kInvalidArgument, "limit is -1",
               [&] { static_cast<void>(lake.diff("k", 1, 4, {.limit = -1})); });
  expect_error(ErrorKind::kNotFound, "no version 9", [&] { static_cast<void>(lake.diff("k", 9)); });
}

TEST_F(HistoryTest, FilesOfAVersionStayWhatTheyAre) {
  Lake lake = open();
  grow(lake, "k", 1);
  const std::vector<std::string> then = lake.files("k", 1);
  const std::vector<std::string> newest = lake.files("k");
  ASSERT_EQ(then.size(), 1U);
  EXPECT_EQ(then[0].rfind(".varve/objects/", 0), 0U);
  EXPECT_EQ(newest[0].rfind("k/", 0), 0U);
  lake.write("k", to_table(run_of(7, 2)));
  EXPECT_EQ(lake.files("k", 1), then);
  EXPECT_EQ(read_file(lake, then[0]), run_of(0, 1));
  EXPECT_EQ(read_file(lake, lake.files("k", 2)[0]), run_of(7, 2));
  expect_error(ErrorKind::kNotFound, "no version 9", [&] { static_cast<void>(lake.files("k", 9)); });
}

TEST_F(HistoryTest, FilesAreMadeOfRowsThatOnlyTheCatalogHas) {
  Lake lake = Lake::open(directory_ / "lake", {.publish_delay = Duration::seconds(3600), .clock = &clock_});
  grow(lake, "k", 2);
  const Lake reader = Lake::open(directory_ / "lake", {.read_only = true, .clock = &clock_});
  expect_error(ErrorKind::kReadOnly, "in the catalog", [&] { static_cast<void>(reader.files("k", 1)); });
  const std::vector<std::string> then = lake.files("k", 1);
  EXPECT_EQ(read_file(lake, then.at(0)), run_of(0, 1));
  EXPECT_EQ(reader.files("k", 1), then);
  EXPECT_TRUE(lake.verify().clean());
}

class TransactionTest : public HistoryTest {};

TEST_F(TransactionTest, OfNothingIsNoCommit) {
  Lake lake = open();
  EXPECT_TRUE(lake.transaction().commit().empty());
}

TEST_F(TransactionTest, IsOneCommitOfManyKeys) {
  Lake lake = open();
  grow(lake, "old", 2);
  Transaction transaction = lake.transaction();
  transaction.append("a", to_table(run_of(0, 1))).write("b", to_table(run_of(0, 2))).remove("old");
  EXPECT_FALSE(lake.exists("a"));
  const std::vector<Commit> commits = transaction.commit();
  ASSERT_EQ(commits.size(), 3U);
  EXPECT_EQ(commits[0].key, "a");
  for (const Commit& commit : commits) EXPECT_EQ(commit.id, commits[0].id);
  EXPECT_EQ(read(lake, "b"), run_of(0, 2));
  EXPECT_FALSE(lake.exists("old"));
  EXPECT_EQ(lake.versions("a").at(0).operation, "transaction");
}

TEST_F(TransactionTest, OneRefusalRefusesAll) {
  Lake lake = open();
  grow(lake, "b", 2);
  Transaction transaction = lake.transaction();
  transaction.append("a", to_table(run_of(0, 1)))
      .append("b", to_table(run_of(0, 1)), {.series = {.identity = {{"timestamp"}}}});
  expect_error(ErrorKind::kInvalidArgument, "identity", [&] { transaction.commit(); });
  EXPECT_FALSE(lake.exists("a"));
  EXPECT_EQ(lake.info("b").version, 2);
  expect_error(ErrorKind::kInvalidArgument, "committed already", [&] { transaction.commit(); });
}

TEST_F(TransactionTest, WhatIsRefusedNamesItsSeries) {
  Lake lake = open();
  lake.write("b", to_table(run_of(0, 2)), {.series = {.identity = {{"timestamp"}}}});
  const std::string place = "series \"b\": there is a row with";
  Transaction transaction = lake.transaction();
  transaction.append("a", to_table(run_of(0, 1))).append("b", to_table(run_of(0, 1)));
  expect_error(ErrorKind::kAlreadyExists, place, [&] { transaction.commit(); });
  expect_error(ErrorKind::kAlreadyExists, place, [&] {
    lake.append_many({{"a", to_table(run_of(0, 1))}, {"b", to_table(run_of(0, 1))}});
  });
  expect_error(ErrorKind::kNotFound, "series \"b\": no column x",
               [&] { static_cast<void>(lake.read_many({"b"}, {.pivot = "x"})); });
}

TEST_F(TransactionTest, OfSeveralRefusalsTheFirstIsTold) {
  Lake lake = open();
  for (const char* key : {"a", "b", "c"}) {
    lake.write(key, to_table(run_of(0, 2)), {.series = {.identity = {{"timestamp"}}}});
  }
  expect_error(ErrorKind::kAlreadyExists, "series \"b\"", [&] {
    lake.append_many({{"b", to_table(run_of(0, 1))}, {"a", to_table(run_of(0, 1))}, {"c", to_table(run_of(0, 1))}});
  });
}

TEST_F(TransactionTest, KeysAreCheckedAtOnceAndChangedOnce) {
  Lake lake = open();
  Transaction transaction = lake.transaction();
  expect_error(ErrorKind::kPathTraversal, "..", [&] { transaction.append("../a", to_table({})); });
  transaction.append("a", to_table(run_of(0, 1)));
  expect_error(ErrorKind::kInvalidArgument, "twice", [&] { transaction.remove("a"); });
  transaction.commit();
  EXPECT_EQ(read(lake, "a"), run_of(0, 1));
}

TEST_F(TransactionTest, ThousandsOfKeysGoInAtOnce) {
  Lake lake = open();
  for (int round = 0; round < 2; ++round) {
    Transaction transaction = lake.transaction();
    for (int key = 0; key < 3000; ++key) transaction.append("k/" + std::to_string(key), to_table(run_of(round, 1)));
    EXPECT_EQ(transaction.commit().size(), 3000U);
  }
  EXPECT_EQ(lake.list_keys().size(), 3000U);
  EXPECT_EQ(read(lake, "k/2999"), run_of(0, 2));
}

TEST_F(TransactionTest, ExpectedVersionIsChecked) {
  Lake lake = open();
  SeriesWriteOptions options;
  options.expects_version = 0;
  lake.append("k", to_table(run_of(0, 1)), options);
  expect_error(ErrorKind::kConcurrentWrite, "has version 1 and should have 0",
               [&] { lake.append("k", to_table(run_of(1, 1)), options); });
  options.expects_version = 1;
  EXPECT_EQ(lake.append("k", to_table(run_of(1, 1)), options).version, 2);
}

// Keys may not lie among the directories of a series by month or day, whoever makes them.
TEST_F(TransactionTest, OneCommitMakesNoKeyAmongTheDirectoriesOfAnother) {
  Lake lake = open();
  for (const char* layout : {"month", "day"}) {
    for (const bool above_first : {true, false}) {
      Transaction transaction = lake.transaction();
      const auto below = [&] { transaction.write("p/2024/01", to_table(run_of(0, 1))); };
      if (!above_first) below();
      transaction.write("p", to_table(run_of(0, 1)), {.series = {.layout = layout}});
      if (above_first) below();
      expect_error(ErrorKind::kInvalidArgument, "key \"p/2024/01\" lies where its directories would be",
                   [&] { transaction.commit(); });
    }
  }
  EXPECT_TRUE(lake.list_keys().empty());
  lake.write("p", to_table(run_of(0, 1)), {.series = {.layout = "month"}});
  expect_error(ErrorKind::kInvalidArgument, "would lie among the directories of series \"p\"", [&] {
    lake.append_many({{"a", to_table(run_of(0, 1))}, {"p/b", to_table(run_of(0, 1))}});
  });
  EXPECT_EQ(lake.list_keys(), std::vector<std::string>{"p"});
}

TEST_F(TransactionTest, ADryRunTellsOfKeysAmongDirectoriesToo) {
  Lake lake = open();
  lake.write("p", to_table(run_of(0, 1)), {.series = {.layout = "month"}});
  lake.remove("p");
  grow(lake, "p/a", 1);
  for (const bool dry_run : {true, false}) {
    expect_error(ErrorKind::kInvalidArgument, "key \"p/a\" lies where its directories would be",
                 [&] { lake.restore("p", 1, {.dry_run = dry_run}); });
  }
}

TEST_F(TransactionTest, AKeyThatGoesMakesRoomForOneWithDirectories) {
  Lake lake = open();
  grow(lake, "p/1970/01", 2);
  lake.transaction().write("p", to_table(run_of(5, 1)), {.series = {.layout = "month"}}).remove("p/1970/01").commit();
  EXPECT_EQ(read(lake, "p"), run_of(5, 1));
  EXPECT_FALSE(lake.exists("p/1970/01"));
  EXPECT_TRUE(lake.verify().clean());
}

}  // namespace
}  // namespace varve
