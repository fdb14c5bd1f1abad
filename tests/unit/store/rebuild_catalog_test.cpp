#include "varve/store/upkeep/rebuild/rebuild_catalog.h"

#include <fstream>
#include <map>
#include <random>

#include "varve/store/upkeep/catalog_copies.h"

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

namespace fs = std::filesystem;
using store::Rebuilt;
using store::Store;

class RebuildCatalogTest : public StoreTest {
 protected:
  // Too many for the catalog, and hard to pack.
  static Rows many(uint64_t salt) {
    std::mt19937_64 engine(salt);
    Rows rows = run_of(0, 20'000);
    for (Row& row : rows) row.second = static_cast<int64_t>(engine());
    return rows;
  }
  static catalog::SeriesDefinition untimed(int64_t target_rows) {
    catalog::SeriesDefinition definition = unkeyed(target_rows);
    definition.index.clear();
    return definition;
  }
  void lose_catalog() {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(folder_.path(".varve/catalog.sqlite") + suffix);
  }
  void lose_copies() { fs::remove_all(folder_.path(".varve/catalog-backups")); }
  Rebuilt rebuild(bool replace = false) {
    return store::rebuild_catalog(folder_.files(), folder_.clock(), folder_.root(), {.replace = replace});
  }
  static std::string told(const Rebuilt& report) {
    std::string text;
    for (const store::Finding& finding : report.findings) text += finding.key + " " + finding.what + "\n";
    return text;
  }
  [[nodiscard]] size_t put_aside() const {
    const fs::path quarantine = folder_.path(".varve/quarantine");
    return fs::exists(quarantine) ? static_cast<size_t>(std::distance(fs::directory_iterator(quarantine), {})) : 0;
  }
};

TEST_F(RebuildCatalogTest, BringsTheNewestRowsBackFromFilesAlone) {
  {
    const Store store = folder_.open();
    write(store, "k", many(1), keyed(8'000));
    append(store, "k/below", run_of(0, 3));
    append(store, "month", {{0, 0}, {40 * 86'400, 1}}, laid_out("month"));
    append(store, "file", {{0, 0}, {400 * 86'400, 1}}, laid_out("{name}/{yyyy}/data.parquet"));
    append(store, "loose", {{0, 0}, {0, 0}}, unkeyed());
  }
  lose_catalog();
  lose_copies();
  expect_error(ErrorKind::kCorruption, "missing", [&] { static_cast<void>(folder_.open()); });
  const Rebuilt report = rebuild();
  EXPECT_EQ(report.keys, 5);
  EXPECT_EQ(report.rows, 20'000 + 3 + 2 + 2 + 2);
  EXPECT_EQ(report.catalog_copy, "");
  EXPECT_EQ(told(report), "");
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), many(1));
  EXPECT_EQ(read(store, "file"), (Rows{{0, 0}, {400 * 86'400, 1}}));
  EXPECT_EQ(findings(store), "");
  EXPECT_TRUE(store.catalog().find_series("k")->definition.has_identity);
  EXPECT_FALSE(store.catalog().find_series("loose")->definition.has_identity);
  upsert(store, "month", {{40 * 86'400, 2}});
  upsert(store, "file", {{400 * 86'400, 2}});
  EXPECT_EQ(folder_.glob("month"), (Rows{{0, 0}, {40 * 86'400, 2}}));
  EXPECT_EQ(read(store, "file"), (Rows{{0, 0}, {400 * 86'400, 2}}));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RebuildCatalogTest, RowsWithoutATimeKeepTheirOrder) {
  Rows expected;
  const auto append_some = [&](const Store& store) {
    for (int turn = 0; turn < 12; ++turn) {
      const auto size = static_cast<int64_t>(expected.size());
      Rows rows;
      for (int64_t row = 0; row < 7; ++row) rows.emplace_back(100 - size, size + row);
      append(store, "k", rows, untimed(3));
      expected.insert(expected.end(), rows.begin(), rows.end());
    }
    EXPECT_EQ(to_rows(store.read("k")), expected);
  };
  append_some(folder_.open());  // the catalog has a copy of that
  append_some(folder_.open());
  for (const bool has_copy : {true, false}) {
    lose_catalog();
    if (!has_copy) lose_copies();
    EXPECT_EQ(told(rebuild()), "");
    const Store store = folder_.open();
    EXPECT_EQ(to_rows(store.read("k")), expected);
    EXPECT_EQ(findings(store), "");
    append_some(store);
  }
}

TEST_F(RebuildCatalogTest, VersionsGoOnAndWhatIsOldIsPutAside) {
  {
    const Store store = folder_.open();
    for (const uint64_t salt : {1U, 2U, 3U}) write(store, "k", many(salt), keyed(100'000));
  }
  lose_catalog();
  lose_copies();
  const Rebuilt report = rebuild();
  EXPECT_EQ(report.put_aside, 2);
  EXPECT_NE(told(report).find("written for version 2"), std::string::npos) << told(report);
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), many(3));
  EXPECT_EQ(store.catalog().find_series("k")->version, 3);
  EXPECT_EQ(append(store, "k", {{90'000, 1}}).version, 4);
  EXPECT_EQ(put_aside(), 2U);
}

TEST_F(RebuildCatalogTest, GoesOnFromTheNewestCopyOfTheCatalog) {
  {
    const Store store = folder_.open();
    for (const uint64_t salt : {1U, 2U}) write(store, "k", many(salt), keyed(100'000));
    append(store, "same", run_of(0, 3));
    store.catalog().make_snapshot("s", std::vector<std::string>{"k"});
    store.catalog().annotate("k", {.metadata = R"({"a":1})"});
  }
  ASSERT_EQ(store::catalog_copies(store::Disk(folder_.files(), folder_.root())).size(), 1U);
  {
    const Store store = folder_.open();
    write(store, "k", many(3), keyed(100'000));
    append(store, "new", run_of(5, 2));
  }
  lose_catalog();
  const Rebuilt report = rebuild();
  EXPECT_NE(report.catalog_copy, "");
  EXPECT_EQ(told(report), "");
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), many(3));
  EXPECT_EQ(read(store, "k", {.version = 1}), many(1));
  EXPECT_EQ(read(store, "k", {.version = 2}), many(2));
  EXPECT_EQ(read(store, "new"), run_of(5, 2));
  EXPECT_EQ(store.catalog().snapshots().size(), 1U);
  EXPECT_EQ(store.catalog().metadata(store.catalog().find_series("k")->id), R"({"a":1})");
  EXPECT_EQ(store.catalog().find_series("same")->version, 1);
  EXPECT_EQ(findings(store), "");
}

TEST_F(RebuildCatalogTest, ADamagedCatalogIsReplacedAndKept) {
  append(folder_.open(), "k", run_of(0, 3));
  const std::string path = folder_.path(".varve/catalog.sqlite");
  {
    const auto files = base::make_system_file_system();
    const std::vector<std::byte> noise(4096, std::byte{0x5A});
    files->open(path, base::OpenMode::kReadWrite)->write_at(0, noise);
  }
  expect_error(ErrorKind::kAlreadyExists, "replaced", [&] { rebuild(); });
  rebuild(true);
  EXPECT_EQ(read(folder_.open(), "k"), run_of(0, 3));
  EXPECT_TRUE(fs::exists(folder_.path(".varve/quarantine/catalog.sqlite")));
}

TEST_F(RebuildCatalogTest, RefusesALakeThatIsOpenAndADirectoryThatIsNone) {
  const Store store = folder_.open();
  expect_error(ErrorKind::kConcurrentWrite, "open", [&] { rebuild(true); });
  expect_error(ErrorKind::kNotFound, "no lake", [&] {
    static_cast<void>(store::rebuild_catalog(folder_.files(), folder_.clock(), directory_ / "none", {}));
  });
}

TEST_F(RebuildCatalogTest, ARenameSinceTheCopyIsTakenOver) {
  {
    const Store store = folder_.open();
    for (const uint64_t salt : {1U, 2U}) write(store, "b", many(salt), keyed(100'000));
    append(store, "small", run_of(0, 3));
  }
  {
    const Store store = folder_.open();
    rename(store, "b", "bb");
    rename(store, "small", "b");
  }
  lose_catalog();
  const Rebuilt report = rebuild();
  EXPECT_NE(report.catalog_copy, "");
  EXPECT_NE(told(report).find("bb is what the catalog's copy has as series \"b\""), std::string::npos) << told(report);
  const Store store = folder_.open();
  EXPECT_EQ(store.catalog().list_series({}).size(), 2U);
  EXPECT_EQ(read(store, "bb"), many(2));
  EXPECT_EQ(read(store, "bb", {.version = 1}), many(1));
  EXPECT_EQ(read(store, "b"), run_of(0, 3));
  EXPECT_EQ(folder_.glob("b"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
  upsert(store, "bb", {{90'000, 1}});
  EXPECT_EQ(findings(store), "");
}

TEST_F(RebuildCatalogTest, KeysThatWereExchangedKeepTheirRows) {
  {
    const Store store = folder_.open();
    append(store, "a", run_of(0, 3));
    append(store, "b", run_of(10, 3));
  }
  {
    const Store store = folder_.open();
    rename(store, "a", "c");
    rename(store, "b", "a");
    rename(store, "c", "b");
  }
  lose_catalog();
  rebuild();
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "a"), run_of(10, 3));
  EXPECT_EQ(read(store, "b"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

// Somebody linked the files of a series to another place.
TEST_F(RebuildCatalogTest, AFileThatIsShownUnderTwoKeysIsPartOfBoth) {
  append(folder_.open(), "k", run_of(0, 3));
  fs::create_directories(folder_.path("twin"));
  const std::string file = folder_.visible_files("k").at(0);
  fs::create_hard_link(folder_.path("k/" + file), folder_.path("twin/" + file));
  lose_catalog();
  rebuild();
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_EQ(read(store, "twin"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

// What was under way speaks of commits and series of the old catalog.
TEST_F(RebuildCatalogTest, StagingIsPutAside) {
  append(folder_.open(), "k", run_of(0, 3));
  fs::create_directories(folder_.path(".varve/staging/dead/series-1-1"));
  std::string commit;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path(".varve/objects"))) {
    if (entry.is_regular_file()) commit = entry.path().filename().string().substr(0, 32);
  }
  std::ofstream(folder_.path(".varve/staging/dead/" + commit)).close();
  lose_catalog();
  lose_copies();
  rebuild();
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_TRUE(fs::exists(folder_.path(".varve/quarantine/staging-dead")));
}

TEST_F(RebuildCatalogTest, FilesOfOthersAndCopiesElsewhereAreNoSeries) {
  append(folder_.open(), "k", run_of(0, 3));
  const std::string file = folder_.path("k/" + folder_.visible_files("k").at(0));
  fs::create_directories(folder_.path("elsewhere"));
  fs::copy_file(file, folder_.path("elsewhere/copy.parquet"));
  std::ofstream(folder_.path("elsewhere/note.parquet")) << "no Parquet";
  lose_catalog();
  lose_copies();
  const Rebuilt report = rebuild();
  EXPECT_EQ(report.keys, 1);
  EXPECT_NE(told(report).find("cannot be read"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_.path("elsewhere/copy.parquet")));
}

// Where links are missing the visible files are copies, and the objects may be gone with the rest of `.varve`.
TEST_F(RebuildCatalogTest, VisibleFilesAreEnough) {
  append(folder_.open(), "k", run_of(0, 3));
  lose_catalog();
  fs::remove_all(folder_.path(".varve"));
  fs::create_directories(folder_.path(".varve/objects"));
  EXPECT_EQ(rebuild().rows, 3);
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RebuildCatalogTest, ALakeWithoutItsEngineFolderComesBack) {
  append(folder_.open(), "k", run_of(0, 3));
  fs::remove_all(folder_.path(".varve"));
  EXPECT_EQ(rebuild().rows, 3);
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RebuildCatalogTest, ARenamedSeriesComesBackWithoutTheEngineFolder) {
  {
    const Store store = folder_.open();
    append(store, "a", run_of(0, 3));
    append(store, "b", run_of(10, 3));
    rename(store, "b", "bb");
  }
  fs::create_directories(folder_.path("copy"));
  fs::copy_file(folder_.path("a/" + folder_.visible_files("a").at(0)), folder_.path("copy/a.parquet"));
  fs::remove_all(folder_.path(".varve"));
  const Rebuilt report = rebuild();
  EXPECT_EQ(report.keys, 2);
  EXPECT_NE(told(report).find("is not where series \"a\" has it"), std::string::npos) << told(report);
  EXPECT_EQ(read(folder_.open(), "bb"), run_of(10, 3));
}

// As programs leave a lake that copy links as files of their own.
TEST_F(RebuildCatalogTest, ARenamedSeriesComesBackWhereLinksBecameCopies) {
  {
    const Store store = folder_.open();
    append(store, "a", run_of(0, 3));
    append(store, "b", run_of(10, 3));
    rename(store, "b", "bb");
  }
  fs::create_directories(folder_.path("copy"));
  fs::copy_file(folder_.path("a/" + folder_.visible_files("a").at(0)), folder_.path("copy/a.parquet"));
  for (const std::string key : {"a", "bb"}) {
    const std::string file = folder_.path(key + "/" + folder_.visible_files(key).at(0));
    fs::rename(file, folder_.path("moved"));
    fs::copy_file(folder_.path("moved"), file);
    fs::remove(folder_.path("moved"));
  }
  lose_catalog();
  const Rebuilt report = rebuild();
  EXPECT_EQ(report.keys, 2);
  EXPECT_NE(told(report).find("is not where series \"a\" has it"), std::string::npos) << told(report);
  const Store store = folder_.open();
  EXPECT_EQ(read(store, "bb"), run_of(10, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(RebuildCatalogTest, ADirectoryOfALakeIsNone) {
  append(folder_.open(), "k/below", run_of(0, 3));
  expect_error(ErrorKind::kNotFound, "no lake", [&] {
    static_cast<void>(store::rebuild_catalog(folder_.files(), folder_.clock(), folder_.path("k"), {}));
  });
  EXPECT_FALSE(fs::exists(folder_.path("k/.varve")));
}

TEST_F(RebuildCatalogTest, WhoOpensALakeWithoutCatalogIsToldOfTheRebuild) {
  append(folder_.open(), "k", run_of(0, 3));
  lose_catalog();
  expect_error(ErrorKind::kCorruption, "rebuild-catalog", [&] { static_cast<void>(folder_.open(true)); });
}

// A random lake loses its catalog: the newest rows are as they were.
class RebuildCatalogPropertyTest : public RebuildCatalogTest, public ::testing::WithParamInterface<int> {
 protected:
  Rows some_rows() {
    Rows rows;
    for (int64_t second = random_.between(0, 400'000), count = random_.between(1, 30); count > 0; --count) {
      rows.emplace_back(second, random_.between(0, 9));
      second += random_.between(1, 100'000);
    }
    return rows;
  }
  void change_something(const Store& store) {
    const std::string key = random_.pick(keys_);
    const std::optional<catalog::SeriesRow> row = store.catalog().find_series(key);
    if (row && !row->deleted && random_.one_in(8)) {
      remove(store, key);
    } else if (random_.one_in(4)) {
      write(store, key, some_rows(), definition_of(key));
    } else {
      change(store, key, some_rows(), store::WriteMode::kUpsert, definition_of(key));
    }
    if (random_.one_in(6)) {
      folder_.clock().advance(Duration::seconds(7'200));
      store.vacuum({}, {.all_for = {}, .hourly_for = {}});
    }
  }
  static catalog::SeriesDefinition definition_of(const std::string& key) {
    if (key == "m") return laid_out("month", 10);
    if (key == "t") return laid_out("{name}/{yyyy}/{mm}/{dd}/data.parquet");
    return keyed(10);
  }

  Random random_;
  const std::vector<std::string> keys_ = {"a", "a/b", "m", "t"};
};

TEST_P(RebuildCatalogPropertyTest, TheNewestRowsAreEqual) {
  std::map<std::string, Rows> expected;
  for (int session = 0; session < 3; ++session) {
    const Store store = folder_.open();
    for (int64_t left = random_.between(1, 12); left > 0; --left) change_something(store);
    folder_.clock().advance(Duration::seconds(random_.between(1, 100'000)));
    expected.clear();
    for (const catalog::SeriesRow& series : store.catalog().list_series({})) {
      expected[series.key] = read(store, series.key);
    }
  }
  lose_catalog();
  const bool with_copy = random_.one_in(2);
  if (!with_copy) lose_copies();
  const Rebuilt report = rebuild();
  const Store store = folder_.open();
  for (const auto& [key, rows] : expected) EXPECT_EQ(read(store, key), rows) << key << "\n" << told(report);
  if (!with_copy) {
    EXPECT_EQ(store.catalog().list_series({}).size(), expected.size());
  }
  EXPECT_EQ(findings(store), "") << told(report);
  for (const auto& [key, rows] : expected) {
    EXPECT_TRUE(key == "t" || folder_.glob(key) == rows);
    upsert(store, key, {{9'000'000, 1}});
  }
  EXPECT_EQ(findings(store), "");
}

INSTANTIATE_TEST_SUITE_P(Streams, RebuildCatalogPropertyTest, ::testing::Range(0, 40));

}  // namespace
}  // namespace varve::testing
