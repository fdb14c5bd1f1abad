// Identifiers that nobody else will choose: 128 random bits (RFC 9562, version 4).
#pragma once

#include <string>

namespace varve::base {

// 32 lower-case hexadecimal digits, without dashes, from the system's source of randomness.
// Throws Io if that fails. Safe from several threads.
std::string make_uuid();

}  // namespace varve::base
