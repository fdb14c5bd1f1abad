// Errors that say which file or series they are of.
#pragma once

#include <string>

#include "varve/base/error.h"

namespace varve::store {

// Runs `check`; errors of what it looks at get `name` before their message.
template <typename Check>
void naming(const std::string& name, Check check) {
  try {
    check();
  } catch (const InvalidArgument& error) {
    throw InvalidArgument("{}: {}", name, error.what());
  } catch (const AlreadyExists& error) {
    throw AlreadyExists("{}: {}", name, error.what());
  } catch (const SchemaCompatibility& error) {
    throw SchemaCompatibility("{}: {}", name, error.what());
  }
}

}  // namespace varve::store
