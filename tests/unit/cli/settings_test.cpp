#include "varve/cli/settings.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "support/errors.h"
#include "support/temp_directory.h"

namespace varve::cli {
namespace {

using testing::expect_error;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() { set("HOME", home_.path()); }

  void set(const std::string& variable, const std::string& value) { environment_[variable] = value; }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
  }
  void write_user_file(const std::string& text) { write(home_ / ".config/varve/config.toml", text); }
  void write_lake_file(const std::string& text) { write(lake_ / "varve.toml", text); }
  Settings load() {
    return Settings::load({flags_,
                           [this](const char* name) -> const char* {
                             const auto found = environment_.find(name);
                             return found == environment_.end() ? nullptr : found->second.c_str();
                           },
                           here_.path()});
  }

  testing::TempDirectory home_;
  testing::TempDirectory lake_;
  testing::TempDirectory here_;
  SettingValues flags_;
  std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, NothingIsSetByDefault) {
  const Settings settings = load();
  for (const std::string_view name : kSettingNames) EXPECT_EQ(settings.get(name), std::nullopt) << name;
  EXPECT_EQ(settings.get_or("output", "csv"), "csv");
  EXPECT_EQ(settings.threads(), 0U);
}

TEST_F(SettingsTest, EachSourceCountsMoreThanTheNext) {
  set("VARVE_LAKE", lake_.path());
  write_user_file("tz = 'Asia/Tokyo'\n");
  EXPECT_EQ(load().get("tz"), "Asia/Tokyo");
  write_lake_file("tz = 'Europe/Berlin'\n");
  EXPECT_EQ(load().get("tz"), "Europe/Berlin");
  set("VARVE_TZ", "America/New_York");
  EXPECT_EQ(load().get("tz"), "America/New_York");
  flags_["tz"] = "UTC";
  EXPECT_EQ(load().get("tz"), "UTC");
}

TEST_F(SettingsTest, EmptyVariableIsAsAbsent) {
  write_user_file("output = 'json'\n");
  set("VARVE_OUTPUT", "");
  EXPECT_EQ(load().get("output"), "json");
}

TEST_F(SettingsTest, LakeComesFromFlagThenVariableThenFolderThenUser) {
  write_user_file("lake = '/user'\n");
  EXPECT_EQ(load().get("lake"), "/user");
  (void)Lake::open(here_.path());
  EXPECT_EQ(load().get("lake"), here_.path());
  set("VARVE_LAKE", "/variable");
  EXPECT_EQ(load().get("lake"), "/variable");
  flags_["lake"] = "/flag";
  EXPECT_EQ(load().get("lake"), "/flag");
}

TEST_F(SettingsTest, UsersLakeHasItsFileReadToo) {
  write_user_file("lake = '" + lake_.path() + "'\noutput = 'csv'\n");
  write_lake_file("output = 'json'\n");
  EXPECT_EQ(load().get("output"), "json");
}

TEST_F(SettingsTest, XdgConfigHomeGoesBeforeHome) {
  write_user_file("output = 'csv'\n");
  set("XDG_CONFIG_HOME", here_.path());
  EXPECT_EQ(load().get("output"), std::nullopt);
  write(here_ / "varve/config.toml", "output = 'tsv'\n");
  EXPECT_EQ(load().get("output"), "tsv");
}

TEST_F(SettingsTest, NumbersMayBeWrittenAsNumbers) {
  write_user_file("threads = 3\n");
  EXPECT_EQ(load().threads(), 3U);
}

TEST_F(SettingsTest, BadThreadsAreRefused) {
  for (const char* text : {"-1", "many", "1.5", "99999", ""}) {
    flags_["threads"] = text;
    expect_error(ErrorKind::kInvalidArgument, "threads", [&] { (void)load().threads(); });
  }
}

TEST(CheckSetting, TakesWhatThereIs) {
  for (const auto& [name, value] : SettingValues{{"lake", "anywhere"},
                                                 {"output", "ndjson"},
                                                 {"tz", "+02:00"},
                                                 {"threads", "0"},
                                                 {"progress", "auto"},
                                                 {"color", "never"}}) {
    EXPECT_NO_THROW(check_setting(name, value)) << name;
  }
}

TEST(CheckSetting, RefusesTheRestWithTheValue) {
  for (const std::string_view name : kSettingNames) {
    if (name == "lake") continue;
    expect_error(ErrorKind::kInvalidArgument, "\"Foo\"", [&] { check_setting(name, "Foo"); });
  }
}

TEST_F(SettingsTest, MistakesInFilesAreToldWithTheirPlace) {
  const auto expect_told = [&](const std::string& text, std::string_view part) {
    write_user_file(text);
    expect_error(ErrorKind::kInvalidArgument, part, [&] { load(); });
    expect_error(ErrorKind::kInvalidArgument, "config.toml", [&] { load(); });
  };
  expect_told("\noutptu = 'csv'\n", "line 2: there is no setting \"outptu\"");
  expect_told("output = \n", "line 1");
  expect_told("output = [1]\n", "neither text nor a whole number");
}

TEST_F(SettingsTest, LakesFileCannotNameALake) {
  set("VARVE_LAKE", lake_.path());
  write_lake_file("lake = '/elsewhere'\n");
  expect_error(ErrorKind::kInvalidArgument, "no setting \"lake\" here", [&] { load(); });
}

}  // namespace
}  // namespace varve::cli
