#include "varve/cli/interrupts.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string_view>
#include <thread>

#include "varve/cli/exit_codes.h"

namespace varve::cli {

namespace {

constexpr int kStop = SIGUSR1;  // from the destructor to the thread

void say(std::string_view line) {
  // Not by stdio: a thread that is stuck may hold its lock. A message that cannot be written is no reason to stay.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace

struct Interrupts::State {
  base::CancelToken token;
  std::atomic<bool> finish_first = false;
  std::atomic<int> exit_code = 0;
  sigset_t before{};
  std::thread thread;

  void wait(sigset_t signals) {
    for (;;) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0 || signal == kStop) return;
      const int code = signal == SIGINT ? kExitInterrupted : kExitTerminated;
      const bool first = exit_code.exchange(code) == 0;
      if (!first || !finish_first) ::_exit(code);
      say("varve: stopping; once more to stop at once\n");
      token.cancel();
    }
  }
};

Interrupts::Interrupts() : state_(std::make_unique<State>()) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, kStop}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, &state_->before);
  state_->thread = std::thread([state = state_.get(), signals] { state->wait(signals); });
}

Interrupts::~Interrupts() {
  pthread_kill(state_->thread.native_handle(), kStop);
  state_->thread.join();
  pthread_sigmask(SIG_SETMASK, &state_->before, nullptr);
}

const base::CancelToken& Interrupts::token() const noexcept { return state_->token; }

int Interrupts::exit_code() const noexcept { return state_->exit_code; }

void Interrupts::finish_before_exit() noexcept { state_->finish_first = true; }

bool Interrupts::finishes_first() const noexcept { return state_->finish_first; }

}  // namespace varve::cli
