#include "varve/base/zone_file.h"

#include <string>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/base/file_system.h"

#include "support/errors.h"
#include "support/random.h"

namespace varve::base {
namespace {

using internal::read_zone_file;
using internal::ZoneStretch;
using testing::expect_error;
using testing::Random;

// The bytes of a zone file, made by hand.
class FileBuilder {
 public:
  std::vector<std::pair<int64_t, uint8_t>> transitions;  // seconds since 1970, type
  std::vector<int32_t> offsets = {0};
  std::string footer = "UTC0";
  char version = '2';
  uint32_t leaps = 0;

  [[nodiscard]] std::vector<std::byte> bytes() const {
    std::string out = header(version, 0, 0);
    out += header(version, transitions.size(), offsets.size());
    for (const auto& [at, type] : transitions) out += number(static_cast<uint64_t>(at), 8);
    for (const auto& [at, type] : transitions) out += static_cast<char>(type);
    for (const int32_t offset : offsets) out += number(static_cast<uint32_t>(offset), 4) + std::string(2, '\0');
    out += "\n" + footer + "\n";
    const auto view = std::as_bytes(std::span(out));
    return {view.begin(), view.end()};
  }

 private:
  static std::string number(uint64_t value, int size) {
    std::string out;
    for (int i = size - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
    return out;
  }

  [[nodiscard]] std::string header(char of_version, uint64_t times, uint64_t types) const {
    return std::string("TZif") + of_version + std::string(15, '\0') + number(0, 4) + number(0, 4) + number(leaps, 4) +
           number(times, 4) + number(types, 4) + number(0, 4);
  }
};

std::vector<ZoneStretch> read(const FileBuilder& file) { return read_zone_file(file.bytes(), "Test/Zone"); }

// The moment of the n-th change, and the hours east of UTC from then on.
std::string change(const FileBuilder& file, size_t index) {
  const ZoneStretch stretch = read(file).at(index);
  return to_string(stretch.begin) + " " + to_string(Duration{stretch.offset});
}

// The n-th change of 2024, 0 being the first.
std::string change_of_2024(const FileBuilder& file, size_t index) {
  size_t first = 0;
  for (const ZoneStretch& stretch : read(file)) first += stretch.begin < parse_timestamp("2024-01-01T00:00Z") ? 1U : 0U;
  return change(file, first + index);
}

void expect_corrupt(const FileBuilder& file, std::string_view part) {
  expect_error(ErrorKind::kCorruption, part, [&] { static_cast<void>(read(file)); });
}

TEST(ZoneFileTest, FileWithoutChangesIsOneStretch) {
  FileBuilder file;
  file.offsets = {3'600};
  ASSERT_EQ(read(file).size(), 1U);
  EXPECT_EQ(change(file, 0), "1677-09-21T00:12:43.145224192Z 1h");
}

TEST(ZoneFileTest, TableChangesOffsets) {
  FileBuilder file{.transitions = {{0, 1}, {100, 0}, {200, 0}}, .offsets = {0, 7'200}};
  ASSERT_EQ(read(file).size(), 3U);
  EXPECT_EQ(change(file, 1), "1970-01-01T00:00:00Z 2h");
  EXPECT_EQ(change(file, 2), "1970-01-01T00:01:40Z 0s");
}

TEST(ZoneFileTest, ChangesOutOfReachLeaveTheirOffset) {
  const int64_t far = int64_t{1} << 59;
  FileBuilder file{.transitions = {{-far, 1}, {-far + 1, 2}, {far, 0}}, .offsets = {0, 60, 120}};
  ASSERT_EQ(read(file).size(), 1U);
  EXPECT_EQ(change(file, 0), "1677-09-21T00:12:43.145224192Z 2m");
}

TEST(ZoneFileTest, FooterGivesTheYearsAfterTheTable) {
  FileBuilder file{.transitions = {{1'700'000'000, 0}}, .offsets = {-18'000}, .footer = "EST5EDT,M3.2.0,M11.1.0"};
  EXPECT_EQ(change(file, 1), "2024-03-10T07:00:00Z -4h");
  EXPECT_EQ(change(file, 2), "2024-11-03T06:00:00Z -5h");
}

TEST(ZoneFileTest, SouthernSummerBeginsInSpring) {
  FileBuilder file{.footer = "AEST-10AEDT,M10.1.0,M4.1.0/3"};
  EXPECT_EQ(change_of_2024(file, 0), "2024-04-06T16:00:00Z 10h");
  EXPECT_EQ(change_of_2024(file, 1), "2024-10-05T16:00:00Z 11h");
}

TEST(ZoneFileTest, FooterKnowsEveryFormOfRule) {
  for (const auto& [footer, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"<+0330>-3:30<+0430>,J79/24,J263/24", "2024-03-20T20:30:00Z 4h30m"},
           {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T01:00:00Z -1h"},
           {"IST-1GMT0,M10.5.0,M3.5.0/1", "2024-03-31T01:00:00Z 1h"},
           {"AAA3BBB,59,300", "2024-02-29T05:00:00Z -2h"},
           {"AAA3BBB,J60,J300", "2024-03-01T05:00:00Z -2h"},
           {"AAA3BBB2:15:30,M3.1.1/4:30:15,M12.5.6", "2024-03-04T07:30:15Z -2h15m30s"}}) {
    EXPECT_EQ(change_of_2024(FileBuilder{.footer = footer}, 0), expected) << footer;
  }
}

TEST(ZoneFileTest, FootersThatAreNoRulesAreCorruption) {
  for (const char* footer :
       {"A", "UT0", "UTC", "UTC0UTC", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J1", "EST5EDT,366,1", "UTC168", "<+03-3", "EST5EDT,M3.2.0,M11.1.0,",
        "EST5EDT,M3.2.0/168,M11.1.0", "UTC99999999999", "EST27", "UTC0:60", ",", "EST5EDT,M3,M11"}) {
    expect_corrupt(FileBuilder{.footer = footer}, "footer");
  }
  EXPECT_EQ(read(FileBuilder{.footer = ""}).size(), 1U);
}

TEST(ZoneFileTest, ImpossibleTablesAreCorruption) {
  expect_corrupt(FileBuilder{.offsets = {}}, "no offset");
  expect_corrupt(FileBuilder{.offsets = {100'000}}, "longer than a day");
  expect_corrupt(FileBuilder{.offsets = {std::numeric_limits<int32_t>::min()}}, "longer than a day");
  expect_corrupt(FileBuilder{.transitions = {{0, 1}}}, "has no offset");
  expect_corrupt(FileBuilder{.transitions = {{5, 0}, {5, 0}}}, "not in order");
  expect_corrupt(FileBuilder{.version = '\0'}, "version 1");
  expect_corrupt(FileBuilder{.leaps = 1}, "");
}

TEST(ZoneFileTest, EveryCutIsCorruption) {
  const std::vector<std::byte> whole =
      FileBuilder{.transitions = {{0, 1}, {100, 0}}, .offsets = {0, 3'600}, .footer = "EST5EDT,M3.2.0,M11.1.0"}.bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_error(ErrorKind::kCorruption, "Test/Zone",
                 [&] { static_cast<void>(read_zone_file(std::span(whole).first(size), "Test/Zone")); });
  }
}

TEST(ZoneFileTest, DamagedFilesNeverCrash) {
  Random random;
  const auto files = make_system_file_system();
  const std::vector<std::byte> whole = read_file(*files, "/usr/share/zoneinfo/Europe/Dublin");
  for (int i = 0; i < 3'000; ++i) {
    std::vector<std::byte> bytes = whole;
    for (int64_t left = random.between(1, 8); left > 0; --left) {
      const size_t at = random.one_in(2) ? random.next() % bytes.size() : random.next() % 100;
      bytes[at] = static_cast<std::byte>(random.next());
    }
    try {
      const std::vector<ZoneStretch> stretches = read_zone_file(bytes, "Europe/Dublin");
      for (size_t k = 1; k < stretches.size(); ++k) ASSERT_LT(stretches[k - 1].begin, stretches[k].begin);
      ASSERT_EQ(stretches.at(0).begin, Timestamp::min());
    } catch (const Corruption&) {}
  }
}

}  // namespace
}  // namespace varve::base
