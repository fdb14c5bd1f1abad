#include "varve/base/zone.h"

#include <ctime>
#include <thread>

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"

namespace varve::base {
namespace {

using testing::expect_error;
using testing::Random;

int64_t local(std::string_view text) { return parse_time(text).local_nanoseconds; }
std::string utc_of(const Zone& zone, std::string_view reading) { return to_string(zone.to_utc(local(reading))); }
int64_t local_of(const Zone& zone, std::string_view moment) { return zone.to_local(parse_timestamp(moment)); }

TEST(ZoneTest, SummerAndWinterDiffer) {
  const Zone zone = Zone::find("America/New_York");
  EXPECT_EQ(zone.name(), "America/New_York");
  EXPECT_EQ(utc_of(zone, "2024-01-15T09:30"), "2024-01-15T14:30:00Z");
  EXPECT_EQ(utc_of(zone, "2024-07-15T09:30"), "2024-07-15T13:30:00Z");
  EXPECT_EQ(local_of(zone, "2024-07-15T13:30:00.000000001Z"), local("2024-07-15T09:30:00.000000001"));
}

TEST(ZoneTest, ReadingsThatHappenTwiceAreErrors) {
  const Zone zone = Zone::find("America/New_York");
  EXPECT_EQ(utc_of(zone, "2024-11-03T00:59:59.999999999"), "2024-11-03T04:59:59.999999999Z");
  for (const char* text : {"2024-11-03T01:00:00", "2024-11-03T01:59:59.999999999"}) {
    expect_error(ErrorKind::kInvalidArgument, std::string(text) + " happens twice in America/New_York",
                 [&] { static_cast<void>(utc_of(zone, text)); });
  }
  EXPECT_EQ(utc_of(zone, "2024-11-03T02:00:00"), "2024-11-03T07:00:00Z");
}

TEST(ZoneTest, ReadingsThatDoNotExistAreErrors) {
  const Zone zone = Zone::find("Europe/Berlin");
  EXPECT_EQ(utc_of(zone, "2024-03-31T01:59:59.999999999"), "2024-03-31T00:59:59.999999999Z");
  for (const char* text : {"2024-03-31T02:00:00", "2024-03-31T02:59:59.999999999"}) {
    expect_error(ErrorKind::kInvalidArgument, std::string(text) + " does not exist in Europe/Berlin",
                 [&] { static_cast<void>(utc_of(zone, text)); });
  }
  EXPECT_EQ(utc_of(zone, "2024-03-31T03:00:00"), "2024-03-31T01:00:00Z");
}

TEST(ZoneTest, RulesHoldInYearsThatNoTableLists) {
  const Zone zone = Zone::find("America/New_York");
  EXPECT_EQ(utc_of(zone, "2061-07-15T09:30"), "2061-07-15T13:30:00Z");
  EXPECT_EQ(utc_of(zone, "2200-01-15T09:30"), "2200-01-15T14:30:00Z");
  EXPECT_EQ(utc_of(Zone::find("Australia/Sydney"), "2100-01-15T12:00"), "2100-01-15T01:00:00Z");
}

TEST(ZoneTest, WholeDayLeftOutAtTheDateLine) {  // Samoa had no 30 December 2011
  const Zone zone = Zone::find("Pacific/Apia");
  expect_error(ErrorKind::kInvalidArgument, "does not exist",
               [&] { static_cast<void>(utc_of(zone, "2011-12-30T12:00")); });
  EXPECT_EQ(utc_of(zone, "2011-12-29T23:59:59"), "2011-12-30T09:59:59Z");
  EXPECT_EQ(utc_of(zone, "2011-12-31T00:00"), "2011-12-30T10:00:00Z");
}

TEST(ZoneTest, LocalMeanTimeCountsSeconds) {
  EXPECT_EQ(utc_of(Zone::find("America/New_York"), "1800-01-01T00:00"), "1800-01-01T04:56:02Z");
}

TEST(ZoneTest, UtcChangesNothing) {
  const Zone zone = Zone::utc();
  EXPECT_EQ(zone.name(), "UTC");
  EXPECT_EQ(Zone::find("UTC").name(), "UTC");
  for (const Timestamp at : {Timestamp::min(), Timestamp{0}, Timestamp::max()}) {
    EXPECT_EQ(zone.to_local(at), at.nanoseconds);
    EXPECT_EQ(zone.to_utc(at.nanoseconds), at);
  }
}

TEST(ZoneTest, FixedOffsetsHaveOneName) {
  for (const char* name : {"-05:30", "-0530"}) {
    EXPECT_EQ(Zone::find(name).name(), "-05:30");
    EXPECT_EQ(utc_of(Zone::find(name), "2024-03-05T06:45"), "2024-03-05T12:15:00Z");
  }
  EXPECT_EQ(Zone::find("+02").name(), "+02:00");
}

TEST(ZoneTest, NamesThatAreNoZonesAreErrors) {
  for (const char* name : {"", "Mars/Olympus", "america/new_york", "../../../etc/passwd", "/etc/localtime", "+25:00",
                           "+2", "-", "America", "America/New_York ", "posixrules/..", "zone.tab", "Z", ".",
                           "leapseconds", "America//New_York", "America/./New_York", "tzdata.zi"}) {
    expect_error(ErrorKind::kInvalidArgument, quote(name), [&] { static_cast<void>(Zone::find(name)); });
  }
  expect_error(ErrorKind::kInvalidArgument, "\\x00", [] { static_cast<void>(Zone::find({"UTC\0x", 5})); });
}

TEST(ZoneTest, ReadingsOutOfReachAreErrors) {
  const int64_t last = Timestamp::max().nanoseconds;
  expect_error(ErrorKind::kInvalidArgument, "outside 1677",
               [&] { static_cast<void>(Zone::find("-01:00").to_utc(last)); });
  expect_error(ErrorKind::kInvalidArgument, "outside 1677",
               [&] { static_cast<void>(Zone::find("Asia/Tokyo").to_utc(Timestamp::min().nanoseconds)); });
}

TEST(ZoneTest, LocalTimesGoBackToTheMomentOrHappenTwice) {
  Random random;
  for (const char* name :
       {"America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca"}) {
    const Zone zone = Zone::find(name);
    for (int i = 0; i < 5'000; ++i) {
      const Timestamp at{random.between(-5'000'000'000, 9'000'000'000) * kNanosecondsPerSecond +
                         random.between(0, 999)};
      try {
        ASSERT_EQ(zone.to_utc(zone.to_local(at)), at) << name << " " << to_string(at);
      } catch (const InvalidArgument& error) {
        ASSERT_NE(std::string(error.what()).find("happens twice"), std::string::npos) << error.what();
      }
    }
  }
}

// The C library reads the same rules by its own code.
TEST(ZoneTest, AgreesWithTheCLibrary) {
  Random random;
  for (const char* name : {"America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Asia/Tehran", "Pacific/Chatham",
                           "Africa/Casablanca", "Europe/Dublin", "America/Nuuk"}) {
    ::setenv("TZ", name, 1);
    ::tzset();
    const Zone zone = Zone::find(name);
    for (int i = 0; i < 2'000; ++i) {
      const std::time_t at = random.between(-9'000'000'000, 9'200'000'000);
      std::tm expected{};
      ::localtime_r(&at, &expected);
      const int64_t offset = (zone.to_local(Timestamp{at * kNanosecondsPerSecond}) / kNanosecondsPerSecond) - at;
      ASSERT_EQ(offset, expected.tm_gmtoff) << name << " at " << to_string(Timestamp{at * kNanosecondsPerSecond});
    }
  }
  ::unsetenv("TZ");
  ::tzset();
}

TEST(ZoneTest, ManyThreadsMayAskAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(
        [] { EXPECT_EQ(utc_of(Zone::find("Asia/Tokyo"), "2024-01-15T09:00"), "2024-01-15T00:00:00Z"); });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace varve::base
