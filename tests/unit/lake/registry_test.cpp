#include "varve/lake/registry.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "support/errors.h"
#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using Names = std::vector<std::string>;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;
using testing::run_of;
using ::testing::SizeIs;
using testing::to_table;

class RegistryTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(std::string_view name) const { return base::join_path(lake_.root(), name); }
  void put(const std::string& file, std::string_view text) {
    std::filesystem::create_directories(base::parent_path(file));
    std::ofstream(file, std::ios::binary) << text;
  }
  int64_t add_model(const std::string& file) {
    return registry_.add_model_artifact({.model_type = "gbdt", .version = "1", .file_path = file, .config_hash = "c"});
  }
  void write(const std::string& key) { lake_.write(key, to_table(run_of(0, 10))); }

  testing::TempDirectory directory_ = testing::make_quick_directory();
  testing::FakeClock clock_;
  Lake lake_ = Lake::open(directory_ / "lake", {.publish_delay = {}, .clock = &clock_});
  Registry registry_ = lake_.registry();
};

TEST_F(RegistryTest, ArtifactsAreKnownByTheirBytes) {
  put(path("models/m.bin"), "trained");
  const ModelArtifact found = registry_.model_artifact(add_model("models/m.bin"));
  EXPECT_EQ(found.bytes, 7);
  EXPECT_EQ(found.sha256, base::to_hex(base::sha256(std::as_bytes(std::span("trained", 7)))));
  EXPECT_EQ(found.verified, std::nullopt);
}

TEST_F(RegistryTest, ChecksOfArtifactsTellWhatBecameOfThem) {
  put(path("m.bin"), "trained");
  const int64_t id = add_model("m.bin");
  clock_.advance(Duration::seconds(3));
  EXPECT_EQ(registry_.check_model_artifact(id), ArtifactState::kWhole);
  const Timestamp checked = clock_.now();
  clock_.advance(Duration::seconds(3));
  put(path("m.bin"), "tampers");
  EXPECT_EQ(registry_.check_model_artifact(id), ArtifactState::kChanged);
  std::filesystem::remove(path("m.bin"));
  EXPECT_EQ(registry_.check_model_artifact(id), ArtifactState::kMissing);
  std::filesystem::create_directory(path("m.bin"));
  EXPECT_EQ(registry_.check_model_artifact(id), ArtifactState::kMissing);
  EXPECT_EQ(registry_.model_artifact(id).verified, checked);
}

TEST_F(RegistryTest, LargeAndEmptyArtifactsAreReadWhole) {
  put(path("large"), std::string((size_t{5} << 19) + 1, 'x'));
  put(path("empty"), "");
  const int64_t large = add_model("large");
  EXPECT_EQ(registry_.model_artifact(large).bytes, (5 << 19) + 1);
  EXPECT_EQ(registry_.check_model_artifact(large), ArtifactState::kWhole);
  EXPECT_EQ(registry_.check_model_artifact(add_model("empty")), ArtifactState::kWhole);
}

TEST_F(RegistryTest, PathsBelowTheRootMoveWithTheLake) {
  put(path("models/m.bin"), "trained");
  put(directory_ / "outside.bin", "elsewhere");
  EXPECT_EQ(registry_.model_artifact(add_model(path("models/../models/m.bin"))).file_path, "models/m.bin");
  EXPECT_EQ(registry_.model_artifact(add_model(directory_ / "outside.bin")).file_path, directory_ / "outside.bin");
  EXPECT_EQ(registry_.model_artifact(add_model("../outside.bin")).file_path, directory_ / "outside.bin");
  lake_.close();
  std::filesystem::rename(lake_.root(), directory_ / "moved");
  const Lake moved = Lake::open(directory_ / "moved");
  EXPECT_EQ(moved.registry().check_model_artifact(1), ArtifactState::kWhole);
  EXPECT_EQ(moved.registry().check_model_artifact(2), ArtifactState::kWhole);
}

TEST_F(RegistryTest, ArtifactsThatAreNotThereAreRefused) {
  expect_error(ErrorKind::kNotFound, "no file", [&] { add_model("nowhere"); });
  expect_error(ErrorKind::kInvalidArgument, "file_path", [&] { add_model(""); });
  expect_error(ErrorKind::kNotFound, "no model artifact 9", [&] { registry_.check_model_artifact(9); });
  EXPECT_THAT(registry_.model_artifacts(), IsEmpty());
}

