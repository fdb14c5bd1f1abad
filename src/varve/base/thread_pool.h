// Threads that run tasks side by side, and the loop that most callers want.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace varve::base {

inline constexpr size_t kThreadsMax = 4096;  // in a pool: more is a slip, not a wish

// A fixed set of threads. Made by the owner of a lake or a program, passed to whoever has work. Safe from several
// threads. Must outlive every parallel_for on it. In a forked child it may only be destroyed.
class ThreadPool {
 public:
  // `threads` counts the calling one: 1 runs everything in the caller, in order. 0 means one a processor that this
  // process may use. Throws InvalidArgument for more than kThreadsMax, std::system_error if the system gives no thread.
  explicit ThreadPool(size_t threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // How many threads work on one parallel_for: the pool's own and the calling one.
  [[nodiscard]] size_t size() const noexcept;

  // Runs body(0) … body(count - 1), in any order, on the pool's threads and the calling one, and returns when all
  // have ended; what they wrote is then visible to the caller. The first exception thrown is thrown again here, when
  // all bodies that run have ended; those not begun by then are left out.
  // May be called from within a body, and by several threads at once: every caller works on its own loop, so that
  // nobody waits for work that nobody does.
  void parallel_for(size_t count, const std::function<void(size_t index)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same on a pool that need not be there: without one, one after the other.
void parallel_for(ThreadPool* pool, size_t count, const std::function<void(size_t index)>& body);

}  // namespace varve::base
