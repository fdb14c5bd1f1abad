// The power of the disk of two writers is cut at random moments, again and again, on one lake. VARVE_POWER_CUTS says
// how often.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <gmock/gmock.h>

#include "varve/base/error.h"

#include "crash/expected_lake.h"
#include "crash/spawned_program.h"
#include "crash/volume.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

int64_t cuts() {
  const char* said = std::getenv("VARVE_POWER_CUTS");
  return said != nullptr ? std::atoll(said) : 15;
}

class PowerCutTest : public ::testing::TestWithParam<VolumeKind> {
 protected:
  void SetUp() override {
    if (!volume_.mounted()) GTEST_SKIP() << "mounting a file system in a file needs root and loop devices";
  }

  // Runs two writers, and cuts the power at a random moment: now and then when a publication is due. Done is what they
  // had said before.
  std::vector<Told> run_and_cut(const char* program) {
    std::vector<Told> told(2);
    {
      SpawnedProgram first({program, root_, std::to_string(random_.next())});
      SpawnedProgram second({program, root_, std::to_string(random_.next())});
      EXPECT_TRUE(first.wait_for("done", random_.between(1, 9)));
      ::usleep(static_cast<useconds_t>(random_.between(0, random_.one_in(4) ? 400'000 : 20'000)));
      told[0].add(first.lines());
      told[1].add(second.lines());
      volume_.cut_power();
      first.kill();
      second.kill();
      add_begun(told[0], first.lines());
      add_begun(told[1], second.lines());
    }
    volume_.remount();
    for (const Told& one : told) changes_ += one.changes_done;
    return told;
  }

  // What was acknowledged while the power went does not count.
  static void add_begun(Told& told, const std::vector<std::string>& lines) {
    Told later = told;
    later.add(lines);
    for (const auto& [key, version] : later.begun) told.begun[key] = std::max(told.begun[key], version);
  }

  Random random_;
  TempDirectory directory_;
  Volume volume_{GetParam(), directory_.path()};
  std::string root_ = volume_.path() + "/lake";
  ExpectedLake expected_;
  int64_t changes_ = 0;
};

TEST_P(PowerCutTest, EveryAcknowledgedChangeIsThereOnce) {
  int64_t in_flight = 0;
  int64_t happened = 0;
  for (int64_t cut = 0; cut < cuts(); ++cut) {
    const std::vector<Told> told = run_and_cut(VARVE_CRASH_WRITER);
    const Settled settled = expected_.settle(root_, told);
    ASSERT_THAT(settled.wrong, ::testing::IsEmpty()) << "cut " << cut;
    in_flight += settled.in_flight;
    happened += settled.happened;
  }
  std::cout << cuts() << " cuts: " << changes_ << " changes acknowledged, " << expected_.versions()
            << " versions there, " << in_flight << " in flight of which " << happened << " happened\n";
  EXPECT_GE(changes_, cuts());
}

// The same writer, linked with an fsync that does nothing: this test would not see a loss if it passed here.
TEST_P(PowerCutTest, AWriterThatDoesNotSyncIsFoundOut) {
  bool found_out = false;
  for (int cut = 0; cut < 10 && !found_out; ++cut) {
    const std::vector<Told> told = run_and_cut(VARVE_CARELESS_WRITER);
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
