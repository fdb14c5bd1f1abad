#include "varve/cli/progress.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "varve/base/error.h"

namespace varve::cli {

namespace {

constexpr Duration kBarInterval = Duration::milliseconds(100);
constexpr Duration kLineInterval = Duration::seconds(5);

int percent(uint64_t bytes, uint64_t bytes_total) {
  if (bytes_total == 0) return 100;
  return static_cast<int>(100.0 * static_cast<double>(bytes) / static_cast<double>(bytes_total));
}

}  // namespace

ProgressStyle parse_progress(std::string_view text, bool can_redraw) {
  if (text == "auto") return can_redraw ? ProgressStyle::kBar : ProgressStyle::kLines;
  if (text == "bar") return ProgressStyle::kBar;
  if (text == "lines") return ProgressStyle::kLines;
  if (text == "off") return ProgressStyle::kOff;
  throw InvalidArgument("no progress style {}: there are auto, bar, lines, off", quote(text));
}

Progress::Progress(const base::Clock& clock, ProgressOptions options) : clock_(clock), options_(std::move(options)) {}

Progress::~Progress() { finish(); }

void Progress::start(std::string_view label) {
  finish();
  label_ = label;
  started_ = shown_ = clock_.monotonic();
}

void Progress::update(uint64_t bytes, uint64_t bytes_total) {
  if (options_.style == ProgressStyle::kOff) return;
  const Duration now = clock_.monotonic();
  const bool bar = options_.style == ProgressStyle::kBar;
  const Duration interval = bar ? kBarInterval : kLineInterval;
  if (now.nanoseconds - shown_.nanoseconds < interval.nanoseconds) return;
  shown_ = now;
  bar_is_drawn_ = bar;
  if (bar) {
    options_.write("\r\033[K" + bar_text(bytes, bytes_total));
  } else {
    options_.write(fmt::format("{}: {} % of {}\n", label_, percent(bytes, bytes_total),
                               bytes_text(static_cast<double>(bytes_total))));
  }
}

void Progress::finish() {
  if (bar_is_drawn_) options_.write("\r\033[K");
  bar_is_drawn_ = false;
}

double Progress::bytes_per_second(uint64_t bytes) const {
  const int64_t elapsed = clock_.monotonic().nanoseconds - started_.nanoseconds;
  return elapsed <= 0 ? 0.0 : static_cast<double>(bytes) * 1e9 / static_cast<double>(elapsed);
}

std::string Progress::bar_text(uint64_t bytes, uint64_t bytes_total) const {
  const int done = percent(bytes, bytes_total);
  const std::string tail = fmt::format(" {:3} %  {}/s  {}", done, bytes_text(bytes_per_second(bytes)), label_);
  constexpr int32_t kBarMost = 30;
  constexpr int32_t kBarLeast = 5;
  const int32_t room = options_.width - static_cast<int32_t>(tail.size()) - 3;
  const int32_t length = std::clamp(room, kBarLeast, kBarMost);
  const int32_t filled = length * done / 100;
  const std::string bar = "[" + std::string(static_cast<size_t>(filled), '#') +
                          std::string(static_cast<size_t>(length - filled), '.') + "]" + tail;
  // A bar that is wider than the terminal would wrap, and could not be drawn over.
  return bar.substr(0, static_cast<size_t>(std::max(options_.width - 1, kBarLeast)));
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes)
                   : fmt::format("{:.{}f} {}", bytes, bytes < 9.95 ? 1 : 0, kUnits[unit]);
}

}  // namespace varve::cli
