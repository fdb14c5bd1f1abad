#include "varve/cli/progress.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/fake_clock.h"

namespace varve::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ProgressTest : public ::testing::Test {
 protected:
  Progress make(ProgressStyle style, int32_t width = 80) {
    return Progress(clock_, {style, width, [this](std::string_view text) { shown_ += text; }});
  }
  void pass(int64_t milliseconds) { clock_.advance(Duration::milliseconds(milliseconds)); }

  testing::FakeClock clock_;
  std::string shown_;
};

TEST_F(ProgressTest, ShortWorkShowsNothing) {
  Progress progress = make(ProgressStyle::kBar);
  progress.start("a.csv");
  progress.update(10, 100);
  progress.finish();
  EXPECT_EQ(shown_, "");
}

TEST_F(ProgressTest, BarShowsShareSpeedAndName) {
  Progress progress = make(ProgressStyle::kBar);
  progress.start("a.csv");
  pass(1000);
  progress.update(5'000'000, 10'000'000);
  EXPECT_THAT(shown_, HasSubstr("] "
                                " 50 %  5.0 MB/s  a.csv"));
  EXPECT_THAT(shown_, HasSubstr("###...")) << shown_;
}

TEST_F(ProgressTest, BarIsDrawnAtMostTenTimesASecond) {
  Progress progress = make(ProgressStyle::kBar);
  progress.start("a.csv");
  for (int i = 0; i < 100; ++i) {
    pass(10);
    progress.update(1, 2);
  }
  EXPECT_EQ(std::count(shown_.begin(), shown_.end(), '\r'), 10);
}

TEST_F(ProgressTest, BarIsTakenAway) {
  {
    Progress progress = make(ProgressStyle::kBar);
    progress.start("a.csv");
    pass(200);
    progress.update(1, 2);
  }
  EXPECT_TRUE(shown_.ends_with("\r\033[K"));
}

TEST_F(ProgressTest, BarNeverWraps) {
  Progress progress = make(ProgressStyle::kBar, 30);
  progress.start("a-very-long-name-of-a-file-that-does-not-fit.csv");
  pass(200);
  progress.update(1, 2);
  EXPECT_LT(shown_.size(), 30 + std::string("\r\033[K").size());
}

TEST_F(ProgressTest, LinesComeEveryFiveSeconds) {
  Progress progress = make(ProgressStyle::kLines);
  progress.start("a.csv");
  for (int second = 0; second < 12; ++second) {
    pass(1000);
    progress.update(30, 100);
  }
  EXPECT_EQ(shown_, "a.csv: 30 % of 100 B\na.csv: 30 % of 100 B\n");
}

TEST_F(ProgressTest, OffShowsNothing) {
  Progress progress = make(ProgressStyle::kOff);
  progress.start("a.csv");
  pass(100'000);
  progress.update(1, 2);
  EXPECT_EQ(shown_, "");
}

TEST_F(ProgressTest, NothingToReadIsAllOfIt) {
  Progress progress = make(ProgressStyle::kLines);
  progress.start("a.csv");
  pass(5000);
  progress.update(0, 0);
  EXPECT_THAT(shown_, HasSubstr("100 %"));
}

TEST(ProgressStyles, AutoDependsOnTheTerminal) {
  EXPECT_EQ(parse_progress("auto", true), ProgressStyle::kBar);
  EXPECT_EQ(parse_progress("auto", false), ProgressStyle::kLines);
  EXPECT_EQ(parse_progress("off", true), ProgressStyle::kOff);
  testing::expect_error(ErrorKind::kInvalidArgument, "auto, bar, lines, off", [] { (void)parse_progress("on", true); });
}

TEST(BytesText, UsesPowersOfAThousand) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1536), "1.5 kB");
  EXPECT_EQ(bytes_text(23'400'000), "23 MB");
  EXPECT_EQ(bytes_text(999'999'999), "1.0 GB");
}

}  // namespace
}  // namespace varve::cli
