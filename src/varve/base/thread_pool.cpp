#include "varve/base/thread_pool.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "varve/base/error.h"
#include "varve/base/interruption.h"

namespace varve::base {
namespace {

size_t usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

// One call of parallel_for. Lives on the caller's stack: the caller leaves only when no thread is in it any more.
struct Loop {
  size_t count;
  const std::function<void(size_t)>& body;
  std::atomic<size_t> next{0};
  // Under the pool's mutex:
  size_t guests = 0;  // threads of the pool that are in it
  std::exception_ptr error;
  std::condition_variable left;

  [[nodiscard]] bool exhausted() const { return next.load(std::memory_order_relaxed) >= count; }
};

}  // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable work;
  std::vector<Loop*> loops;  // the newest last
  bool stopping = false;
  std::vector<std::thread> threads;
  pid_t process = ::getpid();

  void run(Loop& loop) {
    for (;;) {
      const size_t index = loop.next.fetch_add(1, std::memory_order_relaxed);
      if (index >= loop.count) return;
      try {
        Interruption::poll();
        loop.body(index);
      } catch (...) {
        loop.next.store(loop.count, std::memory_order_relaxed);
        const std::lock_guard lock(mutex);
        if (!loop.error) loop.error = std::current_exception();
      }
    }
  }

  // Inner loops come first: a body waits for them.
  Loop* newest_with_work() {
    const auto found = std::find_if(loops.rbegin(), loops.rend(), [](const Loop* loop) { return !loop->exhausted(); });
    return found == loops.rend() ? nullptr : *found;
  }

  void serve() {
    std::unique_lock lock(mutex);
    for (;;) {
      Loop* loop = newest_with_work();
      if (loop == nullptr) {
        if (stopping) return;
        work.wait(lock);
        continue;
      }
      ++loop->guests;
      lock.unlock();
      run(*loop);
      lock.lock();
      if (--loop->guests == 0) loop->left.notify_one();
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

ThreadPool::ThreadPool(size_t threads) : state_(std::make_unique<State>()) {
  if (threads > kThreadsMax) throw InvalidArgument("threads {}: expected 0 to {}", threads, kThreadsMax);
  const size_t workers = (threads == 0 ? usable_processors() : threads) - 1;
  try {
    while (state_->threads.size() < workers) state_->threads.emplace_back([state = state_.get()] { state->serve(); });
  } catch (...) {
    state_->stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  if (::getpid() == state_->process) {
    state_->stop();
  } else {
    // The threads are the parent's; a child has none to wait for, and the mutex may be held for ever.
    static_cast<void>(state_.release());
  }
}

size_t ThreadPool::size() const noexcept { return state_->threads.size() + 1; }

void ThreadPool::parallel_for(size_t count, const std::function<void(size_t)>& body) {
  if (count <= 1 || state_->threads.empty()) return base::parallel_for(nullptr, count, body);
  Loop loop{.count = count, .body = body, .error = nullptr, .left = {}};
  {
    const std::lock_guard lock(state_->mutex);
    state_->loops.push_back(&loop);
  }
  for (size_t i = 0; i < std::min(count - 1, state_->threads.size()); ++i) state_->work.notify_one();
  state_->run(loop);
  std::unique_lock lock(state_->mutex);
  std::erase(state_->loops, &loop);
  loop.left.wait(lock, [&] { return loop.guests == 0; });
  if (loop.error) std::rethrow_exception(loop.error);
}

void parallel_for(ThreadPool* pool, size_t count, const std::function<void(size_t)>& body) {
  if (pool != nullptr && count > 1) return pool->parallel_for(count, body);
  for (size_t index = 0; index < count; ++index) {
    Interruption::poll();
    body(index);
  }
}

}  // namespace varve::base
