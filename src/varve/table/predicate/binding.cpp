#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/table/decimal.h"
#include "varve/table/predicate/condition.h"

namespace varve::table {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Beyond the reach of every column of whole numbers.
constexpr Int128 kBeyond = (Int128{1} << 126) - 2 + (Int128{1} << 126);

// ---- values on the grid of a column whose values are whole numbers ----

// The greatest number of the grid that is not above the value, which is that number if `exact`.
struct Place {
  Int128 floor = 0;
  bool exact = false;
};

Place beyond(bool negative) { return {negative ? -kBeyond : kBeyond, false}; }

Place divide(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  const bool exact = quotient * divisor == value;
  return {!exact && value < 0 ? quotient - 1 : quotient, exact};
}

// `digits` times 10 to the `exponent`.
Place power_place(Int128 digits, int32_t exponent) {
  if (digits == 0) return {0, true};
  if (exponent < -38) return {digits < 0 ? -1 : 0, false};
  if (exponent < 0) return divide(digits, power_of_ten(-exponent));
  Int128 product = 0;
  if (exponent > 38 || __builtin_mul_overflow(digits, power_of_ten(exponent), &product)) return beyond(digits < 0);
  if (product >= kBeyond || product <= -kBeyond) return beyond(digits < 0);
  return {product, true};
}

Place place_of_double(double value) {
  constexpr double kReach = 0x1p120;
  if (!(std::fabs(value) < kReach)) return beyond(value < 0);
  const double floor = std::floor(value);
  return {static_cast<Int128>(floor), floor == value};
}

// The shortest decimal that reads back as `value`.
struct Digits {
  int64_t digits = 0;
  int32_t exponent = 0;
};
Digits shortest_decimal(double value) {
  char text[32] = {};  // what is not written ends the text
  const auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  Digits result;
  const char* at = text;
  bool fraction = false;
  for (; at != end && *at != 'e'; ++at) {
    if (*at == '.') fraction = true;
    if (*at < '0' || *at > '9') continue;
    result.digits = result.digits * 10 + (*at - '0');
    result.exponent -= fraction ? 1 : 0;
  }
  if (value < 0) result.digits = -result.digits;
  return {result.digits, result.exponent + std::atoi(at + 1)};
}

// A double of 17 digits at most, a scale of 38 at most.
Place decimal_place(const Scalar& value, int32_t scale) {
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::isinf(*number)) return beyond(*number < 0);
    const Digits decimal = shortest_decimal(*number);
    return power_place(decimal.digits, decimal.exponent + scale);
  }
  if (const auto* number = std::get_if<Decimal>(&value)) return power_place(number->unscaled, scale - number->scale);
  if (const auto* number = std::get_if<int64_t>(&value)) return power_place(*number, scale);
  return power_place(std::get<uint64_t>(value), scale);
}

Place integer_place(const Scalar& value) {
  if (const auto* number = std::get_if<double>(&value)) return place_of_double(*number);
  return decimal_place(value, 0);
}

Place moment_place(const Scalar& value, int64_t unit_nanoseconds) {
  if (const auto* date = std::get_if<Date>(&value)) {
    return divide(Int128{date->days} * kNanosecondsPerDay, unit_nanoseconds);
  }
  return divide(std::get<Timestamp>(value).nanoseconds, unit_nanoseconds);
}

Place place_of(const Scalar& value, const DataType& type) {
  switch (type.id) {
    case TypeId::kBoolean: return {std::get<bool>(value) ? 1 : 0, true};
    case TypeId::kDecimal: return decimal_place(value, type.scale);
    case TypeId::kDate: return moment_place(value, kNanosecondsPerDay);
    case TypeId::kTimestamp: return moment_place(value, nanoseconds_per(type.unit));
    case TypeId::kTime:
    case TypeId::kDuration: return divide(std::get<Duration>(value).nanoseconds, nanoseconds_per(type.unit));
    default: return integer_place(value);
  }
}

// ---- values among the doubles ----

// The doubles next to a number: equal if it is one.
struct Neighbours {
  double below = 0;
  double above = 0;
};

Neighbours neighbours_of(Int128 value) {
  const auto nearest = static_cast<double>(value);
  const auto back = static_cast<Int128>(nearest);  // 64 bits and their rounding fit
  if (back == value) return {nearest, nearest};
  return back < value ? Neighbours{nearest, std::nextafter(nearest, kInfinity)}
                      : Neighbours{std::nextafter(nearest, -kInfinity), nearest};
}

