// Errors that learn on their way up which series they are about.
#pragma once

#include <string_view>

#include "varve/base/named_error.h"

namespace varve {

// Runs `work`, which is about the series `key`. Errors that it throws keep their class and get the key, where they do
// not tell it, in front of their message.
template <typename Work>
void run_naming_series(std::string_view key, const Work& work) {
  try {
    work();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    if (std::string_view(error.what()).find(quote(key)) != std::string_view::npos) throw;
    throw_named(error, "series " + quote(key));
  }
}

}  // namespace varve
