// What two versions of a series do not have in common: random histories against maps, and files that are not read.
#include <algorithm>
#include <map>
#include <set>

#include "varve/store/diff/diff_series.h"
#include "varve/store/plan.h"
#include "varve/table/cast.h"

#include "support/random.h"
#include "support/table/random_table.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::DiffOptions;
using store::SeriesDiff;
using store::Store;
using store::WriteMode;

class DiffTest : public StoreTest {
 protected:
  static SeriesDiff diff(const Store& store, int64_t from, int64_t to, int64_t rows_at_once = 2) {
    return store.diff("k", {.from = from, .to = to, .rows_max = {}, .rows_at_once = rows_at_once});
  }
  static Rows at(const Store& store, int64_t version) { return read(store, "k", {.version = version}); }
};

// "3 added, 0 removed, 1 changed"
std::string counts(const SeriesDiff& diff) {
  return std::to_string(diff.rows_added) + " added, " + std::to_string(diff.rows_removed) + " removed, " +
         std::to_string(diff.rows_changed) + " changed";
}

// The old rows with the changes made to them, in order; each must find the row that it is about.
Rows apply(const SeriesDiff& diff, Rows rows) {
  const auto drop = [&](const Table& table) {
    for (const Row& row : to_rows(table)) {
      const auto found = std::find(rows.begin(), rows.end(), row);
      if (found == rows.end()) {
        ADD_FAILURE() << "there is no row " << row.first << ", " << row.second;
      } else {
        rows.erase(found);
      }
    }
  };
  const auto put = [&](const Table& table) {
    const Rows more = to_rows(table);
    rows.insert(rows.end(), more.begin(), more.end());
  };
  drop(diff.removed);
  drop(diff.before);
  put(diff.added);
  put(diff.after);
  std::sort(rows.begin(), rows.end());
  return rows;
}

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

void expect_whole(const SeriesDiff& diff) {
  EXPECT_EQ(diff.added.num_rows(), diff.rows_added);
  EXPECT_EQ(diff.removed.num_rows(), diff.rows_removed);
  EXPECT_EQ(diff.before.num_rows(), diff.rows_changed);
  EXPECT_EQ(diff.after.num_rows(), diff.rows_changed);
}

TEST_F(DiffTest, TellsRowsAddedRemovedAndChanged) {
  const Store store = folder_.open();
  write(store, "k", {{1, 10}, {2, 20}, {3, 30}, {4, 40}});
  write(store, "k", {{1, 10}, {3, 31}, {4, 40}, {5, 50}});
  const SeriesDiff found = diff(store, 1, 2);
  EXPECT_EQ(counts(found), "1 added, 1 removed, 1 changed");
  EXPECT_EQ(to_rows(found.added), (Rows{{5, 50}}));
  EXPECT_EQ(to_rows(found.removed), (Rows{{2, 20}}));
  EXPECT_EQ(to_rows(found.before), (Rows{{3, 30}}));
  EXPECT_EQ(to_rows(found.after), (Rows{{3, 31}}));
}

TEST_F(DiffTest, BackwardsIsTheOtherWayRound) {
  const Store store = folder_.open();
  write(store, "k", {{1, 10}, {2, 20}});
  upsert(store, "k", {{2, 21}, {3, 30}, {4, 40}});
  EXPECT_EQ(counts(diff(store, 2, 1)), "0 added, 2 removed, 1 changed");
  EXPECT_EQ(counts(diff(store, 1, 1)), "0 added, 0 removed, 0 changed");
  EXPECT_EQ(diff(store, 1, 0).to, 2);
}

TEST_F(DiffTest, RowsWithoutIdentityAreCounted) {
  const Store store = folder_.open();
  write(store, "k", {{1, 10}, {1, 10}, {1, 11}, {2, 20}}, unkeyed());
  write(store, "k", {{1, 11}, {1, 10}, {1, 12}, {2, 20}, {2, 20}}, unkeyed());
  const SeriesDiff found = diff(store, 1, 2);
  EXPECT_EQ(to_rows(found.removed), (Rows{{1, 10}}));
  EXPECT_EQ(to_rows(found.added), (Rows{{1, 12}, {2, 20}}));
  EXPECT_EQ(found.rows_changed, 0);
}

TEST_F(DiffTest, FilesPutTogetherAreNoDifference) {
  const Store store = folder_.open();
  for (int64_t file = 5; file-- > 0;) append(store, "k", run_of(file * 100, 10), unkeyed(30));
  ASSERT_TRUE(compact(store, "k").changed);
  EXPECT_EQ(counts(diff(store, 5, 6)), "0 added, 0 removed, 0 changed");
}

