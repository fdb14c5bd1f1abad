// Writes to a lake, beside others of its kind: crash_writer ROOT SEED [CHANGES]. Changes random keys until it is
// killed, or one key so many times, then two at once, and ends after a vacuum. Each change is the one that makes the
// next version of its key (crash_history.h), on the condition that nobody was faster. Says "begin KEY VERSION" before,
// and "done" or "refused" after each, with two keys if it changes two, and "error WHAT" where it was no other writer
// who was in the way; what it said is all that its killer knows.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <span>
#include <string>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "crash/crash_lake.h"

namespace {

using namespace varve;
using testing::CrashChange;
using testing::CrashKey;
using testing::CrashOperation;
using testing::CrashState;

// What the lake has no condition for is done by one writer at a time.
class OneWriter {
 public:
  explicit OneWriter(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    ::flock(file_, LOCK_EX);
  }
  ~OneWriter() { ::close(file_); }
  OneWriter(const OneWriter&) = delete;
  OneWriter& operator=(const OneWriter&) = delete;

 private:
  int file_;
};

// A key, and what comes next.
struct Next {
  const CrashKey* key = nullptr;
  int64_t version = 0;
  bool exists = false;
  CrashChange change = {};
  // Whether `expects_version` is enough to keep others from coming in between.
  [[nodiscard]] bool guarded() const {
    return exists && change.operation != CrashOperation::kRemove && change.operation != CrashOperation::kRemoveRange &&
           change.operation != CrashOperation::kCompact;
  }
};

Next next_of(const Lake& lake, const CrashKey& key) {
  Next next{.key = &key, .version = testing::version_of(lake, key.name) + 1};
  const CrashState before = testing::crash_states(key, next.version - 1).front();
  next.exists = before.has_value();
  next.change = testing::crash_change(key, next.version, before);
  return next;
}

void say(const char* word, std::span<const Next> all) {
  std::string line = word;
  for (const Next& next : all) line += " " + next.key->name + " " + std::to_string(next.version);
  std::puts(line.c_str());
  std::fflush(stdout);
}

void say_error(const Error& error) {
  std::printf("error %s\n", error.what());
  std::fflush(stdout);
}

SeriesWriteOptions options_of(const Next& next) {
  SeriesWriteOptions options;
  options.series.identity = next.key->has_identity ? std::vector<std::string>{"timestamp"} : std::vector<std::string>{};
  options.series.layout = next.key->layout;
  options.series.target_rows_per_file = next.key->target_rows_per_file;
  options.expects_version = next.exists ? next.version - 1 : 0;
  return options;
}

SeriesRange range_of(const CrashChange& change) {
  return {.start = Timestamp{change.first * testing::kNanosecondsPerHour},
          .end = Timestamp{change.last * testing::kNanosecondsPerHour}};
}

void add_to(Transaction& transaction, const Next& next) {
  const std::string& key = next.key->name;
  const Table rows = testing::to_table(next.change.rows);
  switch (next.change.operation) {
    case CrashOperation::kCompact:
    case CrashOperation::kAppend: transaction.append(key, rows, options_of(next)); break;
    case CrashOperation::kUpsert: transaction.upsert(key, rows, options_of(next)); break;
    case CrashOperation::kWrite: transaction.write(key, rows, options_of(next)); break;
    case CrashOperation::kReplace: transaction.replace(key, rows, range_of(next.change), options_of(next)); break;
    case CrashOperation::kRemoveRange: transaction.remove_range(key, range_of(next.change)); break;
    case CrashOperation::kRemove: transaction.remove(key); break;
  }
}

class Writer {
 public:
  Writer(const std::string& root, uint64_t seed)
      : lake_(Lake::open(root)), guard_path_(root + ".one_writer"), random_(seed) {}

  void change(std::span<const CrashKey> keys) {
    if (attempt(keys)) return;
    const OneWriter alone(guard_path_);
    attempt(keys, true);
  }

  [[noreturn]] void change_for_ever() {
    for (;;) {
      const size_t count = random_() % 6 == 0 ? 2 : 1;
      change(std::span(keys_).subspan(random_() % (keys_.size() - count + 1), count));
      if (random_() % 60 == 0) vacuum();
    }
  }

  void change_a_few(int64_t changes) {
    for (int64_t change_number = 0; change_number < changes; ++change_number) change(std::span(keys_).first(1));
    change(std::span(keys_).subspan(1, 2));
    vacuum();
    lake_.close();
  }

 private:
  // False if somebody has to keep others away for it.
  bool attempt(std::span<const CrashKey> keys, bool alone = false) {
    std::vector<Next> all;
    Transaction transaction = lake_.transaction();
    for (const CrashKey& key : keys) {
      all.push_back(next_of(lake_, key));
      if (!all.back().guarded() && !alone) return false;
      add_to(transaction, all.back());
    }
    say("begin", all);
    try {
      if (all.size() > 1 || !compact(all.front())) transaction.commit(random_() % 4 == 0);
      say("done", all);
    } catch (const OutcomeUnknown& error) {
      say_error(error);
    } catch (const ConcurrentWrite&) {
      say("refused", all);
    } catch (const Error& error) {
      say("refused", all);
      say_error(error);
    }
    return true;
  }

  // False if that is not what comes next, or if there is nothing to merge.
  bool compact(const Next& next) {
    return next.change.operation == CrashOperation::kCompact && !lake_.compact(next.key->name).id.empty();
  }

  void vacuum() {
    try {
      lake_.vacuum({}, {.all_for = Duration::seconds(3600), .hourly_for = Duration{}, .versions_max = 30});
    } catch (const Error& error) {
      say_error(error);
    }
  }

  Lake lake_;
  std::string guard_path_;
  std::mt19937_64 random_;
  std::vector<CrashKey> keys_ = testing::crash_keys();
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3 || count > 4) return 2;
  try {
    Writer writer(arguments[1], std::strtoull(arguments[2], nullptr, 10));
    if (count == 3) writer.change_for_ever();
    writer.change_a_few(std::atoll(arguments[3]));
  } catch (const Error& error) {
    say_error(error);
    return 1;
  }
}
