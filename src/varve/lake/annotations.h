// What is said of a series beside its rows, in words of the catalog.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "varve/catalog/annotations.h"
#include "varve/lake/coverage.h"

namespace varve {

catalog::Annotations to_annotations(const CoverageChange& coverage, std::optional<std::string> metadata);

// Throws InvalidArgument for coverage of an untimed series.
void check_timed(std::string_view key, const std::string& index, const catalog::CoverageChange& coverage);

}  // namespace varve
