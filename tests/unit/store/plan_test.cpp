#include "varve/store/plan.h"

#include <map>

#include <gtest/gtest.h>

#include "varve/store/partition.h"

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::store {
namespace {

using testing::expect_error;
using testing::keyed;
using testing::Row;
using testing::Rows;
using testing::run_of;
using testing::to_rows;
using testing::to_table;
using testing::unkeyed;

// A series in memory, changed by plans as a store changes one by files.
class PlanTest : public ::testing::Test {
 protected:
  void define(const catalog::SeriesDefinition& definition) { series_.definition = definition; }

  Plan plan(const Table& rows, WriteMode mode) {
    read_.clear();
    const auto read_object = [this](const catalog::ObjectRow& object) {
      read_.push_back(object.id);
      return tables_.at(object.id);
    };
    return plan_write(series_, {.rows = rows, .mode = mode}, {.read_object = read_object});
  }

  Plan apply(const Table& rows, WriteMode mode = WriteMode::kAppend) {
    Plan plan = PlanTest::plan(rows, mode);
    if (!plan.changes) return plan;
    series_.exists = true;
    series_.schema = plan.schema;
    for (const std::string& id : plan.removed) {
      tables_.erase(id);
      std::erase_if(series_.objects, [&](const auto& object) { return object.id == id; });
    }
    ++version_;
    for (const PlannedFile& file : plan.added) {
      catalog::ObjectRow object;
      object.id = "object-" + std::to_string(++objects_made_);
      object.rows = file.rows.num_rows();
      object.added_version = version_;
      object.first = file.first;
      object.last = file.last;
      tables_[object.id] = file.rows;
      rows_written_ += object.rows;
      series_.objects.push_back(std::move(object));
    }
    sort_objects(series_.objects, series_.definition);
    return plan;
  }
  Plan apply(const Rows& rows, WriteMode mode = WriteMode::kAppend) { return apply(to_table(rows), mode); }

  Rows rows() const {
    Rows all;
    for (const auto& object : series_.objects) {
      const Rows more = to_rows(tables_.at(object.id));
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }
  std::vector<int64_t> file_lengths() const {
    std::vector<int64_t> all;
    for (const auto& object : series_.objects) all.push_back(object.rows);
    return all;
  }

  SeriesFiles series_{.definition = keyed(), .exists = false, .schema = {}, .objects = {}};
  std::map<std::string, Table> tables_;
  std::vector<std::string> read_;  // ids of objects that the last plan read
  int64_t objects_made_ = 0;
  int64_t version_ = 0;
  int64_t rows_written_ = 0;
};

using Lengths = std::vector<int64_t>;

TEST_F(PlanTest, FirstWriteMakesOneFile) {
  const Plan plan = apply(run_of(0, 5));
  EXPECT_EQ(plan.counts.added, 5);
  EXPECT_EQ(file_lengths(), Lengths({5}));
}

TEST_F(PlanTest, RowsAreSortedWhateverTheirOrder) {
  apply(Rows{{3, 1}, {1, 2}, {2, 3}});
  EXPECT_EQ(rows(), Rows({{1, 2}, {2, 3}, {3, 1}}));
}

TEST_F(PlanTest, LongTablesAreCut) {
  define(keyed(4));
  apply(run_of(0, 10));
  EXPECT_EQ(file_lengths(), Lengths({4, 3, 3}));
}

TEST_F(PlanTest, LateRowsTouchOnlyTheFilesTheyFallInto) {
  define(keyed(100));
  for (int64_t file = 0; file < 5; ++file) apply(run_of(file * 1000, 90));
  const Plan plan = apply(Rows{{2005, -1}, {3089, -2}}, WriteMode::kUpsert);
  EXPECT_EQ(plan.removed.size(), 2U);
  EXPECT_EQ(read_.size(), 2U);
  EXPECT_EQ(plan.counts.replaced, 2);
}

TEST_F(PlanTest, RowsBetweenFilesMakeAFileOfTheirOwn) {
  define(keyed(100));
  apply(run_of(0, 90));
  apply(run_of(1000, 90));
  const Plan plan = apply(run_of(500, 10));
  EXPECT_TRUE(plan.removed.empty());
  EXPECT_EQ(file_lengths(), Lengths({90, 10, 90}));
}

TEST_F(PlanTest, RowsAfterARewrittenFileGoWithIt) {
  define(keyed(100));
  apply(run_of(0, 50));
  apply(Rows{{49, -1}, {50, 50}}, WriteMode::kUpsert);
  EXPECT_EQ(file_lengths(), Lengths({51}));
}

TEST_F(PlanTest, AppendRefusesARowThatIsThere) {
  apply(run_of(0, 5));
  expect_error(ErrorKind::kAlreadyExists, "1970-01-01T00:00:03Z", [&] { apply(Rows{{9, 9}, {3, 0}}); });
}

TEST_F(PlanTest, AppendCanLeaveOutWhatIsThere) {
  apply(run_of(0, 5));
  const Plan plan = apply(Rows{{3, 0}, {9, 9}}, WriteMode::kAppendMissing);
  EXPECT_EQ(plan.counts.ignored, 1);
  EXPECT_EQ(plan.counts.added, 1);
  EXPECT_EQ(rows().at(3), Row(3, 3));
}

TEST_F(PlanTest, EqualRowsChangeNothing) {
  apply(run_of(0, 5));
  const Plan plan = apply(run_of(1, 3), WriteMode::kUpsert);
  EXPECT_FALSE(plan.changes);
  EXPECT_EQ(plan.counts.unchanged, 3);
}

TEST_F(PlanTest, TheLastOfSeveralNewRowsWins) {
  apply(Rows{{1, 10}, {1, 11}, {1, 12}}, WriteMode::kUpsert);
  EXPECT_EQ(rows(), Rows({{1, 12}}));
}

TEST_F(PlanTest, WithoutIdentityEveryRowStays) {
  define(unkeyed());
  apply(Rows{{1, 1}, {1, 1}});
  apply(Rows{{1, 1}});
  EXPECT_EQ(rows(), Rows({{1, 1}, {1, 1}, {1, 1}}));
}

TEST_F(PlanTest, WithoutIdentityRowsOfOneMomentKeepTheOrderOfArrival) {
  define(unkeyed());
  apply(Rows{{1, 5}, {2, 9}});
  apply(Rows{{1, 3}, {1, 4}});
  EXPECT_EQ(rows(), Rows({{1, 5}, {1, 3}, {1, 4}, {2, 9}}));
}

TEST_F(PlanTest, UpsertNeedsAnIdentity) {
  define(unkeyed());
  expect_error(ErrorKind::kInvalidArgument, "identity", [&] { apply(run_of(0, 1), WriteMode::kUpsert); });
}

TEST_F(PlanTest, WriteReplacesTheSeries) {
  apply(run_of(0, 5));
  const Plan plan = apply(Rows{{2, 7}}, WriteMode::kReplaceSeries);
  EXPECT_EQ(plan.counts.removed, 5);
  EXPECT_EQ(rows(), Rows({{2, 7}}));
}

TEST_F(PlanTest, WriteRefusesTwoRowsWithOneIdentity) {
  expect_error(ErrorKind::kAlreadyExists, "1970-01-01T00:00:02Z", [&] {
    apply(Rows{{2, 7}, {1, 1}, {2, 8}}, WriteMode::kReplaceSeries);
  });
}

TEST_F(PlanTest, WritingTheSameAgainChangesNothing) {
  define(keyed(3));
  apply(run_of(0, 10));
  EXPECT_FALSE(apply(run_of(0, 10), WriteMode::kReplaceSeries).changes);
}

TEST_F(PlanTest, AnEmptyFirstWriteMakesTheSeries) {
  EXPECT_TRUE(apply(Rows{}).changes);
  EXPECT_FALSE(apply(Rows{}).changes);
}

TEST_F(PlanTest, NullInTheIndexIsRefused) {
  const Table good = to_table(run_of(0, 2));
  const Table bad = good.with_column({.name = "timestamp", .type = good.schema()[0].type},
                                     make_null_column(good.schema()[0].type, 2));
  expect_error(ErrorKind::kInvalidArgument, "row 0", [&] { apply(bad); });
}

TEST_F(PlanTest, NewColumnsAreAddedAndMissingOnesFilled) {
  apply(run_of(0, 2));
  const Table more = to_table({{5, 5}}).with_column({.name = "extra", .type = DataType::float64()},
                                                    make_column<double>(DataType::float64(), std::vector{1.5}));
  EXPECT_EQ(apply(more).schema.size(), 3U);
  EXPECT_EQ(apply(run_of(6, 1)).schema.size(), 3U);
}

TEST_F(PlanTest, TypesThatDoNotGoTogetherChangeNothing) {
  apply(run_of(0, 2));
  const Table text = to_table({{5, 5}}).with_column({.name = "value", .type = DataType::string()},
                                                    make_column(DataType::string(), {"five"}));
  expect_error(ErrorKind::kSchemaCompatibility, "value", [&] { apply(text); });
  EXPECT_EQ(rows(), run_of(0, 2));
}

TEST_F(PlanTest, AMissingIndexColumnIsRefused) {
  const std::vector<std::string> value = {"value"};
  expect_error(ErrorKind::kInvalidArgument, "timestamp", [&] { apply(to_table(run_of(0, 1)).select(value)); });
}

TEST_F(PlanTest, UntimedRowsAreAddedInOrderOfArrival) {
  catalog::SeriesDefinition untimed = unkeyed();
  untimed.index.clear();
  define(untimed);
  apply(Rows{{9, 1}, {3, 2}});
  apply(Rows{{5, 3}});
  EXPECT_EQ(rows(), Rows({{9, 1}, {3, 2}, {5, 3}}));
}

TEST_F(PlanTest, UntimedRowsAreReplacedByIdentity) {
  catalog::SeriesDefinition untimed = keyed();
  untimed.index.clear();
  untimed.identity = {"value"};
  define(untimed);
  apply(Rows{{9, 2}, {3, 1}});
  apply(Rows{{5, 2}, {7, 4}}, WriteMode::kUpsert);
  EXPECT_EQ(rows(), Rows({{3, 1}, {5, 2}, {7, 4}}));
}

TEST_F(PlanTest, ASeriesThatGrowsByOneRowHasFewFilesAndCheapAppends) {
  constexpr int64_t kAppends = 3000;
  define(keyed(1000));
  for (int64_t second = 0; second < kAppends; ++second) apply(Rows{{second, second}});
  EXPECT_EQ(rows(), run_of(0, kAppends));
  EXPECT_LE(file_lengths().size(), 15U);
  EXPECT_LE(rows_written_, kAppends * 15);
}

// Days as seconds: two months, in two files.
class MonthPlanTest : public PlanTest {
 protected:
  MonthPlanTest() {
    catalog::SeriesDefinition definition = keyed(100);
    definition.layout = "month";
    define(definition);
  }
  static Rows days(int64_t first, int64_t count) {
    Rows rows;
    for (int64_t day = first; day < first + count; ++day) rows.emplace_back(day * 86'400, day);
    return rows;
  }
};

TEST_F(MonthPlanTest, RowsAreCutAtTheEndOfAMonth) {
  apply(days(0, 59));
  EXPECT_EQ(file_lengths(), Lengths({31, 28}));
}

TEST_F(MonthPlanTest, SmallFilesOfTheMonthBeforeAreNotTakenIn) {
  apply(days(29, 2));
  for (const int64_t day : {31, 40, 49}) EXPECT_EQ(apply(days(day, 9)).removed.size(), day == 49 ? 2U : 0U);
  EXPECT_EQ(file_lengths(), Lengths({2, 27}));
}

TEST_F(MonthPlanTest, ARewrittenFileTakesOnlyRowsOfItsMonth) {
  apply(days(0, 30));
  const Plan plan = apply(days(29, 1 + 10), WriteMode::kUpsert);
  EXPECT_EQ(plan.counts.unchanged, 1);
  EXPECT_EQ(file_lengths(), Lengths({31, 9}));
}

TEST_F(MonthPlanTest, ATemplateMergesAllRowsOfAPeriodIntoItsFile) {
  series_.definition.layout = "{k}/{yyyy}/{mm}/data.parquet";
  series_.definition.target_rows_per_file = 5;
  apply(days(0, 3));
  apply(days(20, 20));
  apply(days(10, 3));
  EXPECT_EQ(file_lengths(), Lengths({17, 9}));
  EXPECT_EQ(rows().size(), 26U);
}

// Any splitting of rows into writes gives the same series, and files never touch.
TEST_F(PlanTest, TheOrderOfWritesDoesNotMatter) {
  testing::Random random;
  for (int round = 0; round < 60; ++round) {
    series_ = {.definition = keyed(random.between(1, 30)), .exists = false, .schema = {}, .objects = {}};
    tables_.clear();
    Rows all = run_of(0, random.between(1, 120));
    Rows shuffled = all;
    for (size_t at = shuffled.size(); at > 1; --at) std::swap(shuffled[at - 1], shuffled[random.next() % at]);
    for (size_t at = 0; at < shuffled.size();) {
      const size_t end = std::min(shuffled.size(), at + static_cast<size_t>(random.between(1, 20)));
      apply(Rows(shuffled.begin() + static_cast<std::ptrdiff_t>(at),
                 shuffled.begin() + static_cast<std::ptrdiff_t>(end)));
      at = end;
    }
    ASSERT_EQ(rows(), all);
    for (size_t at = 1; at < series_.objects.size(); ++at) {
      ASSERT_LT(series_.objects[at - 1].last, series_.objects[at].first);
    }
  }
}

}  // namespace
}  // namespace varve::store
