// Checks that a call throws the error it should.
#pragma once

#include <functional>
#include <string_view>

#include "varve/base/error.h"

namespace varve::testing {

// The call must throw a varve::Error of that kind whose message holds `part`; else the test fails, saying what
// happened. In use: expect_error(ErrorKind::kNotFound, "no series", [&] { lake.read("x"); });
void expect_error(ErrorKind kind, std::string_view part, const std::function<void()>& call);

}  // namespace varve::testing
