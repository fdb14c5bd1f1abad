#include "varve/lake/coverage.h"

#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>

#include "varve/lake/lake.h"

#include "bindings.h"
#include "options.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

CoverageRange to_range(nb::handle start, nb::handle end, const std::string& zone) {
  return {.start = to_bound(to_optional<Bound>(start, "start")),
          .end = to_bound(to_optional<Bound>(end, "end")),
          .zone = zone};
}

std::vector<TimeRange> to_ranges(nb::handle pairs, const std::string& zone) {
  std::vector<TimeRange> ranges;
  for (const nb::handle pair : nb::iter(pairs)) {
    ranges.push_back(half_open(to_range(pair[0], pair[1], zone)));
  }
  return ranges;
}

nb::list to_list(const TimeRanges& ranges) {
  nb::list list;
  for (const TimeRange& range : ranges) {
    list.append(nb::make_tuple(range.start.nanoseconds, range.end.nanoseconds));
  }
  return list;
}

nb::dict coverage(const Lake& lake, nb::handle key, nb::handle start, nb::handle end, nb::handle zone) {
  const auto of = to_option<std::string>(key, "key");
  const CoverageRange within = to_range(start, end, to_option<std::string>(zone, "zone"));
  const Coverage known = [&] {
    const Unlocked without_gil;
    return lake.coverage(of, within);
  }();
  nb::dict fields;
  fields["requested"] = to_list(known.requested);
  fields["received"] = to_list(known.received);
  fields["empty"] = to_list(known.empty);
  return fields;
}

nb::list missing(const Lake& lake, nb::handle key, nb::handle start, nb::handle end, nb::handle zone) {
  const auto of = to_option<std::string>(key, "key");
  const CoverageRange within = to_range(start, end, to_option<std::string>(zone, "zone"));
  return to_list([&] {
    const Unlocked without_gil;
    return lake.missing(of, within);
  }());
}

void record_coverage(Lake& lake, nb::handle key, nb::handle change, nb::handle zone) {
  const auto of = to_option<std::string>(key, "key");
  const CoverageChange native = to_coverage_change(change, to_option<std::string>(zone, "zone"));
  const Unlocked without_gil;
  lake.record_coverage(of, native);
}

std::string metadata(const Lake& lake, nb::handle key) {
  const auto of = to_option<std::string>(key, "key");
  const Unlocked without_gil;
  return lake.metadata(of);
}

void set_metadata(Lake& lake, nb::handle key, nb::handle json) {
  const auto of = to_option<std::string>(key, "key");
  const auto text = to_option<std::string>(json, "metadata");
  const Unlocked without_gil;
  lake.set_metadata(of, text);
}

}  // namespace

CoverageChange to_coverage_change(nb::handle change, const std::string& zone) {
  return {.forgotten = to_ranges(change["forgotten"], zone),
          .requested = to_ranges(change["requested"], zone),
          .received = to_ranges(change["received"], zone),
          .empty = to_ranges(change["empty"], zone)};
}

void bind_coverage(nb::class_<Lake>& lake) {
  lake.def("coverage", &coverage, "key"_a.none(), "start"_a.none(), "end"_a.none(), "zone"_a.none());
  lake.def("missing", &missing, "key"_a.none(), "start"_a.none(), "end"_a.none(), "zone"_a.none());
  lake.def("record_coverage", &record_coverage, "key"_a.none(), "change"_a, "zone"_a.none());
  lake.def("metadata", &metadata, "key"_a.none());
  lake.def("set_metadata", &set_metadata, "key"_a.none(), "json"_a.none());
}

}  // namespace varve::python