TEST_F(DiffTest, RowsOfFilesThatWereTakenInAreNoDifference) {
  const Store store = folder_.open();
  for (int64_t second = 0; second < 20; ++second) append(store, "k", run_of(second, 1));
  for (int64_t version = 1; version < 20; ++version) {
    EXPECT_EQ(to_rows(diff(store, version, version + 1).added), run_of(version, 1));
    EXPECT_EQ(counts(diff(store, version, version + 1)), "1 added, 0 removed, 0 changed");
  }
}

TEST_F(DiffTest, TheVersionsOfARenamedSeriesCanBeCompared) {
  const Store store = folder_.open();
  write(store, "old", run_of(0, 3));
  rename(store, "old", "k");
  append(store, "k", run_of(3, 2));
  EXPECT_EQ(counts(diff(store, 1, 0)), "2 added, 0 removed, 0 changed");
}

TEST_F(DiffTest, FilesOfBothAreNotRead) {
  const Store store = folder_.open();
  write(store, "k", run_of(0, 40), keyed(10));
  upsert(store, "k", {{35, 0}});
  std::set<std::string> shared;
  for (const std::string& file : store.object_files("k", 1)) shared.insert(file);
  for (const std::string& file : store.object_files("k", 2)) {
    if (shared.contains(file)) std::filesystem::remove(folder_.path(file));
  }
  EXPECT_ANY_THROW(at(store, 2));
  EXPECT_EQ(counts(diff(store, 1, 2)), "0 added, 0 removed, 1 changed");
}

TEST_F(DiffTest, GivesTheFirstRowsAndCountsAll) {
  const Store store = folder_.open();
  write(store, "k", run_of(0, 50), keyed(10));
  Rows newer = run_of(100, 30);
  for (Row row : run_of(10, 20)) newer.emplace_back(row.first, -row.second);
  write(store, "k", newer);
  const SeriesDiff found = store.diff("k", {.from = 1, .to = 2, .rows_max = 3, .rows_at_once = 4});
  EXPECT_EQ(counts(found), "30 added, 30 removed, 20 changed");
  EXPECT_EQ(to_rows(found.added), run_of(100, 3));
  EXPECT_EQ(to_rows(found.removed), run_of(0, 3));
  EXPECT_EQ(to_rows(found.before), run_of(10, 3));
  EXPECT_EQ(to_rows(found.after), (Rows{{10, -10}, {11, -11}, {12, -12}}));
  EXPECT_EQ(store.diff("k", {.from = 1, .to = 2, .rows_max = 0}).added.num_rows(), 0);
}

TEST_F(DiffTest, ReportsProgressUpToTheBytesOfFilesThatDiffer) {
  const Store store = folder_.open();
  write(store, "k", run_of(0, 40), keyed(10));
  upsert(store, "k", {{35, 0}, {5, 0}});
  std::vector<std::pair<uint64_t, uint64_t>> told;
  const auto on_progress = [&](uint64_t bytes, uint64_t total) { told.emplace_back(bytes, total); };
  static_cast<void>(store.diff("k", {.from = 1, .to = 2, .rows_max = {}, .on_progress = on_progress}));
  ASSERT_EQ(told.size(), 4U);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back().first, told.back().second);
}

TEST_F(DiffTest, OfWhatIsNotThereIsAnError) {
  const Store store = folder_.open();
  write(store, "k", run_of(0, 1));
  remove(store, "k");
  expect_error(ErrorKind::kNotFound, "no version 7", [&] { diff(store, 1, 7); });
  expect_error(ErrorKind::kNotFound, "no version 2", [&] { diff(store, 2, 1); });
  expect_error(ErrorKind::kNotFound, "no series", [&] { diff(store, 1, 0); });
}

TEST_F(DiffTest, AReadOnlyLakeCanBeCompared) {
  {
    const Store store = folder_.open();
    write(store, "k", run_of(0, 3));
    append(store, "k", run_of(3, 1));
  }
  EXPECT_EQ(counts(diff(folder_.open(true), 1, 2)), "1 added, 0 removed, 0 changed");
}

// Whatever happened between two versions: the diff applied to the older rows gives the newer ones, and no more is told
// than has to be.
class DiffPropertyTest : public DiffTest {
 protected:
  Rows random_rows() {
    std::map<int64_t, int64_t> rows;
    const int64_t begin = random_.between(0, 100);
    for (int64_t left = random_.between(0, 25); left > 0; --left) {
      rows[begin + random_.between(0, 30)] = random_.between(0, 2);
    }
    return {rows.begin(), rows.end()};
  }