Neighbours neighbours_of(const Scalar& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return neighbours_of(Int128{*number});
  if (const auto* number = std::get_if<uint64_t>(&value)) return neighbours_of(Int128{*number});
  const bool is_double = std::holds_alternative<double>(value);
  const double number = is_double ? std::get<double>(value) : std::strtod(to_string(value).c_str(), nullptr);
  return {number, number};
}

// ---- comparisons as ranges ----

bool is_number(const Scalar& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<uint64_t>(value) ||
         std::holds_alternative<double>(value) || std::holds_alternative<Decimal>(value);
}

bool is_nan(const Scalar& value) {
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

bool comparable(const DataType& type, const Scalar& value) {
  switch (type.id) {
    case TypeId::kNull: return true;
    case TypeId::kBoolean: return std::holds_alternative<bool>(value);
    case TypeId::kDate:
    case TypeId::kTimestamp: return std::holds_alternative<Date>(value) || std::holds_alternative<Timestamp>(value);
    case TypeId::kTime:
    case TypeId::kDuration: return std::holds_alternative<Duration>(value);
    case TypeId::kString:
    case TypeId::kBinary:
    case TypeId::kFixedBinary: return std::holds_alternative<std::string>(value);
    case TypeId::kDictionary: return comparable(*type.value_type, value);
    default: return is_number(value);
  }
}

// Each comparison is a range, closed at both ends, or all that lies outside of one.
bool has_end(Comparison comparison) {
  return comparison != Comparison::kGreater && comparison != Comparison::kGreaterEqual;
}
bool has_begin(Comparison comparison) {
  return comparison != Comparison::kLess && comparison != Comparison::kLessEqual;
}

WholeRange whole_range(Comparison comparison, const Place& place) {
  WholeRange range{-kBeyond, kBeyond};
  if (has_begin(comparison)) {
    const bool inside = place.exact && comparison != Comparison::kGreater;
    range.least = inside ? place.floor : place.floor + 1;
  }
  if (has_end(comparison)) {
    const bool outside = place.exact && comparison == Comparison::kLess;
    range.most = outside ? place.floor - 1 : place.floor;
  }
  return range;
}

FloatRange float_range(Comparison comparison, const Neighbours& value) {
  constexpr FloatRange kEmpty{kInfinity, -kInfinity};
  FloatRange range{-kInfinity, kInfinity};
  const bool exact = value.below == value.above;
  if (has_begin(comparison)) range.least = value.above;
  if (has_end(comparison)) range.most = value.below;
  if (exact && comparison == Comparison::kGreater) {
    if (value.above == kInfinity) return kEmpty;
    range.least = std::nextafter(value.above, kInfinity);
  }
  if (exact && comparison == Comparison::kLess) {
    if (value.below == -kInfinity) return kEmpty;
    range.most = std::nextafter(value.below, -kInfinity);
  }
  return range;
}

// A string directly after another one is that with a zero byte more.
ByteRange byte_range(Comparison comparison, const std::string& value) {
  const std::string after = value + '\0';
  switch (comparison) {
    case Comparison::kLess: return {.beyond = value};
    case Comparison::kLessEqual: return {.beyond = after};
    case Comparison::kGreater: return {.least = after};
    case Comparison::kGreaterEqual: return {.least = value};
    default: return {.least = value, .beyond = after};
  }
}

ValueTestPtr comparison_test(const DataType& type, Comparison comparison, const Scalar& value, bool inverted) {
  if (type.id == TypeId::kNull || is_nan(value)) return make_constant_test(inverted);
  if (const auto* bytes = std::get_if<std::string>(&value)) {
    if (has_begin(comparison) && has_end(comparison)) return make_set_test({*bytes}, inverted);
    return make_range_test(byte_range(comparison, *bytes), inverted);
  }
  if (is_floating(type)) return make_range_test(type, float_range(comparison, neighbours_of(value)), inverted);
  return make_range_test(type, whole_range(comparison, place_of(value, type)), inverted);
}

ValueTestPtr set_test(const DataType& type, const std::vector<Scalar>& values, bool inverted) {
  if (type.id == TypeId::kNull) return make_constant_test(inverted);
  std::vector<std::string> strings;
  std::vector<double> floats;
  std::vector<Int128> wholes;
  for (const Scalar& value : values) {
    if (is_nan(value)) continue;
    if (const auto* bytes = std::get_if<std::string>(&value)) {
      strings.push_back(*bytes);
    } else if (is_floating(type)) {
      const Neighbours number = neighbours_of(value);
      if (number.below == number.above) floats.push_back(number.below);
    } else {
      const Place place = place_of(value, type);
      if (place.exact) wholes.push_back(place.floor);
    }
  }
  if (!strings.empty()) return make_set_test(std::move(strings), inverted);
  return is_floating(type) ? make_set_test(type, floats, inverted) : make_set_test(type, wholes, inverted);
}

// ---- trees ----

// Terms that ask for the same column become one, which a reader can decide on that column alone.
Condition join(Condition::Kind kind, std::vector<Condition> terms) {
  Condition result{.kind = kind};
  std::vector<std::optional<size_t>> columns;
  for (Condition& term : terms) {
    const auto column = term.only_column();
    const auto same = column ? std::find(columns.begin(), columns.end(), column) : columns.end();
    if (same == columns.end()) {
      columns.push_back(column);
      result.terms.push_back(std::move(term));
      continue;
    }
    Condition& group = result.terms[static_cast<size_t>(same - columns.begin())];
    if (group.kind != kind) group = {.kind = kind, .terms = {std::move(group)}};
    group.terms.push_back(std::move(term));
  }
  if (result.terms.size() == 1) return std::move(result.terms[0]);
  return result;
}

class Binder {
 public:
  explicit Binder(const Schema& schema) : schema_(schema) {}

  // `negated`: what its negation says.
  [[nodiscard]] Condition bind(const Predicate& predicate, bool negated) const {
    const Predicate::Node& node = predicate.node();
    switch (node.kind) {
      case Predicate::Kind::kCompare: return bind_comparison(node, negated);
      case Predicate::Kind::kIn: return bind_set(node, negated);
      case Predicate::Kind::kIsNull:
        return {.kind = Condition::Kind::kIsNull, .column = schema_.position_of(node.column), .inverted = negated};
      case Predicate::Kind::kNot: return bind(node.terms[0], !negated);
      case Predicate::Kind::kAnd:
      case Predicate::Kind::kOr: break;
    }
    const bool all = (node.kind == Predicate::Kind::kAnd) != negated;
    std::vector<Condition> terms;
    for (const Predicate& term : node.terms) terms.push_back(bind(term, negated));
    return join(all ? Condition::Kind::kAll : Condition::Kind::kAny, std::move(terms));
  }

 private:
  [[nodiscard]] Condition bind_comparison(const Predicate::Node& node, bool negated) const {
    Condition result{.kind = Condition::Kind::kTest, .column = schema_.position_of(node.column)};
    const DataType& type = compared_type(node, result.column);
    const bool inverted = negated != (node.comparison == Comparison::kNotEqual);
    result.test = comparison_test(type, node.comparison, node.values[0], inverted);
    return result;
  }

  [[nodiscard]] Condition bind_set(const Predicate::Node& node, bool negated) const {
    Condition result{.kind = Condition::Kind::kTest, .column = schema_.position_of(node.column)};
    const DataType& type = compared_type(node, result.column);
    if (node.values.empty()) return {.kind = negated ? Condition::Kind::kAll : Condition::Kind::kAny};
    result.test = set_test(type, node.values, negated);
    return result;
  }

  // The type that the column's values are compared as.
  [[nodiscard]] const DataType& compared_type(const Predicate::Node& node, size_t column) const {
    const DataType& type = schema_[column].type;
    for (const Scalar& value : node.values) {
      if (!comparable(type, value)) {
        throw InvalidArgument("column {} of type {} cannot be compared with {} {}", node.column, to_string(type),
                              type_name(value), to_string(value));
      }
      const auto* decimal = std::get_if<Decimal>(&value);
      if (decimal != nullptr && (decimal->scale < 0 || decimal->scale > 38)) {
        throw InvalidArgument("column {} is compared with a decimal of scale {}", node.column, decimal->scale);
      }
    }
    return value_type_of(type);
  }

  const Schema& schema_;
};

}  // namespace

Condition bind(const Predicate& predicate, const Schema& schema) { return Binder(schema).bind(predicate, false); }

void check(const Predicate& predicate, const Schema& schema) { static_cast<void>(bind(predicate, schema)); }

}  // namespace varve::table
