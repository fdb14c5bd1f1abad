#include "varve/table/predicate/predicate.h"

#include <array>
#include <cmath>
#include <compare>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/decimal.h"
#include "varve/table/half.h"
#include "varve/table/order.h"
#include "varve/table/predicate/condition.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::expect_error;
using testing::Random;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Comparison kComparisons[] = {Comparison::kEqual,     Comparison::kNotEqual, Comparison::kLess,
                                       Comparison::kLessEqual, Comparison::kGreater,  Comparison::kGreaterEqual};

const ColumnName x("x");
const ColumnName y("y");

Table one_column(const Column& column) { return Table(Schema({{"x", column.type()}}), {column}); }

// A digit a row: 1 where it is kept.
std::string kept(const Predicate& predicate, const Table& table) {
  const Column mask = evaluate(predicate, table);
  std::string text;
  for (int64_t row = 0; row < mask.length(); ++row) text += mask.bits()[row] ? '1' : '0';
  return text;
}
std::string kept(const Predicate& predicate, const Column& column) { return kept(predicate, one_column(column)); }

template <typename T>
Column values(DataType type, const std::vector<T>& rows, const std::vector<bool>& valid = {}) {
  return make_column<T>(std::move(type), std::span<const T>(rows), valid);
}

// One digit a comparison of the only row with the value, in the order of kComparisons.
std::string compared(const Column& row, const Scalar& value) {
  std::string text;
  for (const Comparison comparison : kComparisons) text += kept(Predicate::compare("x", comparison, value), row);
  return text;
}
constexpr const char* kIsLess = "011100";
constexpr const char* kIsEqual = "100101";
constexpr const char* kIsGreater = "010011";
constexpr const char* kIsUnordered = "010000";

Column int64_row(int64_t value) { return values<int64_t>(DataType::int64(), {value}); }
Column double_row(double value) { return values<double>(DataType::float64(), {value}); }

// ---- values ----

TEST(Predicate, ComparesIntegersWithNumbersOfAllKinds) {
  EXPECT_EQ(compared(int64_row(3), 3), kIsEqual);
  EXPECT_EQ(compared(int64_row(3), 2.5), kIsGreater);
  EXPECT_EQ(compared(int64_row(3), 3.0), kIsEqual);
  EXPECT_EQ(compared(int64_row(-3), -2.5), kIsLess);
  EXPECT_EQ(compared(int64_row(-3), uint64_t{18'446'744'073'709'551'615U}), kIsLess);
  EXPECT_EQ(compared(int64_row(3), Decimal{30, 1}), kIsEqual);
  EXPECT_EQ(compared(int64_row(-3), Decimal{-31, 1}), kIsGreater);
  EXPECT_EQ(compared(int64_row(3), kInfinity), kIsLess);
  EXPECT_EQ(compared(int64_row(3), -kInfinity), kIsGreater);
  EXPECT_EQ(compared(int64_row(3), kNaN), kIsUnordered);
}

TEST(Predicate, ValuesOutsideTheColumnsReachAreNotWrapped) {
  const Column byte = values<uint8_t>({.id = TypeId::kUInt8}, {255});
  EXPECT_EQ(compared(byte, -1), kIsGreater);
  EXPECT_EQ(compared(byte, 256), kIsLess);
  EXPECT_EQ(compared(byte, 1e300), kIsLess);
  EXPECT_EQ(compared(int64_row(std::numeric_limits<int64_t>::max()), 0x1p63), kIsLess);
  EXPECT_EQ(compared(int64_row(std::numeric_limits<int64_t>::min()), -0x1p63), kIsEqual);
  EXPECT_EQ(compared(values<uint64_t>(DataType::uint64(), {~uint64_t{0}}), 0x1p64), kIsLess);
}

