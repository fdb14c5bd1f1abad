#include "varve/store/upkeep/repair.h"

#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

namespace fs = std::filesystem;
using store::Repaired;
using store::RepairOutcome;
using store::Store;

class RepairTest : public StoreTest {
 protected:
  // Too many for the catalog, and hard to pack.
  static Rows many(int64_t first, uint64_t salt = 1) {
    std::mt19937_64 engine(salt);
    Rows rows = run_of(first, 20'000);
    for (Row& row : rows) row.second = static_cast<int64_t>(engine());
    return rows;
  }
  static store::RepairOptions from(const std::string& backup) { return {.from_backup = backup}; }

  [[nodiscard]] std::string object_path(const std::string& id) const {
    return folder_.path(".varve/objects/" + id.substr(0, 2) + "/" + id);
  }
  static std::string live_object(const Store& store, const std::string& key) {
    return store.catalog().state(key)->objects.at(0).id;
  }
  [[nodiscard]] std::string visible(const std::string& key) {
    return folder_.path(key + "/" + folder_.visible_files(key).at(0));
  }
  static void change_byte(const std::string& path, uint64_t at) {
    const auto files = base::make_system_file_system();
    const std::unique_ptr<base::File> file = files->open(path, base::OpenMode::kReadWrite);
    std::byte byte{};
    file->read_at(at, std::span(&byte, 1));
    byte ^= std::byte{0x5A};
    file->write_at(at, std::span(&byte, 1));
  }
  static std::vector<RepairOutcome> outcomes(const Repaired& report) {
    std::vector<RepairOutcome> all;
    for (const store::Repair& one : report.repairs) all.push_back(one.outcome);
    return all;
  }
  [[nodiscard]] size_t put_aside() const {
    const fs::path quarantine = folder_.path(".varve/quarantine");
    return fs::exists(quarantine) ? static_cast<size_t>(std::distance(fs::directory_iterator(quarantine), {})) : 0;
  }
  using Outcomes = std::vector<RepairOutcome>;
};

TEST_F(RepairTest, AWholeLakeIsLeftAlone) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const Repaired report = store.repair();
  EXPECT_EQ(report.keys, 1);
  EXPECT_EQ(report.files, 1);
  EXPECT_TRUE(report.repairs.empty());
  expect_error(ErrorKind::kNotFound, "no series", [&] { static_cast<void>(store.repair("absent")); });
}

TEST_F(RepairTest, AMissingVisibleFileIsPublishedAgain) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  fs::remove(visible("k"));
  EXPECT_EQ(outcomes(store.repair("k")), Outcomes{RepairOutcome::kPublished});
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RepairTest, AVisibleFileThatWasReplacedIsPutAside) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  append(store, "other", run_of(7, 3));
  const std::string file = visible("k");
  fs::remove(file);
  fs::copy_file(visible("other"), file);
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kPublished});
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
  EXPECT_EQ(put_aside(), 1U);
  EXPECT_EQ(findings(store), "");
}

TEST_F(RepairTest, ALinkInThePlaceOfAVisibleFileIsPutAside) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const std::string file = visible("k");
  fs::rename(file, folder_.path("elsewhere"));
  fs::create_symlink(folder_.path("elsewhere"), file);
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kPublished});
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(file)));
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
  EXPECT_EQ(put_aside(), 1U);
  EXPECT_EQ(findings(store), "");
}

