// What the program's exit status says.
#pragma once

#include <string>
#include <string_view>

#include "varve/base/error.h"

namespace varve::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // for a reason that has no code of its own
inline constexpr int kExitUsage = 2;   // the command line is wrong; also InvalidArgument
inline constexpr int kExitFound =
    20;  // `verify` or its like found that something is not well, or some of many keys failed
inline constexpr int kExitInterrupted = 130;
inline constexpr int kExitTerminated = 143;

// One code a kind, never 0. Kinds that cannot reach a shell have kExitFailed.
int exit_code(ErrorKind kind) noexcept;

// What a person may do about an error of the kind: one line, or nothing.
std::string_view hint_for(ErrorKind kind) noexcept;

// All codes and what they mean, a line each, for the help text.
std::string describe_exit_codes();

}  // namespace varve::cli
