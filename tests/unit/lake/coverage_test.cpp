// Coverage and user metadata through the door.
#include "varve/lake/coverage.h"

#include <gmock/gmock.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "support/errors.h"
#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;
using testing::run_of;
using testing::to_table;

// Seconds since 1970.
TimeRange range(int64_t start, int64_t end) { return {testing::at_second(start), testing::at_second(end)}; }

class CoverageTest : public ::testing::Test {
 protected:
  CoverageTest() { lake_.upsert("k", to_table(run_of(0, 10)), keyed()); }

  static SeriesWriteOptions keyed() { return {.series = {.identity = std::vector<std::string>{"timestamp"}}}; }
  static SeriesWriteOptions received(TimeRange stretch) {
    SeriesWriteOptions options;
    options.coverage.received = {stretch};
    return options;
  }
  TimeRanges missing(int64_t start, int64_t end) {
    return lake_.missing("k", {.start = testing::at_second(start), .end = testing::at_second(end)});
  }

  testing::TempDirectory directory_ = testing::make_quick_directory();
  Lake lake_ = Lake::open(directory_ / "lake");
};

TEST(HalfOpenTest, ADayAsAnEndMeansAllOfIt) {
  EXPECT_EQ(half_open({.start = "1970-01-02", .end = "1970-01-03"}), range(86400, 3 * 86400));
  EXPECT_EQ(half_open({.start = "1970-01-02T00:00Z", .end = "1970-01-04T00:00Z"}), range(86400, 3 * 86400));
  EXPECT_EQ(half_open({.start = Date{1}, .end = Date{1}, .zone = "Asia/Tokyo"}), range(15 * 3600, 39 * 3600));
}

TEST(HalfOpenTest, AbsentEndsAreThoseOfTime) {
  EXPECT_EQ(half_open({}), (TimeRange{Timestamp::min(), Timestamp::max()}));
  EXPECT_EQ(half_open({.start = "1970-01-01", .end = "9999-12-31"}), (TimeRange{Timestamp{0}, Timestamp::max()}));
}

TEST(HalfOpenTest, RangesEndAfterTheyStart) {
  EXPECT_TRUE(half_open({.start = Timestamp{7}, .end = Timestamp{7}}).empty());
  expect_error(ErrorKind::kInvalidArgument, "ends before it starts",
               [] { static_cast<void>(half_open({.start = "2024-01-02", .end = "2024-01-01"})); });
}

TEST_F(CoverageTest, WhatWasNeverFetchedIsMissing) {
  EXPECT_THAT(missing(0, 100), ElementsAre(range(0, 100)));
  lake_.record_coverage("k", {.received = {range(10, 20)}, .empty = {range(20, 30)}});
  EXPECT_THAT(missing(0, 100), ElementsAre(range(0, 10), range(30, 100)));
  EXPECT_THAT(missing(12, 25), IsEmpty());
}

TEST_F(CoverageTest, WhatWasAskedForInVainIsMissing) {
  lake_.record_coverage("k", {.requested = {range(0, 50)}, .received = {range(10, 20)}});
  EXPECT_THAT(lake_.missing("k"), ElementsAre(range(0, 10), range(20, 50)));
  EXPECT_THAT(lake_.missing("k", {.start = testing::at_second(15)}), ElementsAre(range(20, 50)));
  EXPECT_THAT(lake_.missing("k", {.end = testing::at_second(15)}), ElementsAre(range(0, 10)));
}

TEST_F(CoverageTest, WithoutARangeNothingIsMissingWhereNothingWasAskedFor) {
  EXPECT_THAT(lake_.missing("k"), IsEmpty());
  EXPECT_THAT(lake_.missing("k", {.end = testing::at_second(5)}), IsEmpty());
}

TEST_F(CoverageTest, AllOfASeriesThatIsNotThereIsMissing) {
  EXPECT_THAT(lake_.missing("new", {.start = "1970-01-01", .end = "1970-01-01"}), ElementsAre(range(0, 86400)));
  expect_error(ErrorKind::kNotFound, "no series", [&] { static_cast<void>(lake_.missing("new")); });
  expect_error(ErrorKind::kNotFound, "no series", [&] { static_cast<void>(lake_.coverage("new")); });
  expect_error(ErrorKind::kNotFound, "no series", [&] { lake_.record_coverage("new", {}); });
}

TEST_F(CoverageTest, AWriteSaysWhatItCovers) {
  lake_.upsert("k", to_table(run_of(20, 5)), received(range(20, 30)));
  EXPECT_EQ(lake_.coverage("k"), (Coverage{{range(20, 30)}, {range(20, 30)}, {}}));
}

TEST_F(CoverageTest, AWriteThatChangesNothingSaysItToo) {
  SeriesWriteOptions options = received(range(0, 10));
  options.metadata = R"({"from": "oanda"})";
  EXPECT_EQ(lake_.upsert("k", to_table(run_of(0, 10)), options).id, "");
  EXPECT_THAT(lake_.coverage("k").received, ElementsAre(range(0, 10)));
  EXPECT_EQ(lake_.metadata("k"), *options.metadata);
}

TEST_F(CoverageTest, AFirstWriteMayBringNothingButTheKnowledge) {
  SeriesWriteOptions options = keyed();
  options.coverage.empty = {range(0, 50)};
  lake_.upsert("quiet", to_table({}), options);
  EXPECT_THAT(lake_.coverage("quiet").empty, ElementsAre(range(0, 50)));
}

