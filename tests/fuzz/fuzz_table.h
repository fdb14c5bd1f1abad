// Tables of any types and values for the fuzz targets.
#pragma once

#include "varve/table/table.h"

#include "fuzz/fuzz_input.h"

namespace varve::testing {

// A table of one to four columns of 0 to 1,500 rows that Parquet can hold: values on a walk, on a grid, of few bits, of
// all bits; nulls nowhere, everywhere, scattered or in runs. What lies under a null is not a value of the type. Columns
// may be parts of longer ones.
Table make_fuzz_table(FuzzInput& input);

}  // namespace varve::testing
