#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/arrow.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve {
namespace {

std::function<std::optional<Table>()> one_by_one(std::vector<Table> tables) {
  return [tables = std::move(tables), at = size_t{0}]() mutable {
    return at < tables.size() ? std::optional(tables[at++]) : std::nullopt;
  };
}

TEST(ArrowBatches, BatchesFollowOneAnother) {
  const Table bars = testing::make_bars(100);
  ArrowArrayStream stream{};
  export_batches(bars.schema(), one_by_one({bars.slice(0, 30), bars.slice(30, 0), bars.slice(30, 70)}), &stream);
  const ImportedStream imported = import_stream(&stream);
  EXPECT_EQ(imported.schema, bars.schema());
  EXPECT_EQ(difference(table::concatenate(imported.batches), bars), "");
}

TEST(ArrowBatches, WhatMakesBatchesMayThrow) {
  ArrowArrayStream stream{};
  export_batches(
      testing::make_bars(1).schema(), []() -> std::optional<Table> { throw Corruption("bars.parquet: torn"); },
      &stream);
  testing::expect_error(ErrorKind::kInvalidArgument, "bars.parquet: torn", [&] { import_stream(&stream); });
}

}  // namespace
}  // namespace varve
