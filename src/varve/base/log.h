// The hook through which Varve says what a person may want to know but no caller asked for.
#pragma once

#include <functional>
#include <string_view>

namespace varve::base {

enum class LogLevel { kDebug, kNote, kWarning };

// Called with one line, without a line end. May be called from several threads at once. Must not throw.
// An empty function is silence, and the default.
using Log = std::function<void(LogLevel level, std::string_view line)>;

}  // namespace varve::base
