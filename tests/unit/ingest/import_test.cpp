#include "varve/ingest/import.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"
#include "support/temp_directory.h"

namespace varve::ingest {
namespace {

using testing::cells;
using testing::Cells;
using testing::expect_error;
using testing::Random;

class Imports : public ::testing::Test {
 protected:
  FileImport import(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return import_file(lake_, *files_, folder_ / name, options_);
  }

  testing::TempDirectory folder_;
  testing::TempDirectory root_;
  std::unique_ptr<base::FileSystem> files_ = base::make_system_file_system();
  Lake lake_ = Lake::open(root_.path());
  ImportOptions options_;
};

constexpr const char* kBars = "time,open,high,low,close\n1,1,2,1,2\n2,2,3,2,3\n";
constexpr const char* kTrades = "time,price,size\n1,5,1\n1,5,1\n2,6,1\n";

TEST(Keys, StemIsTheNameWithoutFolderAndEndings) {
  EXPECT_EQ(expand_key("{stem}", "data/EUR.csv.gz"), "EUR");
  EXPECT_EQ(expand_key("fx/{stem}/1m", "EUR.parquet"), "fx/EUR/1m");
  EXPECT_EQ(expand_key("{stem}-{stem}", "/a/b.tar"), "b.tar-b.tar");
  EXPECT_EQ(expand_key("{stem}", ".csv"), ".csv");
  EXPECT_EQ(expand_key("fixed", "a.csv"), "fixed");
}

TEST(Keys, OtherPlaceholdersAreRefused) {
  for (const char* key : {"{symbol}", "{stem", "{}", "a/{ stem}"}) {
    expect_error(ErrorKind::kInvalidArgument, "the only placeholder is {stem}",
                 [&] { (void)expand_key(key, "a.csv"); });
  }
}

TEST_F(Imports, RowsWithIdentityAreUpserted) {
  EXPECT_EQ(import("a.csv", kBars).commit->rows_added, 2);
  const FileImport again = import("a.csv", "time,open,high,low,close\n2,2,3,2,2.5\n3,2,3,2,3\n");
  EXPECT_EQ(again.commit->rows_added, 1);
  EXPECT_EQ(again.commit->rows_replaced, 1);
  EXPECT_EQ(cells(lake_.read("a").column("close")), (Cells{"2.0", "2.5", "3.0"}));
}

TEST_F(Imports, RowsWithoutIdentityAreAddedOnceAFile) {
  EXPECT_EQ(import("a.csv", kTrades).commit->rows_added, 3);
  const FileImport again = import("a.csv", kTrades);
  EXPECT_TRUE(again.commit->source_seen);
  EXPECT_EQ(lake_.info("a").rows, 3);
  EXPECT_EQ(import("a.csv", "time,price,size\n3,5,1\n").commit->rows_added, 1);
  EXPECT_EQ(lake_.info("a").rows, 4);
}

TEST_F(Imports, SameFileUnderAnotherNameIsTheSameFile) {
  options_.key = "trades";
  import("a.csv", kTrades);
  EXPECT_TRUE(import("b.csv", kTrades).commit->source_seen);
}

TEST_F(Imports, WhatIsRestoredWasBroughtInBefore) {
  options_.key = "t";
  import("a.csv", kTrades);
  import("b.csv", "time,price,size\n3,5,1\n");
  lake_.restore("t", 1);
  EXPECT_TRUE(import("a.csv", kTrades).commit->source_seen);
  EXPECT_EQ(import("b.csv", "time,price,size\n3,5,1\n").commit->rows_added, 1);
  lake_.remove("t");
  lake_.restore("t", 2);
  EXPECT_TRUE(import("b.csv", "time,price,size\n3,5,1\n").commit->source_seen);
}

TEST_F(Imports, WhatWasRemovedComesInAgain) {
  import("a.csv", kTrades);
  lake_.remove_range("a", {.start = TimeBound(Timestamp{0})});
  EXPECT_EQ(import("a.csv", kTrades).commit->rows_added, 3);
}

TEST_F(Imports, AFileThatIsThereInPartIsRefused) {
  import("a.csv", kTrades);
  lake_.remove_range("a", {.end = TimeBound("1970-01-01T00:00:01Z")});
  expect_error(ErrorKind::kAlreadyExists, "from 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z by replace",
               [&] { import("a.csv", kTrades); });
  EXPECT_EQ(lake_.info("a").rows, 1);
}

// A lake and four files, of ten rows each that nobody else has, whose times overlap.
class Histories : public Imports {
 protected:
  Histories() { options_.key = "t"; }

