// Files of somebody else's whose rows a commit takes over, and which make way for its own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/store/engine.h"

namespace varve::store {

struct Original {
  std::string path;         // relative to the root
  base::FileStatus status;  // before it was read
};

// The paths as text, for the intent of a commit, and back.
std::string to_text(std::span<const Original> files);
std::vector<std::string> parse_paths(std::string_view text);

// Where they are when they have made way, relative to the root: under their own paths, with `.original` after these,
// because nothing in the engine's folder may look like a data file.
std::string originals_path(std::string_view commit_id);

// Moves them there, before the commit: so nobody ever sees their rows twice. Throws ConcurrentWrite for one that is not
// what it was, Io; some may have been moved then.
void put_away(const Disk& disk, std::string_view commit_id, std::span<const Original> files);

// Moves back those that were moved: the commit did not happen. One whose place somebody has taken stays where it is,
// and the log says so. May be done again. Throws Io. The caller of both has the publish lock.
void put_back(const Engine& engine, std::string_view commit_id, std::span<const std::string> paths);

}  // namespace varve::store
