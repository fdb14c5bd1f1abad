// Looks at a lake and what it stands on, and says in plain lines what is well and what is not.
#pragma once

#include <string>
#include <vector>

#include "varve/store/engine.h"

namespace varve::store {

enum class Health { kOk, kWarn, kFail };

struct Symptom {
  std::string subject;  // "hard links", "free space", …
  Health health = Health::kOk;
  std::string what;    // was found
  std::string advice;  // what to do; "" if it is well
};

// File system (hard links, exchange of directories, which staging tries out), free space, permissions, clock, catalog,
// its log and its copies, sizes of data files, staging of dead owners, publication, locks, quarantine, library
// versions; always the same subjects in the same order. Quick beside verify: data files are not read. Changes nothing.
std::vector<Symptom> examine_health(Engine& engine);

}  // namespace varve::store
