#include "varve/catalog/registry.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/catalog/sqlite.h"

#include "support/errors.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;

Timestamp second(int64_t count) { return Timestamp{} + Duration::seconds(count); }

FetchRun fetch(const std::string& instrument = "EUR_USD") {
  return {.instrument = instrument,
          .granularity = "H1",
          .start = second(10),
          .end = second(20),
          .records_fetched = 24,
          .api_calls_used = 2,
          .duration_seconds = 0.1234567890123,
          .status = "success"};
}

ProcessingRun processing(const std::string& run_type = "training") {
  return {.run_type = run_type, .config_hash = "c0ffee", .status = "success"};
}

ModelArtifact artifact(const std::string& version = "1") {
  return {.model_type = "tcnae",
          .version = version,
          .file_path = "models/tcnae.pt",
          .config_hash = "c0ffee",
          .bytes = 7,
          .sha256 = std::string(64, 'a')};
}

class RegistryTest : public CatalogTest {
 protected:
  Registry registry() { return Registry(*catalog_); }

  template <typename Record>
  static std::vector<int64_t> ids(const std::vector<Record>& records) {
    std::vector<int64_t> found;
    for (const Record& record : records) found.push_back(record.id);
    return found;
  }
};

TEST_F(RegistryTest, FetchRunsAreKeptWhole) {
  FetchRun run = fetch();
  run.error_message = "rate limit \u20AC";
  run.created = second(-5);
  EXPECT_EQ(registry().add_fetch_run(run), 1);
  reopen();
  run.id = 1;
  EXPECT_EQ(registry().find_fetch_run(1), run);
  EXPECT_EQ(registry().find_fetch_run(2), std::nullopt);
}

TEST_F(RegistryTest, ProcessingRunsAreKeptWhole) {
  ProcessingRun run = processing();
  run.input_files = " [1, 2.50, \"x\"]";
  run.output_files = "[3]";
  run.duration_seconds = 1e-9;
  run.log_file = "logs/1.txt";
  run.created = second(7);
  run.id = registry().add_processing_run(run);
  EXPECT_EQ(registry().find_processing_run(run.id), run);
}

TEST_F(RegistryTest, ModelArtifactsAreKeptWhole) {
  ModelArtifact model = artifact();
  model.training_run_id = registry().add_processing_run(processing());
  model.metrics = "{\"sharpe\": 1.50}";
  model.created = second(7);
  model.id = registry().add_model_artifact(model);
  EXPECT_EQ(registry().find_model_artifact(model.id), model);
  clock_.advance(Duration::seconds(1));
  registry().mark_artifact_verified(model.id);
  model.verified = clock_.now();
  EXPECT_EQ(registry().find_model_artifact(model.id), model);
}

TEST_F(RegistryTest, WhatIsAbsentStaysAbsent) {
  const ProcessingRun run = *registry().find_processing_run(registry().add_processing_run(processing()));
  EXPECT_EQ(run.duration_seconds, std::nullopt);
  EXPECT_EQ(run.log_file, std::nullopt);
  EXPECT_EQ(run.input_files, "[]");
  const ModelArtifact model = *registry().find_model_artifact(registry().add_model_artifact(artifact()));
  EXPECT_EQ(model.metrics, std::nullopt);
  EXPECT_EQ(model.training_run_id, std::nullopt);
  EXPECT_EQ(model.verified, std::nullopt);
  EXPECT_EQ(registry().find_fetch_run(registry().add_fetch_run(fetch()))->error_message, std::nullopt);
}

TEST_F(RegistryTest, RecordsAreCreatedNow) {
  clock_.advance(Duration::seconds(100));
  EXPECT_EQ(registry().find_fetch_run(registry().add_fetch_run(fetch()))->created, clock_.now());
  EXPECT_EQ(registry().find_processing_run(registry().add_processing_run(processing()))->created, clock_.now());
  EXPECT_EQ(registry().find_model_artifact(registry().add_model_artifact(artifact()))->created, clock_.now());
}

TEST_F(RegistryTest, FetchRunsAreListedByWhatIsGiven) {
  registry().add_fetch_run(fetch("EUR_USD"));
  registry().add_fetch_run(fetch("GBP_USD"));
  FetchRun failed = fetch("EUR_USD");
  failed.status = "failed";
  failed.granularity = "M1";
  registry().add_fetch_run(failed);
  EXPECT_THAT(ids(registry().list_fetch_runs()), ElementsAre(1, 2, 3));
  EXPECT_THAT(ids(registry().list_fetch_runs({.instrument = "EUR_USD"})), ElementsAre(1, 3));
  EXPECT_THAT(ids(registry().list_fetch_runs({.instrument = "EUR_USD", .status = "success"})), ElementsAre(1));
  EXPECT_THAT(ids(registry().list_fetch_runs({.granularity = "M1"})), ElementsAre(3));
  EXPECT_THAT(registry().list_fetch_runs({.instrument = "eur_usd"}), IsEmpty());
}

