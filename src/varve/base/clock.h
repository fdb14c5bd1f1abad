// The clock that is passed in, so that tests can hold it in their hands.
#pragma once

#include "varve/base/time.h"

namespace varve::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // The time of day, UTC. May jump.
  [[nodiscard]] virtual Timestamp now() const = 0;
  // Time since some fixed moment; never goes back. For time-outs.
  [[nodiscard]] virtual Duration monotonic() const = 0;
  // Waits for at least `duration` (or, in tests, moves the clock on).
  virtual void sleep(Duration duration) const = 0;
};

// The system's clock. Safe from several threads.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] Duration monotonic() const override;
  void sleep(Duration duration) const override;
};

}  // namespace varve::base
