#include "options.h"

#include <utility>

#include "varve/base/error.h"

namespace nb = nanobind;

namespace varve::python {

void refuse_option(const char* name, nb::handle found, const char* expected) {
  const nb::object shown = nb::module_::import_("reprlib").attr("repr")(found);
  const nb::object type = nb::handle(reinterpret_cast<PyObject*>(Py_TYPE(found.ptr()))).attr("__name__");
  throw InvalidArgument("{} {} of type {}: expected {}", name, nb::str(shown).c_str(), nb::str(type).c_str(), expected);
}

std::vector<std::string> to_names(nb::handle value, const char* name) {
  constexpr const char* kNames = "a list of names";
  const bool is_text = PyUnicode_Check(value.ptr()) != 0 || PyBytes_Check(value.ptr()) != 0;
  if (is_text || !nb::hasattr(value, "__iter__")) {
    refuse_option(name, value, kNames);
  }
  std::vector<std::string> names;
  for (const nb::handle item : nb::iter(value)) {
    std::string text;
    if (!nb::try_cast(item, text)) {
      refuse_option(name, value, kNames);
    }
    names.push_back(std::move(text));
  }
  return names;
}

std::optional<std::vector<std::string>> to_optional_names(nb::handle value, const char* name) {
  return value.is_none() ? std::nullopt : std::optional(to_names(value, name));
}

std::vector<std::string> to_columns(nb::handle value) {
  std::vector<std::string> columns = to_names(value, "columns");
  if (columns.empty()) {
    refuse_option("columns", value, "one name or more");
  }
  return columns;
}

std::optional<std::vector<std::string>> to_optional_columns(nb::handle value) {
  return value.is_none() ? std::nullopt : std::optional(to_columns(value));
}

WorkOptions to_work(const nb::object& progress) {
  WorkOptions options;
  if (progress.is_none()) return options;
  options.progress = [tell = nb::handle(progress)](int64_t bytes, int64_t bytes_total) {
    const nb::gil_scoped_acquire held;
    tell(bytes, bytes_total);
  };
  return options;
}

VacuumOptions to_vacuum_options(const nb::kwargs& named) {
  const auto length = [&](const char* name) {
    const auto nanoseconds = to_optional<int64_t>(named[name], name);
    return nanoseconds ? std::optional(Duration{*nanoseconds}) : std::nullopt;
  };
  return {.all_for = length("all_for"),
          .hourly_for = length("hourly_for"),
          .versions_max = to_optional<int64_t>(named["versions_max"], "versions_max")};
}

}  // namespace varve::python
