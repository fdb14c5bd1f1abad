// A program in a process of its own, the lines it says, and its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace varve::testing {

// One thread. The process is killed with this object at the latest.
class SpawnedProgram {
 public:
  // The program and its arguments.
  explicit SpawnedProgram(std::vector<std::string> command);
  ~SpawnedProgram();
  SpawnedProgram(const SpawnedProgram&) = delete;
  SpawnedProgram& operator=(const SpawnedProgram&) = delete;

  // Listens until so many lines begin with the word. False if the program ended before.
  bool wait_for(std::string_view word, int64_t lines);
  // The whole lines it has said since this was last asked, without waiting for more.
  std::vector<std::string> lines();
  // Listens to the end. Returns what it exited with, or minus the signal that ended it.
  int wait();
  // Kills it; what it said before can still be asked for. Returns as `wait` does: -SIGKILL if it was alive.
  int kill();

 private:
  bool listen(bool waiting);
  int finish();

  pid_t process_ = 0;
  int words_ = -1;
  std::string said_;
  size_t told_ = 0;  // so much of it
};

}  // namespace varve::testing
