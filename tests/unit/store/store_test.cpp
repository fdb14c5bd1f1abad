#include "varve/store/store.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "varve/base/clock.h"
#include "varve/parquet/reader.h"

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Selection;
using store::Store;
using store::WriteMode;

TEST_F(StoreTest, AppendedRowsAreRead) {
  const Store store = folder_.open();
  EXPECT_EQ(append(store, "fx/EUR", run_of(0, 5)).version, 1);
  EXPECT_EQ(append(store, "fx/EUR", run_of(5, 5)).version, 2);
  EXPECT_EQ(read(store, "fx/EUR"), run_of(0, 10));
}

TEST_F(StoreTest, RowsSurviveClosing) {
  append(folder_.open(), "fx/EUR", run_of(0, 5));
  EXPECT_EQ(read(folder_.open(), "fx/EUR"), run_of(0, 5));
}

TEST_F(StoreTest, TheVisibleFilesAreTheSeries) {
  const Store store = folder_.open();
  append(store, "fx/EUR", run_of(0, 5));
  upsert(store, "fx/EUR", {{3, 30}, {100, 100}});
  EXPECT_EQ(folder_.glob("fx/EUR"), read(store, "fx/EUR"));
  EXPECT_EQ(findings(store), "");
}

TEST_F(StoreTest, OldVersionsStayReadable) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 5));
  upsert(store, "k", {{3, 30}});
  write(store, "k", {{7, 7}});
  EXPECT_EQ(read(store, "k", {.version = 1}), run_of(0, 5));
  EXPECT_EQ(read(store, "k", {.version = 2})[3], Row(3, 30));
  EXPECT_EQ(read(store, "k", {.version = 3}), Rows({{7, 7}}));
}

TEST_F(StoreTest, RangesHaveBothEnds) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 100), keyed(10));
  Selection selection{
      .first = at_second(15), .last = at_second(42), .within_range = true, .columns = {}, .rows_max = {}};
  EXPECT_EQ(read(store, "k", selection), run_of(15, 28));
  selection.rows_max = 3;
  EXPECT_EQ(read(store, "k", selection), run_of(15, 3));
  selection.from_end = true;
  EXPECT_EQ(read(store, "k", selection), run_of(40, 3));
  selection.rows_max = 20;
  EXPECT_EQ(read(store, "k", selection), run_of(23, 20));
}

TEST_F(StoreTest, AnEmptyRangeIsAnEmptyTable) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 10));
  Selection selection{
      .first = at_second(20), .last = at_second(30), .within_range = true, .columns = {}, .rows_max = {}};
  EXPECT_EQ(store.read("k", selection).schema().size(), 2U);
  EXPECT_EQ(read(store, "k", selection), Rows());
  selection.last = at_second(5);
  EXPECT_EQ(read(store, "k", selection), Rows());
}

TEST_F(StoreTest, ColumnsComeInTheOrderNamed) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 10));
  const Table table = store.read("k", {.columns = {{"value", "timestamp"}}, .rows_max = {}});
  EXPECT_EQ(table.schema()[0].name, "value");
  EXPECT_EQ(to_rows(table), run_of(0, 10));
}

TEST_F(StoreTest, WhatIsNotThereIsNotFound) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 10));
  expect_error(ErrorKind::kNotFound, "\"q\"", [&] { static_cast<void>(store.read("q")); });
  expect_error(ErrorKind::kNotFound, "version 2", [&] { static_cast<void>(store.read("k", {.version = 2})); });
  expect_error(ErrorKind::kNotFound, "price",
               [&] { static_cast<void>(store.read("k", {.columns = {{"price"}}, .rows_max = {}})); });
  expect_error(ErrorKind::kNotFound, "\"q\"", [&] { remove(store, "q"); });
}