  void step(const Store& store, const catalog::SeriesDefinition& definition) {
    const int64_t first = random_.between(0, 100);
    if (random_.one_in(6)) {
      compact(store, "k");
      return;
    }
    if (random_.one_in(6)) {
      remove(store, "k", first, first + random_.between(0, 20));
      return;
    }
    const std::vector<WriteMode> modes = {WriteMode::kUpsert, WriteMode::kUpsert, WriteMode::kAppendMissing,
                                          WriteMode::kReplaceSeries};
    WriteMode mode = random_.pick(modes);
    if (!definition.has_identity && mode != WriteMode::kReplaceSeries) mode = WriteMode::kAppend;
    change(store, "k", random_rows(), mode, definition);
  }

  // Fewest changes: by key where there is one, else by whole row.
  static std::string expected_counts(const Rows& older, const Rows& newer, bool keyed) {
    int64_t added = 0;
    int64_t removed = 0;
    int64_t changed = 0;
    if (keyed) {
      const std::map<int64_t, int64_t> before(older.begin(), older.end());
      const std::map<int64_t, int64_t> after(newer.begin(), newer.end());
      for (const auto& [second, value] : before) {
        const auto found = after.find(second);
        if (found == after.end()) ++removed;
        if (found != after.end() && found->second != value) ++changed;
      }
      for (const auto& [second, value] : after) added += before.contains(second) ? 0 : 1;
    } else {
      Rows both;
      const Rows left = sorted(older);
      const Rows right = sorted(newer);
      std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
      added = static_cast<int64_t>(newer.size() - both.size());
      removed = static_cast<int64_t>(older.size() - both.size());
    }
    return std::to_string(added) + " added, " + std::to_string(removed) + " removed, " + std::to_string(changed) +
           " changed";
  }

  void check_history(const catalog::SeriesDefinition& definition) {
    const std::string folder = "lake" + std::to_string(histories_++);
    LakeFolder lake(directory_ / folder);
    const Store store = lake.open();
    write(store, "k", random_rows(), definition);
    for (int64_t steps = random_.between(1, 12); steps > 0; --steps) step(store, definition);
    const int64_t versions = store.catalog().find_series("k")->version;
    for (int pairs = 0; pairs < 6; ++pairs) {
      const int64_t from = random_.between(1, versions);
      const int64_t to = random_.between(1, versions);
      const SeriesDiff found = diff(store, from, to, random_.between(1, 8));
      SCOPED_TRACE("versions " + std::to_string(from) + " and " + std::to_string(to));
      EXPECT_EQ(apply(found, at(store, from)), sorted(at(store, to)));
      EXPECT_EQ(counts(found), expected_counts(at(store, from), at(store, to), definition.has_identity));
      expect_whole(found);
    }
  }

  Random random_;
  int histories_ = 0;
};

TEST_F(DiffPropertyTest, AppliedToTheOlderRowsItGivesTheNewerOnes) {
  for (int round = 0; round < 25; ++round) {
    check_history(keyed(7));
    check_history(unkeyed(7));
    check_history(laid_out("{key}/{yyyy}/{mm}/rows.parquet"));
  }
}

// The same for values of all types, nulls, NaN and both zeros among them, with and without identity.
class DiffOfAllTypesTest : public DiffTest {
 protected:
  Table random_rows(bool keyed) {
    std::vector<DataType> types = all_types();  // but seconds, which not all fit into a file
    std::erase_if(types, [](const DataType& type) { return type.unit == TimeUnit::kSecond; });
    const Table values = random_table(random_, types, {.rows = random_.between(0, 30)});
    std::vector<int64_t> times;
    for (int64_t row = 0; row < values.num_rows(); ++row) {
      times.push_back(at_second(keyed ? row * 3 + random_.between(0, 2) : random_.between(0, 9)).nanoseconds);
    }
    const DataType time = DataType::timestamp(TimeUnit::kNano, "UTC");
    return values.with_column({"timestamp", time}, make_column<int64_t>(time, times));
  }

  // Some rows of it, so that what comes next shares rows with what was there.
  Table some_of(const Table& table) {
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      if (!random_.one_in(3)) kept.push_back(row);
    }
    return table::take(table, kept);
  }

  void put(const Store& store, const Table& rows, WriteMode mode, bool keyed) {
    store::SeriesWrite write;
    write.change.rows = rows;
    write.change.mode = mode;
    write.definition = keyed ? testing::keyed(7) : unkeyed(7);
    change(store, "k", std::move(write));
  }

  static std::multiset<Cells> cells_of(const Table& table) {
    const std::vector<Cells> all = rows(table);
    return {all.begin(), all.end()};
  }

  static std::multiset<Cells> apply(const SeriesDiff& diff, std::multiset<Cells> rows) {
    for (const Table* const table : {&diff.removed, &diff.before}) {
      for (const Cells& row : cells_of(*table)) {
        const auto found = rows.find(row);
        EXPECT_NE(found, rows.end());
        if (found != rows.end()) rows.erase(found);
      }
    }
    for (const Table* const table : {&diff.added, &diff.after}) rows.merge(cells_of(*table));
    return rows;
  }

  Random random_;
};

