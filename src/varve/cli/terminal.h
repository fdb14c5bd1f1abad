// What standard output and standard error are, and how wide.
#pragma once

#include <cstdint>
#include <cstdio>

namespace varve::cli {

bool is_terminal(std::FILE* stream) noexcept;
// Columns of the terminal behind standard output or error; COLUMNS in the environment goes before; else 120.
int32_t terminal_width() noexcept;
// A terminal that can move its cursor: not TERM=dumb.
bool can_redraw(std::FILE* stream) noexcept;

}  // namespace varve::cli
