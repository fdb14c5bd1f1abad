// Asks long work to stop: a flag that the asker sets and the work looks at.
#pragma once

#include <atomic>
#include <memory>

#include "varve/base/error.h"

namespace varve::base {

// A flag shared between who may cancel and who works. Copies mean the same flag. Safe from several threads, and
// `cancel` also from a signal handler.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}

  void cancel() noexcept { flag_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool cancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }

  // Throws Cancelled if it was asked for. Work calls it at least every tenth of a second.
  void check() const {
    if (cancelled()) throw Cancelled("cancelled on request");
  }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace varve::base