TEST_F(DiffOfAllTypesTest, AppliedToTheOlderRowsItGivesTheNewerOnes) {
  for (int round = 0; round < 40; ++round) {
    const bool keyed = round % 2 == 0;
    LakeFolder lake(directory_ / ("lake" + std::to_string(round)));
    const Store store = lake.open();
    const Table first = random_rows(keyed);
    put(store, first, WriteMode::kReplaceSeries, keyed);
    put(store, random_rows(keyed), keyed ? WriteMode::kUpsert : WriteMode::kAppend, keyed);
    put(store, some_of(first), WriteMode::kReplaceSeries, keyed);
    const int64_t versions = store.catalog().find_series("k")->version;
    for (int64_t from = 1; from <= versions; ++from) {
      const int64_t to = random_.between(1, versions);
      const SeriesDiff found = diff(store, from, to, random_.between(1, 8));
      EXPECT_EQ(apply(found, cells_of(store.read("k", {.version = from}))), cells_of(store.read("k", {.version = to})));
      expect_whole(found);
    }
  }
}

class DiffOfSchemasTest : public DiffTest {
 protected:
  // `timestamp` and columns of int64, each with the seconds as its values.
  static Table with_columns(const std::vector<std::string>& names, const DataType& type = DataType::int64()) {
    Table table = to_table(run_of(0, 3)).select(std::vector<std::string>{"timestamp"});
    for (const std::string& name : names) {
      const Column values = table::cast(make_column<int64_t>(DataType::int64(), std::vector<int64_t>{0, 1, 2}), type);
      table = table.with_column({name, type}, values);
    }
    return table;
  }
  void put(const Store& store, const Table& rows, WriteMode mode = WriteMode::kReplaceSeries) {
    store::SeriesWrite write;
    write.change.rows = rows;
    write.change.mode = mode;
    write.definition = keyed();
    change(store, "k", std::move(write));
  }
};

TEST_F(DiffOfSchemasTest, ADroppedColumnIsToldAndChangesNoRow) {
  const Store store = folder_.open();
  put(store, with_columns({"a", "b"}));
  put(store, with_columns({"a"}));
  const SeriesDiff found = diff(store, 1, 2);
  EXPECT_EQ(found.columns_dropped, std::vector<std::string>{"b"});
  EXPECT_EQ(counts(found), "0 added, 0 removed, 0 changed");
}

TEST_F(DiffOfSchemasTest, ANewColumnChangesRowsThatHaveValuesInIt) {
  const Store store = folder_.open();
  put(store, with_columns({"a"}));
  put(store, with_columns({"b"}).slice(1, 1), WriteMode::kUpsert);
  const SeriesDiff found = diff(store, 1, 2);
  EXPECT_EQ(found.columns_added, std::vector<std::string>{"b"});
  EXPECT_EQ(counts(found), "0 added, 0 removed, 1 changed");
  EXPECT_TRUE(found.before.column("b").is_null(0));
  EXPECT_EQ(found.after.column("b").values<int64_t>()[0], 1);
}

TEST_F(DiffOfSchemasTest, AnotherTypeIsToldAndEqualValuesAreEqual) {
  const Store store = folder_.open();
  put(store, with_columns({"a"}));
  put(store, with_columns({"a"}, DataType::float64()));
  const SeriesDiff found = diff(store, 1, 2);
  EXPECT_EQ(found.columns_retyped, std::vector<std::string>{"a"});
  EXPECT_EQ(counts(found), "0 added, 0 removed, 0 changed");
  const Column texts = make_column(DataType::string(), {"0", "1", "2"});
  put(store, with_columns({}).with_column({"a", DataType::string()}, texts));
  expect_error(ErrorKind::kSchemaCompatibility, "a", [&] { diff(store, 1, 3); });
}

TEST_F(DiffOfSchemasTest, AnUntimedSeriesIsComparedByItsIdentity) {
  const Store store = folder_.open();
  put(store, with_columns({"a"}));
  remove(store, "k");
  store::SeriesWrite write;
  write.change.rows = with_columns({"a"});
  write.change.mode = WriteMode::kReplaceSeries;
  write.definition = keyed();
  write.definition.index = "";
  write.definition.identity = {"a"};
  change(store, "k", std::move(write));
  EXPECT_EQ(counts(diff(store, 1, 3)), "0 added, 0 removed, 0 changed");  // rows have an identity still
}

}  // namespace
}  // namespace varve::testing