TEST(Predicate, ComparesFloatsExactly) {
  constexpr int64_t kNoDouble = (int64_t{1} << 53) + 1;
  EXPECT_EQ(compared(double_row(0x1p53), kNoDouble), kIsLess);
  EXPECT_EQ(compared(double_row(0x1p53 + 2), kNoDouble), kIsGreater);
  EXPECT_EQ(compared(double_row(0x1p63), std::numeric_limits<int64_t>::max()), kIsGreater);
  EXPECT_EQ(compared(values<float>(DataType::float32(), {0.1F}), 0.1), kIsGreater);
  EXPECT_EQ(compared(values<float>(DataType::float32(), {0.1F}), double{0.1F}), kIsEqual);
  EXPECT_EQ(compared(values<float>(DataType::float32(), {std::numeric_limits<float>::max()}), 1e300), kIsLess);
  EXPECT_EQ(compared(values<uint16_t>({.id = TypeId::kFloat16}, {double_to_half(0.5)}), 0.5), kIsEqual);
  EXPECT_EQ(compared(values<uint16_t>({.id = TypeId::kFloat16}, {double_to_half(0.1)}), 0.1), kIsLess);
  EXPECT_EQ(compared(double_row(0.1), Decimal{1, 1}), kIsEqual);
}

TEST(Predicate, FloatsAreThoseOfIeee) {
  EXPECT_EQ(compared(double_row(-0.0), 0.0), kIsEqual);
  EXPECT_EQ(compared(double_row(0.0), -0.0), kIsEqual);
  EXPECT_EQ(compared(double_row(kInfinity), kInfinity), kIsEqual);
  EXPECT_EQ(compared(double_row(-kInfinity), -kInfinity), kIsEqual);
  EXPECT_EQ(compared(double_row(1), kInfinity), kIsLess);
  EXPECT_EQ(compared(double_row(kNaN), 1.0), kIsUnordered);
  EXPECT_EQ(compared(double_row(kNaN), kNaN), kIsUnordered);
  EXPECT_EQ(compared(double_row(1), kNaN), kIsUnordered);
  EXPECT_EQ(kept(!(x < 1.0), double_row(kNaN)), "1");
  EXPECT_EQ(kept(!(x != 1.0), double_row(kNaN)), "0");
  EXPECT_EQ(kept(x.in({kNaN, 1.0}), values<double>(DataType::float64(), {kNaN, 1, 2})), "010");
  EXPECT_EQ(kept(!x.in({kNaN, 1.0}), values<double>(DataType::float64(), {kNaN, 1, 2})), "101");
}

TEST(Predicate, DecimalsMeetOtherNumbersByTheirDigits) {
  const DataType type = DataType::decimal(38, 2);
  const auto decimal = [&](Int128 unscaled) { return values<Int128>(type, {unscaled}); };
  EXPECT_EQ(compared(decimal(10), 0.1), kIsEqual);
  EXPECT_EQ(compared(decimal(-10), -0.1), kIsEqual);
  EXPECT_EQ(compared(decimal(-10), -0.101), kIsGreater);
  EXPECT_EQ(compared(decimal(250), Decimal{2500, 3}), kIsEqual);
  EXPECT_EQ(compared(decimal(250), Decimal{2501, 3}), kIsLess);
  EXPECT_EQ(compared(decimal(250), Decimal{2, 0}), kIsGreater);
  EXPECT_EQ(compared(decimal(300), 3), kIsEqual);
  const Int128 largest = power_of_ten(38) - 1;
  EXPECT_EQ(compared(decimal(largest), Decimal{largest, 2}), kIsEqual);
  EXPECT_EQ(compared(decimal(largest), Decimal{largest, 0}), kIsLess);
  EXPECT_EQ(compared(decimal(-largest), Decimal{-largest, 0}), kIsGreater);
  EXPECT_EQ(compared(decimal(largest), uint64_t{1} << 63), kIsGreater);
  EXPECT_EQ(compared(decimal(1), 1e-300), kIsGreater);
  EXPECT_EQ(compared(decimal(-1), -1e-300), kIsLess);
  EXPECT_EQ(compared(decimal(0), 0.0), kIsEqual);
  EXPECT_EQ(compared(decimal(largest), 1e300), kIsLess);
}

