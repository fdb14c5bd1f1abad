// Another process that holds what it has taken until it is killed.
#pragma once

#include <sys/types.h>

#include <functional>

namespace varve::testing {

// A child that did `work` and then holds still, killed when this goes. Under the thread sanitizer it is to be made
// before this process has threads. Throws std::runtime_error if the child cannot be made or died at its work.
class StillProcess {
 public:
  explicit StillProcess(const std::function<void()>& work);
  ~StillProcess() { kill(); }
  StillProcess(const StillProcess&) = delete;
  StillProcess& operator=(const StillProcess&) = delete;

  void kill();

 private:
  pid_t child_ = 0;
};

}  // namespace varve::testing
