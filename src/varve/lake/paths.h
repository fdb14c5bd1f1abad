// What a caller's words for a lake and its listener become, hidden from its users.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "varve/base/log.h"

namespace varve {

// The path of a lake, whole and without a slash at the end. Throws InvalidArgument if there is none.
std::string whole_path(const std::string& path);

base::Log to_log(std::function<void(std::string_view line)> on_warning);

}  // namespace varve
