// Mends what a crash left behind.
#pragma once

#include "varve/store/engine.h"

namespace varve::store {

// Called when a lake is opened for writing, beside other processes that have it open:
// - publishes what is committed but not visible;
// - empties the staging directories of dead owners, and removes the objects of commits that did not happen;
// - after an unclean stop, looks whether all objects are there in full size, and warns about those that are not.
// What cannot be done is told to the log and left for the next time: it never keeps other keys from being used.
void recover(Engine& engine);

}  // namespace varve::store
