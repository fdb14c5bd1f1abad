// Lets whoever called for long work end it, without a word of it in the calls between.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

namespace varve::base {

// As long as it is there, parallel_for in this thread calls `check` between two bodies once `between` has gone by since
// the last time; what that throws ends the work, as if a body had thrown it. Those that other threads begin do not call
// it. One inside another takes its place.
class Interruption {
 public:
  explicit Interruption(std::function<void()> check, std::chrono::milliseconds between = std::chrono::milliseconds{50})
      : check_(std::move(check)), between_(between), outer_(std::exchange(current_, this)) {}
  ~Interruption() { current_ = outer_; }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Calls the check of this thread if it is time to.
  static void poll() {
    if (current_ != nullptr && Clock::now() >= current_->due_) current_->look();
  }

 private:
  friend class Uninterrupted;
  using Clock = std::chrono::steady_clock;

  void look() {
    check_();
    due_ = Clock::now() + between_;
  }

  inline static thread_local Interruption* current_ = nullptr;

  std::function<void()> check_;
  std::chrono::milliseconds between_;
  Clock::time_point due_ = Clock::now() + between_;
  Interruption* outer_;
};

// As long as it is there, nothing ends the work of this thread: what is committed already is to be finished.
class Uninterrupted {
 public:
  Uninterrupted() noexcept : outer_(std::exchange(Interruption::current_, nullptr)) {}
  ~Uninterrupted() { Interruption::current_ = outer_; }
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;

 private:
  Interruption* outer_;
};

}  // namespace varve::base
