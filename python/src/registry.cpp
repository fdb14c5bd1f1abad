#include "varve/lake/registry.h"

#include <optional>
#include <string>
#include <utility>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "bindings.h"
#include "options.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

std::optional<int64_t> nanoseconds(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->nanoseconds) : std::nullopt;
}

// A moment: the package has made nanoseconds of all but text, which must name its time and, without `zone`, its zone.
Timestamp to_moment(const nb::kwargs& named, const char* name) {
  const std::optional<TimeBound> bound = to_bound(to_option<Bound>(named[name], name));
  return bound->as_start(to_option<std::string>(named["zone"], "zone"));
}

std::optional<Timestamp> to_created(const nb::kwargs& named) {
  if (nb::object(named["created"]).is_none()) return {};
  return to_moment(named, "created");
}

std::optional<std::string> to_text(const nb::kwargs& named, const char* name) {
  return to_optional<std::string>(named[name], name);
}

nb::dict to_dict(const FetchRun& run) {
  nb::dict fields;
  fields["id"] = run.id;
  fields["instrument"] = run.instrument;
  fields["granularity"] = run.granularity;
  fields["start"] = run.start.nanoseconds;
  fields["end"] = run.end.nanoseconds;
  fields["records_fetched"] = run.records_fetched;
  fields["api_calls_used"] = run.api_calls_used;
  fields["duration_seconds"] = run.duration_seconds;
  fields["status"] = run.status;
  fields["error_message"] = run.error_message;
  fields["created"] = nanoseconds(run.created);
  return fields;
}

nb::dict to_dict(const ProcessingRun& run) {
  nb::dict fields;
  fields["id"] = run.id;
  fields["run_type"] = run.run_type;
  fields["config_hash"] = run.config_hash;
  fields["input_files"] = run.input_files;
  fields["output_files"] = run.output_files;
  fields["status"] = run.status;
  fields["duration_seconds"] = run.duration_seconds;
  fields["log_file"] = run.log_file;
  fields["created"] = nanoseconds(run.created);
  return fields;
}

nb::dict to_dict(const ModelArtifact& artifact) {
  nb::dict fields;
  fields["id"] = artifact.id;
  fields["model_type"] = artifact.model_type;
  fields["version"] = artifact.version;
  fields["file_path"] = artifact.file_path;
  fields["config_hash"] = artifact.config_hash;
  fields["training_run_id"] = artifact.training_run_id;
  fields["metrics"] = artifact.metrics;
  fields["bytes"] = artifact.bytes;
  fields["sha256"] = artifact.sha256;
  fields["created"] = nanoseconds(artifact.created);
  fields["verified"] = nanoseconds(artifact.verified);
  return fields;
}

nb::dict to_dict(const DataFile& file) {
  nb::dict fields;
  fields["id"] = file.id;
  fields["path"] = file.path;
  fields["key"] = file.key;
  fields["instrument"] = file.instrument;
  fields["data_type"] = file.data_type;
  fields["first"] = nanoseconds(file.first);
  fields["last"] = nanoseconds(file.last);
  fields["rows"] = file.rows;
  fields["bytes"] = file.bytes;
  fields["sha256"] = file.sha256;
  fields["created"] = file.created.nanoseconds;
  fields["verified"] = nanoseconds(file.verified);
  fields["visible"] = file.visible;
  return fields;
}

template <typename Record>
nb::list to_list(const std::vector<Record>& records) {
  nb::list list;
  for (const Record& record : records) {
    list.append(to_dict(record));
  }
  return list;
}

int64_t add_fetch_run(const Lake& lake, const nb::kwargs& named) {
  FetchRun run;
  run.instrument = to_option<std::string>(named["instrument"], "instrument");
  run.granularity = to_option<std::string>(named["granularity"], "granularity");
  run.start = to_moment(named, "start");
  run.end = half_open({.start = run.start,
                       .end = to_bound(to_option<Bound>(named["end"], "end")),
                       .zone = to_option<std::string>(named["zone"], "zone")})
                .end;
  run.records_fetched = to_option<int64_t>(named["records_fetched"], "records_fetched");
  run.api_calls_used = to_option<int64_t>(named["api_calls_used"], "api_calls_used");
  run.duration_seconds = to_option<double>(named["duration_seconds"], "duration_seconds");
  run.status = to_option<std::string>(named["status"], "status");
  run.error_message = to_text(named, "error_message");
  run.created = to_created(named);
  return unlocked([&] { return lake.registry().add_fetch_run(run); });
}

