// What must be in a lake whose writers were cut off, by what the writers said.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "crash/crash_history.h"

namespace varve::testing {

// What one writer said of its changes.
struct Told {
  std::map<std::string, int64_t> begun;  // by key: the version it tried to make last, unless that was refused
  std::map<std::string, int64_t> done;   // the last version that it made
  int64_t changes_done = 0;
  std::vector<std::string> errors;

  // Takes lines of crash_writer in.
  void add(const std::vector<std::string>& lines);
};

// What a look at the lake found.
struct Settled {
  int64_t in_flight = 0;                // versions that were begun, and not known to be done
  int64_t happened = 0;                 // those of them that are there
  std::vector<std::string> wrong = {};  // nothing if all is as it must be
};

// Every version that is done is there, and what a series holds is what crash_history.h says of its version; of those
// begun some may be there. Before the first change the lake is empty. One thread.
class ExpectedLake {
 public:
  // Opens the lake, which mends it, and compares: version and rows of every key, the rows of the files that its
  // directory shows, what `verify` finds, and that no half of a change of two keys is there. No writer may be alive.
  // Throws what the lake throws.
  Settled settle(const std::string& root, const std::vector<Told>& told);
  // The directory of a key showed so many rows with this digest since the last call for `reader`; false if no version
  // between the one seen then and the one settled last holds these.
  bool explain(const std::string& reader, const std::string& key, std::pair<int64_t, int64_t> digest);
  // The versions of all keys together, as settled last.
  [[nodiscard]] int64_t versions() const;

 private:
  std::vector<CrashKey> keys_ = crash_keys();
  std::map<std::string, int64_t> versions_;
  std::map<std::pair<std::string, std::string>, int64_t> seen_;  // by reader and key
};

}  // namespace varve::testing
