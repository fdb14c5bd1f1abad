// Names for the files of a commit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/store/engine.h"
#include "varve/store/partition.h"
#include "varve/store/tree/layout.h"

namespace varve::store {

struct FileToName {
  int64_t series_id = 0;  // 0: of a series that is made with it
  std::string_view key;
  Layout layout;
  FileRange range;
  int64_t version = 0;  // that it comes with
};

// Names that no object of their series ever had, that nobody else's file in the visible tree has (but by a path
// template, where a period has one file), and that are given once; in the order of the files.
std::vector<std::string> name_files(Engine& engine, std::span<const FileToName> files);

}  // namespace varve::store
