// Four writing processes are killed at random moments, again and again, on one lake, while two processes read it and
// two more read its directories. VARVE_KILL_CYCLES says how often.

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>

#include "crash/expected_lake.h"
#include "crash/spawned_program.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

constexpr size_t kWriters = 4;

int64_t number_from(const char* name, int64_t otherwise) {
  const char* said = std::getenv(name);
  return said != nullptr ? std::atoll(said) : otherwise;
}

std::string python() {
  const char* said = std::getenv("VARVE_PYTHON");
  return said != nullptr ? said : VARVE_PYTHON;
}

struct Reader {
  std::string name;
  std::unique_ptr<SpawnedProgram> program;
  int64_t rounds = 0;
};

class KillLoopTest : public ::testing::Test {
 protected:
  void start_writer(size_t writer) {
    const std::string seed = std::to_string(random_.next());
    programs_[writer] = std::make_unique<SpawnedProgram>(std::vector<std::string>{VARVE_CRASH_WRITER, root_, seed});
  }
  void stop_writer(size_t writer) {
    if (!programs_[writer]) return;
    EXPECT_EQ(programs_[writer]->kill(), -SIGKILL);
    told_.emplace_back().add(programs_[writer]->lines());
    EXPECT_THAT(told_.back().errors, ::testing::IsEmpty());
    programs_[writer].reset();
  }

  // With what time the writers leave.
  void start_reader(const std::string& name, std::vector<std::string> command) {
    command.insert(command.begin(), {"nice", "-n", "5"});
    readers_.push_back({.name = name, .program = std::make_unique<SpawnedProgram>(std::move(command))});
    ASSERT_TRUE(readers_.back().program->wait_for("read", 1)) << name;
  }
  void start_readers() {
    for (const char* mode : {"read_only", "open"}) start_reader(mode, {VARVE_CRASH_READER, root_, mode});
    for (const char* engine : {"duckdb", "polars"}) {
      std::vector<std::string> command = {python(), VARVE_GLOB_READER, engine, root_};
      for (const CrashKey& key : crash_keys()) {
        if (key.alone && key.rows_of_a_write < 1000) command.push_back(key.name);
      }
      start_reader(engine, command);
    }
  }

  // What readers saw must have been a version of then; all that they saw is settled by now.
  void hear(Reader& reader) {
    for (const std::string& line : reader.program->lines()) {
      std::istringstream words(line);
      std::string word;
      std::string key;
      std::pair<int64_t, int64_t> digest;
      words >> word >> key >> digest.first >> digest.second;
      if (word == "read") ++reader.rounds;
      EXPECT_NE(word, "wrong") << reader.name << ": " << line;
      if (word == "seen") {
        ++seen_;
        EXPECT_TRUE(expected_.explain(reader.name, key, digest)) << reader.name << ": " << line;
      }
    }
  }

  void settle() {
    for (size_t writer = 0; writer < kWriters; ++writer) stop_writer(writer);
    const Settled settled = expected_.settle(root_, told_);
    ASSERT_THAT(settled.wrong, ::testing::IsEmpty());
    in_flight_ += settled.in_flight;
    happened_ += settled.happened;
    told_.clear();
    for (Reader& reader : readers_) hear(reader);
  }

  // Perhaps only while they open the lake.
  void run_for_a_while() {
    if (!random_.one_in(10)) {
      EXPECT_TRUE(programs_[0]->wait_for("done", random_.between(1, 6)));
    }
    const int64_t microseconds = random_.between(0, random_.one_in(8) ? 300'000 : 40'000);
    ::usleep(static_cast<useconds_t>(microseconds));
  }

  Random random_;
  const TempDirectory directory_;
  const std::string root_ = directory_ / "lake";
  ExpectedLake expected_;
  std::vector<std::unique_ptr<SpawnedProgram>> programs_{kWriters};
  std::vector<Told> told_;  // by those that are dead
  std::vector<Reader> readers_;
  int64_t in_flight_ = 0;
  int64_t happened_ = 0;
  int64_t seen_ = 0;
};

TEST_F(KillLoopTest, EveryAcknowledgedChangeIsThereOnceAndNobodySeesAnythingElse) {
  if (::access(python().c_str(), X_OK) != 0) GTEST_SKIP() << "needs " << python() << " with DuckDB and Polars";
  const int64_t cycles = number_from("VARVE_KILL_CYCLES", 30);
  expected_.settle(root_, {});  // makes the lake
  start_readers();
  int64_t kills = 0;
  for (int64_t cycle = 0; cycle < cycles && !HasFailure(); ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    for (size_t writer = 0; writer < kWriters; ++writer) {
      if (!programs_[writer]) start_writer(writer);
    }
    run_for_a_while();
    const size_t killed = random_.one_in(3) ? kWriters : static_cast<size_t>(random_.between(1, kWriters));
    for (size_t writer = 0; writer < killed; ++writer, ++kills) stop_writer(writer);
    if (killed == kWriters) settle();
  }
  settle();
  std::cout << cycles << " cycles, " << kills << " kills: " << expected_.versions() << " versions there, " << in_flight_
            << " in flight of which " << happened_ << " happened\n";
  for (const Reader& reader : readers_) std::cout << reader.name << ": " << reader.rounds << " rounds over all keys\n";
  std::cout << seen_ << " states seen in directories\n";
  EXPECT_GT(expected_.versions(), cycles);
}

}  // namespace
}  // namespace varve::testing