int64_t add_processing_run(const Lake& lake, const nb::kwargs& named) {
  ProcessingRun run;
  run.run_type = to_option<std::string>(named["run_type"], "run_type");
  run.config_hash = to_option<std::string>(named["config_hash"], "config_hash");
  run.input_files = to_option<std::string>(named["input_files"], "input_files");
  run.output_files = to_option<std::string>(named["output_files"], "output_files");
  run.status = to_option<std::string>(named["status"], "status");
  run.duration_seconds = to_optional<double>(named["duration_seconds"], "duration_seconds");
  run.log_file = to_text(named, "log_file");
  run.created = to_created(named);
  return unlocked([&] { return lake.registry().add_processing_run(run); });
}

int64_t add_model_artifact(const Lake& lake, const nb::kwargs& named) {
  ModelArtifact artifact;
  artifact.model_type = to_option<std::string>(named["model_type"], "model_type");
  artifact.version = to_option<std::string>(named["version"], "version");
  artifact.file_path = to_option<std::string>(named["file_path"], "file_path");
  artifact.config_hash = to_option<std::string>(named["config_hash"], "config_hash");
  artifact.training_run_id = to_optional<int64_t>(named["training_run_id"], "training_run_id");
  artifact.metrics = to_text(named, "metrics");
  artifact.created = to_created(named);
  return unlocked([&] { return lake.registry().add_model_artifact(artifact); });
}

nb::list fetch_runs(const Lake& lake, const nb::kwargs& named) {
  const FetchRunFilter filter{.instrument = to_text(named, "instrument"),
                              .granularity = to_text(named, "granularity"),
                              .status = to_text(named, "status")};
  return to_list(unlocked([&] { return lake.registry().fetch_runs(filter); }));
}

nb::list processing_runs(const Lake& lake, const nb::kwargs& named) {
  const ProcessingRunFilter filter{.run_type = to_text(named, "run_type"),
                                   .config_hash = to_text(named, "config_hash"),
                                   .status = to_text(named, "status")};
  return to_list(unlocked([&] { return lake.registry().processing_runs(filter); }));
}

nb::list model_artifacts(const Lake& lake, const nb::kwargs& named) {
  const ModelArtifactFilter filter{
      .model_type = to_text(named, "model_type"),
      .version = to_text(named, "version"),
      .training_run_id = to_optional<int64_t>(named["training_run_id"], "training_run_id")};
  return to_list(unlocked([&] { return lake.registry().model_artifacts(filter); }));
}

nb::list data_files(const Lake& lake, const nb::kwargs& named) {
  const DataFileFilter filter{.key = to_text(named, "key"),
                              .instrument = to_text(named, "instrument"),
                              .data_type = to_text(named, "data_type"),
                              .start = to_bound(to_optional<Bound>(named["start"], "start")),
                              .end = to_bound(to_optional<Bound>(named["end"], "end")),
                              .zone = to_option<std::string>(named["zone"], "zone")};
  return to_list(unlocked([&] { return lake.registry().data_files(filter); }));
}

// The record of an id.
template <auto kFind>
nb::dict find(const Lake& lake, nb::handle id) {
  const auto wanted = to_option<int64_t>(id, "id");
  return to_dict(unlocked([&] { return (lake.registry().*kFind)(wanted); }));
}

std::string check_model_artifact(const Lake& lake, nb::handle id) {
  const auto wanted = to_option<int64_t>(id, "id");
  switch (unlocked([&] { return lake.registry().check_model_artifact(wanted); })) {
    case ArtifactState::kWhole: return "whole";
    case ArtifactState::kMissing: return "missing";
    case ArtifactState::kChanged: break;
  }
  return "changed";
}

}  // namespace

void bind_registry(nb::class_<Lake>& lake) {
  lake.def("add_fetch_run", &add_fetch_run, "fields"_a);
  lake.def("add_processing_run", &add_processing_run, "fields"_a);
  lake.def("add_model_artifact", &add_model_artifact, "fields"_a);
  lake.def("fetch_runs", &fetch_runs, "filter"_a);
  lake.def("processing_runs", &processing_runs, "filter"_a);
  lake.def("model_artifacts", &model_artifacts, "filter"_a);
  lake.def("data_files", &data_files, "filter"_a);
  lake.def("fetch_run", &find<&Registry::fetch_run>, "id"_a.none());
  lake.def("processing_run", &find<&Registry::processing_run>, "id"_a.none());
  lake.def("model_artifact", &find<&Registry::model_artifact>, "id"_a.none());
  lake.def("data_file", &find<&Registry::data_file>, "id"_a.none());
  lake.def("check_model_artifact", &check_model_artifact, "id"_a.none());
}

}  // namespace varve::python
