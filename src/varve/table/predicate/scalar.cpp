#include "varve/table/predicate/scalar.h"

#include <iterator>
#include <span>

#include "varve/base/error.h"
#include "varve/table/column.h"
#include "varve/table/print.h"

namespace varve {
namespace {

template <typename T>
std::string text_of(DataType type, T value) {
  return table::value_text(make_column<T>(std::move(type), std::span<const T>(&value, 1)), 0);
}

}  // namespace

std::string to_string(const Scalar& value) {
  struct Printer {
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(int64_t number) const { return std::to_string(number); }
    std::string operator()(uint64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return text_of(DataType::float64(), number); }
    std::string operator()(const Decimal& number) const {
      return text_of(DataType::decimal(38, number.scale), number.unscaled);
    }
    std::string operator()(Timestamp at) const { return to_string(at); }
    std::string operator()(Date date) const { return to_string(date); }
    std::string operator()(Duration duration) const { return to_string(duration); }
    std::string operator()(const std::string& bytes) const { return quote(bytes); }
  };
  return std::visit(Printer{}, value);
}

std::string_view type_name(const Scalar& value) noexcept {
  constexpr std::string_view kNames[] = {"boolean",   "integer", "integer",  "float", "decimal",
                                         "timestamp", "date",    "duration", "string"};
  static_assert(std::size(kNames) == std::variant_size_v<Scalar>);
  return kNames[value.index()];
}

}  // namespace varve
