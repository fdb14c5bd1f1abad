// Data files that somebody else may have changed.
#pragma once

#include <string>

#include "varve/base/file_system.h"
#include "varve/catalog/catalog.h"

namespace varve::store {

// Throws Corruption, with `name`, if a file that is about to be trusted is not what was committed: if its size is
// another one, or if it was written to later than it was last known to be whole (by more than a minute, since clocks
// differ) and its SHA-256 is another one. So lakes that were copied by other programs cost a look at each file, and
// `verify` ends that. Of an adopted file, which its owner may write to, the time has to be just the one it had.
void check_unchanged(const base::File& file, const base::FileStatus& status, const catalog::ObjectRow& object,
                     const std::string& name);

}  // namespace varve::store
