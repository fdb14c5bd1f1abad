// The upkeep that writers do now and then, a little at a time.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

namespace varve::store {

class Engine;

// Which series are due: one in so many versions of each, whoever wrote the others. What nobody comes to is due again
// after as many. Safe to use from several threads.
class UpkeepSteps {
 public:
  // A commit gave the series this version.
  void note(int64_t series_id, int64_t version);
  // Forgets what the policy of the lake lets go of series that are due, and merges their small files where these have
  // become many, until `milliseconds` have passed. Failures are told to the log.
  void take(Engine& engine, int64_t milliseconds);

 private:
  std::mutex mutex_;
  std::set<int64_t> due_;
};

}  // namespace varve::store
