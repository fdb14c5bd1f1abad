// Structures in and out of Thrift's compact protocol: one description of a structure serves both ways.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "varve/base/error.h"
#include "varve/parquet/thrift.h"

// A structure T is described by one function in this namespace:
//
//     template <typename Io>
//     void describe(Io& io, Ref<Io, T> value) {
//       io.required(1, value.count);  // must be there
//       io.field(2, value.note);      // a std::optional; or a plain member, which is left out where it is T()
//     }
//
// Reading asks it once for each field that the bytes hold, writing once for all of them. What is no plain structure
// (a union) gives itself overloads of read_value and write_value instead.
namespace varve::parquet::thrift {

template <typename Io, typename T>
using Ref = std::conditional_t<Io::kWrites, const T&, T&>;

template <typename T>
concept Number = (std::integral<T> || std::is_enum_v<T>)&&!std::same_as<T, bool>;

template <typename T>
constexpr bool kIsVector = false;
template <typename T>
constexpr bool kIsVector<std::vector<T>> = true;
template <typename T>
constexpr bool kIsOptional = false;
template <typename T>
constexpr bool kIsOptional<std::optional<T>> = true;

// How a type looks on the wire.
template <typename T>
constexpr Wire wire_of() {
  if constexpr (std::same_as<T, bool>) {
    return Wire::kTrue;
  } else if constexpr (Number<T>) {
    constexpr Wire kWires[] = {Wire::kByte, Wire::kI16, Wire::kI32, Wire::kI32, Wire::kI64};
    return kWires[sizeof(T) / 2];
  } else if constexpr (std::same_as<T, std::string>) {
    return Wire::kBinary;
  } else if constexpr (kIsVector<T>) {
    return Wire::kList;
  } else {
    return Wire::kStruct;
  }
}

// ---- reading ----

template <typename T>
void read_structure(Input& input, T& value);

template <Number T>
void read_value(Input& input, Wire wire, T& value) {
  if (wire == Wire::kByte) {
    value = static_cast<T>(static_cast<int8_t>(input.read_byte()));
    return;
  }
  const int64_t number = input.read_zigzag();
  using Limits = std::numeric_limits<std::conditional_t<sizeof(T) == 8, int64_t, int32_t>>;
  if (number < Limits::min() || number > Limits::max()) throw Corruption("thrift: number {} out of range", number);
  value = static_cast<T>(number);
}

inline void read_value(Input& input, Wire /*wire*/, std::string& value) {
  const auto bytes = input.take(input.read_varint());
  value.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <typename T>
requires(std::is_class_v<T> && !kIsVector<T>) void read_value(Input& input, Wire /*wire*/, T& value) {
  read_structure(input, value);
}

// Whether the bytes hold a value of one kind where another was expected; numbers of all widths are one kind.
constexpr bool fits(Wire found, Wire expected) {
  const auto is_number = [](Wire wire) { return wire >= Wire::kByte && wire <= Wire::kI64; };
  return found == expected || (is_number(found) && is_number(expected)) ||
         (expected == Wire::kTrue && found == Wire::kFalse);
}

template <typename T>
void read_value(Input& input, Wire /*wire*/, std::vector<T>& value) {
  Wire element = Wire::kStop;
  const size_t count = input.read_list(element);
  if (count > 0 && !fits(element, wire_of<T>())) {
    throw Corruption("thrift: list of kind {} where {} is expected", static_cast<int>(element),
                     static_cast<int>(wire_of<T>()));
  }
  value.clear();
  for (size_t index = 0; index < count; ++index) {
    if constexpr (std::same_as<T, bool>) {
      value.push_back(input.read_byte() == 1);
    } else {
      read_value(input, element, value.emplace_back());
    }
  }
}

// Reads the one field that the input stands at.
class FieldReader {
 public:
  static constexpr bool kWrites = false;

  FieldReader(Input& input, int16_t id, Wire wire) : input_(input), id_(id), wire_(wire) {}

  [[nodiscard]] bool done() const noexcept { return done_; }

  template <typename T>
  void required(int16_t id, T& value) {
    field(id, value);
  }
  template <typename T>
  void field(int16_t id, T& value) {
    if (id != id_) return;
    if constexpr (kIsOptional<T>) {
      field(id, value.emplace());
    } else {
      if (!fits(wire_, wire_of<T>())) {
        throw Corruption("thrift: field {} is of kind {}", id, static_cast<int>(wire_));
      }
      done_ = true;
      if constexpr (std::same_as<T, bool>) {
        value = wire_ == Wire::kTrue;
      } else {
        read_value(input_, wire_, value);
      }
    }
  }
  // Remembers that the field was there; its content is skipped.
  void presence(int16_t id, bool& there) {
    if (id == id_) there = true;
  }

 private:
  Input& input_;
  int16_t id_;
  Wire wire_;
  bool done_ = false;
};

// Throws if a required field was not among those seen.
class RequiredCheck {
 public:
  static constexpr bool kWrites = false;

  explicit RequiredCheck(uint32_t seen) : seen_(seen) {}

  template <typename T>
  void required(int16_t id, T& /*value*/) {
    if (((seen_ >> id) & 1) == 0) throw Corruption("thrift: field {} is missing", id);
  }
  template <typename T>
  void field(int16_t /*id*/, T& /*value*/) {}
  void presence(int16_t /*id*/, bool& /*there*/) {}

 private:
  uint32_t seen_;
};

template <typename T>
void read_structure(Input& input, T& value) {
  const Input::Nesting nesting(input);
  uint32_t seen = 0;
  for (int16_t id = 0;;) {
    const Wire wire = input.read_field(id);
    if (wire == Wire::kStop) break;
    FieldReader reader(input, id, wire);
    describe(reader, value);
    if (!reader.done()) input.skip(wire);
    if (id < 32) seen |= uint32_t{1} << id;
  }
  RequiredCheck check(seen);
  describe(check, value);
}

// ---- writing ----

template <typename T>
void write_structure(Output& output, const T& value);

template <Number T>
void write_value(Output& output, const T& value) {
  if constexpr (sizeof(T) == 1) {
    output.write_byte(static_cast<uint8_t>(value));
  } else if constexpr (sizeof(T) == 8) {
    output.write_zigzag(static_cast<int64_t>(value));
  } else {
    output.write_zigzag(static_cast<int32_t>(value));  // unsigned 32-bit numbers travel as signed ones
  }
}

inline void write_value(Output& output, const std::string& value) { output.write_bytes(value); }

template <typename T>
requires(std::is_class_v<T> && !kIsVector<T>) void write_value(Output& output, const T& value) {
  write_structure(output, value);
}

template <typename T>
void write_value(Output& output, const std::vector<T>& value) {
  output.write_list(value.size(), wire_of<T>());
  for (const auto& element : value) {
    if constexpr (std::same_as<T, bool>) {
      output.write_byte(element ? 1 : 2);
    } else {
      write_value(output, element);
    }
  }
}

class FieldWriter {
 public:
  static constexpr bool kWrites = true;

  explicit FieldWriter(Output& output) : output_(output) {}

  template <typename T>
  void required(int16_t id, const T& value) {
    if constexpr (std::same_as<T, bool>) {
      output_.write_field(id, last_id_, value ? Wire::kTrue : Wire::kFalse);
    } else {
      output_.write_field(id, last_id_, wire_of<T>());
      write_value(output_, value);
    }
  }
  template <typename T>
  void field(int16_t id, const T& value) {
    if constexpr (kIsOptional<T>) {
      if (value) required(id, *value);
    } else if constexpr (kIsVector<T>) {
      if (!value.empty()) required(id, value);
    } else {
      if (value != T()) required(id, value);
    }
  }
  void presence(int16_t /*id*/, const bool& /*there*/) {}

 private:
  Output& output_;
  int16_t last_id_ = 0;
};

template <typename T>
void write_structure(Output& output, const T& value) {
  FieldWriter writer(output);
  describe(writer, value);
  output.write_byte(0);
}

}  // namespace varve::parquet::thrift
