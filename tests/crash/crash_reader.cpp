// Reads a lake until it is killed, and says what cannot be: crash_reader ROOT (read_only | open). Says "read" after
// each round over all keys, and "wrong ..." where what it read is not one version, or not one that was the newest
// meanwhile.

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "crash/crash_lake.h"

namespace {

using namespace varve;
using testing::CrashKey;
using testing::CrashState;

void wrong(const CrashKey& key, const std::string& what) {
  std::printf("wrong %s: %s\n", key.name.c_str(), what.c_str());
}

class CrashReader {
 public:
  explicit CrashReader(Lake lake) : lake_(std::move(lake)) {}

  void look_at(const CrashKey& key) {
    const int64_t first = testing::version_of(lake_, key.name);
    if (first < newest_[key.name]) wrong(key, "version " + std::to_string(first) + " after a newer one");
    const CrashState read = testing::read_state(lake_, key.name);
    const int64_t last = testing::version_of(lake_, key.name);
    newest_[key.name] = last;
    bool found = false;
    for (int64_t version = first; version <= last && !found; ++version) {
      found = testing::can_be(read, key, version);
    }
    if (!found) {
      wrong(key, std::to_string(read ? read->size() : 0) + " rows, which no version from " + std::to_string(first) +
                     " to " + std::to_string(last) + " has");
    }
    look_back(key, last);
  }

 private:
  // A version is what it was, or gone.
  void look_back(const CrashKey& key, int64_t newest) {
    const int64_t version = newest - ++rounds_ % 7;
    if (version < 1) return;
    const CrashState read = testing::read_state(lake_, key.name, {.as_of = version});
    if (read && !testing::can_be(read, key, version)) wrong(key, "another version " + std::to_string(version));
  }

  Lake lake_;
  std::map<std::string, int64_t> newest_;
  int64_t rounds_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  try {
    CrashReader reader(Lake::open(arguments[1], {.read_only = std::string(arguments[2]) == "read_only"}));
    const std::vector<CrashKey> keys = testing::crash_keys();
    for (;;) {
      for (const CrashKey& key : keys) reader.look_at(key);
      std::puts("read");
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::printf("wrong error: %s\n", error.what());
    return 1;
  }
}
