#include "varve/store/publisher.h"

#include <chrono>
#include <string>

#include "varve/base/error.h"
#include "varve/store/publish.h"
#include "varve/store/tree/replaced.h"

namespace varve::store {
namespace {

constexpr std::chrono::seconds kRetryDelay{5};  // after something could not be published
constexpr int64_t kUpkeepMilliseconds = 50;     // so that commits do not wait long to be seen

}  // namespace

void Publisher::publish_soon() {
  const std::lock_guard lock(mutex_);
  if (stopped_ || asked_) return;
  asked_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void Publisher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Publisher::run() {
  std::unique_lock lock(mutex_);
  Duration clear_in{0};  // when what was replaced can be cleared; 0: there is nothing
  for (;;) {
    const auto woken = [&] { return asked_ || stopped_; };
    if (clear_in == Duration{0}) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_for(lock, std::chrono::nanoseconds(clear_in.nanoseconds), woken);
    }
    changed_.wait_for(lock, std::chrono::nanoseconds(delay_.nanoseconds), [&] { return stopped_; });
    if (stopped_) return;
    asked_ = false;
    lock.unlock();
    engine_.set_behind(false);  // a commit from here on sets it again
    size_t left = 1;
    try {
      left = publish_pending(engine_);
      engine_.upkeep().take(engine_, kUpkeepMilliseconds);
      engine_.catalog().merge_log();
      clear_in = clear_replaced(engine_, engine_.listing_grace());
    } catch (const Error& error) {
      engine_.warn(std::string("cannot publish: ") + error.what());
    }
    if (left > 0) engine_.set_behind(true);
    lock.lock();
    if (left == 0) continue;
    changed_.wait_for(lock, kRetryDelay, [&] { return stopped_; });
    asked_ = true;
  }
}

}  // namespace varve::store
