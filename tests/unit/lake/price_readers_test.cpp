// Every way to read, and to mend, a series whose files keep prices as decimals.
#include <filesystem>

#include <gmock/gmock.h>

#include "varve/base/error.h"
#include "varve/lake/maintenance.h"
#include "varve/table/predicate/parse.h"
#include "varve/table/select.h"

#include "unit/lake/prices_fixture.h"

namespace varve {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::prices;

Table all_of(Batches batches) {
  std::vector<Table> tables{Table::empty(batches.schema())};
  while (auto table = batches.next()) tables.push_back(*std::move(table));
  return table::concatenate(tables);
}

std::vector<double> closes(const Table& rows, const std::string& column = "close") {
  const std::span<const double> values = rows.column(column).values<double>();
  return {values.begin(), values.end()};
}

std::vector<int64_t> unscaled(const Table& rows, const std::string& column = "close") {
  std::vector<int64_t> values;
  for (const Int128 value : rows.column(column).values<Int128>()) values.push_back(static_cast<int64_t>(value));
  return values;
}

// Two series in several files each: `k` with two places, `other` with one.
class PriceReadersTest : public testing::PricesTest {
 protected:
  PriceReadersTest() {
    SeriesWriteOptions options = decimal(Names{"close"});
    options.series.target_rows_per_file = 2;
    lake_.append("k", prices(0, {{"close", {1.25, 2.5}}, {"size", {0.1, 0.2}}}), options);
    lake_.append("k", prices(4, {{"close", {3.75, 5}}, {"size", {0.3, 0.4}}}));
    lake_.append("other", prices(1, {{"close", {7.5}}}), options);
  }
  using Names = std::vector<std::string>;

  static ReadOptions where(const std::string& condition, const std::string& as_prices = "float") {
    ReadOptions options = as(as_prices);
    options.where = parse_predicate(condition);
    return options;
  }
  [[nodiscard]] std::string object_of(const std::string& key) const {
    return base::join_path(lake_.root(), lake_.files(key, AsOf(lake_.info(key).version)).front());
  }

