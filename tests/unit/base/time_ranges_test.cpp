#include "varve/base/time_ranges.h"

#include <bitset>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/random.h"

namespace varve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Random;

TimeRange range(int64_t start, int64_t end) { return {Timestamp{start}, Timestamp{end}}; }

TEST(TimeRangesTest, RangesThatTouchAreOne) {
  EXPECT_THAT(merge_ranges({range(5, 7), range(0, 5)}), ElementsAre(range(0, 7)));
  EXPECT_THAT(merge_ranges({range(6, 7), range(0, 5)}), ElementsAre(range(0, 5), range(6, 7)));
}

TEST(TimeRangesTest, ARangeWithinAnotherIsGone) {
  EXPECT_THAT(merge_ranges({range(0, 10), range(2, 3), range(4, 12)}), ElementsAre(range(0, 12)));
}

TEST(TimeRangesTest, EmptyRangesAreNoMoments) { EXPECT_THAT(merge_ranges({range(5, 5), range(9, 2)}), IsEmpty()); }

TEST(TimeRangesTest, ADifferenceMayCutARangeInTwo) {
  EXPECT_THAT(subtract({range(0, 10)}, {range(3, 4)}), ElementsAre(range(0, 3), range(4, 10)));
  EXPECT_THAT(subtract({range(0, 10)}, {range(0, 4), range(8, 10)}), ElementsAre(range(4, 8)));
}

TEST(TimeRangesTest, OneRangeMayTakeFromSeveral) {
  EXPECT_THAT(subtract({range(0, 3), range(4, 6), range(8, 12)}, {range(2, 9)}),
              ElementsAre(range(0, 2), range(9, 12)));
}

TEST(TimeRangesTest, RangesThatTouchHaveNothingInCommon) {
  EXPECT_THAT(intersect({range(0, 5)}, {range(5, 9)}), IsEmpty());
}

TEST(TimeRangesTest, AllOfTimeIsARange) {
  const TimeRange all{Timestamp::min(), Timestamp::max()};
  EXPECT_THAT(subtract({all}, {range(0, 1)}),
              ElementsAre(TimeRange{Timestamp::min(), Timestamp{0}}, TimeRange{Timestamp{1}, Timestamp::max()}));
  EXPECT_THAT(unite({all}, {range(0, 1)}), ElementsAre(all));
}

// Against a set of the moments 0 to 63, one bit each.
class TimeRangesModelTest : public ::testing::Test {
 protected:
  using Moments = std::bitset<64>;

  std::vector<TimeRange> some_ranges() {
    std::vector<TimeRange> ranges;
    for (int64_t left = random_.between(0, 8); left > 0; --left) {
      const int64_t start = random_.between(0, 63);
      ranges.push_back(range(start, random_.between(0, random_.one_in(3) ? 63 : std::min<int64_t>(start + 9, 63))));
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

  // The only list that a set has.
  static void expect_set(const TimeRanges& found, const Moments& expected) {
    EXPECT_EQ(moments_of(found), expected);
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_FALSE(found[i].empty());
      if (i > 0) {
        EXPECT_LT(found[i - 1].end, found[i].start);
      }
    }
  }

  Random random_;
};

TEST_F(TimeRangesModelTest, OperationsAreThoseOfSets) {
  for (int round = 0; round < 5000; ++round) {
    const std::vector<TimeRange> some = some_ranges();
    const TimeRanges left = merge_ranges(some);
    const TimeRanges right = merge_ranges(some_ranges());
    const Moments in_left = moments_of(some);
    const Moments in_right = moments_of(right);
    expect_set(left, in_left);
    expect_set(unite(left, right), in_left | in_right);
    expect_set(intersect(left, right), in_left & in_right);
    expect_set(subtract(left, right), in_left & ~in_right);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace varve
