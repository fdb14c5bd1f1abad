// Writes to a lake until it is killed: crash_writer ROOT NUMBER. Goes on from change NUMBER, whose state it reads from
// the lake. Says "begin N" before and "done N" after each change; what it said is all that its killer knows.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "crash/crash_tables.h"

namespace {

using namespace varve;
using testing::CrashChange;
using testing::CrashKey;
using testing::CrashOperation;

void say(const char* word, int64_t number) {
  std::printf("%s %lld\n", word, static_cast<long long>(number));
  std::fflush(stdout);
}

void apply(Lake& lake, const CrashKey& key, const CrashChange& change) {
  SeriesWriteOptions options;
  options.series.identity = key.has_identity ? std::vector<std::string>{"timestamp"} : std::vector<std::string>{};
  options.series.layout = key.layout;
  options.series.target_rows_per_file = 40;
  const Table rows = testing::to_table(change.rows);
  switch (change.operation) {
    case CrashOperation::kAppend: lake.append(key.name, rows, options); break;
    case CrashOperation::kUpsert: lake.upsert(key.name, rows, options); break;
    case CrashOperation::kWrite: lake.write(key.name, rows, options); break;
    case CrashOperation::kRemove: lake.remove(key.name); break;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  try {
    Lake lake = Lake::open(arguments[1]);
    std::vector<CrashKey> keys = testing::crash_keys();
    for (CrashKey& key : keys) {
      key.exists = lake.exists(key.name);
      if (key.exists) key.rows = testing::to_rows(lake.read(key.name));
    }
    for (int64_t number = std::atoll(arguments[2]);; ++number) {
      const CrashChange change = testing::crash_change(keys, number);
      say("begin", number);
      apply(lake, keys[change.key], change);
      say("done", number);
      keys[change.key] = testing::changed(keys[change.key], change);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "crash_writer: %s\n", error.what());
    return 1;
  }
}
