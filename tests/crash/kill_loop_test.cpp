// A writing process is killed at random moments, again and again, on one lake. VARVE_KILL_CYCLES says how often.

#include <sched.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include <gmock/gmock.h>

#include "crash/expected_lake.h"
#include "crash/writer_process.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

// Runs the writer from change `number` on, and kills it at a random moment.
Told run_and_kill(const std::string& root, int64_t number, Random& random) {
  WriterProcess writer(VARVE_CRASH_WRITER, root, number);
  EXPECT_TRUE(writer.wait_for(random.between(0, 9)));  // 0: it may die while it opens the lake
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(random.between(0, 20'000));
  while (std::chrono::steady_clock::now() < end) ::sched_yield();
  const Told told = writer.kill();
  EXPECT_FALSE(writer.ended_by_itself());
  return told;
}

TEST(KillLoopTest, EveryAcknowledgedChangeIsThereOnce) {
  const char* said = std::getenv("VARVE_KILL_CYCLES");
  const int cycles = said != nullptr ? std::atoi(said) : 25;
  Random random;
  const TempDirectory directory;
  const std::string root = directory / "lake";
  ExpectedLake expected;
  int64_t in_flight = 0;
  int64_t happened = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const Told told = run_and_kill(root, expected.next(), random);
    const Settled settled = expected.settle(root, told);
    ASSERT_THAT(settled.wrong, ::testing::IsEmpty()) << "cycle " << cycle;
    in_flight += settled.in_flight;
    happened += settled.happened;
  }
  std::cout << cycles << " kills: " << expected.next() << " changes there, " << in_flight << " in flight of which "
            << happened << " happened\n";
  EXPECT_GT(expected.next(), cycles);
}

}  // namespace
}  // namespace varve::testing