TEST_F(StoreTest, OldFilesReadNullInNewColumns) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 2), keyed(2));
  store::SeriesWrite more;
  more.change.rows = to_table({{5, 5}, {6, 6}, {7, 7}})
                         .with_column({.name = "extra", .type = DataType::float64()},
                                      make_column<double>(DataType::float64(), std::vector{1.5, 2.5, 3.5}));
  change(store, "k", more);
  const Table table = store.read("k");
  EXPECT_TRUE(table.column("extra").is_null(1));
  EXPECT_FALSE(table.column("extra").is_null(2));
  EXPECT_EQ(store.read("k", {.columns = {{"extra"}}, .rows_max = {}}).num_rows(), 5);
  EXPECT_EQ(store.read("k", {.version = 1}).schema().size(), 2U);
  EXPECT_EQ(findings(store), "");
}

TEST_F(StoreTest, DeletedSeriesVanishAndCountOnWhenMadeAgain) {
  const Store store = folder_.open();
  append(store, "a/b/c", run_of(0, 5));
  EXPECT_EQ(remove(store, "a/b/c").version, 2);
  expect_error(ErrorKind::kNotFound, "a/b/c", [&] { static_cast<void>(store.read("a/b/c")); });
  EXPECT_FALSE(std::filesystem::exists(folder_.path("a")));
  EXPECT_EQ(append(store, "a/b/c", run_of(0, 3)).version, 3);
  EXPECT_EQ(folder_.glob("a/b/c"), run_of(0, 3));
  EXPECT_EQ(read(store, "a/b/c", {.version = 1}), run_of(0, 5));
}

TEST_F(StoreTest, NothingChangedMakesNoVersion) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 5));
  const store::SeriesResult result = upsert(store, "k", run_of(0, 5));
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(result.version, 1);
  EXPECT_EQ(result.counts.unchanged, 5);
}

TEST_F(StoreTest, ASeriesWithoutRowsIsThere) {
  const Store store = folder_.open();
  append(store, "k", {});
  EXPECT_EQ(read(store, "k"), Rows());
  write(store, "k", run_of(0, 2));
  write(store, "k", {});
  EXPECT_EQ(read(store, "k"), Rows());
  EXPECT_EQ(folder_.visible_files("k").size(), 0U);
  EXPECT_EQ(findings(store), "");
}

TEST_F(StoreTest, AFileIsBroughtInOnceWhereRowsHaveNoIdentity) {
  const Store store = folder_.open();
  store::SeriesWrite write;
  write.change.rows = to_table(run_of(0, 3));
  write.definition = unkeyed();
  write.source_name = "a.csv";
  write.source_sha256 = std::string(64, 'a');
  EXPECT_FALSE(change(store, "k", write).source_seen);
  EXPECT_TRUE(change(store, "k", write).source_seen);
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
}

TEST_F(StoreTest, SeveralKeysChangeInOneCommit) {
  const Store store = folder_.open();
  store::WriteSession session = store.begin_write({"a", "b"});
  for (const char* key : {"a", "b"}) {
    session.write({.key = key,
                   .change = {.rows = to_table(run_of(0, 3))},
                   .definition = keyed(),
                   .source_name = {},
                   .source_sha256 = {}});
  }
  EXPECT_EQ(session.commit().series.size(), 2U);
  EXPECT_EQ(read(store, "a"), read(store, "b"));
  EXPECT_EQ(folder_.glob("a"), folder_.glob("b"));
}

TEST_F(StoreTest, ASessionThatIsNotCommittedLeavesNothing) {
  const Store store = folder_.open();
  {
    store::WriteSession session = store.begin_write({"k"});
    session.write({.key = "k",
                   .change = {.rows = to_table(run_of(0, 3))},
                   .definition = keyed(),
                   .source_name = {},
                   .source_sha256 = {}});
  }
  EXPECT_EQ(folder_.object_files(), 0U);
  append(store, "k", run_of(0, 1));
}

TEST_F(StoreTest, AHeldKeyMakesOthersWaitInVain) {
  const Store store = folder_.open();
  const store::WriteSession held = store.begin_write({"k"});
  const Store other = Store::open(folder_.files(), folder_.clock(), folder_.root(),
                                  {.lock_timeout = Duration::milliseconds(5), .log = {}});
  expect_error(ErrorKind::kConcurrentWrite, "\"k\"", [&] { append(other, "k", run_of(0, 1)); });
  append(other, "free", run_of(0, 1));
}

