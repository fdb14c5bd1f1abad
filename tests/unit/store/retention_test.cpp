#include "varve/store/upkeep/retention.h"

#include <gtest/gtest.h>

namespace varve::store {
namespace {

using catalog::VersionTime;

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

Timestamp second(int64_t count) { return Timestamp{} + Duration::seconds(count); }

// Versions 1, 2, … at these seconds.
std::vector<VersionTime> made_at(const std::vector<int64_t>& seconds) {
  std::vector<VersionTime> versions;
  for (const int64_t time : seconds) versions.push_back({static_cast<int64_t>(versions.size()) + 1, second(time)});
  return versions;
}

using Versions = std::vector<int64_t>;

TEST(Retention, NewestStaysHoweverOld) {
  EXPECT_EQ(versions_to_forget(made_at({0}), {}, second(1000 * kDay)), Versions());
  EXPECT_EQ(versions_to_forget(made_at({0, 1}), {}, second(1000 * kDay)), Versions({1}));
  EXPECT_EQ(versions_to_forget({}, {}, second(0)), Versions());
}

TEST(Retention, AllThatWereNewestWithinTheLastHourStay) {
  const int64_t now = 100 * kDay + kHour / 2;
  const auto versions = made_at({now - 2 * kHour, now - kHour - 60, now - kHour + 60, now - 50, now - 40});
  // The second one was the newest until a minute after the hour began.
  EXPECT_EQ(versions_to_forget(versions, {.hourly_for = {}}, second(now)), Versions({1}));
}

TEST(Retention, LastOfEachHourStaysForAWeek) {
  const int64_t now = 100 * kDay;
  const auto versions = made_at({now - 8 * kDay, now - 3 * kDay + 10, now - 3 * kDay + 20, now - 3 * kDay + kHour + 10,
                                 now - 2 * kHour - 5, now - 2 * kHour + 5});
  EXPECT_EQ(versions_to_forget(versions, {}, second(now)), Versions({1, 2}));
}

TEST(Retention, OfTheLastHourNoMoreThanTheMostStay) {
  const auto versions = made_at({1, 2, 3, 4, 5});
  EXPECT_EQ(versions_to_forget(versions, {.versions_max = 3}, second(10)), Versions({1, 2}));
}

TEST(Retention, SnapshotsStay) {
  std::vector<VersionTime> versions = made_at({1, 2, 3});
  versions[0].in_snapshot = true;
  EXPECT_EQ(versions_to_forget(versions, {}, second(1000 * kDay)), Versions({2}));
}

}  // namespace
}  // namespace varve::store
