#include "varve/table/cast.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/builder.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::Cells;
using testing::cells;
using testing::expect_error;
using testing::Random;

constexpr int64_t kTwo53 = int64_t{1} << 53;
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

DataType type(std::string_view text) { return parse_type(text); }

Column integers(std::string_view of, const std::vector<int64_t>& values) {
  ColumnBuilder builder(type(of));
  for (const int64_t value : values) builder.append_int64(value);
  return builder.finish();
}
Column floats(std::string_view of, const std::vector<double>& values) {
  ColumnBuilder builder(type(of));
  for (const double value : values) builder.append_double(value);
  return builder.finish();
}
Column decimals(std::string_view of, const std::vector<Int128>& values) {
  ColumnBuilder builder(type(of));
  for (const Int128 value : values) builder.append_decimal(value);
  return builder.finish();
}

Cells cast_cells(const Column& column, std::string_view to) {
  const Column result = cast(column, type(to));
  EXPECT_EQ(to_string(result.type()), to);
  return cells(result);
}
void expect_refused(const Column& column, std::string_view to, std::string_view part) {
  expect_error(ErrorKind::kSchemaCompatibility, part, [&] { cast(column, type(to)); });
}

TEST(Cast, IntegersToIntegersWhereTheyFit) {
  EXPECT_EQ(cast_cells(integers("int8", {-128, 127}), "int64"), (Cells{"-128", "127"}));
  EXPECT_EQ(cast_cells(integers("int64", {0, 255}), "uint8"), (Cells{"0", "255"}));
  EXPECT_EQ(cast_cells(integers("int64", {kMax}), "uint64"), (Cells{"9223372036854775807"}));
  expect_refused(integers("int64", {0, 256}), "uint8", "a column of int64 cannot become uint8: row 1 is 256");
  expect_refused(integers("int32", {-1}), "uint64", "row 0 is -1");
  ColumnBuilder large(DataType::uint64());
  large.append_uint64(uint64_t{1} << 63);
  expect_refused(large.finish(), "int64", "row 0 is 9223372036854775808");
}

TEST(Cast, IntegersToFloatsWhereTheyStayExact) {
  EXPECT_EQ(cast_cells(integers("int64", {kTwo53, -kTwo53}), "float64"),
            (Cells{"9007199254740992.0", "-9007199254740992.0"}));
  for (const int64_t value : {kTwo53 + 1, -kTwo53 - 1, kMax, kMax - 1, kMin + 1}) {
    expect_refused(integers("int64", {value}), "float64", "row 0 is " + std::to_string(value));
  }
  EXPECT_EQ(cast(integers("int64", {kTwo53 + 2, kMin}), DataType::float64()).values<double>()[1], -0x1p63);
}

TEST(Cast, LargestUnsignedNumbersAreNotExactFloats) {
  const auto cast_one = [](uint64_t value) {
    ColumnBuilder builder(DataType::uint64());
    builder.append_uint64(value);
    return cast(builder.finish(), DataType::float64()).values<double>()[0];
  };
  EXPECT_EQ(cast_one(uint64_t{1} << 63), 0x1p63);
  EXPECT_EQ(cast_one(~uint64_t{0} << 11), 0x1p64 - 2048);
  EXPECT_THROW(cast_one(~uint64_t{0}), SchemaCompatibility);
  EXPECT_THROW(cast_one((uint64_t{1} << 53) + 1), SchemaCompatibility);
}

