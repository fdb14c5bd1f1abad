// Makes the visible directories of keys agree with the catalog.
#pragma once

#include <cstddef>
#include <string>

#include "varve/store/engine.h"

namespace varve::store {

// Brings the visible directory of the series from whatever state it is in to the newest one of the catalog, and clears
// the flag. A reader that lists the directory meanwhile sees the files of one version or of the other; only where
// files of other people or directories of other keys lie in it, or the file system cannot exchange directories, may it
// for a moment miss some, and never sees a row twice. Files that are not Varve's stay, whatever their names. Where the
// file system has no hard links the visible files are copies.
// The caller holds the lock of the key. Throws Io, PathTraversal (a link lies in the way), Corruption; what was not
// done can be done by calling again.
void publish(Engine& engine, const catalog::PendingPublication& pending);

// Publishes what the catalog has flagged, as far as nobody holds the key's lock (who does will publish it). Failures
// are told to the log. Returns how many directories are still behind.
size_t publish_pending(Engine& engine);

// Empties and removes a directory that was under way into or out of the visible tree: Varve's own files go, others move
// to the visible directory. False, with a warning, if something had to stay. The caller holds the publish lock.
bool discard_tree(Engine& engine, const catalog::PendingPublication& series, const std::string& tree);

// The file is the object under another name, or a copy of it.
bool is_same_file(const Engine& engine, const std::string& path, const catalog::ObjectRow& object);

}  // namespace varve::store
