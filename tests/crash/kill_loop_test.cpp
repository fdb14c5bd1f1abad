// A writing process is killed at random moments, again and again, on one lake. VARVE_KILL_CYCLES says how often.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

#include <gtest/gtest.h>
#include <spawn.h>

#include "varve/lake/lake.h"
#include "varve/parquet/reader.h"

#include "crash/crash_tables.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

// What the writer said until it was killed: the numbers of the last change that it began and of the last that was done.
struct Told {
  std::optional<int64_t> begun;
  std::optional<int64_t> done;
};

// A writer in a process of its own, and what it says.
class Writer {
 public:
  Writer(const std::string& root, int64_t number) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = VARVE_CRASH_WRITER;
    std::string folder = root;
    std::string from = std::to_string(number);
    char* arguments[] = {program.data(), folder.data(), from.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ), 0) << program;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    words_ = ends[0];
  }
  ~Writer() { ::close(words_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Listens until so many changes are done. False if the writer ended by itself.
  bool wait_for(int64_t changes) {
    while (std::count(said_.begin(), said_.end(), 'd') < changes) {  // "done"
      if (!listen()) return false;
    }
    return true;
  }

  Told kill() {
    ::kill(process_, SIGKILL);
    int status = 0;
    ::waitpid(process_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, with status " << status;
    while (listen()) {  // what it said before it died
    }
    Told told;
    std::istringstream lines(said_);
    std::string word;
    for (int64_t number = 0; lines >> word >> number;) (word == "begin" ? told.begun : told.done) = number;
    return told;
  }

 private:
  bool listen() {
    char buffer[4096];
    const ssize_t got = ::read(words_, buffer, sizeof buffer);
    if (got > 0) said_.append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  pid_t process_ = 0;
  int words_ = -1;
  std::string said_;
};

// Runs the writer from change `number` on, and kills it at a random moment.
Told run_and_kill(const std::string& root, int64_t number, Random& random) {
  Writer writer(root, number);
  EXPECT_TRUE(writer.wait_for(random.between(0, 9)));  // 0: it may die while it opens the lake
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(random.between(0, 20'000));
  while (std::chrono::steady_clock::now() < end) ::sched_yield();
  return writer.kill();
}

class KillLoopTest : public ::testing::Test {
 protected:
  // The state that the writer's words allow: after all that is done, and perhaps after what was begun.
  void advance(int64_t from, const Told& told) {
    possible_.reset();
    for (int64_t number = from; told.begun && number <= *told.begun; ++number) {
      const CrashChange change = crash_change(keys_, number);
      if (told.done && number <= *told.done) {
        keys_[change.key] = changed(keys_[change.key], change);
      } else {
        possible_ = changed(keys_[change.key], change);
      }
    }
  }

  // Returns whether the change that was begun and not done is there.
  bool check() {
    Lake lake = Lake::open(root_);
    bool happened = false;
    for (CrashKey& key : keys_) {
      const Rows found = lake.exists(key.name) ? to_rows(lake.read(key.name)) : Rows();
      if (possible_ && possible_->name == key.name && lake.exists(key.name) == possible_->exists &&
          found == possible_->rows && (found != key.rows || possible_->exists != key.exists)) {
        key = *possible_;
        happened = true;
      }
      EXPECT_EQ(lake.exists(key.name), key.exists) << key.name;
      EXPECT_EQ(found, key.rows) << key.name;
      EXPECT_EQ(glob(key.name), key.rows) << key.name;
    }
    for (const VerifyFinding& finding : lake.verify().findings) ADD_FAILURE() << finding.file << ": " << finding.what;
    return happened;
  }

  Rows glob(const std::string& key) {
    Rows rows;
    const std::string folder = base::join_path(root_, key);
    if (!files_->exists(folder)) return rows;
    for (const std::string& name : files_->list(folder)) {  // sorted by name, so by time
      if (!name.ends_with(".parquet")) continue;
      const std::string path = base::join_path(folder, name);
      const Rows more = to_rows(parquet::Reader::open(files_->open(path, base::OpenMode::kRead), path).read());
      rows.insert(rows.end(), more.begin(), more.end());
    }
    return rows;
  }

  TempDirectory directory_;
  std::string root_ = directory_ / "lake";
  std::unique_ptr<base::FileSystem> files_ = base::make_system_file_system();
  std::vector<CrashKey> keys_ = crash_keys();
  std::optional<CrashKey> possible_;
};

TEST_F(KillLoopTest, EveryAcknowledgedChangeIsThereOnce) {
  const char* said = std::getenv("VARVE_KILL_CYCLES");
  const int cycles = said != nullptr ? std::atoi(said) : 25;
  Random random;
  int64_t number = 0;
  int64_t in_flight = 0;
  int64_t in_flight_there = 0;
  for (int cycle = 0; cycle < cycles && !HasFailure(); ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    const Told told = run_and_kill(root_, number, random);
    advance(number, told);
    in_flight += possible_ ? 1 : 0;
    const bool happened = check();
    in_flight_there += happened ? 1 : 0;
    if (told.done) number = *told.done + 1;
    if (happened) ++number;
  }
  std::cout << cycles << " kills: " << number << " changes there, " << in_flight << " in flight of which "
            << in_flight_there << " happened\n";
  EXPECT_GT(number, cycles);
}

}  // namespace
}  // namespace varve::testing