TEST(Cast, WholeFloatsToIntegersWithinTheirRange) {
  EXPECT_EQ(cast_cells(floats("float64", {-0x1p63, 5.0, -0.0}), "int64"), (Cells{"-9223372036854775808", "5", "0"}));
  EXPECT_EQ(cast(floats("float64", {0x1p64 - 2048}), DataType::uint64()).values<uint64_t>()[0], ~uint64_t{0} << 11);
  for (const double value : {0x1p63, -0x1.0000000000001p63, 0.5, 1e300, std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    expect_refused(floats("float64", {value}), "int64", "row 0 is ");
  }
  expect_refused(floats("float64", {0x1p64}), "uint64", "row 0");
  expect_refused(floats("float64", {-1.0}), "uint64", "row 0");
  expect_refused(floats("float64", {128.0}), "int8", "row 0 is 128.0");
}

TEST(Cast, BetweenFloatsWhereNothingIsLost) {
  EXPECT_EQ(cast_cells(floats("float32", {0.5, std::nan(""), HUGE_VAL}), "float64"), (Cells{"0.5", "nan", "inf"}));
  EXPECT_EQ(cast_cells(floats("float64", {0.5, std::nan(""), -HUGE_VAL}), "float32"), (Cells{"0.5", "nan", "-inf"}));
  EXPECT_EQ(cast_cells(floats("float16", {0.5, 65504}), "float64"), (Cells{"0.5", "65504.0"}));
  EXPECT_EQ(cast_cells(floats("float64", {0.5, -0.0}), "float16"), (Cells{"0.5", "-0.0"}));
  expect_refused(floats("float64", {0.1}), "float32", "row 0 is 0.1");
  expect_refused(floats("float64", {1e300}), "float32", "row 0");
  expect_refused(floats("float32", {0.1F}), "float16", "row 0");
  expect_refused(integers("int64", {2049}), "float16", "row 0");
}

TEST(Cast, WhatLiesUnderNullsIsNotLookedAt) {
  const Column column = make_column<int64_t>(DataType::int64(), std::vector<int64_t>{kMax, 1}, {false, true});
  EXPECT_EQ(cast_cells(column, "int8"), (Cells{std::nullopt, "1"}));
  EXPECT_EQ(cast_cells(column, "float64"), (Cells{std::nullopt, "1.0"}));
}

TEST(Cast, IntegersAndDecimalsToDecimals) {
  EXPECT_EQ(cast_cells(integers("int64", {-12, kMax}), "decimal(38, 2)"), (Cells{"-12.00", "9223372036854775807.00"}));
  expect_refused(integers("int64", {1000}), "decimal(5, 2)", "row 0 is 1000");
  EXPECT_EQ(cast_cells(decimals("decimal(5, 2)", {150, -1}), "decimal(10, 4)"), (Cells{"1.5000", "-0.0100"}));
  EXPECT_EQ(cast_cells(decimals("decimal(5, 2)", {150}), "decimal(3, 1)"), (Cells{"1.5"}));
  expect_refused(decimals("decimal(5, 2)", {155}), "decimal(5, 1)", "row 0 is 1.55");
  expect_refused(decimals("decimal(5, 2)", {99999}), "decimal(4, 1)", "row 0 is 999.99");
  expect_refused(decimals("decimal(38, 0)", {Int128{kMax} * kMax}), "decimal(38, 38)", "row 0");
}

TEST(Cast, TimestampsBetweenUnitsAndZones) {
  EXPECT_EQ(cast_cells(integers("timestamp[s, UTC]", {1}), "timestamp[ns, +02:00]"), (Cells{"1970-01-01T00:00:01Z"}));
  EXPECT_EQ(cast_cells(integers("timestamp[ns, UTC]", {-2'000'000}), "timestamp[ms, UTC]"),
            (Cells{"1969-12-31T23:59:59.998Z"}));
  expect_refused(integers("timestamp[ns, UTC]", {1}), "timestamp[us, UTC]", "row 0 is 1970-01-01T00:00:00.000000001Z");
  expect_refused(integers("timestamp[s, UTC]", {10'000'000'000}), "timestamp[ns, UTC]", "row 0 is 2286");
}

TEST(Cast, NaiveAndZonedTimestampsAreNotGuessedAt) {
  expect_refused(integers("timestamp[ns]", {1}), "timestamp[ns, UTC]",
                 "timestamp[ns] cannot become timestamp[ns, UTC]");
  expect_refused(integers("timestamp[ns, UTC]", {1}), "timestamp[ns]", "cannot become");
}

TEST(Cast, DatesToTimestampsOfAnyUnit) {
  EXPECT_EQ(cast_cells(integers("date", {1, -1}), "timestamp[s]"),
            (Cells{"1970-01-02T00:00:00", "1969-12-31T00:00:00"}));
  EXPECT_EQ(cast_cells(integers("date", {1}), "timestamp[ns, UTC]"), (Cells{"1970-01-02T00:00:00Z"}));
  expect_refused(integers("date", {200'000}), "timestamp[ns, UTC]", "row 0 is 2517");
}

TEST(Cast, TimesAndDurationsBetweenUnits) {
  EXPECT_EQ(cast_cells(integers("time[s]", {3601}), "time[ns]"), (Cells{"01:00:01"}));
  EXPECT_EQ(cast_cells(integers("time[ns]", {1'000'000}), "time[ms]"), (Cells{"00:00:00.001"}));
  EXPECT_EQ(cast_cells(integers("duration[s]", {90}), "duration[ms]"), (Cells{"1m30s"}));
  expect_refused(integers("time[ns]", {1}), "time[us]", "row 0");
}

TEST(Cast, StringsAndDictionariesToEachOther) {
  const Column strings = make_column(DataType::string(), {"a", std::nullopt, "b", "a"});
  const Column indexed = cast(strings, type("dictionary<string>"));
  EXPECT_EQ(cells(indexed), cells(strings));
  EXPECT_EQ(indexed.dictionary().length(), 2);
  EXPECT_TRUE(equals(cast(indexed, DataType::string()), strings));
  EXPECT_EQ(cast_cells(indexed, "dictionary<string, ordered>"), cells(strings));
  expect_refused(indexed, "binary", "cannot become");
}

TEST(Cast, NullBecomesAnything) {
  for (const DataType& to : testing::all_types()) {
    EXPECT_EQ(cast(make_null_column(DataType::null(), 3), to).null_count(), 3) << to_string(to);
  }
}

TEST(Cast, OtherPairsAreRefused) {
  expect_refused(integers("int64", {}), "string", "a column of int64 cannot become string");
  expect_refused(integers("int64", {}), "timestamp[ns, UTC]", "cannot become");
  expect_refused(integers("timestamp[ns]", {}), "date", "cannot become");
  expect_refused(make_null_column(DataType::boolean(), 0), "int64", "cannot become");
}

TEST(Cast, WhatIsCastComesBackEqual) {
  Random random;
  int64_t succeeded = 0;
  for (int round = 0; round < 3; ++round) {
    for (const DataType& from : testing::all_types()) {
      for (const DataType& to : testing::all_types()) {
        const Column column = testing::random_column(random, from, {.rows = random.between(0, 6)});
        Column there;
        try {
          there = cast(column, to);
        } catch (const SchemaCompatibility&) {
          continue;
        }
        ++succeeded;
        ASSERT_EQ(there.type(), to);
        ASSERT_EQ(there.null_count(), column.null_count());
        if (from.id == TypeId::kNull || from.id == TypeId::kDate) continue;
        const bool to_number = is_signed_integer(to) || is_unsigned_integer(to);
        if (is_floating(from) && to_number) continue;  // -0.0 comes back as 0.0
        if (to.id == TypeId::kDecimal && from.id != TypeId::kDecimal) continue;
        ASSERT_TRUE(equals(cast(there, from), column)) << to_string(from) << " by " << to_string(to);
      }
    }
  }
  EXPECT_GT(succeeded, 500);
}

std::string unified(std::string_view older, std::string_view newer) {
  return to_string(unify(type(older), type(newer), "x"));
}
void expect_no_unity(std::string_view older, std::string_view newer) {
  expect_error(ErrorKind::kSchemaCompatibility, "column x is " + std::string(older),
               [&] { unify(type(older), type(newer), "x"); });
}

TEST(Unify, EqualTypesStay) {
  for (const DataType& same : testing::all_types()) EXPECT_EQ(unify(same, same, "x"), same);
}

TEST(Unify, IntegersWidenWithinTheirSign) {
  EXPECT_EQ(unified("int8", "int32"), "int32");
  EXPECT_EQ(unified("int64", "int16"), "int64");
  EXPECT_EQ(unified("uint64", "uint8"), "uint64");
}

TEST(Unify, UnsignedWithSignedGoToTheNextSigned) {
  EXPECT_EQ(unified("uint8", "int8"), "int16");
  EXPECT_EQ(unified("int8", "uint32"), "int64");
  EXPECT_EQ(unified("uint8", "int64"), "int64");
  EXPECT_EQ(unified("uint16", "int16"), "int32");
  expect_no_unity("uint64", "int8");
  expect_no_unity("int64", "uint64");
}

TEST(Unify, FloatsWidenAndTakeInIntegers) {
  EXPECT_EQ(unified("float32", "float64"), "float64");
  EXPECT_EQ(unified("float64", "float16"), "float64");
  EXPECT_EQ(unified("float16", "float32"), "float32");
  EXPECT_EQ(unified("int64", "float32"), "float64");
  EXPECT_EQ(unified("float16", "uint8"), "float64");
}

TEST(Unify, NullGivesWayToAnything) {
  EXPECT_EQ(unified("null", "string"), "string");
  EXPECT_EQ(unified("timestamp[ns]", "null"), "timestamp[ns]");
}

TEST(Unify, TimestampsKeepTheOlderUnitAndZone) {
  EXPECT_EQ(unified("timestamp[ms, UTC]", "timestamp[ns, America/New_York]"), "timestamp[ms, UTC]");
  EXPECT_EQ(unified("timestamp[ns]", "timestamp[s]"), "timestamp[ns]");
  expect_no_unity("timestamp[ns]", "timestamp[ns, UTC]");
  expect_no_unity("timestamp[ns, UTC]", "timestamp[ns]");
  expect_no_unity("date", "timestamp[ns]");
}

TEST(Unify, DecimalsHoldTheDigitsOfBoth) {
  EXPECT_EQ(unified("decimal(10, 2)", "decimal(8, 5)"), "decimal(13, 5)");
  expect_no_unity("decimal(38, 0)", "decimal(5, 1)");
}

TEST(Unify, StringsAndDictionariesStayAsTheOlderIs) {
  EXPECT_EQ(unified("string", "dictionary<string>"), "string");
  EXPECT_EQ(unified("dictionary<string, ordered>", "string"), "dictionary<string, ordered>");
  EXPECT_EQ(unified("dictionary<string>", "dictionary<string, ordered>"), "dictionary<string>");
}

TEST(Unify, AnythingElseIsRefused) {
  expect_no_unity("string", "int64");
  expect_no_unity("boolean", "int8");
  expect_no_unity("string", "binary");
  expect_no_unity("binary(3)", "binary(4)");
  expect_no_unity("dictionary<string>", "dictionary<binary>");
  expect_no_unity("decimal(5, 2)", "float64");
}

const Schema kOlder({{"t", type("timestamp[ns, UTC]"), false},
                     {"a", type("int32"), false},
                     {"b", type("string"), false}},
                    {{"key", "x"}});

TEST(UnifySchema, WidensKeepsOrderAndAddsAtTheEnd) {
  const Schema newer({{"c", type("boolean"), false}, {"a", type("int64")}, {"t", type("timestamp[s, UTC]"), false}});
  const Schema both = unify(kOlder, newer);
  EXPECT_EQ(both, Schema({{"t", type("timestamp[ns, UTC]"), false},
                          {"a", type("int64")},
                          {"b", type("string")},
                          {"c", type("boolean")}}));
  EXPECT_EQ(both.metadata("key"), "x");
}

TEST(UnifySchema, OfOneSchemaIsThatSchema) { EXPECT_EQ(unify(kOlder, kOlder), kOlder); }

TEST(UnifySchema, NamesTheColumnThatCannotBe) {
  expect_error(ErrorKind::kSchemaCompatibility, "column b is string and cannot take in int64", [] {
    unify(kOlder, Schema({{"b", type("int64")}}));
  });
}

TEST(Conform, CastsFillsAndLeavesOut) {
  const Table table(Schema({{"x", type("int8")}, {"a", type("int32")}}),
                    {integers("int8", {1}), integers("int32", {7})});
  const Table result = conform(table, Schema({{"b", type("string")}, {"a", type("float64")}}));
  EXPECT_EQ(testing::rows(result), (std::vector<Cells>{{std::nullopt, "7.0"}}));
}

TEST(Conform, NamesTheColumnThatDoesNotFit) {
  const Table table(Schema({{"a", type("int64")}}), {integers("int64", {300})});
  expect_error(ErrorKind::kSchemaCompatibility, "column a: a column of int64 cannot become int8: row 0 is 300", [&] {
    conform(table, Schema({{"a", type("int8")}}));
  });
  expect_error(ErrorKind::kInvalidArgument, "column b may not hold nulls", [&] {
    conform(table, Schema({{"b", type("int8"), false}}));
  });
}

TEST(Conform, DoesNotCopyWhatFits) {
  const Table bars = testing::make_bars(10);
  const Table result = conform(bars, unify(bars.schema(), Schema({{"vwap", DataType::float64()}})));
  EXPECT_EQ(result.column("close").values<double>().data(), bars.column("close").values<double>().data());
  EXPECT_EQ(result.column("vwap").null_count(), 10);
}

TEST(Conform, TakesTheMetadataOfTheSchema) {
  const Table bars = testing::make_bars(1);
  EXPECT_EQ(conform(bars, bars.schema().with_metadata({{"key", "x"}})).schema().metadata("key"), "x");
}

}  // namespace
}  // namespace varve::table
