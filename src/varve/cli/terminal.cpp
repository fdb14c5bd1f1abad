#include "varve/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace varve::cli {

bool is_terminal(std::FILE* stream) noexcept { return ::isatty(::fileno(stream)) == 1; }

int32_t terminal_width() noexcept {
  constexpr int32_t kDefault = 120;
  constexpr int32_t kLeast = 20;
  if (const char* const text = std::getenv("COLUMNS")) {
    const int32_t columns = std::atoi(text);
    if (columns > 0) return std::max(columns, kLeast);
  }
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      return std::max<int32_t>(size.ws_col, kLeast);
    }
  }
  return kDefault;
}

bool can_redraw(std::FILE* stream) noexcept {
  const char* const terminal = std::getenv("TERM");
  return is_terminal(stream) && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace varve::cli