TEST_F(RegistryTest, ProcessingRunsAreListedByWhatIsGiven) {
  registry().add_processing_run(processing("training"));
  registry().add_processing_run(processing("evaluation"));
  EXPECT_THAT(ids(registry().list_processing_runs()), ElementsAre(1, 2));
  EXPECT_THAT(ids(registry().list_processing_runs({.run_type = "training"})), ElementsAre(1));
  EXPECT_THAT(ids(registry().list_processing_runs({.config_hash = "c0ffee"})), ElementsAre(1, 2));
  EXPECT_THAT(registry().list_processing_runs({.run_type = "training", .status = "failed"}), IsEmpty());
}

TEST_F(RegistryTest, ModelArtifactsAreListedByWhatIsGiven) {
  ModelArtifact trained = artifact("2");
  trained.training_run_id = registry().add_processing_run(processing());
  registry().add_model_artifact(artifact("1"));
  registry().add_model_artifact(trained);
  EXPECT_THAT(ids(registry().list_model_artifacts()), ElementsAre(1, 2));
  EXPECT_THAT(ids(registry().list_model_artifacts({.model_type = "tcnae", .version = "1"})), ElementsAre(1));
  EXPECT_THAT(ids(registry().list_model_artifacts({.training_run_id = 1})), ElementsAre(2));
  EXPECT_THAT(registry().list_model_artifacts({.model_type = "gbdt"}), IsEmpty());
}

TEST_F(RegistryTest, WhatMakesNoSenseIsRefused) {
  const auto refuses_fetch = [&](std::string_view part, auto spoil) {
    FetchRun run = fetch();
    spoil(run);
    expect_error(ErrorKind::kInvalidArgument, part, [&] { registry().add_fetch_run(run); });
  };
  refuses_fetch("instrument is missing", [](FetchRun& run) { run.instrument = ""; });
  refuses_fetch("status is missing", [](FetchRun& run) { run.status = ""; });
  refuses_fetch("ends before", [](FetchRun& run) { run.end = second(0); });
  refuses_fetch("records_fetched is -1", [](FetchRun& run) { run.records_fetched = -1; });
  refuses_fetch("api_calls_used is -1", [](FetchRun& run) { run.api_calls_used = -1; });
  refuses_fetch("duration_seconds", [](FetchRun& run) { run.duration_seconds = -0.5; });
  refuses_fetch("duration_seconds",
                [](FetchRun& run) { run.duration_seconds = std::numeric_limits<double>::quiet_NaN(); });
  refuses_fetch("not UTF-8", [](FetchRun& run) { run.error_message = "\xFF"; });
  EXPECT_THAT(registry().list_fetch_runs(), IsEmpty());
}

TEST_F(RegistryTest, JsonHasItsShape) {
  ProcessingRun run = processing();
  run.input_files = "{}";
  expect_error(ErrorKind::kInvalidArgument, "input_files", [&] { registry().add_processing_run(run); });
  run = processing();
  run.output_files = "[1,";
  expect_error(ErrorKind::kInvalidArgument, "output_files", [&] { registry().add_processing_run(run); });
  ModelArtifact model = artifact();
  model.metrics = "[]";
  expect_error(ErrorKind::kInvalidArgument, "metrics", [&] { registry().add_model_artifact(model); });
}

TEST_F(RegistryTest, ATrainingRunMustBeThere) {
  ModelArtifact model = artifact();
  model.training_run_id = 7;
  expect_error(ErrorKind::kNotFound, "no processing run 7", [&] { registry().add_model_artifact(model); });
  EXPECT_THAT(registry().list_model_artifacts(), IsEmpty());
}

TEST_F(RegistryTest, AReadOnlyCatalogOnlyTells) {
  registry().add_fetch_run(fetch());
  Catalog reader = open_read_only();
  EXPECT_THAT(ids(Registry(reader).list_fetch_runs()), ElementsAre(1));
  expect_error(ErrorKind::kReadOnly, "", [&] { Registry(reader).add_fetch_run(fetch()); });
}

class DataFilesTest : public RegistryTest {
 protected:
  std::vector<std::string> files(const DataFileFilter& filter = {}) {
    std::vector<std::string> names;
    for (const DataFileRow& file : registry().list_data_files(filter)) names.push_back(file.object.id);
    return names;
  }
  DataFileRow file(const std::string& object_id) {
    for (DataFileRow& file : registry().list_data_files()) {
      if (file.object.id == object_id) return file;
    }
    throw NotFound("{}", object_id);
  }
};

