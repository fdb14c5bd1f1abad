// Shows how far long work has come, on standard error.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "varve/base/clock.h"

namespace varve::cli {

enum class ProgressStyle {
  kOff,
  kBar,    // one line, drawn again at most ten times a second
  kLines,  // a line every five seconds
};

// "auto" (a bar where `can_redraw`, else lines), "bar", "lines", "off". Throws InvalidArgument, listing the words.
ProgressStyle parse_progress(std::string_view text, bool can_redraw);

struct ProgressOptions {
  ProgressStyle style = ProgressStyle::kOff;
  int32_t width = 80;                                // of a bar with its text
  std::function<void(std::string_view text)> write;  // takes what is to be shown
};

// Work that is done before the first line or bar is due shows nothing. One thread. `clock` must outlive it.
class Progress {
 public:
  Progress(const base::Clock& clock, ProgressOptions options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Begins work called `label`, such as a file's name.
  void start(std::string_view label);
  void update(uint64_t bytes, uint64_t bytes_total);
  // Takes the bar away. Idempotent.
  void finish();

 private:
  [[nodiscard]] std::string bar_text(uint64_t bytes, uint64_t bytes_total) const;
  [[nodiscard]] double bytes_per_second(uint64_t bytes) const;

  const base::Clock& clock_;
  ProgressOptions options_;
  std::string label_;
  Duration started_;
  Duration shown_;
  bool bar_is_drawn_ = false;
};

// 1536 as "1.5 kB", in powers of 1000.
std::string bytes_text(double bytes);

}  // namespace varve::cli
