// Work on a lake that takes long, shown on standard error while it lives.
#pragma once

#include <memory>
#include <string_view>

#include "varve/cli/progress.h"
#include "varve/cli/session.h"
#include "varve/lake/lake.h"

namespace varve::cli {

// What it stands on is told to `options`, which also say when it is to stop. The session must outlive it.
class Work {
 public:
  Work(Session& session, std::string_view label) : progress_(session.make_progress()) {
    progress_->start(label);
    options_.cancel = session.interrupts().token();
    options_.progress = [this](int64_t bytes, int64_t bytes_total) {
      progress_->update(static_cast<uint64_t>(bytes), static_cast<uint64_t>(bytes_total));
    };
  }
  ~Work() { progress_->finish(); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  [[nodiscard]] const WorkOptions& options() const noexcept { return options_; }

 private:
  std::unique_ptr<Progress> progress_;
  WorkOptions options_;
};

}  // namespace varve::cli
