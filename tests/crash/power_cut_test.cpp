// The power of a writer's disk is cut at random moments, again and again, on one lake. VARVE_POWER_CUTS says how often.

#include <sched.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <gmock/gmock.h>

#include "varve/base/error.h"

#include "crash/expected_lake.h"
#include "crash/volume.h"
#include "crash/writer_process.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

int cuts() {
  const char* said = std::getenv("VARVE_POWER_CUTS");
  return said != nullptr ? std::atoi(said) : 15;
}

// Runs the writer from change `number` on, and cuts the power at a random moment. Done is what it had said before.
Told run_and_cut(const char* program, Volume& volume, int64_t number, Random& random) {
  WriterProcess writer(program, volume.path() + "/lake", number);
  EXPECT_TRUE(writer.wait_for(random.between(1, 9)));
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(random.between(0, 20'000));
  while (std::chrono::steady_clock::now() < end) ::sched_yield();
  Told told = writer.told();
  volume.cut_power();
  told.begun = writer.kill().begun;
  volume.remount();
  return told;
}

class PowerCutTest : public ::testing::TestWithParam<VolumeKind> {
 protected:
  void SetUp() override {
    if (!volume_.mounted()) GTEST_SKIP() << "mounting a file system in a file needs root and loop devices";
  }

  TempDirectory directory_;
  Volume volume_{GetParam(), directory_.path()};
  std::string root_ = volume_.path() + "/lake";
  ExpectedLake expected_;
};

TEST_P(PowerCutTest, EveryAcknowledgedChangeIsThereOnce) {
  Random random;
  int64_t in_flight = 0;
  int64_t happened = 0;
  for (int cut = 0; cut < cuts(); ++cut) {
    const Told told = run_and_cut(VARVE_CRASH_WRITER, volume_, expected_.next(), random);
    const Settled settled = expected_.settle(root_, told);
    ASSERT_THAT(settled.wrong, ::testing::IsEmpty()) << "cut " << cut;
    in_flight += settled.in_flight;
    happened += settled.happened;
  }
  std::cout << cuts() << " cuts: " << expected_.next() << " changes there, " << in_flight << " in flight of which "
            << happened << " happened\n";
  EXPECT_GE(expected_.next(), cuts());
}

// The same writer, linked with an fsync that does nothing: this test would not see a loss if it passed here.
TEST_P(PowerCutTest, AWriterThatDoesNotSyncIsFoundOut) {
  Random random;
  bool found_out = false;
  for (int cut = 0; cut < 10 && !found_out; ++cut) {
    const Told told = run_and_cut(VARVE_CARELESS_WRITER, volume_, expected_.next(), random);
    try {
      found_out = !expected_.settle(root_, told).wrong.empty();
    } catch (const Error&) {
      found_out = true;
    }
  }
  EXPECT_TRUE(found_out);
}

INSTANTIATE_TEST_SUITE_P(Ext4AndXfs, PowerCutTest, ::testing::Values(VolumeKind::kExt4, VolumeKind::kXfs),
                         [](const auto& kind) { return kind.param == VolumeKind::kExt4 ? "Ext4" : "Xfs"; });

}  // namespace
}  // namespace varve::testing
