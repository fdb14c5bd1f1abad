// What is recorded of work on data: fetches, processing runs, and the models that came of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "varve/base/time.h"

namespace varve::catalog {

// `id` is given when a record is added, counts on from 1 in each table, and is never given again. `created` is the
// moment of adding unless it was said. Texts are UTF-8. Words such as a status are the user's own.

// One fetch of data from a provider.
struct FetchRun {
  int64_t id = 0;
  std::string instrument;  // "EUR_USD"
  std::string granularity;
  Timestamp start;  // what was asked for: from start up to and without end
  Timestamp end;
  int64_t records_fetched = 0;
  int64_t api_calls_used = 0;
  double duration_seconds = 0;
  std::string status;  // "success", "partial", "failed"
  std::optional<std::string> error_message = {};
  std::optional<Timestamp> created = {};

  bool operator==(const FetchRun&) const = default;
};

// One run of a program that made files from files.
struct ProcessingRun {
  int64_t id = 0;
  std::string run_type;  // "preprocessing", "training", "evaluation"
  std::string config_hash;
  std::string input_files = "[]";  // JSON arrays, as given: ids of data files
  std::string output_files = "[]";
  std::string status;
  std::optional<double> duration_seconds = {};
  std::optional<std::string> log_file = {};
  std::optional<Timestamp> created = {};

  bool operator==(const ProcessingRun&) const = default;
};

// A file that holds a trained model.
struct ModelArtifact {
  int64_t id = 0;
  std::string model_type;  // "tcnae", "gbdt", "context_manager"
  std::string version;
  std::string file_path;  // relative to the root of the lake if it lies below it, else whole
  std::string config_hash;
  std::optional<int64_t> training_run_id = {};  // a processing run
  std::optional<std::string> metrics = {};      // a JSON object, as given
  int64_t bytes = 0;                            // of the file when it was registered
  std::string sha256 = {};
  std::optional<Timestamp> created = {};
  std::optional<Timestamp> verified = {};  // when the file was last found to be as it was registered

  bool operator==(const ModelArtifact&) const = default;
};

// What to list: records that agree with all that is given.
struct FetchRunFilter {
  std::optional<std::string> instrument = {};
  std::optional<std::string> granularity = {};
  std::optional<std::string> status = {};
};
struct ProcessingRunFilter {
  std::optional<std::string> run_type = {};
  std::optional<std::string> config_hash = {};
  std::optional<std::string> status = {};
};
struct ModelArtifactFilter {
  std::optional<std::string> model_type = {};
  std::optional<std::string> version = {};
  std::optional<int64_t> training_run_id = {};
};

}  // namespace varve::catalog
