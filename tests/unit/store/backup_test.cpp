#include "varve/store/upkeep/backup.h"

#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

namespace fs = std::filesystem;
using store::BackupReport;
using store::Store;

class BackupTest : public StoreTest {
 protected:
  // Too many for the catalog, and hard to pack.
  static Rows many(uint64_t salt) {
    std::mt19937_64 engine(salt);
    Rows rows = run_of(0, 20'000);
    for (Row& row : rows) row.second = static_cast<int64_t>(engine());
    return rows;
  }
  BackupReport back_up(const Store& store) { return store.backup(copy_.root()); }
  void vacuum(const Store& store) {
    folder_.clock().advance(Duration::seconds(1));
    store.vacuum({}, {.all_for = {}, .hourly_for = {}});
  }

  LakeFolder copy_{directory_ / "copy"};
};

TEST_F(BackupTest, IsALakeOfTheSameRowsAndVersions) {
  const Store store = folder_.open();
  for (const uint64_t value : {1U, 2U}) write(store, "k", many(value), keyed(100'000));
  append(store, "small", run_of(0, 3));
  append(store, "gone", run_of(0, 3));
  remove(store, "gone");
  store.catalog().make_snapshot("s", std::vector<std::string>{"k"});
  const BackupReport report = back_up(store);
  EXPECT_EQ(report.keys, 2);
  EXPECT_EQ(report.files, 4);
  EXPECT_EQ(report.files_copied, 4);
  EXPECT_TRUE(report.damaged.empty());
  EXPECT_EQ(copy_.glob("k"), many(2));
  const Store copy = copy_.open();
  EXPECT_EQ(read(copy, "k"), many(2));
  EXPECT_EQ(read(copy, "k", {.version = 1}), many(1));
  EXPECT_EQ(read(copy, "small"), run_of(0, 3));
  EXPECT_EQ(copy.catalog().snapshots().size(), 1U);
  EXPECT_EQ(findings(copy), "");
}

TEST_F(BackupTest, CopiesOnlyWhatIsNew) {
  const Store store = folder_.open();
  write(store, "k", many(1), keyed(100'000));
  write(store, "same", many(5), keyed(100'000));
  EXPECT_EQ(back_up(store).files_copied, 2);
  EXPECT_EQ(back_up(store).files_copied, 0);
  write(store, "k", many(2), keyed(100'000));
  const BackupReport report = back_up(store);
  EXPECT_EQ(report.files_copied, 1);
  EXPECT_EQ(report.files_removed, 0);
  EXPECT_EQ(copy_.glob("k"), many(2));
  EXPECT_EQ(findings(copy_.open()), "");
}

TEST_F(BackupTest, WhatIsForgottenGoesFromTheCopy) {
  const Store store = folder_.open();
  for (const uint64_t value : {1U, 2U}) {
    write(store, "k", many(value), keyed(100'000));
    static_cast<void>(back_up(store));
  }
  write(store, "k", many(3), keyed(100'000));
  vacuum(store);
  const BackupReport report = back_up(store);
  EXPECT_EQ(report.files_removed, 2);
  EXPECT_EQ(copy_.object_files(), 1U);
  EXPECT_EQ(copy_.glob("k"), many(3));
  EXPECT_EQ(findings(copy_.open()), "");
}

TEST_F(BackupTest, ADamagedFileIsToldAndTheOldCopyOfItStays) {
  const Store store = folder_.open();
  write(store, "k", many(1), keyed(100'000));
  static_cast<void>(back_up(store));
  write(store, "bad", many(2), keyed(100'000));
  const std::string id = store.catalog().state("bad")->objects.at(0).id;
  fs::resize_file(folder_.path(".varve/objects/" + id.substr(0, 2) + "/" + id), 100);
  EXPECT_EQ(back_up(store).damaged, std::vector<std::string>{id});
  EXPECT_EQ(read(copy_.open(), "k"), many(1));
}

TEST_F(BackupTest, GoesNowhereElse) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  expect_error(ErrorKind::kInvalidArgument, "in each other",
               [&] { static_cast<void>(store.backup(folder_.path("b"))); });
  fs::create_directories(directory_ / "full/folder");
  expect_error(ErrorKind::kAlreadyExists, "not empty", [&] { static_cast<void>(store.backup(directory_ / "full")); });
  LakeFolder other(directory_ / "other");
  append(other.open(), "k", run_of(0, 3));
  expect_error(ErrorKind::kAlreadyExists, "not empty", [&] { static_cast<void>(store.backup(other.root())); });
  static_cast<void>(back_up(store));
  expect_error(ErrorKind::kAlreadyExists, "another lake", [&] { static_cast<void>(back_up(other.open())); });
}

TEST_F(BackupTest, RefusesACopyThatIsOpenOrWasWrittenTo) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  static_cast<void>(back_up(store));
  {
    const Store copy = copy_.open();
    expect_error(ErrorKind::kConcurrentWrite, "open", [&] { static_cast<void>(back_up(store)); });
    append(copy, "k", run_of(3, 1));
  }
  expect_error(ErrorKind::kAlreadyExists, "written to", [&] { static_cast<void>(back_up(store)); });
  EXPECT_EQ(read(copy_.open(), "k"), run_of(0, 4));
}

TEST_F(BackupTest, AReadOnlyLakeCanBeBackedUp) {
  append(folder_.open(), "k", run_of(0, 3));
  static_cast<void>(back_up(folder_.open(true)));
  EXPECT_EQ(read(copy_.open(), "k"), run_of(0, 3));
}

TEST_F(BackupTest, ALakeThatCanOnlyBeReadHasItsIdAlready) {
  append(folder_.open(), "k", run_of(0, 3));
  static_cast<void>(back_up(folder_.open(true)));
  const Store store = folder_.open();
  append(store, "k", run_of(3, 3));
  static_cast<void>(back_up(store));
  EXPECT_EQ(read(copy_.open(), "k"), run_of(0, 6));
  store.catalog().set_property("lake_id", "");  // as older programs made lakes
  expect_error(ErrorKind::kReadOnly, "id", [&] { static_cast<void>(folder_.open(true).backup(directory_ / "new")); });
}

TEST_F(BackupTest, RefusesALakeThatWentAnotherWay) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  static_cast<void>(back_up(store));
  LakeFolder other(directory_ / "other");
  static_cast<void>(store::restore_lake(other.files(), other.clock(), {.from = copy_.root(), .to = other.root()}));
  for (const int64_t first : {3, 6}) append(store, "k", run_of(first, 3));
  static_cast<void>(back_up(store));
  {
    const Store twin = other.open();
    expect_error(ErrorKind::kAlreadyExists, "does not have", [&] { static_cast<void>(back_up(twin)); });
    for (const int64_t second : {20, 30, 40}) append(twin, "other", {{second, 1}});
    vacuum(twin);
    expect_error(ErrorKind::kAlreadyExists, "does not have", [&] { static_cast<void>(back_up(twin)); });
  }
  EXPECT_EQ(read(copy_.open(), "k"), run_of(0, 9));
}

TEST_F(BackupTest, GoesOnWhenTheCommitsOfTheLastOneAreForgotten) {
  const auto change_and_forget = [&](const Store& store, int64_t second) {
    append(store, "k", {{second, 1}});
    append(store, "k", {{second + 1, 1}});
    vacuum(store);
  };
  {
    const Store store = folder_.open();
    change_and_forget(store, 0);
    static_cast<void>(back_up(store));
    change_and_forget(store, 10);
    static_cast<void>(back_up(store));
  }
  LakeFolder back(directory_ / "back");
  static_cast<void>(store::restore_lake(back.files(), back.clock(), {.from = copy_.root(), .to = back.root()}));
  const Store store = back.open();
  change_and_forget(store, 20);
  EXPECT_EQ(store.backup(copy_.root()).keys, 1);
  // A lake that can only be read takes no note.
  static_cast<void>(back.open(true).backup(directory_ / "new"));
  change_and_forget(store, 30);
  static_cast<void>(store.backup(directory_ / "new"));
  EXPECT_EQ(read(copy_.open(), "k").size(), 6U);
}

TEST_F(BackupTest, MendsTheTreeOfTheCopy) {
  const Store store = folder_.open();
  write(store, "k", many(1), keyed(100'000));
  append(store, "gone", run_of(0, 3));
  static_cast<void>(back_up(store));
  fs::resize_file(copy_.path("k/" + copy_.visible_files("k").at(0)), 100);
  fs::remove_all(copy_.path("gone"));
  EXPECT_EQ(back_up(store).files_copied, 1);
  EXPECT_EQ(copy_.glob("k"), many(1));
  EXPECT_EQ(copy_.glob("gone"), run_of(0, 3));
  EXPECT_EQ(findings(copy_.open()), "");
}

TEST_F(BackupTest, IsRestoredIntoAnEmptyDirectory) {
  {
    const Store store = folder_.open();
    for (const uint64_t value : {1U, 2U}) write(store, "k", many(value), keyed(100'000));
    static_cast<void>(back_up(store));
  }
  LakeFolder back(directory_ / "back");
  const auto restore = [&] {
    return store::restore_lake(back.files(), back.clock(), {.from = copy_.root(), .to = back.root()});
  };
  EXPECT_EQ(restore().files_copied, 2);
  EXPECT_EQ(back.glob("k"), many(2));
  const Store store = back.open();
  append(store, "k", {{30'000, 1}});
  EXPECT_EQ(read(store, "k", {.version = 1}), many(1));
  EXPECT_EQ(findings(store), "");
  expect_error(ErrorKind::kAlreadyExists, "not empty", [&] { restore(); });
}

TEST_F(BackupTest, TellsHowFarItIsAndStops) {
  const Store store = folder_.open();
  write(store, "k", many(1), keyed(100'000));
  int64_t told = 0;
  store::UpkeepOptions options{.progress = [&](int64_t bytes, int64_t total) {
    EXPECT_LE(bytes, total);
    told = bytes;
  }};
  static_cast<void>(store.backup(copy_.root(), options));
  EXPECT_EQ(told, store.catalog().find_series("k")->bytes);
  options.cancel.cancel();
  expect_error(ErrorKind::kCancelled, "", [&] { static_cast<void>(store.backup(copy_.root(), options)); });
}

// Every changing call of a backup fails, or is the last one: the copy is what it was, or what it was to be, and the
// next attempt gets there.
class BackupFaultTest : public BackupTest, public ::testing::WithParamInterface<Fault> {
 protected:
  // The lake as it is when the copy was made, and as it is when it is to be brought up to date.
  void first(const Store& store) {
    for (const uint64_t value : {1U, 2U}) write(store, "k", many(value), keyed(100'000));
    append(store, "small", run_of(0, 3));
    append(store, "month", {{0, 0}, {40 * 86'400, 1}}, laid_out("month"));
  }
  void second(const Store& store) {
    write(store, "k", many(3), keyed(100'000));
    append(store, "small", run_of(3, 3));
    upsert(store, "month", {{40 * 86'400, 2}});
    append(store, "new", run_of(0, 2));
    vacuum(store);
  }
  void expect_first(LakeFolder& folder, const Store& copy) {
    EXPECT_EQ(read(copy, "k"), many(2));
    EXPECT_EQ(folder.glob("k"), many(2));
    EXPECT_EQ(folder.glob("small"), run_of(0, 3));
    EXPECT_FALSE(copy.catalog().find_series("new"));
  }
  void expect_second(LakeFolder& folder, const Store& copy) {
    EXPECT_EQ(read(copy, "k"), many(3));
    EXPECT_EQ(folder.glob("k"), many(3));
    EXPECT_EQ(folder.glob("small"), run_of(0, 6));
    EXPECT_EQ(folder.glob("month"), (Rows{{0, 0}, {40 * 86'400, 2}}));
    EXPECT_EQ(folder.glob("new"), run_of(0, 2));
  }

  // Runs the backup with the fault at its n-th call; false if it has fewer calls.
  bool strike(const Store& store, const std::string& to, uint64_t call, bool& done) {
    Fault fault = GetParam();
    fault.call = call;
    folder_.files().set_fault(fault);
    done = false;
    try {
      static_cast<void>(store.backup(to));
      done = true;
    } catch (const Error&) {
    } catch (const Stopped&) {}
    const bool struck = folder_.files().struck();
    folder_.files().heal();
    return struck;
  }

  // One call in seven, unless VARVE_EVERY_FAULT is set: to check two whole lakes each time takes long.
  static uint64_t next(uint64_t call) {
    static const uint64_t step = std::getenv("VARVE_EVERY_FAULT") != nullptr ? 1 : 7;
    return call + step;
  }
};

TEST_P(BackupFaultTest, TheFirstOne) {
  const Store store = folder_.open();
  first(store);
  int64_t runs = 0;
  for (uint64_t call = 1;; call = next(call), ++runs) {
    SCOPED_TRACE("call " + std::to_string(call));
    LakeFolder copy(directory_ / ("copy" + std::to_string(call)));
    bool done = false;
    if (!strike(store, copy.root(), call, done)) break;
    if (store::Disk(copy.files(), copy.root()).holds_lake()) {
      const Store there = copy.open();
      expect_first(copy, there);
      EXPECT_EQ(findings(there), "");
    } else {
      EXPECT_FALSE(done);
    }
    static_cast<void>(store.backup(copy.root()));
    const Store there = copy.open();
    expect_first(copy, there);
    EXPECT_EQ(findings(there), "");
    if (HasFailure()) break;
    fs::remove_all(copy.root());
  }
  std::cout << "first backup: " << runs << " faults\n";
  EXPECT_GE(runs, 20);
}

TEST_P(BackupFaultTest, ALaterOne) {
  const Store store = folder_.open();
  first(store);
  static_cast<void>(store.backup(directory_ / "before"));
  second(store);
  int64_t runs = 0;
  for (uint64_t call = 1;; call = next(call), ++runs) {
    SCOPED_TRACE("call " + std::to_string(call));
    copy_lake(directory_ / "before", copy_.root());
    bool done = false;
    if (!strike(store, copy_.root(), call, done)) break;
    {
      const Store there = copy_.open();
      read(there, "k") == many(2) && !done ? expect_first(copy_, there) : expect_second(copy_, there);
      EXPECT_EQ(findings(there), "");
    }
    static_cast<void>(back_up(store));
    const Store there = copy_.open();
    expect_second(copy_, there);
    EXPECT_EQ(findings(there), "");
    EXPECT_EQ(copy_.object_files(), folder_.object_files());
    if (HasFailure()) break;
  }
  std::cout << "later backup: " << runs << " faults\n";
  EXPECT_GE(runs, 20);
}

std::string fault_name(const ::testing::TestParamInfo<Fault>& fault) {
  switch (fault.param.kind) {
    case FaultKind::kFailOnce: return "FailsOnce";
    case FaultKind::kFailFrom: return "FailsFromThenOn";
    case FaultKind::kShortWrite: return "WritesShort";
    case FaultKind::kStop: return "Stops";
    case FaultKind::kStopTorn: break;
  }
  return "StopsInAWrite";
}

INSTANTIATE_TEST_SUITE_P(Every, BackupFaultTest,
                         ::testing::Values(Fault{.kind = FaultKind::kFailOnce}, Fault{.kind = FaultKind::kFailFrom},
                                           Fault{.kind = FaultKind::kShortWrite}, Fault{.kind = FaultKind::kStop},
                                           Fault{.kind = FaultKind::kStopTorn}),
                         fault_name);

}  // namespace
}  // namespace varve::testing
