#include "varve/catalog/annotations.h"

#include <bitset>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/catalog/catalog.h"

#include "support/errors.h"
#include "support/random.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::Random;

constexpr TimeRange kAlways{Timestamp::min(), Timestamp::max()};

TimeRange range(int64_t start, int64_t end) { return {Timestamp{start}, Timestamp{end}}; }

class AnnotationsTest : public CatalogTest {
 protected:
  AnnotationsTest() { commit(making("a")); }

  void record(const CoverageChange& change) { catalog_->annotate("a", {.coverage = change, .metadata = {}}); }
  Coverage coverage(const TimeRange& within = kAlways) {
    return catalog_->coverage(catalog_->find_series("a")->id, within);
  }
  void set_metadata(const std::string& json) { catalog_->annotate("a", {.coverage = {}, .metadata = json}); }
  std::string metadata() { return catalog_->metadata(catalog_->find_series("a")->id); }
};

TEST_F(AnnotationsTest, NothingIsKnownAtFirst) {
  EXPECT_EQ(coverage(), Coverage{});
  EXPECT_EQ(metadata(), "");
  EXPECT_THAT(catalog_->all_metadata(), IsEmpty());
}

TEST_F(AnnotationsTest, RangesThatTouchBecomeOne) {
  record({.requested = {range(0, 10)}});
  record({.requested = {range(20, 30)}});
  EXPECT_THAT(coverage().requested, ElementsAre(range(0, 10), range(20, 30)));
  record({.requested = {range(10, 20)}});
  EXPECT_THAT(coverage().requested, ElementsAre(range(0, 30)));
}

TEST_F(AnnotationsTest, WhatCameOrIsEmptyWasAskedFor) {
  record({.received = {range(0, 10)}, .empty = {range(10, 20)}});
  EXPECT_THAT(coverage().requested, ElementsAre(range(0, 20)));
  EXPECT_THAT(coverage().received, ElementsAre(range(0, 10)));
  EXPECT_THAT(coverage().empty, ElementsAre(range(10, 20)));
}

TEST_F(AnnotationsTest, TheNewestWordCounts) {
  record({.empty = {range(0, 30)}});
  record({.received = {range(10, 20)}});
  EXPECT_THAT(coverage().empty, ElementsAre(range(0, 10), range(20, 30)));
  record({.empty = {range(15, 40)}});
  EXPECT_THAT(coverage().received, ElementsAre(range(10, 15)));
  EXPECT_THAT(coverage().empty, ElementsAre(range(0, 10), range(15, 40)));
}

TEST_F(AnnotationsTest, ForgettingComesFirst) {
  record({.received = {range(0, 100)}});
  record({.forgotten = {range(20, 60)}, .empty = {range(50, 60)}});
  EXPECT_THAT(coverage().requested, ElementsAre(range(0, 20), range(50, 100)));
  EXPECT_THAT(coverage().received, ElementsAre(range(0, 20), range(60, 100)));
  EXPECT_THAT(coverage().empty, ElementsAre(range(50, 60)));
}

TEST_F(AnnotationsTest, AnswersAreOfTheRangeAskedFor) {
  record({.requested = {range(0, 100)}, .received = {range(5, 20), range(30, 40)}});
  EXPECT_THAT(coverage(range(10, 35)).received, ElementsAre(range(10, 20), range(30, 35)));
  EXPECT_THAT(coverage(range(20, 30)).received, IsEmpty());
  EXPECT_EQ(coverage(range(50, 50)), Coverage{});
}

TEST_F(AnnotationsTest, TheEndsOfTimeAreFine) {
  record({.received = {kAlways}});
  record({.forgotten = {range(0, 1)}});
  EXPECT_THAT(coverage().received,
              ElementsAre(TimeRange{Timestamp::min(), Timestamp{0}}, TimeRange{Timestamp{1}, Timestamp::max()}));
}

TEST_F(AnnotationsTest, WhatMakesNoSenseChangesNothing) {
  record({.received = {range(0, 10)}});
  const Coverage before = coverage();
  expect_error(ErrorKind::kInvalidArgument, "ends before it starts", [&] { record({.requested = {range(9, 3)}}); });
  expect_error(ErrorKind::kInvalidArgument, "both received and empty",
               [&] { record({.received = {range(0, 5)}, .empty = {range(4, 9)}}); });
  expect_error(ErrorKind::kInvalidArgument, "no JSON object", [&] { set_metadata("[]"); });
  EXPECT_EQ(coverage(), before);
}

TEST_F(AnnotationsTest, SeriesThatAreNotThereHaveNone) {
  expect_error(ErrorKind::kNotFound, "no series \"b\"", [&] { catalog_->annotate("b", {}); });
  commit(deleting("a", 1));
  expect_error(ErrorKind::kNotFound, "no series \"a\"", [&] { record({.received = {range(0, 1)}}); });
}

