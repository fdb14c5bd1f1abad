// SHA-256 of bytes, whole or piece by piece.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace varve::base {

using Sha256Digest = std::array<uint8_t, 32>;

// Takes bytes piece by piece. Move-only; one thread at a time. Throws NotSupported where the system's OpenSSL refuses
// SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  // The digest of all bytes given. The object is then spent: only destruction is allowed.
  [[nodiscard]] Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest sha256(std::span<const std::byte> bytes);

// Lower-case hexadecimal digits, two a byte.
std::string to_hex(std::span<const uint8_t> bytes);

}  // namespace varve::base
