// Makes the visible directories of keys agree with the catalog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "varve/store/engine.h"

namespace varve::store {

// Brings the visible directories of the series (layout.h says which) from whatever state they are in to the newest one
// of the catalog, and clears the flag. A reader that lists one of them meanwhile sees the files of one version or of
// the other; only where files of other people or directories of other keys lie in it, or the file system cannot
// exchange directories, may it for a moment miss some, and never sees a row twice. Files that are not Varve's stay,
// whatever their names. Where the file system has no hard links the visible files are copies. The key may be written
// meanwhile: what is then committed is flagged again. Throws Io, PathTraversal (a link lies in the way), Corruption;
// what was not done can be done by calling again.
void publish(Engine& engine, const catalog::PendingPublication& pending);

// Publishes what the catalog has flagged. Failures are told to the log. Returns how many directories are still behind.
size_t publish_pending(Engine& engine);

// What was committed to the series and is not published yet, if there is something.
std::optional<catalog::PendingPublication> find_pending(Engine& engine, int64_t series_id);

}  // namespace varve::store
