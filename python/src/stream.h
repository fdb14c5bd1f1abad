// Tables that Python takes one at a time, from wherever they come.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <nanobind/nanobind.h>

#include "varve/table/table.h"

namespace varve::python {

// One pass, used up by iterating or by the Arrow stream, whoever comes first. Threads get their tables in turn.
class Stream {
 public:
  using Next = std::function<std::optional<Table>()>;
  Stream(Schema schema, Next next);

  [[nodiscard]] Table empty() const;
  std::optional<Table> next();
  [[nodiscard]] Table rest();  // all that is left
  [[nodiscard]] nanobind::capsule arrow_stream() const;

 private:
  struct Pass;
  std::shared_ptr<Pass> pass_;
};

}  // namespace varve::python
