// Many threads of one process, and many processes, on one lake: nobody's change is lost, and nobody who reads fails.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::Rows;
using testing::to_rows;
using testing::to_table;

constexpr int kThreads = 16;
constexpr int kProcesses = 8;

class ConcurrencyTest : public ::testing::Test {
 protected:
  Lake open(Duration publish_delay = Duration::milliseconds(20)) const {
    return Lake::open(root_, {.publish_delay = publish_delay, .threads = 2});
  }

  void make_counter() const {
    SeriesWriteOptions options;
    options.series.identity = std::vector<std::string>{"timestamp"};
    open().write("counter", to_table({{0, 0}}), options);
  }

  // Adds one, however often somebody else is faster: by a new row, and in the row that counts.
  static void count_up(Lake& lake) {
    for (;;) {
      const int64_t version = lake.info("counter").version;
      const Rows rows = to_rows(lake.read("counter", {.as_of = version}));
      const int64_t next = rows.front().second + 1;
      SeriesWriteOptions options;
      options.expects_version = version;
      try {
        lake.upsert("counter", to_table({{0, next}, {next, next}}), options);
        return;
      } catch (const ConcurrentWrite&) {  // again
      }
    }
  }

  // Whatever version is read: a row for each number up to the one it has come to.
  static void expect_whole(const Lake& lake) {
    const Rows rows = to_rows(lake.read("counter"));
    EXPECT_EQ(rows.front().second + 1, std::ssize(rows));
    for (size_t at = 1; at < rows.size(); ++at) EXPECT_EQ(rows[at].second, static_cast<int64_t>(at));
  }

  // Reads of a version between which it is forgotten may find it gone; that is no failure of theirs.
  static void vacuum(Lake& lake) {
    lake.vacuum("counter", {.all_for = Duration::seconds(3600), .hourly_for = Duration{}, .versions_max = 100});
  }

  static void run_threads(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < count; ++thread) threads.emplace_back([&, thread] { work(thread); });
    for (std::thread& thread : threads) thread.join();
  }

  void expect_count(int64_t count) const {
    Lake lake = open();
    expect_whole(lake);
    EXPECT_EQ(std::ssize(to_rows(lake.read("counter"))), count + 1);
    EXPECT_EQ(lake.verify().findings.size(), 0);
  }

  testing::TempDirectory directory_ = testing::make_quick_directory();
  std::string root_ = directory_ / "lake";
};

TEST_F(ConcurrencyTest, NoUpdateOfSixteenThreadsIsLost) {
  constexpr int kEach = 6;
  make_counter();
  {
    Lake lake = open();
    run_threads(kThreads, [&](int thread) {
      for (int time = 0; time < kEach; ++time) {
        count_up(lake);
        expect_whole(lake);
        if (thread == 0) vacuum(lake);
      }
    });
  }
  expect_count(kThreads * kEach);
}

TEST_F(ConcurrencyTest, ThreadsOnKeysOfTheirOwnDoNotWaitForEachOther) {
  Lake lake = open();
  run_threads(kThreads, [&](int thread) {
    const std::string key = "own/" + std::to_string(thread);
    for (int64_t row = 0; row < 12; ++row) {
      lake.append(key, to_table({{row, thread}}));
      EXPECT_EQ(std::ssize(to_rows(lake.read(key))), row + 1);
      EXPECT_LE(lake.list_keys("own").size(), size_t{kThreads});
    }
  });
  EXPECT_EQ(lake.list_keys("own").size(), size_t{kThreads});
  EXPECT_EQ(lake.verify().findings.size(), 0);
}

TEST_F(ConcurrencyTest, NoUpdateOfEightProcessesIsLost) {
  constexpr int kEach = 12;
  make_counter();
  std::vector<pid_t> processes;
  for (int process = 0; process < kProcesses; ++process) {
    processes.push_back(::fork());
    if (processes.back() != 0) continue;
    try {
      Lake lake = open();
      for (int time = 0; time < kEach; ++time) {
        count_up(lake);
        expect_whole(lake);
        if (process == 0) vacuum(lake);
      }
      lake.close();
    } catch (const Error& error) {
      std::fprintf(stderr, "process %d: %s\n", process, error.what());
      ::_exit(2);
    }
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  for (const pid_t process : processes) {
    int status = 0;
    ::waitpid(process, &status, 0);
    EXPECT_EQ(status, 0);
  }
  expect_count(kProcesses * kEach);
}

}  // namespace
}  // namespace varve
