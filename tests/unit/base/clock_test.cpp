#include "varve/base/clock.h"

#include <ctime>

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace varve::base {
namespace {

TEST(SystemClockTest, TellsTheTimeOfDay) {
  const int64_t before = std::time(nullptr);
  const int64_t now = SystemClock().now().nanoseconds / kNanosecondsPerSecond;
  EXPECT_GE(now, before - 1);
  EXPECT_LE(now, std::time(nullptr) + 1);
}

TEST(SystemClockTest, SleepsAtLeastAsLongAsAsked) {
  SystemClock clock;
  const Duration start = clock.monotonic();
  clock.sleep(Duration::milliseconds(2));
  EXPECT_GE((clock.monotonic().nanoseconds - start.nanoseconds), 2'000'000);
}

TEST(SystemClockTest, DoesNotWaitForNothing) {
  SystemClock clock;
  clock.sleep(Duration{0});
  clock.sleep(Duration{std::numeric_limits<int64_t>::min()});
}

TEST(FakeClockTest, MovesOnlyWhenMoved) {
  testing::FakeClock clock;
  EXPECT_EQ(to_string(clock.now()), "2024-01-01T00:00:00Z");
  clock.sleep(Duration::seconds(90));
  EXPECT_EQ(to_string(clock.now()), "2024-01-01T00:01:30Z");
  EXPECT_EQ(clock.monotonic(), Duration::seconds(90));
  clock.set(Timestamp{0});
  EXPECT_EQ(clock.monotonic(), Duration::seconds(90));
}

}  // namespace
}  // namespace varve::base