  static std::string text(int64_t file) {
    std::string text = "time,price,size\n";
    for (int64_t row = 0; row < 10; ++row) {
      text += format_message("{},{},1\n", {1'700'000'000 + 5 * file + row, 100 * file + row});
    }
    return text;
  }
  [[nodiscard]] int64_t rows_there(int64_t file) const {
    if (!lake_.exists("t")) return 0;
    ReadOptions options;
    options.where = ColumnName("price") >= static_cast<double>(100 * file) &&
                    ColumnName("price") < static_cast<double>(100 * file + 50);
    return lake_.read("t", options).num_rows();
  }
  [[nodiscard]] SeriesRange some_range(Random& random) const {
    const Timestamp start{(1'700'000'000 + random.between(0, 25)) * 1'000'000'000};
    return {.start = TimeBound(start), .end = TimeBound(start + Duration::seconds(random.between(0, 12)))};
  }

  // Rows are neither doubled nor kept out, whatever happened before.
  void import_and_check(int64_t file) {
    const int64_t before = rows_there(file);
    try {
      const Commit commit = *import(format_message("{}.csv", {file}), text(file)).commit;
      EXPECT_EQ(before, commit.source_seen ? 10 : 0);
      EXPECT_EQ(rows_there(file), 10);
    } catch (const AlreadyExists&) {
      EXPECT_EQ(rows_there(file), before);
    }
  }
  void change_somehow(Random& random) {
    const std::vector<VersionInfo> versions = lake_.versions("t");
    const VersionInfo& version = random.pick(versions);
    switch (random.between(0, 3)) {
      case 0:
        if (!version.deleted) lake_.restore("t", version.version);
        break;
      case 1:
        if (lake_.exists("t")) lake_.remove_range("t", some_range(random));
        break;
      case 2:
        if (lake_.exists("t") && random.one_in(4)) lake_.remove("t");
        break;
      default: put_in(random.between(0, 3), random);
    }
  }
  void put_in(int64_t file, Random& random) {
    const std::string path = folder_ / "put.csv";
    std::ofstream(path) << text(file);
    const TableFile found = read_table_file(*files_, path, {});
    SeriesWriteOptions options{.source = Source{path, found.sha256}};
    options.series.index = found.index;
    if (random.one_in(2) || !lake_.exists("t")) {
      lake_.write("t", found.table, options);
    } else {
      lake_.replace("t", found.table, {}, options);
    }
  }
};

TEST_F(Histories, NoneDoublesRowsOrKeepsThemOut) {
  Random random;
  import_and_check(0);
  for (int step = 0; step < 300; ++step) {
    if (random.one_in(3)) {
      change_somehow(random);
    } else {
      import_and_check(random.between(0, 3));
    }
  }
}

TEST_F(Imports, IdentityThatWasSaidCounts) {
  options_.series.identity = {"price"};
  import("a.csv", "time,price,size\n1,5,1\n1,6,1\n");
  EXPECT_EQ(import("a.csv", "time,price,size\n1,5,9\n").commit->rows_replaced, 1);
}

TEST_F(Imports, BadRowsKeepTheFileOutUnlessSkipped) {
  const std::string text = "time,open,high,low,close\n1,1,2,1,2\n2,x,3,2,3\n";
  const FileImport refused = import("a.csv", text);
  EXPECT_FALSE(refused.commit);
  EXPECT_EQ(refused.bad_rows, 1);
  EXPECT_EQ(refused.first_bad.at(0).line, 3);
  EXPECT_FALSE(lake_.exists("a"));
  options_.skip_bad = true;
  EXPECT_EQ(import("a.csv", text).commit->rows_added, 1);
}

TEST_F(Imports, BadKeyIsToldBeforeTheFileIsRead) {
  options_.key = "../{stem}";
  expect_error(ErrorKind::kPathTraversal, "../missing",
               [&] { (void)import_file(lake_, *files_, folder_ / "missing.csv", options_); });
}

TEST_F(Imports, ErrorsOfTheLakeNameFileAndKey) {
  import("a.csv", "time,x\n1,text\n");
  options_.key = "a";
  const std::string place = (folder_ / "b.csv") + ": series \"a\": ";
  expect_error(ErrorKind::kSchemaCompatibility, place, [&] { import("b.csv", "time,x\n2,5\n"); });
  options_.series.identity = {"symbol"};
  expect_error(ErrorKind::kInvalidArgument, folder_ / "c.csv", [&] { import("c.csv", "time,x\n2,5\n"); });
}

TEST(Naming, ErrorsKeepTheirClass) {
  for (const ErrorKind kind : kErrorKinds) {
    const std::string place = kind == ErrorKind::kCancelled ? "why" : "a.csv: series \"fx\": why";
    expect_error(kind, place, [&] { run_naming("a.csv", "fx", [&] { throw Error(kind, "why"); }); });
  }
  EXPECT_THROW(run_naming("a.csv", "fx", [] { throw ReadOnly("why"); }), ReadOnly);
}

TEST(Naming, KeyIsNotToldTwice) {
  try {
    run_naming("a.csv", "fx", [] { throw NotFound("no series {}", quote("fx")); });
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_STREQ(error.what(), "a.csv: no series \"fx\"");
  }
}

TEST_F(Imports, ErrorLeavesTheSeriesAsItWas) {
  import("a.csv", kBars);
  expect_error(ErrorKind::kNotFound, "no time column", [&] { import("a.csv", "x,y\n1,2\n"); });
  EXPECT_EQ(lake_.info("a").version, 1);
  EXPECT_EQ(lake_.info("a").rows, 2);
}

}  // namespace
}  // namespace varve::ingest
