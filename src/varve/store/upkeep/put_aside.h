// Files that are damaged or that nobody can place go to `.varve/quarantine`: nothing is ever deleted for that.
#pragma once

#include <string>
#include <string_view>

#include "varve/store/disk.h"

namespace varve::store {

// Moves a file or directory into the quarantine, under `name` or, where that is taken, the same with `-2`, `-3`, …, and
// brings both directories to the disk. Returns where it is now, relative to the root.
std::string put_aside(const Disk& disk, const std::string& path, std::string_view name);

// Whether the path is a second name of a file that lies there.
bool is_put_aside(const Disk& disk, const std::string& path);

}  // namespace varve::store
