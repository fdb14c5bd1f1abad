#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "varve/base/clock.h"
#include "varve/base/error.h"
#include "varve/base/file_system.h"

#include "support/errors.h"
#include "support/still_process.h"
#include "support/temp_directory.h"

namespace varve::base {
namespace {

using testing::expect_error;
using testing::StillProcess;

class FileLockTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileLock> lock(uint64_t byte = 0, bool exclusive = true) {
    return files_->lock(path_, {.byte = byte, .exclusive = exclusive});
  }
  void expect_held(uint64_t byte = 0, bool exclusive = true) {
    expect_error(ErrorKind::kConcurrentWrite, path_, [&] { static_cast<void>(lock(byte, exclusive)); });
  }
  void expect_free(uint64_t byte = 0) { EXPECT_NO_THROW(static_cast<void>(lock(byte))); }

  testing::TempDirectory directory_;
  std::string path_ = directory_ / "locks";
  std::unique_ptr<FileSystem> files_ = make_system_file_system();
};

TEST_F(FileLockTest, ExcludesAnotherHandleOfTheProcess) {
  auto held = lock();
  expect_held();
  held.reset();
  expect_free();
}

TEST_F(FileLockTest, BytesAreLockedOneByOne) {
  const uint64_t far = uint64_t{1} << 62;
  auto first = lock(0);
  auto second = lock(far);
  expect_held(0);
  expect_held(far);
  expect_free(1);
  second.reset();
  expect_free(far);
  EXPECT_EQ(files_->status(path_).size, 0U);
}

TEST_F(FileLockTest, ByteThatNoFileHasIsAnError) {
  expect_error(ErrorKind::kInvalidArgument, "byte", [&] { static_cast<void>(lock(UINT64_MAX)); });
}

TEST_F(FileLockTest, SharedLocksExcludeOnlyExclusiveOnes) {
  const auto first = lock(0, false);
  const auto second = lock(0, false);
  expect_held(0, true);
}

TEST_F(FileLockTest, OpeningAndClosingTheFileLosesNoLock) {  // as the old kind of lock would
  const auto held = lock();
  files_->open(path_, OpenMode::kReadWrite)->close();
  expect_held();
}

TEST_F(FileLockTest, GivesUpAfterTheTimeout) {
  const auto held = lock();
  SystemClock clock;
  const Duration start = clock.monotonic();
  expect_error(ErrorKind::kConcurrentWrite, "waited 30ms",
               [&] { static_cast<void>(files_->lock(path_, {.timeout = Duration::milliseconds(30)})); });
  EXPECT_GE(clock.monotonic().nanoseconds - start.nanoseconds, 30'000'000);
}

TEST_F(FileLockTest, WaitsUntilTheLockIsFree) {
  auto held = lock();
  std::atomic<bool> begun = false;
  std::atomic<bool> released = false;
  std::thread waiter([&] {
    begun = true;
    const auto mine = files_->lock(path_, {.timeout = Duration::seconds(60)});
    EXPECT_TRUE(released);
  });
  while (!begun) std::this_thread::yield();
  released = true;
  held.reset();
  waiter.join();
}

TEST_F(FileLockTest, MissingFolderIsNotFound) {
  expect_error(ErrorKind::kNotFound, "none", [&] { static_cast<void>(files_->lock(directory_ / "none/locks", {})); });
}

TEST_F(FileLockTest, OnlyOneThreadAtATimeHoldsIt) {
  std::atomic<int> inside = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int repeat = 0; repeat < 20; ++repeat) {
        const auto mine = files_->lock(path_, {.timeout = Duration::seconds(60)});
        EXPECT_EQ(++inside, 1);
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(FileLockTest, DiesWithItsProcess) {
  std::unique_ptr<FileLock> held;
  StillProcess child([&] { held = lock(); });
  expect_held();
  child.kill();
  expect_free();
}

TEST_F(FileLockTest, ForkedChildNeitherKeepsNorReleasesIt) {
  auto held = lock();
  StillProcess child([&] { held.reset(); });
  expect_held();
  held.reset();
  expect_free();
}

TEST_F(FileLockTest, IsReleasedThoughAForkedChildLives) {
  auto held = lock();
  const StillProcess child([] {});
  held.reset();
  expect_free();
}

}  // namespace
}  // namespace varve::base
