// Errors thrown again, saying what they are of.
#pragma once

#include <string>

#include "varve/base/error.h"

namespace varve {

// Throws an error of the same class, with `name` and a colon before its message.
[[noreturn]] void throw_named(const Error& error, const std::string& name);

}  // namespace varve
