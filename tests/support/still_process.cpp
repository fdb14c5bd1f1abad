#include "support/still_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>

namespace varve::testing {
namespace {

void work_and_hold_still(const std::function<void()>& work, int done) {
  try {
    work();
  } catch (const std::exception&) {
    ::_exit(1);
  }
  if (::write(done, "x", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

}  // namespace

StillProcess::StillProcess(const std::function<void()>& work) {
  int done[2] = {};
  if (::pipe(done) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) work_and_hold_still(work, done[1]);
  ::close(done[1]);
  char told = 0;
  const bool good = child > 0 && ::read(done[0], &told, 1) == 1;
  ::close(done[0]);
  child_ = child;
  if (good) return;
  kill();
  throw std::runtime_error("the child could not be made, or died at its work");
}

void StillProcess::kill() {
  if (child_ <= 0) return;  // that would be everybody
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = 0;
}

}  // namespace varve::testing
