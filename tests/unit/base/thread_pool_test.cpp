#include "varve/base/thread_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"

namespace varve::base {
namespace {

TEST(ThreadPoolTest, EveryIndexRunsOnce) {
  ThreadPool pool(4);
  for (const size_t count : {0U, 1U, 2U, 3U, 4U, 5U, 1'000U}) {
    std::vector<std::atomic<int>> runs(count);
    pool.parallel_for(count, [&](size_t index) { ++runs[index]; });
    for (const std::atomic<int>& times : runs) EXPECT_EQ(times, 1);
  }
}

TEST(ThreadPoolTest, WhatBodiesWroteIsThere) {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<size_t> squares(50);
    pool.parallel_for(squares.size(), [&](size_t index) { squares[index] = index * index; });
    ASSERT_EQ(std::accumulate(squares.begin(), squares.end(), size_t{0}), 40'425U);
  }
}

TEST(ThreadPoolTest, CallerWaitsForTheBodiesOfOthers) {
  ThreadPool pool(2);
  std::latch both_there(2);
  std::atomic<int> spins = 0;
  pool.parallel_for(2, [&, caller = std::this_thread::get_id()](size_t) {
    both_there.arrive_and_wait();
    while (std::this_thread::get_id() != caller && spins < 5'000'000) ++spins;
  });
  EXPECT_EQ(spins, 5'000'000);
}

TEST(ThreadPoolTest, OneThreadRunsInOrderInTheCaller) {
  ThreadPool pool(1);
  EXPECT_EQ(pool.size(), 1U);
  std::vector<size_t> order;
  pool.parallel_for(3, [&, caller = std::this_thread::get_id()](size_t index) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(index);
  });
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2}));
}

TEST(ThreadPoolTest, ZeroMeansOneAProcessor) { EXPECT_GE(ThreadPool().size(), 1U); }

TEST(ThreadPoolTest, AllThreadsWorkAtOnce) {
  ThreadPool pool(4);
  EXPECT_EQ(pool.size(), 4U);
  std::latch all_there(4);  // would hang for ever if fewer threads came
  pool.parallel_for(4, [&](size_t) { all_there.arrive_and_wait(); });
}

TEST(ThreadPoolTest, ExceptionReachesTheCaller) {
  for (const size_t threads : {1U, 4U}) {
    ThreadPool pool(threads);
    EXPECT_THROW(pool.parallel_for(100,
                                   [](size_t index) {
                                     if (index == 7) throw std::invalid_argument("seven");
                                   }),
                 std::invalid_argument);
    std::atomic<int> runs = 0;
    pool.parallel_for(10, [&](size_t) { ++runs; });
    EXPECT_EQ(runs, 10);
  }
}

TEST(ThreadPoolTest, ExceptionLeavesOutWhatHasNotBegun) {
  ThreadPool pool(2);
  std::atomic<int> runs = 0;
  EXPECT_THROW(pool.parallel_for(1'000'000,
                                 [&](size_t) {
                                   ++runs;
                                   throw std::runtime_error("at once");
                                 }),
               std::runtime_error);
  EXPECT_LE(runs, 4);
}

TEST(ThreadPoolTest, NoBodyRunsAfterTheCallEnds) {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 500; ++repeat) {
    std::atomic<int> running = 0;
    try {
      pool.parallel_for(20, [&](size_t index) {
        ++running;
        if (index == 3) {
          --running;
          throw std::runtime_error("three");
        }
        --running;
      });
    } catch (const std::runtime_error&) {}
    ASSERT_EQ(running, 0);
  }
}

TEST(ThreadPoolTest, LoopsMayStandInLoops) {
  ThreadPool pool(3);
  std::atomic<int> runs = 0;
  pool.parallel_for(
      8, [&](size_t) { pool.parallel_for(8, [&](size_t) { pool.parallel_for(8, [&](size_t) { ++runs; }); }); });
  EXPECT_EQ(runs, 512);
}

TEST(ThreadPoolTest, ExceptionPassesThroughNestedLoops) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.parallel_for(8,
                                 [&](size_t) {
                                   pool.parallel_for(8, [&](size_t inner) {
                                     if (inner == 5) throw std::out_of_range("inner");
                                   });
                                 }),
               std::out_of_range);
}

TEST(ThreadPoolTest, ManyCallersShareOnePool) {
  ThreadPool pool(3);
  std::atomic<int> runs = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 100; ++repeat) pool.parallel_for(10, [&](size_t) { ++runs; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(runs, 4'000);
}

TEST(ThreadPoolTest, MoreThreadsThanAnybodyMeansAreRefused) {
  testing::expect_error(ErrorKind::kInvalidArgument, "threads 4097: expected 0 to 4096",
                        [] { ThreadPool pool(kThreadsMax + 1); });
}

TEST(ThreadPoolTest, PoolsComeAndGo) {
  for (int i = 0; i < 200; ++i) ThreadPool pool(3);
  for (int i = 0; i < 50; ++i) ThreadPool(3).parallel_for(3, [](size_t) {});
}

TEST(ThreadPoolTest, ForkedChildMayDestroyItsCopy) {
  auto pool = std::make_unique<ThreadPool>(3);
  const pid_t child = ::fork();
  if (child == 0) {
    pool.reset();
    ::_exit(42);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

}  // namespace
}  // namespace varve::base
