#include "crash/writer_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>

namespace varve::testing {
namespace {

// A last line that is not whole yet says nothing.
Told understood(const std::string& said) {
  Told told;
  std::istringstream lines(said.substr(0, said.rfind('\n') + 1));
  std::string word;
  for (int64_t number = 0; lines >> word >> number;) (word == "begin" ? told.begun : told.done) = number;
  return told;
}

}  // namespace

WriterProcess::WriterProcess(const std::string& program, const std::string& root, int64_t number) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = program;
  std::string folder = root;
  std::string from = std::to_string(number);
  char* arguments[] = {name.data(), folder.data(), from.data(), nullptr};
  EXPECT_EQ(::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ), 0) << program;
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  words_ = ends[0];
}

WriterProcess::~WriterProcess() {
  if (process_ != 0) kill();
  ::close(words_);
}

bool WriterProcess::wait_for(int64_t changes) {
  while (std::count(said_.begin(), said_.end(), 'd') < changes) {  // "done"
    if (!listen(true)) return false;
  }
  return true;
}

Told WriterProcess::told() {
  while (listen(false)) {  // all that is in the pipe
  }
  return understood(said_);
}

Told WriterProcess::kill() {
  ::kill(process_, SIGKILL);
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  ended_by_itself_ = !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
  while (listen(true)) {  // what it said before it died
  }
  return understood(said_);
}

bool WriterProcess::listen(bool waiting) {
  pollfd words{.fd = words_, .events = POLLIN, .revents = 0};
  if (!waiting && ::poll(&words, 1, 0) != 1) return false;
  char buffer[4096];
  const ssize_t got = ::read(words_, buffer, sizeof buffer);
  if (got > 0) said_.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

}  // namespace varve::testing
