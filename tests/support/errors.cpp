#include "support/errors.h"

#include <gmock/gmock.h>

namespace varve::testing {

void expect_error(ErrorKind kind, std::string_view part, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << "the message: " << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(std::string(part)));
    return;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "expected " << to_string(kind) << ", got another exception: " << error.what();
    return;
  }
  ADD_FAILURE() << "expected " << to_string(kind) << " (" << part << "), but nothing was thrown";
}

}  // namespace varve::testing