TEST_F(StoreTest, FilesSayWhatTheyAre) {
  const Store store = folder_.open();
  append(store, "fx/EUR", run_of(0, 3));
  const std::string file = folder_.path("fx/EUR/" + folder_.visible_files("fx/EUR").at(0));
  const parquet::Reader reader = parquet::Reader::open(folder_.files().open(file, base::OpenMode::kRead), file);
  EXPECT_EQ(reader.schema().metadata("varve.key"), "fx/EUR");
  EXPECT_EQ(reader.schema().metadata("varve.identity"), "[]");
  EXPECT_EQ(reader.schema().metadata("varve.version"), "1");
}

TEST_F(StoreTest, OnlyALakeCanBeOpenedWithoutMakingIt) {
  const auto open = [&](const std::string& root, bool create) {
    static_cast<void>(Store::open(folder_.files(), folder_.clock(), root, {.create = create, .log = {}}));
  };
  expect_error(ErrorKind::kNotFound, "no lake", [&] { open(folder_.root(), false); });
  EXPECT_FALSE(std::filesystem::exists(folder_.root()));
  base::write_whole_file(folder_.files(), directory_ / "file", [](base::File&) {});
  expect_error(ErrorKind::kInvalidArgument, "directory", [&] { open(directory_ / "file", true); });
}

TEST_F(StoreTest, AReadOnlyStoreReadsAndDoesNotWrite) {
  append(folder_.open(), "k", run_of(0, 3));
  const Store store = folder_.open(true);
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
  expect_error(ErrorKind::kReadOnly, folder_.root(), [&] { append(store, "k", run_of(5, 1)); });
}

TEST_F(StoreTest, ALakeThatWasMovedOrCopiedIsWhole) {
  append(folder_.open(), "k", run_of(0, 30), keyed(10));
  std::filesystem::copy(folder_.root(), directory_ / "copy",
                        std::filesystem::copy_options::recursive);  // no hard links
  LakeFolder copy(directory_ / "copy");
  const Store store = copy.open();
  EXPECT_EQ(findings(store), "");
  write(store, "k", run_of(5, 2));
  EXPECT_EQ(copy.glob("k"), run_of(5, 2));
  EXPECT_EQ(read(store, "k", {.version = 1}), run_of(0, 30));
}

TEST_F(StoreTest, ACleanCloseLeavesNothingToMend) {
  {
    Store store = folder_.open();
    append(store, "k", run_of(0, 3));
    EXPECT_EQ(folder_.staged().size(), 1U);
    store.close();
  }
  EXPECT_EQ(folder_.staged().size(), 0U);
  EXPECT_NE(folder_.open().catalog().property("clean_mark"), "");
}

TEST_F(StoreTest, TheLakeIsNotMarkedCleanWhileSomebodyElseWrites) {
  Store other = folder_.open();
  append(other, "k", run_of(0, 3));
  append(folder_.open(), "k", run_of(5, 3));
  EXPECT_EQ(other.catalog().property("clean_mark"), "");
}

TEST_F(StoreTest, ADamagedFileIsNamedAndTheRestStaysReadable) {
  {
    const Store store = folder_.open();
    append(store, "bad", run_of(0, 3));
    append(store, "good", run_of(0, 3));
  }
  const std::string file = folder_.path("bad/" + folder_.visible_files("bad").at(0));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 10);
  const Store store = folder_.open();
  expect_error(ErrorKind::kCorruption, "bad/1970", [&] { static_cast<void>(store.read("bad")); });
  EXPECT_EQ(read(store, "good"), run_of(0, 3));
  const store::Verification found = store.verify();
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].key, "bad");
  EXPECT_EQ(found.files, 2);
}

TEST_F(StoreTest, AChangedByteIsFound) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const std::string file = folder_.path("k/" + folder_.visible_files("k").at(0));
  const std::byte other{0x5A};
  folder_.files().open(file, base::OpenMode::kReadWrite)->write_at(6, std::span(&other, 1));
  EXPECT_NE(findings(store).find("SHA-256"), std::string::npos) << findings(store);
}

