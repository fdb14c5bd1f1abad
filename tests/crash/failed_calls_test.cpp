// A writer whose n-th system call of a sort fails, or is its last, on the real file system: what the test file system
// does inside the process (tests/unit/store/fault_test.cpp), done to it from outside by strace. VARVE_CALL_POINTS says
// at how many points, 0 at all.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "crash/expected_lake.h"
#include "crash/spawned_program.h"
#include "support/random.h"
#include "support/temp_directory.h"

namespace varve::testing {
namespace {

// Calls that change what is stored.
constexpr const char* kCalls =
    "openat,write,pwrite64,writev,pwritev,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir,ftruncate,truncate,fallocate,copy_file_range,sync_file_range";
constexpr const char* kFaults[] = {"error=EIO", "error=ENOSPC", "signal=KILL"};

struct Point {
  std::string call;
  int64_t when = 0;
  std::string fault;
  bool operator<(const Point& other) const {
    return std::tie(call, when, fault) < std::tie(other.call, other.when, other.fault);
  }
};

class FailedCallsTest : public ::testing::Test {
 protected:
  // The seed and so the changes are the same each time: an append, an upsert, a delete and more of one key, then two
  // keys at once, then a vacuum. The lake has had a few before.
  SpawnedProgram start(const std::vector<std::string>& strace) const {
    // The leak sanitizer, where it is built in, cannot work under another tracer.
    std::vector<std::string> command = {"strace", "-f", "-y", "-qq", "-o", log_, "-E", "ASAN_OPTIONS=detect_leaks=0"};
    command.insert(command.end(), strace.begin(), strace.end());
    for (const std::string& word : {std::string(VARVE_CRASH_WRITER), root_, std::string("7"), std::string("6")}) {
      command.push_back(word);
    }
    return SpawnedProgram(command);
  }

  void prepare() {
    SpawnedProgram writer({VARVE_CRASH_WRITER, prepared_, "7", "1"});
    ASSERT_EQ(writer.wait(), 0);
    told_before_.add(writer.lines());
  }

  // The prepared lake anew, hard links and all, as nobody else has it: bytes of files are copied, not shared.
  void renew() const {
    SpawnedProgram remove({"rm", "-rf", root_});
    EXPECT_EQ(remove.wait(), 0);
    SpawnedProgram copy({"cp", "-a", prepared_, root_});
    EXPECT_EQ(copy.wait(), 0);
  }

  // Which calls of a run that goes well concern the lake: each by its number among the calls of its sort in its thread.
  std::set<Point> find_points() const {
    renew();
    SpawnedProgram writer = start({"-e", std::string("trace=") + kCalls});
    EXPECT_EQ(writer.wait(), 0);
    std::map<std::pair<std::string, std::string>, int64_t> calls;  // by thread and sort
    std::set<Point> points;
    std::ifstream log(log_);
    for (std::string line; std::getline(log, line);) {
      std::istringstream words(line);
      std::string thread;
      std::string call;
      words >> thread >> std::ws;
      std::getline(words, call, '(');
      const int64_t number = ++calls[{thread, call}];
      const bool opens_to_read = call == "openat" && line.find("O_RDONLY") != std::string::npos;
      if (line.find(root_) == std::string::npos || opens_to_read) continue;
      for (const char* fault : kFaults) points.insert({call, number, fault});
    }
    return points;
  }

  // So many (0: all) by chance, of every sort of call as many as there are, at most alike.
  static std::vector<Point> choose(const std::set<Point>& all, size_t wanted) {
    if (wanted == 0) return {all.begin(), all.end()};
    std::map<std::string, std::vector<Point>> left;
    for (const Point& point : all) left[point.call].push_back(point);
    Random random;
    std::vector<Point> chosen;
    while (chosen.size() < std::min(wanted, all.size())) {
      for (auto& [call, points] : left) {
        if (points.empty()) continue;
        std::swap(points.back(), points[random.next() % points.size()]);
        chosen.push_back(points.back());
        points.pop_back();
      }
    }
    return chosen;
  }

  // True if the fault came about.
  bool fail_at(const Point& point) {
    renew();
    const std::string inject = "inject=" + point.call + ":" + point.fault + ":when=" + std::to_string(point.when);
    SpawnedProgram writer = start({"-e", "trace=" + point.call, "-e", inject});
    const int end = writer.wait();
    Told told;
    told.add(writer.lines());
    EXPECT_TRUE(end == 0 || end == 1 || (end == -SIGKILL && point.fault == "signal=KILL")) << end;
    refused_ += static_cast<int64_t>(told.errors.size());
    acknowledged_ += told.changes_done;
    ExpectedLake expected;
    EXPECT_THAT(expected.settle(root_, {told_before_, told}).wrong, ::testing::IsEmpty());
    std::ifstream log(log_);
    const std::string all{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
    return end == -SIGKILL || all.find("(INJECTED)") != std::string::npos;
  }

  TempDirectory directory_;
  std::string prepared_ = directory_ / "prepared";
  std::string root_ = directory_ / "lake";
  std::string log_ = directory_ / "calls";
  Told told_before_;
  int64_t refused_ = 0;
  int64_t acknowledged_ = 0;
};

TEST_F(FailedCallsTest, AcknowledgedIsWholeAndRefusedIsAbsent) {
  SpawnedProgram version({"strace", "-V"});
  if (version.wait() != 0) GTEST_SKIP() << "needs strace";
  prepare();
  const std::set<Point> found = find_points();
  ASSERT_GT(found.size(), 100);
  const char* said = std::getenv("VARVE_CALL_POINTS");
  const std::vector<Point> points = choose(found, static_cast<size_t>(said != nullptr ? std::atoll(said) : 40));
  std::map<std::string, int64_t> struck;
  for (const Point& point : points) {
    SCOPED_TRACE(point.call + " " + std::to_string(point.when) + " " + point.fault);
    if (fail_at(point)) ++struck[point.call];
    if (HasFailure()) break;
  }
  std::cout << points.size() << " of " << found.size() << " points: " << acknowledged_ << " changes acknowledged, "
            << refused_ << " errors; struck:";
  for (const auto& [call, count] : struck) std::cout << " " << call << " " << count;
  std::cout << "\n";
  EXPECT_GE(struck.size(), 6);
}

}  // namespace
}  // namespace varve::testing
