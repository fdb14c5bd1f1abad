#include "varve/table/predicate/predicate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"
#include "varve/table/predicate/parse.h"

#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

Int128 int128_of(const nb::bytes& little_endian) {
  Int128 value = 0;
  if (little_endian.size() != sizeof value) throw InvalidArgument("{} bytes for 128 bits", little_endian.size());
  std::memcpy(&value, little_endian.c_str(), sizeof value);
  return value;
}

Comparison comparison_of(const std::string& sign) {
  constexpr std::array kAll = {Comparison::kEqual,     Comparison::kNotEqual, Comparison::kLess,
                               Comparison::kLessEqual, Comparison::kGreater,  Comparison::kGreaterEqual};
  const auto found = std::find_if(kAll.begin(), kAll.end(), [&](Comparison each) { return to_string(each) == sign; });
  if (found == kAll.end()) throw InvalidArgument("no comparison {}", sign);
  return *found;
}

}  // namespace

void bind_predicate(nb::module_& module) {
  nb::class_<Scalar>(module, "Scalar").def("__repr__", [](const Scalar& value) { return to_string(value); });
  nb::class_<Predicate>(module, "Predicate")
      .def("columns", &Predicate::columns)
      .def("__repr__", [](const Predicate& predicate) { return to_string(predicate); });
  module.def(
      "scalar_boolean", [](bool value) { return Scalar(value); }, "value"_a);
  module.def(
      "scalar_signed", [](int64_t value) { return Scalar(value); }, "value"_a);
  module.def(
      "scalar_unsigned", [](uint64_t value) { return Scalar(value); }, "value"_a);
  module.def(
      "scalar_float", [](double value) { return Scalar(value); }, "value"_a);
  module.def(
      "scalar_decimal",
      [](const nb::bytes& unscaled, int32_t scale) {
        return Scalar(Decimal{int128_of(unscaled), scale});
      },
      "unscaled"_a, "scale"_a);
  module.def(
      "scalar_timestamp", [](int64_t nanoseconds) { return Scalar(Timestamp{nanoseconds}); }, "nanoseconds"_a);
  module.def(
      "scalar_duration", [](int64_t nanoseconds) { return Scalar(Duration{nanoseconds}); }, "nanoseconds"_a);
  module.def(
      "scalar_date", [](int32_t days) { return Scalar(Date{days}); }, "days"_a);
  module.def(
      "scalar_text", [](std::string value) { return Scalar(std::move(value)); }, "value"_a);
  module.def(
      "scalar_bytes", [](const nb::bytes& value) { return Scalar(std::string(value.c_str(), value.size())); },
      "value"_a);
  module.def(
      "predicate_compare",
      [](std::string column, const std::string& sign, Scalar value) {
        return Predicate::compare(std::move(column), comparison_of(sign), std::move(value));
      },
      "column"_a, "sign"_a, "value"_a);
  module.def(
      "predicate_parse", [](const std::string& text) { return parse_predicate(text); }, "text"_a);
  module.def("predicate_in", &Predicate::in, "column"_a, "values"_a);
  module.def("predicate_is_null", &Predicate::is_null, "column"_a);
  module.def("predicate_all", &Predicate::all_of, "terms"_a);
  module.def("predicate_any", &Predicate::any_of, "terms"_a);
  module.def("predicate_not", &Predicate::negate, "term"_a);
}

}  // namespace varve::python
