// Whether rows that are stored already go with types that a series is about to have.
#pragma once

#include <string_view>

#include "varve/store/engine.h"
#include "varve/store/plan.h"

namespace varve::store {

// A column of 64-bit integers becomes one of floats only if each of its values, in all files, is exactly one. Reads the
// column only where it changes so. Throws SchemaCompatibility, naming file, column and value; Corruption.
void check_widening(Engine& engine, std::string_view key, const SeriesFiles& series, const Schema& wider);

}  // namespace varve::store