// A file of the series with as many bytes as another one, a moment after both were written.
TEST_F(StoreTest, AFileThatAnotherOneWasCopiedOverIsNotRead) {
  folder_.clock().set(base::SystemClock().now());
  {
    const Store store = folder_.open();
    write(store, "day", {{0, 1}, {86'400, 2}, {2 * 86'400, 3}, {3 * 86'400, 4}}, laid_out("day"));
  }
  std::map<uintmax_t, std::vector<std::string>> by_size;
  for (const std::string& name : folder_.visible_files("day")) {
    const std::string file = folder_.path("day/" + name);
    by_size[std::filesystem::file_size(file)].push_back(file);
  }
  const auto alike =
      std::find_if(by_size.begin(), by_size.end(), [](const auto& one) { return one.second.size() > 1; });
  ASSERT_NE(alike, by_size.end());
  std::filesystem::copy_file(alike->second[1], alike->second[0], std::filesystem::copy_options::overwrite_existing);
  const Store store = folder_.open();
  expect_error(ErrorKind::kCorruption, "changed from outside", [&] { static_cast<void>(store.read("day")); });
}

// Its time is that of before, as some programs keep it.
TEST_F(StoreTest, AFileOfAnotherCommitIsNotReadWhateverItsTime) {
  folder_.clock().set(base::SystemClock().now());
  {
    const Store store = folder_.open();
    write(store, "k", {{0, 1}});
    write(store, "j", {{0, 2}});
  }
  const std::string file = folder_.path("k/" + folder_.visible_files("k").at(0));
  const auto time = std::filesystem::last_write_time(file);
  std::filesystem::copy_file(folder_.path("j/" + folder_.visible_files("j").at(0)), file,
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::last_write_time(file, time - std::chrono::hours(1));
  const Store store = folder_.open();
  expect_error(ErrorKind::kCorruption, "changed from outside", [&] { static_cast<void>(store.read("k")); });
}

// No CRC is over the footer: what it says would be believed.
TEST_F(StoreTest, AFileThatWasChangedInPlaceIsNotRead) {
  {
    const Store store = folder_.open();
    append(store, "k", run_of(0, 3));
  }
  const std::string file = folder_.path("k/" + folder_.visible_files("k").at(0));
  {
    const Store store = folder_.open();
    EXPECT_EQ(read(store, "k"), run_of(0, 3));
    const std::byte other{0x5A};
    const auto open = folder_.files().open(file, base::OpenMode::kReadWrite);
    open->write_at(open->size() - 40, std::span(&other, 1));
  }
  const Store store = folder_.open();
  expect_error(ErrorKind::kCorruption, "changed from outside", [&] { static_cast<void>(store.read("k")); });
  expect_error(ErrorKind::kCorruption, "k/1970", [&] { static_cast<void>(store.read("k")); });
}

TEST_F(StoreTest, AMissingObjectIsNamed) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const std::string id = store.catalog().all_objects().at(0).id;
  std::filesystem::remove(folder_.path(".varve/objects/" + id.substr(0, 2) + "/" + id));
  expect_error(ErrorKind::kCorruption, "missing", [&] { static_cast<void>(store.read("k")); });
  EXPECT_NE(findings(store).find("missing"), std::string::npos);
}

// Eight threads write to one key through two stores, and to a key of their own.
TEST_F(StoreTest, ThreadsDoNotLoseEachOthersRows) {
  constexpr int64_t kThreads = 8;
  constexpr int64_t kWrites = 6;
  const Store left = folder_.open();
  const Store right = folder_.open();
  std::vector<std::thread> threads;
  for (int64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const Store& store = thread % 2 == 0 ? left : right;
      for (int64_t write = 0; write < kWrites; ++write) {
        append(store, "shared", run_of(write * kThreads + thread, 1));
        append(store, "own/" + std::to_string(thread), run_of(write, 1));
        static_cast<void>(store.read("shared"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read(left, "shared"), run_of(0, kThreads * kWrites));
  EXPECT_EQ(read(right, "own/3"), run_of(0, kWrites));
  EXPECT_EQ(folder_.glob("shared"), run_of(0, kThreads * kWrites));
  EXPECT_EQ(findings(left), "");
}

}  // namespace
}  // namespace varve::testing