TEST_F(CoverageTest, ARefusedWriteSaysNothing) {
  expect_error(ErrorKind::kAlreadyExists, "",
               [&] { lake_.append("k", to_table(run_of(5, 10)), received(range(5, 15))); });
  SeriesWriteOptions options;
  options.coverage.received = {range(9, 3)};
  expect_error(ErrorKind::kInvalidArgument, "ends before", [&] { lake_.upsert("k", to_table(run_of(9, 3)), options); });
  EXPECT_EQ(lake_.coverage("k"), Coverage{});
  EXPECT_EQ(lake_.info("k").version, 1);
}

TEST_F(CoverageTest, WritingTheWholeSeriesBeginsAnew) {
  lake_.record_coverage("k", {.received = {range(0, 10)}});
  lake_.set_metadata("k", R"({"x": 1})");
  lake_.write("k", to_table(run_of(50, 5)), received(range(50, 60)));
  EXPECT_THAT(lake_.coverage("k").requested, ElementsAre(range(50, 60)));
  EXPECT_EQ(lake_.metadata("k"), R"({"x": 1})");
}

TEST_F(CoverageTest, NothingIsKnownOfARangeThatWasRemoved) {
  for (const int64_t first : {0, 20}) {  // with rows, and without
    lake_.record_coverage("k", {.received = {range(first, first + 6)}, .empty = {range(first + 6, first + 8)}});
    const SeriesRange removed = {.start = testing::at_second(first + 2), .end = testing::at_second(first + 7)};
    lake_.remove_range("k", removed, {.dry_run = true});
    EXPECT_THAT(missing(first, first + 8), IsEmpty());
    lake_.remove_range("k", removed);
    EXPECT_THAT(missing(first, first + 8),
                ElementsAre(TimeRange{testing::at_second(first + 2), testing::at_second(first + 7) + Duration{1}}));
  }
}

TEST_F(CoverageTest, ARangeWithoutRowsIsForgottenWithoutAVersion) {
  lake_.record_coverage("k", {.received = {range(20, 30)}});
  const Commit done = lake_.remove_range("k", {.start = testing::at_second(20), .end = testing::at_second(30)});
  EXPECT_EQ(done.id, "");
  EXPECT_EQ(lake_.info("k").version, 1);
  EXPECT_EQ(lake_.coverage("k"), Coverage{});
}

TEST_F(CoverageTest, ItEndsWithTheSeries) {
  lake_.record_coverage("k", {.received = {range(0, 10)}});
  lake_.set_metadata("k", R"({"x": 1})");
  lake_.remove("k");
  lake_.upsert("k", to_table(run_of(0, 10)), keyed());
  EXPECT_EQ(lake_.coverage("k"), Coverage{});
  EXPECT_EQ(lake_.metadata("k"), "{}");
}

TEST_F(CoverageTest, UntimedSeriesHaveNone) {
  SeriesWriteOptions options;
  options.series.index = "";
  lake_.write("u", to_table(run_of(0, 3)), options);
  expect_error(ErrorKind::kInvalidArgument, "untimed", [&] { lake_.record_coverage("u", {.empty = {range(0, 1)}}); });
  options.coverage.received = {range(0, 1)};
  expect_error(ErrorKind::kInvalidArgument, "untimed", [&] { lake_.write("v", to_table(run_of(0, 3)), options); });
  EXPECT_FALSE(lake_.exists("v"));
}

TEST_F(CoverageTest, MetadataComesAndGoesWithoutAVersion) {
  EXPECT_EQ(lake_.metadata("k"), "{}");
  lake_.set_metadata("k", R"({"venue": "XNAS"})");
  EXPECT_EQ(lake_.metadata("k"), R"({"venue": "XNAS"})");
  EXPECT_EQ(lake_.info("k").metadata, R"({"venue": "XNAS"})");
  EXPECT_EQ(lake_.info_all().at(0).metadata, R"({"venue": "XNAS"})");
  EXPECT_EQ(lake_.info("k").version, 1);
  lake_.remove_metadata("k");
  EXPECT_EQ(lake_.info_all().at(0).metadata, "{}");
}

TEST_F(CoverageTest, MetadataIsAJsonObjectOfASeries) {
  for (const char* text : {"", "[]", "{", "null"}) {
    expect_error(ErrorKind::kInvalidArgument, "metadata", [&] { lake_.set_metadata("k", text); });
  }
  expect_error(ErrorKind::kNotFound, "no series", [&] { lake_.set_metadata("new", "{}"); });
  expect_error(ErrorKind::kNotFound, "no series", [&] { static_cast<void>(lake_.metadata("new")); });
}

TEST_F(CoverageTest, AReadOnlyLakeOnlyTells) {
  lake_.record_coverage("k", {.received = {range(0, 10)}});
  lake_.close();
  Lake reader = Lake::open(directory_ / "lake", {.read_only = true});
  EXPECT_THAT(reader.coverage("k").received, ElementsAre(range(0, 10)));
  expect_error(ErrorKind::kReadOnly, "", [&] { reader.record_coverage("k", {.received = {range(0, 20)}}); });
  expect_error(ErrorKind::kReadOnly, "", [&] { reader.set_metadata("k", "{}"); });
}

}  // namespace
}  // namespace varve