TEST_F(DataFilesTest, AreThoseOfTheNewestVersions) {
  commit(making("fx/EUR", {object("x", 10, 20), object("y", 21, 30)}));
  commit(making("fx/GBP", {object("z", 5, 15)}));
  commit(changing("fx/EUR", 1, {object("w", 10, 20)}, {"x"}));
  commit(making("gone", {object("v", 1, 2)}));
  commit(deleting("gone", 1));
  EXPECT_THAT(files(), ElementsAre("z", "w", "y"));
}

TEST_F(DataFilesTest, TellAllOfAFile) {
  clock_.advance(Duration::seconds(5));
  commit(making("fx/EUR", {object("x", 10, 20)}));
  const DataFileRow found = file("x");
  EXPECT_EQ(found.id, 1);
  EXPECT_EQ(found.key, "fx/EUR");
  EXPECT_EQ(found.instrument, "EUR");
  EXPECT_EQ(found.data_type, "ohlcv");
  EXPECT_EQ(found.created, clock_.now());
  EXPECT_EQ(found.verified, std::nullopt);
  EXPECT_TRUE(found.timed);
  const ObjectRow object = catalog_->state("fx/EUR")->objects.at(0);
  EXPECT_EQ(found.object.name, object.name);
  EXPECT_EQ(found.object.first, object.first);
  EXPECT_EQ(found.object.last, object.last);
  EXPECT_EQ(found.object.rows, object.rows);
  EXPECT_EQ(found.object.bytes, object.bytes);
  EXPECT_EQ(found.object.sha256, object.sha256);
  EXPECT_EQ(found.object.series_id, object.series_id);
}

TEST_F(DataFilesTest, MetadataSaysMoreThanTheKey) {
  commit(making("processed/features", {object("x", 10, 20)}));
  EXPECT_EQ(file("x").instrument, "features");
  catalog_->annotate("processed/features",
                     {.coverage = {}, .metadata = R"({"instrument": "ALL", "data_type": "normalized", "a": 1})"});
  EXPECT_EQ(file("x").instrument, "ALL");
  EXPECT_EQ(file("x").data_type, "normalized");
  EXPECT_THAT(files({.instrument = "ALL"}), ElementsAre("x"));
  commit(making("single", {object("y", 10, 20)}));
  EXPECT_EQ(file("y").instrument, "single");
}

TEST_F(DataFilesTest, AreListedByWhatIsGiven) {
  commit(making("fx/EUR", {object("x", 10, 20), object("y", 21, 30)}));
  SeriesChange trades = making("t/EUR", {object("z", 12, 14)});
  trades.define->kind = "trades";
  commit(trades);
  EXPECT_THAT(files({.key = "fx/EUR"}), ElementsAre("x", "y"));
  EXPECT_THAT(files({.instrument = "EUR"}), ElementsAre("x", "z", "y"));
  EXPECT_THAT(files({.data_type = "trades"}), ElementsAre("z"));
  EXPECT_THAT(files({.first = second(20), .last = second(21)}), ElementsAre("x", "y"));
  EXPECT_THAT(files({.first = second(31)}), IsEmpty());
}

TEST_F(DataFilesTest, UntimedOnesHaveNoRange) {
  SeriesChange change = making("u", {object("x", 0, 0)});
  change.define->index = "";
  commit(change);
  EXPECT_FALSE(file("x").timed);
  EXPECT_THAT(files({.first = second(100)}), ElementsAre("x"));
}

TEST_F(DataFilesTest, IdsAreNeverGivenTwice) {
  commit(making("a", {object("x", 1, 2), object("y", 3, 4)}));
  commit(deleting("a", 1));
  commit(making("b", {object("z", 1, 2)}));
  reopen();
  commit(changing("b", 1, {object("w", 3, 4)}));
  EXPECT_EQ(file("z").id, 3);
  EXPECT_EQ(file("w").id, 4);
}

TEST_F(DataFilesTest, ACitedFileIsFoundWhenItIsGone) {
  commit(making("a", {object("x", 1, 2)}));
  commit(changing("a", 1, {object("y", 1, 2)}, {"x"}));
  EXPECT_EQ(registry().find_data_file(1)->object.removed_version, 2);
  EXPECT_EQ(registry().find_data_file(2)->object.removed_version, std::nullopt);
  EXPECT_EQ(registry().find_data_file(3), std::nullopt);
}

TEST_F(DataFilesTest, KeepWhenTheyWereVerified) {
  commit(making("a", {object("x", 1, 2), object("y", 3, 4)}));
  clock_.advance(Duration::seconds(9));
  registry().mark_verified(std::vector<WholeObject>{{"x", 7}, {"unknown", {}}});
  reopen();
  EXPECT_EQ(file("x").verified, clock_.now());
  EXPECT_EQ(file("y").verified, std::nullopt);
}

}  // namespace
}  // namespace varve::catalog
