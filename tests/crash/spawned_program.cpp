#include "crash/spawned_program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>

namespace varve::testing {

SpawnedProgram::SpawnedProgram(std::vector<std::string> command) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  EXPECT_EQ(::posix_spawnp(&process_, words[0], &actions, nullptr, words.data(), environ), 0) << command[0];
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  words_ = ends[0];
}

SpawnedProgram::~SpawnedProgram() {
  if (process_ != 0) kill();
  ::close(words_);
}

bool SpawnedProgram::wait_for(std::string_view word, int64_t lines) {
  for (size_t at = 0; lines > 0;) {
    const size_t end = said_.find('\n', at);
    if (end == std::string::npos) {
      if (!listen(true)) return false;
      continue;
    }
    if (std::string_view(said_).substr(at).starts_with(word)) --lines;
    at = end + 1;
  }
  return true;
}

std::vector<std::string> SpawnedProgram::lines() {
  while (listen(false)) {  // all that is in the pipe
  }
  std::vector<std::string> lines;
  for (size_t end = 0; (end = said_.find('\n', told_)) != std::string::npos; told_ = end + 1) {
    lines.push_back(said_.substr(told_, end - told_));
  }
  return lines;
}

int SpawnedProgram::wait() {
  while (listen(true)) {  // until nobody can say any more
  }
  return finish();
}

int SpawnedProgram::kill() {
  ::kill(process_, SIGKILL);
  return finish();
}

int SpawnedProgram::finish() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool SpawnedProgram::listen(bool waiting) {
  pollfd words{.fd = words_, .events = POLLIN, .revents = 0};
  if (!waiting && ::poll(&words, 1, 0) != 1) return false;
  char buffer[4096];
  const ssize_t got = ::read(words_, buffer, sizeof buffer);
  if (got > 0) said_.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

}  // namespace varve::testing
