// What must be in a lake whose writer was cut off, by what the writer said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crash/changes.h"
#include "crash/writer_process.h"

namespace varve::testing {

// What a look at the lake found.
struct Settled {
  int64_t in_flight = 0;                // changes that were begun, and not known to be done
  int64_t happened = 0;                 // how many of them are there: the first ones
  std::vector<std::string> wrong = {};  // nothing if all is as it must be
};

// All changes that are done are there, once; of those that were begun the first few, or none, or all. Before the first
// change the lake is empty. One thread.
class ExpectedLake {
 public:
  // The number of the change to go on with.
  [[nodiscard]] int64_t next() const { return next_; }
  // Opens the lake, which mends it, and compares: the rows of every key, the rows of the files that its directory
  // shows, and what `verify` finds. What is there is what must be there from then on. Throws what the lake throws.
  Settled settle(const std::string& root, const Told& told);

 private:
  void change();

  int64_t next_ = 0;
  std::vector<CrashKey> keys_ = crash_keys();
};

}  // namespace varve::testing
