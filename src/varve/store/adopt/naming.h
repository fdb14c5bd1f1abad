// Errors that say which file or series they are of.
#pragma once

#include <string>
#include <string_view>

#include "varve/base/error.h"
#include "varve/base/named_error.h"

namespace varve::store {

// Runs `check`; errors of what it looks at get `name` before their message, unless it says so already.
template <typename Check>
void naming(const std::string& name, Check check) {
  try {
    check();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    if (std::string_view(error.what()).find(name) != std::string_view::npos) throw;
    throw_named(error, name);
  }
}

}  // namespace varve::store