TEST_F(RepairTest, AMissingObjectIsMendedFromTheVisibleCopy) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  fs::remove(object_path(live_object(store, "k")));
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kMended});
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RepairTest, ADamagedObjectIsMendedFromABackup) {
  const Store store = folder_.open();
  write(store, "k", many(0), keyed(100'000));
  static_cast<void>(store.backup(directory_ / "copy"));
  change_byte(object_path(live_object(store, "k")), 5'000);
  const Repaired report = store.repair({}, from(directory_ / "copy"));
  EXPECT_EQ(outcomes(report), (Outcomes{RepairOutcome::kMended, RepairOutcome::kPublished}));
  EXPECT_EQ(read(store, "k"), many(0));
  EXPECT_EQ(folder_.glob("k"), many(0));
  EXPECT_EQ(findings(store), "");
}

// The rows are in the larger file, too.
TEST_F(RepairTest, AnOldObjectIsMendedFromTheRowsOfTheNextVersion) {
  const Store store = folder_.open();
  append(store, "k", many(0), keyed(100'000));
  const std::string old = live_object(store, "k");
  append(store, "k", many(20'000), keyed(100'000));
  compact(store, "k");
  ASSERT_NE(live_object(store, "k"), old);
  change_byte(object_path(old), 5'000);
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kMended});
  EXPECT_EQ(read(store, "k", {.version = 1}), many(0));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RepairTest, WhatCannotBeMendedLeavesItsSeriesAndIsTold) {
  const Store store = folder_.open();
  catalog::SeriesDefinition definition = keyed(20'000);
  write(store, "k", many(0), definition);
  store.catalog().annotate("k", {.coverage = {.received = {{at_second(0), at_second(40'000)}}}});
  append(store, "k", many(20'000), definition);
  ASSERT_EQ(store.catalog().state("k")->objects.size(), 2U);
  const catalog::ObjectRow lost = store.catalog().state("k")->objects.at(0);
  change_byte(object_path(lost.id), 5'000);
  const Repaired report = store.repair();
  ASSERT_FALSE(report.repairs.empty());
  const store::Repair& one = report.repairs.at(0);
  EXPECT_EQ(one.outcome, RepairOutcome::kLost);
  EXPECT_EQ(one.rows, 20'000);
  EXPECT_EQ(one.first, at_second(0));
  EXPECT_EQ(one.last, at_second(19'999));
  EXPECT_EQ(read(store, "k"), many(20'000));
  EXPECT_EQ(folder_.glob("k"), many(20'000));
  EXPECT_GE(put_aside(), 1U);
  EXPECT_EQ(store.verify().findings.size(), 1U);
  EXPECT_NE(findings(store).find("in versions 1 to 2: "), std::string::npos);
  const auto known = store.catalog().coverage(lost.series_id, {at_second(0), at_second(40'000)});
  EXPECT_EQ(known.received, (TimeRanges{{at_second(19'999) + Duration{1}, at_second(40'000)}}));
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kLostOld});
}

TEST_F(RepairTest, AFileOfOneOldVersionIsToldWithThatVersionAlone) {
  const Store store = folder_.open();
  for (const uint64_t salt : {1U, 2U}) write(store, "k", many(0, salt), keyed(100'000));
  change_byte(object_path(store.catalog().state("k", 1)->objects.at(0).id), 5'000);
  EXPECT_NE(findings(store).find("in version 1: "), std::string::npos) << findings(store);
  const Repaired report = store.repair();
  ASSERT_EQ(report.repairs.size(), 1U);
  EXPECT_THAT(report.repairs.at(0).what, ::testing::EndsWith("; its rows are missing from version 1"));
}

// Whether the bytes are damaged or gone makes no difference.
TEST_F(RepairTest, AnOldFileThatIsLostIsToldEachTime) {
  const Store store = folder_.open();
  for (const uint64_t salt : {1U, 2U, 3U}) write(store, "k", many(0, salt), keyed(100'000));
  const catalog::ObjectRow damaged = store.catalog().state("k", 1)->objects.at(0);
  fs::remove(object_path(store.catalog().state("k", 2)->objects.at(0).id));
  change_byte(object_path(damaged.id), 5'000);
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(outcomes(store.repair()), (Outcomes{RepairOutcome::kLostOld, RepairOutcome::kLostOld}));
    EXPECT_EQ(store.verify().findings.size(), 2U);
  }
  EXPECT_EQ(read(store, "k"), many(0, 3));
}

TEST_F(RepairTest, ADirectoryOfObjectsThatIsGoneIsMade) {
  {
    const Store store = folder_.open();
    append(store, "k", run_of(0, 3));
    fs::remove_all(fs::path(object_path(live_object(store, "k"))).parent_path());
    EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kMended});
    EXPECT_EQ(findings(store), "");
  }
  for (const auto& entry : fs::directory_iterator(folder_.path(".varve/objects"))) {
    if (fs::is_empty(entry.path())) fs::remove(entry.path());
  }
  const Store store = folder_.open();
  write(store, "big", many(0), keyed(100'000));
  EXPECT_EQ(read(store, "big"), many(0));
}

TEST_F(RepairTest, AFileByATemplateIsPublishedAgain) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3), laid_out("{name}/{yyyy}/data.parquet"));
  const std::string file = folder_.path("k/1970/data.parquet");
  fs::remove(file);
  fs::create_directories(folder_.path("k/1970"));
  fs::copy_file(object_path(live_object(store, "k")), file + ".x");
  fs::resize_file(file + ".x", 100);
  fs::rename(file + ".x", file);
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kPublished});
  EXPECT_EQ(findings(store), "");
}

// An old file that somebody has written again, or copied back changed.
TEST_F(RepairTest, AFileUnderAFormerNameIsFoundAndPutAside) {
  const Store store = folder_.open();
  append(store, "other", run_of(7, 3));
  for (const char* layout : {"range", "month", "{name}/{yyyy}/data.parquet"}) {
    append(store, "k", run_of(0, 3), laid_out(layout));
    const std::string former = visible("k");
    remove(store, "k", 0, 2);
    fs::create_directories(fs::path(former).parent_path());
    fs::copy_file(visible("other"), former);
    const std::string file = fs::relative(former, folder_.root());
    EXPECT_EQ(findings(store), "k " + file + ": is not part of the newest version: it has the name of a former file, " +
                                   "and whoever lists the directory reads its rows too\n");
    EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kPublished});
    EXPECT_EQ(folder_.visible_files("k"), std::vector<std::string>());
    EXPECT_EQ(findings(store), "");
    remove(store, "k");
  }
  EXPECT_EQ(put_aside(), 3U);
}

TEST_F(RepairTest, AFormerFileThatCameBackIsFoundAndTaken) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const std::string former = visible("k");
  fs::copy_file(former, directory_ / "kept");
  write(store, "k", run_of(5, 3));
  fs::copy_file(directory_ / "kept", former);
  EXPECT_NE(findings(store).find("not part of the series any more"), std::string::npos);
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kPublished});
  EXPECT_EQ(folder_.glob("k"), run_of(5, 3));
  EXPECT_EQ(findings(store), "");
  EXPECT_TRUE(store.repair().repairs.empty());
}

TEST_F(RepairTest, AFileUnderANameOfADeletedSeriesIsFoundAndPutAside) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  append(store, "other", run_of(7, 3));
  const std::string former = visible("k");
  remove(store, "k");
  EXPECT_EQ(findings(store), "");
  fs::create_directory(folder_.path("k"));
  fs::copy_file(visible("other"), former);
  EXPECT_NE(findings(store).find("is not part of the newest version"), std::string::npos);
  EXPECT_EQ(outcomes(store.repair()), Outcomes{RepairOutcome::kPublished});
  EXPECT_EQ(findings(store), "");
  EXPECT_FALSE(fs::exists(folder_.path("k")));
}

TEST_F(RepairTest, WhatAnotherSeriesHasUnderAFormerNameIsLeftAlone) {
  const Store store = folder_.open();
  append(store, "a/x", run_of(0, 3), laid_out("a/{n}:out/{n}.parquet"));
  remove(store, "a/x");
  append(store, "b/x", run_of(5, 3), laid_out("b/{n}:out/{n}.parquet"));
  append(store, "m", run_of(0, 3), laid_out("month"));
  remove(store, "m");
  append(store, "m/1970/01", run_of(0, 3));
  EXPECT_EQ(findings(store), "");
  EXPECT_TRUE(store.repair().repairs.empty());
  EXPECT_EQ(put_aside(), 0U);
  EXPECT_TRUE(fs::exists(folder_.path("out/x.parquet")));
}

TEST_F(RepairTest, FilesThatAreOnlyNotYetPublishedAreNoFindings) {
  folder_.set_publish_delay(Duration::seconds(1000));
  const Store store = folder_.open();
  for (const char* layout : {"range", "{name}/{yyyy}/data.parquet"}) {
    const std::string key = layout[0] == 'r' ? "k" : "by_template";
    for (const int64_t value : {1, 2}) {
      store::WriteSession session = store.begin_write({key});
      session.write({.key = key,
                     .change = {.rows = to_table({{1, value}}), .mode = store::WriteMode::kReplaceSeries},
                     .definition = laid_out(layout)});
      session.commit({.published = value == 1});
    }
    ASSERT_EQ(folder_.glob(key), (Rows{{1, 1}}));
  }
  EXPECT_EQ(findings(store), "");
  EXPECT_TRUE(store.repair().repairs.empty());
  EXPECT_EQ(put_aside(), 0U);
}

// Random bytes of random files are changed, cut off or removed: what can be had from the backup is as it was, and
// without one exactly the rows of the damaged files are gone.
class RepairPropertyTest : public RepairTest, public ::testing::WithParamInterface<int> {
 protected:
  void damage(const std::string& path) {
    const auto at = static_cast<uint64_t>(random_.between(0, static_cast<int64_t>(fs::file_size(path)) - 1));
    switch (random_.between(0, 2)) {
      case 0: return fs::resize_file(path, at);
      case 1: static_cast<void>(fs::remove(path)); return;
      default: return change_byte(path, at);
    }
  }

  Random random_;
};

TEST_P(RepairPropertyTest, MendsOrTellsExactlyWhatIsLost) {
  const Store store = folder_.open();
  const std::vector<std::string> keys = {"a", "a/below", "month"};
  for (const std::string& key : keys) {
    const catalog::SeriesDefinition definition = key == "month" ? laid_out("month", 8'000) : keyed(8'000);
    for (int64_t part = 0; part < 3; ++part)
      append(store, key, many(part * 20'000 + 100, 3 + static_cast<uint64_t>(part)), definition);
  }
  const bool with_backup = random_.one_in(2);
  if (with_backup) static_cast<void>(store.backup(directory_ / "copy"));
  std::map<std::string, Rows> expected;
  for (const std::string& key : keys) expected[key] = read(store, key);
  std::set<std::string> hit;
  for (const std::string& key : keys) {
    const std::optional<catalog::Catalog::State> state = store.catalog().state(key);
    for (const catalog::ObjectRow& object : state->objects) {
      if (!random_.one_in(3)) continue;
      damage(object_path(object.id));
      hit.insert(store::visible_name(key, object));
    }
  }
  std::set<std::string> named;
  for (const store::Finding& finding : store.verify().findings) named.insert(finding.file);
  EXPECT_EQ(named, hit);

  const Repaired report = store.repair({}, from(with_backup ? directory_ / "copy" : std::string()));
  for (const store::Repair& one : report.repairs) {
    EXPECT_NE(one.outcome, RepairOutcome::kLeft) << one.file << ": " << one.what;
    if (one.outcome != RepairOutcome::kLost) continue;
    EXPECT_FALSE(with_backup) << one.what;
    const size_t gone = std::erase_if(expected[one.key], [&](const Row& row) {
      return at_second(row.first) >= *one.first && at_second(row.first) <= *one.last;
    });
    EXPECT_EQ(static_cast<int64_t>(gone), one.rows);
  }
  for (const std::string& key : keys) {
    EXPECT_EQ(read(store, key), expected[key]) << key;
    EXPECT_EQ(folder_.glob(key), expected[key]) << key;
  }
  for (const store::Finding& finding : store.verify().findings) {
    EXPECT_FALSE(with_backup);
    EXPECT_TRUE(finding.what.starts_with("in version")) << finding.file << ": " << finding.what;
  }
  for (const RepairOutcome outcome : outcomes(store.repair())) EXPECT_EQ(outcome, RepairOutcome::kLostOld);
}

INSTANTIATE_TEST_SUITE_P(Streams, RepairPropertyTest, ::testing::Range(0, 12));

}  // namespace
}  // namespace varve::testing
