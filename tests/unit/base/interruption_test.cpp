#include "varve/base/interruption.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "varve/base/thread_pool.h"

namespace varve::base {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;

// Long enough for each thread of the pool to come by.
void work(size_t) {
  const auto end = std::chrono::steady_clock::now() + 1ms;
  while (std::chrono::steady_clock::now() < end) {}
}

class InterruptionTest : public ::testing::TestWithParam<size_t> {
 protected:
  ThreadPool pool_{GetParam()};
};

TEST_P(InterruptionTest, WhatTheCheckThrowsEndsTheLoop) {
  int looks = 0;
  const auto look = [&] {
    if (++looks == 2) throw std::runtime_error("enough");
  };
  const Interruption interruption(look, 0ms);
  std::atomic<int> bodies = 0;
  const auto count = [&](size_t index) {
    ++bodies;
    work(index);
  };
  EXPECT_THROW(pool_.parallel_for(1000, count), std::runtime_error);
  EXPECT_LT(bodies, 1000);
  EXPECT_EQ(looks, 2);
}

TEST_P(InterruptionTest, ShortWorkIsNotLookedAt) {
  const Interruption interruption([] { throw std::runtime_error("too soon"); }, 1h);
  EXPECT_NO_THROW(pool_.parallel_for(1000, [](size_t) {}));
}

TEST_P(InterruptionTest, NothingEndsWhatIsToBeFinished) {
  const Interruption interruption([] { throw std::runtime_error("no"); }, 0ms);
  const Uninterrupted finishing;
  EXPECT_NO_THROW(pool_.parallel_for(100, work));
}

TEST_P(InterruptionTest, TheOneAroundComesBack) {
  int outer = 0;
  const Interruption interruption([&] { ++outer; }, 0ms);
  {
    int inner = 0;
    const Interruption within([&] { ++inner; }, 0ms);
    parallel_for(nullptr, 3, work);
    EXPECT_EQ(inner, 3);
    EXPECT_EQ(outer, 0);
  }
  parallel_for(nullptr, 3, work);
  EXPECT_EQ(outer, 3);
}

TEST_P(InterruptionTest, OtherThreadsDoNotLook) {
  std::atomic<bool> looked = false;
  const Interruption interruption([&] { looked = true; }, 0ms);
  std::thread other([&] { pool_.parallel_for(100, work); });
  other.join();
  EXPECT_FALSE(looked);
}

INSTANTIATE_TEST_SUITE_P(Threads, InterruptionTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace varve::base