TEST_F(AnnotationsTest, MetadataStaysAsItWasGiven) {
  const std::string json = " {\"b\": 1.50,\n \"a\": \"\u20AC\\u0000\"}";
  set_metadata(json);
  reopen();
  EXPECT_EQ(metadata(), json);
  set_metadata("{}");
  EXPECT_EQ(metadata(), "{}");
}

TEST_F(AnnotationsTest, AllMetadataAreFoundByTheirSeries) {
  commit(making("b"));
  commit(making("c"));
  catalog_->annotate("c", {.coverage = {}, .metadata = "{\"c\":1}"});
  EXPECT_THAT(catalog_->all_metadata(), ElementsAre(Pair(catalog_->find_series("c")->id, "{\"c\":1}")));
}

TEST_F(AnnotationsTest, ACommitBringsItsOwn) {
  SeriesChange change = changing("a", 1);
  change.annotations = {.coverage = {.received = {range(0, 10)}}, .metadata = "{\"x\":1}"};
  commit(change);
  EXPECT_THAT(coverage().received, ElementsAre(range(0, 10)));
  EXPECT_EQ(metadata(), "{\"x\":1}");
  commit(changing("a", 2));
  EXPECT_THAT(coverage().received, ElementsAre(range(0, 10)));
  EXPECT_EQ(metadata(), "{\"x\":1}");
}

TEST_F(AnnotationsTest, ACommitThatFailsLeavesThemAlone) {
  SeriesChange change = changing("a", 7);
  change.annotations = {.coverage = {.received = {range(0, 10)}}, .metadata = "{\"x\":1}"};
  expect_error(ErrorKind::kConcurrentWrite, "\"a\"", [&] { commit(change); });
  change.base_version = 1;
  change.annotations.metadata = "x";
  expect_error(ErrorKind::kInvalidArgument, "no JSON", [&] { commit(change); });
  EXPECT_EQ(coverage(), Coverage{});
  EXPECT_EQ(metadata(), "");
  EXPECT_EQ(catalog_->find_series("a")->version, 1);
}

TEST_F(AnnotationsTest, RowsThatAreGoneAreNotCovered) {
  record({.received = {range(0, 10)}});
  set_metadata("{\"x\":1}");
  SeriesChange change = changing("a", 1);
  change.sources.forgets = true;
  change.annotations.coverage.received = {range(20, 30)};
  commit(change);
  EXPECT_THAT(coverage().requested, ElementsAre(range(20, 30)));
  EXPECT_EQ(metadata(), "{\"x\":1}");
}

TEST_F(AnnotationsTest, ADeletedSeriesLosesThem) {
  record({.received = {range(0, 10)}});
  set_metadata("{\"x\":1}");
  commit(deleting("a", 1));
  EXPECT_EQ(coverage(), Coverage{});
  commit(making("a", {}, 2));
  EXPECT_EQ(coverage(), Coverage{});
  EXPECT_EQ(metadata(), "");
}

// Random changes, against three sets of the moments 0 to 63, one bit each.
class CoverageModelTest : public AnnotationsTest {
 protected:
  using Moments = std::bitset<64>;

  std::vector<TimeRange> some_ranges() {
    std::vector<TimeRange> ranges;
    for (int64_t left = random_.between(0, 2); left > 0; --left) {
      const int64_t start = random_.between(0, 60);
      ranges.push_back(range(start, start + random_.between(0, std::min<int64_t>(12, 63 - start))));
    }
    return ranges;
  }

  static Moments moments_of(const std::vector<TimeRange>& ranges) {
    Moments moments;
    for (const TimeRange& each : ranges) {
      for (int64_t at = each.start.nanoseconds; at < each.end.nanoseconds; ++at) moments.set(static_cast<size_t>(at));
    }
    return moments;
  }

  void step() {
    CoverageChange change{some_ranges(), some_ranges(), some_ranges(), some_ranges()};
    change.empty = subtract(merge_ranges(change.empty), merge_ranges(change.received));
    const Moments forgotten = moments_of(change.forgotten);
    const Moments received = moments_of(change.received);
    const Moments empty = moments_of(change.empty);
    requested_ = (requested_ & ~forgotten) | moments_of(change.requested) | received | empty;
    received_ = (received_ & ~forgotten & ~empty) | received;
    empty_ = (empty_ & ~forgotten & ~received) | empty;
    record(change);
  }

  Random random_;
  Moments requested_;
  Moments received_;
  Moments empty_;
};

TEST_F(CoverageModelTest, IsWhatTheModelIs) {
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    step();
    const Coverage known = coverage();
    EXPECT_EQ(moments_of(known.requested), requested_);
    EXPECT_EQ(moments_of(known.received), received_);
    EXPECT_EQ(moments_of(known.empty), empty_);
    EXPECT_EQ(merge_ranges(known.requested), known.requested);
    const TimeRange within = range(random_.between(0, 63), random_.between(0, 63));
    EXPECT_EQ(moments_of(coverage(within).received), received_ & moments_of({within}));
  }
}

}  // namespace
}  // namespace varve::catalog
