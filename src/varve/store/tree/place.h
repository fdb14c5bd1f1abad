// One place of the visible tree: a directory with files of a series, or a single file by a path template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "varve/store/engine.h"

namespace varve::store {

// Makes a place of the series (layout.h) show `objects`, the live ones that belong there, whatever state it is in.
// False if it showed them already: then nothing says that it is on the disk. The caller holds the publish lock.
bool publish_place(Engine& engine, const catalog::PendingPublication& series, const std::string& place,
                   const std::vector<catalog::ObjectRow>& objects);

// Before files of a series come to lie in a place where it has none: throws PathTraversal if a link or a file lies in
// the way, AlreadyExists if somebody else's file lies where a path template has its own.
void check_place(Engine& engine, int64_t series_id, std::string_view key, const std::string& place);

// The directory of a place, below the root.
std::string directory_of_place(std::string_view key, std::string_view place);

// The file is the object under another name, or a copy of it.
bool is_same_file(const Engine& engine, const std::string& path, const catalog::ObjectRow& object);

// The objects of the series, live and dead, that are or were visible in the place under one of these file names.
std::vector<catalog::ObjectRow> find_objects(Engine& engine, int64_t series_id, const std::string& place,
                                             const std::vector<std::string>& names);

}  // namespace varve::store
