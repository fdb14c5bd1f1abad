// Ctrl-C and SIGTERM: ends the program at once where there is nothing to lose, else asks the work to end.
#pragma once

#include <memory>

#include "varve/base/cancel.h"

namespace varve::cli {

// While it lives, a thread of its own takes SIGINT and SIGTERM: they are blocked for all threads that are started after
// it, so it is made first in the program. SIGPIPE is ignored: writing to a closed pipe is an error that is seen.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Set by the first signal.
  [[nodiscard]] const base::CancelToken& token() const noexcept;
  // 130 or 143, by the signal that came; 0 if none did.
  [[nodiscard]] int exit_code() const noexcept;

  // From here on something could be half done: the first signal sets the token, and only a second one ends the program
  // where it stands. Before, the first one does.
  void finish_before_exit() noexcept;
  [[nodiscard]] bool finishes_first() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve::cli
