#include "varve/base/uuid.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "varve/base/digest.h"
#include "varve/base/error.h"

namespace varve::base {

std::string make_uuid() {
  std::array<uint8_t, 16> bytes{};
  // Requests of up to 256 bytes come whole or not at all.
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    if (errno != EINTR) throw Io("the system gives no random bytes (error {})", errno);
  }
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);  // variant of RFC 9562
  return to_hex(bytes);
}

}  // namespace varve::base