TEST_F(RegistryTest, RunsComeBackAsTheyWent) {
  FetchRun run{
      .instrument = "EUR_USD", .granularity = "M1", .start = Timestamp{1}, .end = Timestamp{2}, .status = "partial"};
  run.id = registry_.add_fetch_run(run);
  run.created = clock_.now();
  EXPECT_THAT(registry_.fetch_runs({.instrument = "EUR_USD"}), ElementsAre(run));
  EXPECT_EQ(registry_.fetch_run(run.id), run);
  ProcessingRun made{.run_type = "training", .config_hash = "c", .input_files = "[1]", .status = "success"};
  made.id = registry_.add_processing_run(made);
  made.created = clock_.now();
  EXPECT_THAT(registry_.processing_runs({.run_type = "training"}), ElementsAre(made));
  EXPECT_EQ(registry_.processing_run(made.id), made);
  expect_error(ErrorKind::kNotFound, "no fetch run 9", [&] { static_cast<void>(registry_.fetch_run(9)); });
  expect_error(ErrorKind::kNotFound, "no processing run 9", [&] { static_cast<void>(registry_.processing_run(9)); });
}

TEST_F(RegistryTest, DataFilesAreTheVisibleOnes) {
  write("a=b/EUR");
  const std::vector<DataFile> files = registry_.data_files();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(lake_.files("a=b/EUR"), ElementsAre(files[0].path));
  EXPECT_EQ(files[0].key, "a=b/EUR");
  EXPECT_EQ(files[0].instrument, "EUR");
  EXPECT_EQ(files[0].data_type, "generic");
  EXPECT_EQ(files[0].first, testing::at_second(0));
  EXPECT_EQ(files[0].last, testing::at_second(9));
  EXPECT_EQ(files[0].rows, 10);
  EXPECT_EQ(files[0].bytes, static_cast<int64_t>(std::filesystem::file_size(path(files[0].path))));
  EXPECT_EQ(files[0].created, clock_.now());
  EXPECT_TRUE(files[0].visible);
}

TEST_F(RegistryTest, DataFilesAreFoundByRangeAndByIdAfterwards) {
  write("k");
  EXPECT_THAT(registry_.data_files({.start = "1970-01-01", .end = "1970-01-01"}), SizeIs(1));
  EXPECT_THAT(registry_.data_files({.start = "1970-01-02"}), IsEmpty());
  lake_.remove("k");
  EXPECT_THAT(registry_.data_files(), IsEmpty());
  EXPECT_FALSE(registry_.data_file(1).visible);
  expect_error(ErrorKind::kNotFound, "no data file 2", [&] { static_cast<void>(registry_.data_file(2)); });
}

TEST_F(RegistryTest, AFileWhereATemplateHasItKeepsItsIdWhenItIsWrittenAnew) {
  const SeriesWriteOptions options{
      .series = {.identity = Names{"timestamp"}, .layout = "{n}/{yyyy}/{mm}/data.parquet"}};
  lake_.write("k", to_table({{0, 1}, {40 * 86'400, 1}}), options);
  const auto ids = [&] {
    std::vector<int64_t> found;
    for (const DataFile& file : registry_.data_files({.key = "k"})) found.push_back(file.id);
    return found;
  };
  EXPECT_THAT(ids(), ElementsAre(1, 2));
  lake_.upsert("k", to_table({{40 * 86'400, 2}, {80 * 86'400, 2}}));
  EXPECT_THAT(ids(), ElementsAre(1, 2, 4));
  EXPECT_EQ(registry_.data_file(2).rows, 1);
  lake_.vacuum({}, {.all_for = Duration{}, .hourly_for = Duration{}});
  lake_.write("k", to_table({{0, 3}, {41 * 86'400, 3}}));
  EXPECT_THAT(ids(), ElementsAre(1, 2));
}

TEST_F(RegistryTest, VerifyNotesWhatItFoundWhole) {
  write("whole");
  write("broken");
  const DataFile broken = registry_.data_files({.key = "broken"}).at(0);
  std::filesystem::permissions(path(broken.path), std::filesystem::perms::owner_all);
  std::filesystem::resize_file(path(broken.path), 10);
  clock_.advance(Duration::seconds(60));
  EXPECT_FALSE(lake_.verify().clean());
  EXPECT_EQ(registry_.data_files({.key = "whole"}).at(0).verified, clock_.now());
  EXPECT_EQ(registry_.data_files({.key = "broken"}).at(0).verified, std::nullopt);
}

TEST_F(RegistryTest, AReadOnlyLakeIsVerifiedAllTheSame) {
  write("k");
  put(path("m.bin"), "trained");
  add_model("m.bin");
  lake_.close();
  const Lake reader = Lake::open(directory_ / "lake", {.read_only = true});
  EXPECT_TRUE(reader.verify().clean());
  EXPECT_EQ(reader.registry().data_files().at(0).verified, std::nullopt);
  EXPECT_EQ(reader.registry().check_model_artifact(1), ArtifactState::kWhole);
}

TEST_F(RegistryTest, EndsWithItsLake) {
  Lake moved = std::move(lake_);
  EXPECT_THAT(registry_.fetch_runs(), IsEmpty());
  moved.close();
  expect_error(ErrorKind::kInvalidArgument, "closed", [&] { static_cast<void>(registry_.fetch_runs()); });
}

}  // namespace
}  // namespace varve
