#include "varve/base/clock.h"

#include <chrono>
#include <thread>

namespace varve::base {
namespace {

template <typename Clock>
int64_t nanoseconds_of() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

Timestamp SystemClock::now() const { return {nanoseconds_of<std::chrono::system_clock>()}; }

Duration SystemClock::monotonic() const { return {nanoseconds_of<std::chrono::steady_clock>()}; }

void SystemClock::sleep(Duration duration) const {
  const int64_t start = monotonic().nanoseconds;
  // In steps, because a wait of centuries overflows the moment at which it would end.
  for (int64_t left = duration.nanoseconds; left > 0;) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(left < kNanosecondsPerDay ? left : kNanosecondsPerDay));
    left = duration.nanoseconds - (monotonic().nanoseconds - start);
  }
}

}  // namespace varve::base
