// Publishes commits a little after they were made, so that none of them waits for it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "varve/store/engine.h"

namespace varve::store {

// A thread, begun when first needed. Safe from several threads. It must be stopped before the engine is closed; in a
// forked child it may not be touched.
class Publisher {
 public:
  // What is asked for is published within `delay`, together with what else comes by then. `engine` must outlive it.
  Publisher(Engine& engine, Duration delay) : engine_(engine), delay_(delay) {}
  ~Publisher() { stop(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void publish_soon();
  // Ends the thread, perhaps with something left to publish (Engine::behind). Idempotent.
  void stop();

 private:
  void run();

  Engine& engine_;
  const Duration delay_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace varve::store
