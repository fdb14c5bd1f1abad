// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "varve/base/clock.h"

namespace varve::testing {

// Begins at 2024-01-01T00:00:00Z, monotonic time zero. `sleep` moves it on and returns at once. Safe from several
// threads.
class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return Timestamp{now_.load()}; }
  [[nodiscard]] Duration monotonic() const override { return Duration{monotonic_.load()}; }
  void sleep(Duration duration) const override { advance(duration); }

  // Lets time pass.
  void advance(Duration duration) const {
    now_ += duration.nanoseconds;
    monotonic_ += duration.nanoseconds;
  }

  // Sets the time of day, as somebody may who corrects the machine's clock: monotonic time does not notice.
  void set(Timestamp now) { now_ = now.nanoseconds; }

 private:
  mutable std::atomic<int64_t> now_{1'704'067'200 * kNanosecondsPerSecond};
  mutable std::atomic<int64_t> monotonic_{0};
};

}  // namespace varve::testing