TEST(Predicate, ComparesMomentsInTheColumnsUnit) {
  const Column milliseconds = values<int64_t>(DataType::timestamp(TimeUnit::kMilli, "UTC"), {-1});
  EXPECT_EQ(compared(milliseconds, Timestamp{-1'000'000}), kIsEqual);
  EXPECT_EQ(compared(milliseconds, Timestamp{-999'999}), kIsLess);
  EXPECT_EQ(compared(milliseconds, Timestamp{-1'000'001}), kIsGreater);
  EXPECT_EQ(compared(milliseconds, Date{0}), kIsLess);
  EXPECT_EQ(compared(milliseconds, Date{-1}), kIsGreater);
  const Column far = values<int64_t>(DataType::timestamp(TimeUnit::kSecond, ""), {int64_t{1} << 60});
  EXPECT_EQ(compared(far, Timestamp::max()), kIsGreater);
  const Column day = values<int32_t>(DataType::date(), {1});
  EXPECT_EQ(compared(day, Date{1}), kIsEqual);
  EXPECT_EQ(compared(day, Timestamp{kNanosecondsPerDay}), kIsEqual);
  EXPECT_EQ(compared(day, Timestamp{kNanosecondsPerDay + 1}), kIsLess);
  EXPECT_EQ(compared(values<int32_t>(DataType::time(TimeUnit::kSecond), {60}), Duration::seconds(60)), kIsEqual);
  EXPECT_EQ(compared(values<int64_t>(DataType::duration(TimeUnit::kMicro), {-1}), Duration{-1}), kIsLess);
}

TEST(Predicate, ComparesBytesAndTruth) {
  for (const DataType& type : {DataType::string(), DataType::binary(), DataType::dictionary(DataType::string())}) {
    const Column rows = make_column(type, {"", "a", std::string("a\0b", 3), "b", std::nullopt, "\xC3\xA4"});
    EXPECT_EQ(kept(x == "a", rows), "010000") << to_string(type);
    EXPECT_EQ(kept(x != "a", rows), "101101") << to_string(type);
    EXPECT_EQ(kept(x < "b", rows), "111000") << to_string(type);
    EXPECT_EQ(kept(x <= "a", rows), "110000") << to_string(type);
    EXPECT_EQ(kept(x > "a", rows), "001101") << to_string(type);
    EXPECT_EQ(kept(x >= "", rows), "111101") << to_string(type);
    EXPECT_EQ(kept(x.in({"b", "", "z"}), rows), "100100") << to_string(type);
    EXPECT_EQ(kept(x.is_null() || x == "b", rows), "000110") << to_string(type);
  }
  EXPECT_EQ(kept(x > "ab", make_column(DataType::fixed_binary(2), {"aa", "ab", "b\xFF"})), "001");
  const Column truth = make_column<bool>(DataType::boolean(), std::array{false, true});
  EXPECT_EQ(kept(x == true, truth), "01");
  EXPECT_EQ(kept(x < true, truth), "10");
}

TEST(Predicate, LargeSetsAreSearchedLikeSmallOnes) {
  std::vector<Scalar> wanted;
  for (int64_t value = 0; value < 1000; value += 2) wanted.emplace_back(value);
  wanted.emplace_back(1.5);
  wanted.emplace_back(1e300);
  EXPECT_EQ(kept(x.in(wanted), values<int64_t>(DataType::int64(), {-1, 0, 1, 2, 998, 999, 1000})), "0101100");
  EXPECT_EQ(kept(!x.in(wanted), values<double>(DataType::float64(), {0, 1, 1.5, kNaN})), "0101");
  std::vector<Scalar> names;
  for (int number = 0; number < 100; ++number) names.emplace_back(std::to_string(number));
  EXPECT_EQ(kept(x.in(names), make_column(DataType::string(), {"7", "100", "42", std::nullopt})), "1010");
}

// ---- nulls and joining ----

TEST(Predicate, ComparingANullIsUnknown) {
  const Column rows = values<int64_t>(DataType::int64(), {5, 5, 6}, {true, false, true});
  EXPECT_EQ(kept(x == 5, rows), "100");
  EXPECT_EQ(kept(!(x == 5), rows), "001");
  EXPECT_EQ(kept(x != 5, rows), "001");
  EXPECT_EQ(kept(!(x != 5), rows), "100");
  EXPECT_EQ(kept(x == 5 || x != 5, rows), "101");
  EXPECT_EQ(kept(x == 5 || !(x == 5), rows), "101");
  EXPECT_EQ(kept(!x.in({5}), rows), "001");
  EXPECT_EQ(kept(x.is_null(), rows), "010");
  EXPECT_EQ(kept(!x.is_null(), rows), "101");
}

TEST(Predicate, AndAndOrDecideWhereOneSideDoes) {
  const Column left = values<int64_t>(DataType::int64(), {1, 1, 0, 0, 1, 0}, {true, false, true, false, true, true});
  const Column right = values<int64_t>(DataType::int64(), {1, 1, 1, 0, 0, 0}, {true, true, true, true, false, false});
  const Table table(Schema({{"x", DataType::int64()}, {"y", DataType::int64()}}), {left, right});
  EXPECT_EQ(kept(x == 1 && y == 1, table), "100000");
  EXPECT_EQ(kept(x == 1 || y == 1, table), "111010");
  EXPECT_EQ(kept(!(x == 1 && y == 1), table), "001101");  // false and unknown is false
  EXPECT_EQ(kept(!(x == 1 || y == 1), table), "000000");
}

TEST(Predicate, NothingToJoinIsTrueOrFalse) {
  const Column rows = make_null_column(DataType::int64(), 2);
  EXPECT_EQ(kept(Predicate::all_of({}), rows), "11");
  EXPECT_EQ(kept(Predicate::any_of({}), rows), "00");
  EXPECT_EQ(kept(x.in({}), rows), "00");
  EXPECT_EQ(kept(!x.in({}), rows), "11");
  EXPECT_EQ(kept(x.in({1}), rows), "00");
  EXPECT_EQ(kept(!x.in({1}), rows), "00");
}

TEST(Predicate, ColumnsOfTypeNullAreNull) {
  const Column rows = make_null_column(DataType::null(), 2);
  EXPECT_EQ(kept(x == 1 || x != "a" || !x.in({true}), rows), "00");
  EXPECT_EQ(kept(x.is_null(), rows), "11");
}

TEST(Predicate, RowsUnderANullMayHoldAnything) {
  ColumnParts parts = make_column(DataType::dictionary(DataType::string()), {"a", "b"}).parts();
  const std::vector<int32_t> indices = {0, 1 << 30};
  const std::vector<uint8_t> validity = {1};
  parts.values = base::Buffer::wrap(std::as_bytes(std::span(indices)), nullptr);
  parts.validity = base::Buffer::wrap(std::as_bytes(std::span(validity)), nullptr);
  parts.null_count = 1;
  const Column rows(std::move(parts));
  EXPECT_EQ(kept(x == "a", rows), "10");
  EXPECT_EQ(kept(x.is_null(), rows), "01");
}

TEST(Predicate, AllNullColumnsNeedNoValidity) {
  ColumnParts parts = int64_row(0).parts();
  parts.validity = base::MutableBuffer::allocate_zeroed(1).finish();
  parts.null_count = 1;
  EXPECT_EQ(kept(!(x == 0), Column(parts)), "0");
}

// ---- trees ----

TEST(Predicate, IsPrintedAsPeopleWriteIt) {
  const Predicate predicate = x > 100.5 && (y == "A" || !y.in({1, true})) && x.is_null();
  EXPECT_EQ(to_string(predicate), "x > 100.5 and (y = \"A\" or not (y in (1, true))) and x is null");
  EXPECT_EQ(to_string(Predicate::all_of({})), "true");
  EXPECT_EQ(to_string(x < Timestamp{0} || x >= Date{1} || x == Decimal{-150, 2} || x <= Duration::seconds(90)),
            "x < 1970-01-01T00:00:00Z or x >= 1970-01-02 or x = -1.50 or x <= 1m30s");
}

TEST(Predicate, ListsItsColumnsOnce) {
  EXPECT_EQ((y == 1 && (x == 2 || !y.is_null()) && x.in({})).columns(), (std::vector<std::string>{"y", "x"}));
  EXPECT_EQ(Predicate::all_of({}).columns(), std::vector<std::string>{});
}

TEST(Predicate, LongListsAreNotDeepTrees) {
  Predicate predicate = x == 0;
  for (int64_t value = 1; value < 2000; ++value) predicate = predicate || x == value;
  EXPECT_EQ(predicate.node().depth, 2);
  EXPECT_EQ(kept(predicate, values<int64_t>(DataType::int64(), {0, 1999, 2000})), "110");
}

TEST(Predicate, DepthIsBounded) {
  Predicate predicate = x == 0;
  expect_error(ErrorKind::kInvalidArgument, "256 levels", [&] {
    for (int level = 0; level < 300; ++level) predicate = !predicate;
  });
  EXPECT_EQ(kept(predicate, int64_row(0)), "0");  // not, 255 times
}

TEST(Predicate, ColumnsMustBeThere) {
  expect_error(ErrorKind::kNotFound, "y", [] { kept(x == 1 || y == 1, int64_row(1)); });
  expect_error(ErrorKind::kNotFound, "y", [] { kept(y.in({}), int64_row(1)); });
}

TEST(Predicate, ValuesMustBeComparable) {
  expect_error(ErrorKind::kInvalidArgument, "column x of type int64 cannot be compared with string \"a\"",
               [] { kept(x == "a", int64_row(1)); });
  expect_error(ErrorKind::kInvalidArgument, "column x of type int64 cannot be compared with boolean true", [] {
    kept(x.in({1, true}), int64_row(1));
  });
  expect_error(ErrorKind::kInvalidArgument, "type dictionary<string> cannot be compared with integer 1",
               [] { kept(x == 1, make_column(DataType::dictionary(DataType::string()), {"a"})); });
  expect_error(ErrorKind::kInvalidArgument, "scale 39", [] { kept(x == Decimal{1, 39}, int64_row(1)); });
}

// ---- against a model that looks at one row after the other ----

// The value of a row as a scalar. Nothing for null.
std::optional<Scalar> scalar_at(const Column& column, int64_t row) {
  if (column.is_null(row)) return std::nullopt;
  const DataType& type = column.type();
  const auto at = static_cast<size_t>(row);
  switch (type.id) {
    case TypeId::kBoolean: return Scalar(static_cast<bool>(column.bits()[row]));
    case TypeId::kInt8: return Scalar(int64_t{column.values<int8_t>()[at]});
    case TypeId::kInt16: return Scalar(int64_t{column.values<int16_t>()[at]});
    case TypeId::kInt32: return Scalar(int64_t{column.values<int32_t>()[at]});
    case TypeId::kInt64: return Scalar(column.values<int64_t>()[at]);
    case TypeId::kUInt8: return Scalar(uint64_t{column.values<uint8_t>()[at]});
    case TypeId::kUInt16: return Scalar(uint64_t{column.values<uint16_t>()[at]});
    case TypeId::kUInt32: return Scalar(uint64_t{column.values<uint32_t>()[at]});
    case TypeId::kUInt64: return Scalar(column.values<uint64_t>()[at]);
    case TypeId::kFloat16: return Scalar(double{half_to_float(column.values<uint16_t>()[at])});
    case TypeId::kFloat32: return Scalar(double{column.values<float>()[at]});
    case TypeId::kFloat64: return Scalar(column.values<double>()[at]);
    case TypeId::kDecimal: return Scalar(Decimal{column.values<Int128>()[at], type.scale});
    case TypeId::kDate: return Scalar(Date{column.values<int32_t>()[at]});
    default: break;
  }
  if (storage_of(type) != Storage::kFixed || type.id == TypeId::kFixedBinary) {
    return Scalar(std::string(column.bytes_at(row)));
  }
  const int64_t units = width_of(type) == 4 ? column.values<int32_t>()[at] : column.values<int64_t>()[at];
  const int64_t nanoseconds = internal::saturating_multiply(units, nanoseconds_per(type.unit));
  return type.id == TypeId::kTimestamp ? Scalar(Timestamp{nanoseconds}) : Scalar(Duration{nanoseconds});
}

// Seconds may lie far beyond what nanoseconds reach.
std::strong_ordering order_of_units(const Column& column, int64_t row, const Scalar& other) {
  const auto at = static_cast<size_t>(row);
  const Int128 units = width_of(column.type()) == 4 ? column.values<int32_t>()[at] : column.values<int64_t>()[at];
  const Int128 left = units * nanoseconds_per(column.type().unit);
  const auto* moment = std::get_if<Timestamp>(&other);
  const Int128 right = moment != nullptr ? moment->nanoseconds : std::get<Duration>(other).nanoseconds;
  if (left == right) return std::strong_ordering::equal;
  return left < right ? std::strong_ordering::less : std::strong_ordering::greater;
}

// Numbers of 64 bits and doubles both fit a long double.
long double number_of(const Scalar& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return static_cast<long double>(*number);
  if (const auto* number = std::get_if<uint64_t>(&value)) return static_cast<long double>(*number);
  return static_cast<long double>(std::get<double>(value));
}

std::partial_ordering order_of(const Scalar& left, const Scalar& right) {
  if (const auto* text = std::get_if<std::string>(&left)) return *text <=> std::get<std::string>(right);
  if (const auto* truth = std::get_if<bool>(&left)) return *truth <=> std::get<bool>(right);
  if (const auto* date = std::get_if<Date>(&left)) return *date <=> std::get<Date>(right);
  if (const auto* decimal = std::get_if<Decimal>(&left)) {
    const Int128 other = std::get<Decimal>(right).unscaled;  // of the same scale
    return decimal->unscaled < other   ? std::partial_ordering::less
           : decimal->unscaled > other ? std::partial_ordering::greater
                                       : std::partial_ordering::equivalent;
  }
  return number_of(left) <=> number_of(right);
}

// Of a row that is not null.
std::partial_ordering order_of(const Column& column, int64_t row, const Scalar& other) {
  if (std::holds_alternative<Timestamp>(other) || std::holds_alternative<Duration>(other)) {
    return order_of_units(column, row, other);
  }
  return order_of(*scalar_at(column, row), other);
}

bool holds(Comparison comparison, std::partial_ordering order) {
  switch (comparison) {
    case Comparison::kEqual: return order == 0;
    case Comparison::kNotEqual: return order != 0;
    case Comparison::kLess: return order < 0;
    case Comparison::kLessEqual: return order <= 0;
    case Comparison::kGreater: return order > 0;
    case Comparison::kGreaterEqual: return order >= 0;
  }
  return false;
}

// True, false or unknown.
std::optional<bool> truth_of(const Predicate& predicate, const Table& table, int64_t row) {
  const Predicate::Node& node = predicate.node();
  const bool decides = node.kind == Predicate::Kind::kOr;
  std::optional<bool> joined = !decides;
  switch (node.kind) {
    case Predicate::Kind::kIsNull: return table.column(node.column).is_null(row);
    case Predicate::Kind::kNot: {
      const auto inner = truth_of(node.terms[0], table, row);
      return inner ? std::optional(!*inner) : std::nullopt;
    }
    case Predicate::Kind::kCompare:
    case Predicate::Kind::kIn: {
      if (node.values.empty()) return false;
      const Column& column = table.column(node.column);
      if (column.is_null(row)) return std::nullopt;
      bool found = false;
      for (const Scalar& other : node.values) found |= holds(node.comparison, order_of(column, row, other));
      return found;
    }
    default: break;
  }
  for (const Predicate& term : node.terms) {
    const auto truth = truth_of(term, table, row);
    if (truth == decides) return decides;
    if (!truth) joined = std::nullopt;
  }
  return joined;
}

// A value of the column, one next to it, or one of another kind that it can be compared with.
Scalar random_value(Random& random, const Column& column) {
  std::optional<Scalar> value;
  for (int tries = 0; tries < 10 && !value; ++tries) {
    value = scalar_at(column, random.between(0, column.length() - 1));
  }
  if (!value) value = scalar_at(testing::random_column(random, column.type(), {.rows = 1, .nulls = false}), 0);
  if (value->index() < 4 && value->index() > 0 && random.one_in(2)) {
    const double near = static_cast<double>(number_of(*value));
    const std::vector<Scalar> others = {random.edgy(), static_cast<uint64_t>(random.edgy()), near, near + 0.5,
                                        std::nextafter(near, 0.0)};
    return random.pick(others);
  }
  if (auto* at = std::get_if<Timestamp>(&*value)) *at = *at + Duration{random.between(-1, 1)};
  if (auto* duration = std::get_if<Duration>(&*value); duration != nullptr && random.one_in(2)) {
    duration->nanoseconds = internal::saturating_add(duration->nanoseconds, random.between(-1, 1));
  }
  return *value;
}

Predicate random_predicate(Random& random, const Table& table, int depth) {
  if (depth > 0 && random.one_in(2)) {
    if (random.one_in(3)) return !random_predicate(random, table, depth - 1);
    std::vector<Predicate> terms;
    for (int64_t count = random.between(0, 3); count > 0; --count) {
      terms.push_back(random_predicate(random, table, depth - 1));
    }
    return random.one_in(2) ? Predicate::all_of(terms) : Predicate::any_of(terms);
  }
  const size_t position = random.next() % table.num_columns();
  const Column& column = table.column(position);
  const std::string name = table.schema()[position].name;
  if (column.type().id == TypeId::kNull || random.one_in(6)) return Predicate::is_null(name);
  if (random.one_in(4)) {
    std::vector<Scalar> set;
    for (int64_t count = random.between(0, 20); count > 0; --count) set.push_back(random_value(random, column));
    return Predicate::in(name, std::move(set));
  }
  return Predicate::compare(name, kComparisons[random.next() % 6], random_value(random, column));
}

TEST(Predicate, AgreesWithRowByRowModelOnAllTypes) {
  Random random;
  base::ThreadPool pool(2);
  int64_t rows_kept = 0;
  for (int round = 0; round < 60; ++round) {
    const Table table = testing::random_table(random, {.rows = random.between(1, 200)});
    for (int tries = 0; tries < 20; ++tries) {
      const Predicate predicate = random_predicate(random, table, 3);
      const Column mask = evaluate(predicate, table, random.one_in(2) ? &pool : nullptr);
      ASSERT_EQ(mask.length(), table.num_rows());
      for (int64_t row = 0; row < table.num_rows(); ++row) {
        const bool expected = truth_of(predicate, table, row) == true;
        ASSERT_EQ(mask.bits()[row], expected) << to_string(predicate) << ", row " << row;
        rows_kept += expected ? 1 : 0;
      }
    }
  }
  EXPECT_GT(rows_kept, 1000);
}

TEST(Predicate, MasksOfManyBlocksAndTasks) {
  std::vector<int64_t> numbers(300'001);
  for (size_t row = 0; row < numbers.size(); ++row) numbers[row] = static_cast<int64_t>(row % 1000);
  base::ThreadPool pool(2);
  const Column mask = evaluate(x < 7, one_column(values(DataType::int64(), numbers)), &pool);
  EXPECT_EQ(count_set(mask.bits()), 300 * 7 + 1);
  EXPECT_TRUE(mask.bits()[300'000]);
}

// ---- bounds ----

// Outcomes in two letters ("no", "so", "al") for a condition on column x, whose lot lies between the rows of `bounds`.
std::string outcome(const Predicate& predicate, const Column& bounds, Outcome nulls = Outcome::kNone) {
  const Condition condition = bind(predicate, Schema({{"x", bounds.type()}}));
  const Outcome found = outcomes(condition, {bounds.slice(0, 1), bounds.slice(1, 1), {nulls}})[0];
  return found == Outcome::kNone ? "no" : found == Outcome::kAll ? "all" : "some";
}

TEST(PredicateBounds, ProveWhatLiesOutsideAndInside) {
  const Column bounds = values<int64_t>(DataType::int64(), {10, 20});
  EXPECT_EQ(outcome(x < 10, bounds), "no");
  EXPECT_EQ(outcome(x <= 10, bounds), "some");
  EXPECT_EQ(outcome(x <= 20, bounds), "all");
  EXPECT_EQ(outcome(x == 21, bounds), "no");
  EXPECT_EQ(outcome(x != 21, bounds), "all");
  EXPECT_EQ(outcome(x != 15, bounds), "some");
  EXPECT_EQ(outcome(x.in({1, 9, 21}), bounds), "no");
  EXPECT_EQ(outcome(!x.in({1, 9, 21}), bounds), "all");
  EXPECT_EQ(outcome(x.in({1, 15, 21}), bounds), "some");
  EXPECT_EQ(outcome(x > 9 && x < 21, bounds), "all");
  EXPECT_EQ(outcome(x < 10 || x > 20, bounds), "no");
  EXPECT_EQ(outcome(x == 15, values<int64_t>(DataType::int64(), {15, 15})), "all");
}

TEST(PredicateBounds, NullsMeetOnlyIsNull) {
  const Column bounds = values<int64_t>(DataType::int64(), {10, 20});
  EXPECT_EQ(outcome(x > 0, bounds, Outcome::kSome), "some");
  EXPECT_EQ(outcome(x > 0, bounds, Outcome::kAll), "no");
  EXPECT_EQ(outcome(x < 0, bounds, Outcome::kSome), "no");
  EXPECT_EQ(outcome(x.is_null(), bounds, Outcome::kSome), "some");
  EXPECT_EQ(outcome(x.is_null(), bounds, Outcome::kAll), "all");
  EXPECT_EQ(outcome(x.is_null(), bounds), "no");
  EXPECT_EQ(outcome(!x.is_null(), bounds), "all");
}

TEST(PredicateBounds, UnknownOrContradictoryOnesProveNothing) {
  const Column unknown = make_null_column(DataType::int64(), 2);
  EXPECT_EQ(outcome(x > 0, unknown), "some");
  EXPECT_EQ(outcome(x > 0, unknown, Outcome::kAll), "no");
  EXPECT_EQ(outcome(x > 100, values<int64_t>(DataType::int64(), {20, 10})), "some");
  EXPECT_EQ(outcome(x > "z", make_column(DataType::string(), {"b", "a"})), "some");
  EXPECT_EQ(outcome(x.in({"z"}), make_column(DataType::string(), {"b", "a"})), "some");
}

TEST(PredicateBounds, FloatsMayHoldNaNAsWell) {
  const Column bounds = values<double>(DataType::float64(), {1, 2});
  EXPECT_EQ(outcome(x > 2.0, bounds), "no");
  EXPECT_EQ(outcome(x > 0.0, bounds), "some");
  EXPECT_EQ(outcome(x != 5.0, bounds), "all");
  EXPECT_EQ(outcome(!(x > 0.0), bounds), "some");
  EXPECT_EQ(outcome(!(x > 5.0), bounds), "all");
  EXPECT_EQ(outcome(x.in({1.0}), values<double>(DataType::float64(), {1, 1})), "some");
  EXPECT_EQ(outcome(x > 5.0, values<double>(DataType::float64(), {kNaN, 2})), "some");
  EXPECT_EQ(outcome(x == 0.0, values<double>(DataType::float64(), {-0.0, -0.0})), "some");
}

TEST(PredicateBounds, TruncatedStringsAreBoundsAllTheSame) {
  const Column bounds = make_column(DataType::string(), {"ab", "ad"});
  EXPECT_EQ(outcome(x < "ab", bounds), "no");
  EXPECT_EQ(outcome(x == "ac", bounds), "some");
  EXPECT_EQ(outcome(x > "ad", bounds), "no");
  EXPECT_EQ(outcome(x >= "a", bounds), "all");
  EXPECT_EQ(outcome(x.in({"aa", "b"}), bounds), "no");
}

bool is_null_or_nan(const Column& column, int64_t row) {
  const auto value = scalar_at(column, row);
  const auto* number = value ? std::get_if<double>(&*value) : nullptr;
  return !value || (number != nullptr && std::isnan(*number));
}

// What bounds say is true of the rows that they bound.
TEST(PredicateBounds, AgreeWithTheRowsTheyBound) {
  Random random;
  int proofs = 0;
  for (int round = 0; round < 300; ++round) {
    const DataType type = random.pick(testing::all_types());
    if (type.id == TypeId::kNull || type.id == TypeId::kDictionary) continue;
    const Column rows = testing::random_column(random, type, {.rows = random.between(1, 6)});
    const Table table = one_column(rows);
    int64_t least = -1;
    int64_t most = -1;
    const OrderedColumn order(rows);
    for (int64_t row = 0; row < rows.length(); ++row) {
      if (is_null_or_nan(rows, row)) continue;
      if (least < 0 || order.compare(row, order, least) < 0) least = row;
      if (most < 0 || order.compare(row, order, most) > 0) most = row;
    }
    if (least < 0) continue;
    const Outcome nulls = rows.null_count() == 0 ? Outcome::kNone : Outcome::kSome;
    for (int tries = 0; tries < 20; ++tries) {
      const Predicate predicate = random_predicate(random, table, 2);
      const Condition condition = bind(predicate, table.schema());
      if (!condition.only_column()) continue;
      const Outcome told = outcomes(condition, {rows.slice(least, 1), rows.slice(most, 1), {nulls}})[0];
      const int64_t found = count_set(evaluate(predicate, table).bits());
      EXPECT_TRUE(told != Outcome::kNone || found == 0) << to_string(type) << ": " << to_string(predicate);
      EXPECT_TRUE(told != Outcome::kAll || found == rows.length()) << to_string(type) << ": " << to_string(predicate);
      proofs += told != Outcome::kSome ? 1 : 0;
    }
  }
  EXPECT_GT(proofs, 200);
}

}  // namespace
}  // namespace varve::table