  Lake lake_ = open();
};

TEST_F(PriceReadersTest, HeadAndTailGiveEither) {
  EXPECT_THAT(closes(lake_.head("k", 3)), ElementsAre(1.25, 2.5, 3.75));
  EXPECT_THAT(unscaled(lake_.tail("k", 3, as("decimal"))), ElementsAre(250, 375, 500));
}

TEST_F(PriceReadersTest, BatchesGiveEither) {
  EXPECT_THAT(closes(all_of(lake_.read_batches("k", {}, 3))), ElementsAre(1.25, 2.5, 3.75, 5));
  EXPECT_THAT(unscaled(all_of(lake_.read_batches("k", as("decimal"), 3))), ElementsAre(125, 250, 375, 500));
}

TEST_F(PriceReadersTest, PanelsGiveEither) {
  ReadManyOptions options;
  EXPECT_THAT(closes(lake_.read_many({"k", "other"}, options)), ElementsAre(1.25, 2.5, 3.75, 5, 7.5));
  options.read.prices = "decimal";
  EXPECT_THAT(unscaled(lake_.read_many({"other", "k"}, options)), ElementsAre(750, 125, 250, 375, 500));
  options.pivot = "close";
  EXPECT_THAT(unscaled(lake_.read_many({"k", "other"}, options), "other")[1], 750);
  options.read.prices = "float";
  EXPECT_EQ(closes(lake_.read_many({"k", "other"}, options), "other")[1], 7.5);
}

TEST_F(PriceReadersTest, ReplaysGiveEither) {
  ReplayOptions options;
  EXPECT_THAT(closes(all_of(lake_.replay({"k", "other"}, options))), ElementsAre(1.25, 2.5, 7.5, 3.75, 5));
  options.read.prices = "decimal";
  EXPECT_THAT(unscaled(all_of(lake_.replay({"k", "other"}, options))), ElementsAre(125, 250, 750, 375, 500));
}

TEST_F(PriceReadersTest, ConditionsMeanFloatsWhateverIsGiven) {
  EXPECT_THAT(closes(lake_.read("k", where("close > 2.5"))), ElementsAre(3.75, 5));
  EXPECT_THAT(unscaled(lake_.read("k", where("close > 2.5 and size < 0.4", "decimal"))), ElementsAre(375));
  ReadOptions only_size = where("close == 1.25", "decimal");
  only_size.columns = {"size"};
  EXPECT_THAT(closes(lake_.read("k", only_size), "size"), ElementsAre(0.1));
  EXPECT_THAT(unscaled(all_of(lake_.read_batches("k", where("close != 2.5", "decimal"), 2))),
              ElementsAre(125, 375, 500));
}

TEST_F(PriceReadersTest, DiffsAreOfFloats) {
  lake_.upsert("k", prices(1, {{"close", {2.125}}, {"size", {0.2}}}));
  const Diff diff = lake_.diff("k", 2);
  EXPECT_EQ(diff.rows_changed, 1);
  EXPECT_EQ(diff.rows_added + diff.rows_removed, 0);
  EXPECT_THAT(closes(diff.before), ElementsAre(2.5));
  EXPECT_THAT(closes(diff.after), ElementsAre(2.125));
  EXPECT_TRUE(lake_.diff("k", 2, AsOf(2)).empty());
}

TEST_F(PriceReadersTest, OldVersionsGiveTheDecimalsOfThen) {
  lake_.write("k", prices(0, {{"close", {1e12}}}));
  lake_.write("k", prices(0, {{"close", {0.000000001}}}));
  ReadOptions then = as("decimal");
  then.as_of = 2;
  EXPECT_EQ(lake_.read("k", then).column("close").type(), DataType::decimal(18, 2));
  then.as_of = 3;
  EXPECT_THAT(unscaled(lake_.read("k", then)), ElementsAre(100'000'000'000'000));
  EXPECT_EQ(read(lake_, "decimal").column("close").type(), DataType::decimal(18, 9));
}

TEST_F(PriceReadersTest, RenamedPricesAreDecimalsUnderTheirOldNameThen) {
  lake_.rename_columns("k", {{"close", "last"}});
  ReadOptions then = as("decimal");
  then.as_of = 2;
  EXPECT_THAT(unscaled(lake_.read("k", then)), ElementsAre(125, 250, 375, 500));
  EXPECT_THAT(unscaled(read(lake_, "decimal"), "last"), ElementsAre(125, 250, 375, 500));
}

TEST_F(PriceReadersTest, CompactionReplacementAndRenameKeepBits) {
  const Table before = read(lake_);
  lake_.compact("k", 100);
  lake_.rename("k", "moved");
  EXPECT_TRUE(equals(lake_.read("moved"), before));
  SeriesRange range;
  range.start = testing::at_second(4);
  range.end = testing::at_second(5);
  lake_.replace("moved", prices(5, {{"close", {6.0625}}, {"size", {1}}}), range);
  EXPECT_THAT(closes(lake_.read("moved")), ElementsAre(1.25, 2.5, 6.0625));
  EXPECT_EQ(lake_.info("moved").price_scales.at("close"), 4);
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(PriceReadersTest, ADamagedFileIsMadeAgainFromAnotherVersion) {
  lake_.compact("k", 100);
  const Table before = read(lake_);
  const std::string object = object_of("k");
  fs::permissions(object, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(object, 50);
  EXPECT_TRUE(lake_.repair("k").whole());
  EXPECT_TRUE(equals(read(lake_), before));
  EXPECT_TRUE(lake_.verify().clean());
}

// Files of then have the places of then, which are more than the rows of the second one need.
TEST_F(PriceReadersTest, DamagedFilesOfBeforeScalesGrewAreMadeAgain) {
  lake_.append("k", prices(7, {{"close", {6, 7}}, {"size", {0.1, 0.2}}}));
  lake_.append("k", prices(9, {{"close", {1.0625}}, {"size", {0.1}}}));
  const std::vector<std::string> old = lake_.files("k", AsOf(3));
  ASSERT_EQ(old.size(), 3U);
  for (const std::string& name : {old[0], old[2]}) {
    const std::string object = base::join_path(lake_.root(), name);
    fs::permissions(object, fs::perms::owner_write, fs::perm_options::add);
    fs::resize_file(object, 50);
  }
  EXPECT_TRUE(lake_.repair("k").whole());
  ReadOptions then = as("decimal");
  then.as_of = 3;
  EXPECT_THAT(unscaled(lake_.read("k", then)), ElementsAre(125, 250, 375, 500, 600, 700));
  EXPECT_TRUE(lake_.verify().clean());
}

TEST_F(PriceReadersTest, BackupsAndTheirLakesAreWhole) {
  const Table before = read(lake_);
  lake_.backup(directory_ / "copy");
  Lake copy = Lake::open(directory_ / "copy", {.read_only = true});
  EXPECT_TRUE(equals(copy.read("k"), before));
  EXPECT_TRUE(copy.verify().clean());
}

TEST_F(PriceReadersTest, ACatalogMadeFromFilesKnowsThePrices) {
  const Table before = read(lake_);
  const std::map<std::string, int32_t> scales = lake_.info("k").price_scales;
  lake_.close();
  fs::remove(directory_ / "lake/.varve/catalog.sqlite");
  fs::remove_all(directory_ / "lake/.varve/catalog-backups");
  EXPECT_EQ(rebuild_catalog(directory_ / "lake").catalog_copy, "");
  Lake again = open();
  EXPECT_TRUE(equals(again.read("k"), before));
  EXPECT_EQ(again.info("k").price_scales, scales);
  again.append("k", prices(9, {{"close", {1.125}}, {"size", {1}}}));
  EXPECT_EQ(again.info("k").price_scales.at("close"), 3);
  EXPECT_TRUE(again.verify().clean());
}

TEST_F(PriceReadersTest, SeriesOfFloatsAreReadAsFloats) {
  lake_.append("f", prices(0, {{"close", {1.5}}}));
  EXPECT_THAT(closes(lake_.read("f", as("decimal"))), ElementsAre(1.5));
  ReadManyOptions options;
  options.read.prices = "decimal";
  expect_error(ErrorKind::kSchemaCompatibility, "series \"f\"", [&] { (void)lake_.read_many({"k", "f"}, options); });
}

}  // namespace
}  // namespace varve
