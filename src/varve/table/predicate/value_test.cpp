#include "varve/table/predicate/value_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "varve/table/half.h"

namespace varve::table {
namespace {

// A set of up to this many values is searched by comparing with each of them.
constexpr size_t kFewValues = 8;

template <typename T>
constexpr bool kFloating = std::is_floating_point_v<T>;

class ConstantTest final : public ValueTest {
 public:
  explicit ConstantTest(bool passes) : passes_(passes) {}

  void match(const Column&, int64_t, std::span<uint8_t> matches) const override {
    std::fill(matches.begin(), matches.end(), static_cast<uint8_t>(passes_));
  }
  [[nodiscard]] Outcome outcome(const Column&, const Column&, int64_t) const override {
    return passes_ ? Outcome::kAll : Outcome::kNone;
  }

 private:
  bool passes_;
};

// ---- rows as numbers ----

template <typename T>
using Block = std::array<T, kBlockRows>;

// Rows of a column as T: where they are, or in `block` if the column keeps them in another form.
template <typename T>
const T* values_at(const Column& column, int64_t first, size_t count, Block<T>& block) {
  if constexpr (std::is_same_v<T, uint8_t>) {
    if (column.type().id == TypeId::kBoolean) {
      const BitSpan bits = column.bits();
      for (size_t at = 0; at < count; ++at) block[at] = bits[first + static_cast<int64_t>(at)];
      return block.data();
    }
  }
  if constexpr (std::is_same_v<T, float>) {
    if (column.type().id == TypeId::kFloat16) {
      const uint16_t* halves = column.values<uint16_t>().data() + first;
      for (size_t at = 0; at < count; ++at) block[at] = half_to_float(halves[at]);
      return block.data();
    }
  }
  return column.values<T>().data() + first;
}

template <typename T>
T value_at(const Column& column, int64_t row) {
  Block<T> block;
  return *values_at<T>(column, row, 1, block);
}

// Calls `body` with a value of the type that rows of whole numbers are compared as.
template <typename Body>
auto with_whole_type(const DataType& type, const Body& body) {
  const int32_t width = type.id == TypeId::kBoolean ? 1 : width_of(type);
  if (type.id == TypeId::kBoolean || is_unsigned_integer(type)) {
    switch (width) {
      case 1: return body(uint8_t{});
      case 2: return body(uint16_t{});
      case 4: return body(uint32_t{});
      default: return body(uint64_t{});
    }
  }
  switch (width) {
    case 1: return body(int8_t{});
    case 2: return body(int16_t{});
    case 4: return body(int32_t{});
    case 8: return body(int64_t{});
    default: return body(Int128{});
  }
}

template <typename T>
WholeRange reach_of() {
  if constexpr (sizeof(T) == sizeof(Int128)) {
    constexpr Int128 kMost = ((Int128{1} << 126) - 1) * 2 + 1;
    return {-kMost - 1, kMost};
  } else {
    return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
  }
}

// ---- what ranges and sets have in common ----

Outcome invert(Outcome inside, bool inverted) {
  if (!inverted || inside == Outcome::kSome) return inside;
  return inside == Outcome::kNone ? Outcome::kAll : Outcome::kNone;
}

// Of values in a column of floats one may be NaN, which is inside of nothing.
template <typename T>
Outcome with_nan(Outcome inside) {
  return kFloating<T> && inside == Outcome::kAll ? Outcome::kSome : inside;
}

// `values` ascend.
template <typename Values, typename T>
Outcome inside_set(const Values& values, const T& first, const T& last) {
  const auto next = std::lower_bound(values.begin(), values.end(), first);
  if (next == values.end() || *next > last) return Outcome::kNone;
  return first == last ? Outcome::kAll : Outcome::kSome;
}

template <typename T>
class RangeTest final : public ValueTest {
 public:
  RangeTest(T least, T most, bool inverted) : least_(least), most_(most), inverted_(inverted) {}

  void match(const Column& column, int64_t first, std::span<uint8_t> matches) const override {
    Block<T> block;
    const T* values = values_at<T>(column, first, matches.size(), block);
    uint8_t* out = matches.data();
    // Copies: what is written through `out` might else be the members, for all that the compiler knows.
    const T least = least_;
    const T most = most_;
    const auto flip = static_cast<uint8_t>(inverted_);
    for (size_t at = 0; at < matches.size(); ++at) {
      out[at] = static_cast<uint8_t>((values[at] >= least) & (values[at] <= most)) ^ flip;
    }
  }

  [[nodiscard]] Outcome outcome(const Column& least, const Column& most, int64_t row) const override {
    const T first = value_at<T>(least, row);
    const T last = value_at<T>(most, row);
    if (!(first <= last)) return Outcome::kSome;  // they contradict each other or are no numbers: nothing is known
    Outcome inside = Outcome::kSome;
    if (last < least_ || first > most_) inside = Outcome::kNone;
    if (first >= least_ && last <= most_) inside = Outcome::kAll;
    return invert(with_nan<T>(inside), inverted_);
  }

 private:
  T least_;
  T most_;
  bool inverted_;
};

template <typename T>
class SetTest final : public ValueTest {
 public:
  SetTest(std::vector<T> values, bool inverted) : values_(std::move(values)), inverted_(inverted) {
    std::sort(values_.begin(), values_.end());
  }

  void match(const Column& column, int64_t first, std::span<uint8_t> matches) const override {
    Block<T> block;
    const T* values = values_at<T>(column, first, matches.size(), block);
    uint8_t* out = matches.data();
    const auto flip = static_cast<uint8_t>(inverted_);
    if (values_.size() > kFewValues) {
      for (size_t at = 0; at < matches.size(); ++at) {
        const auto found = std::lower_bound(values_.begin(), values_.end(), values[at]);
        out[at] = static_cast<uint8_t>(found != values_.end() && *found == values[at]) ^ flip;
      }
      return;
    }
    std::fill(matches.begin(), matches.end(), uint8_t{0});
    for (const T member : values_) {
      for (size_t at = 0; at < matches.size(); ++at) out[at] |= static_cast<uint8_t>(values[at] == member);
    }
    for (uint8_t& match : matches) match ^= flip;
  }

  [[nodiscard]] Outcome outcome(const Column& least, const Column& most, int64_t row) const override {
    const T first = value_at<T>(least, row);
    const T last = value_at<T>(most, row);
    if (!(first <= last)) return Outcome::kSome;
    return invert(with_nan<T>(inside_set(values_, first, last)), inverted_);
  }

 private:
  std::vector<T> values_;
  bool inverted_;
};

// ---- rows as bytes ----

template <typename Passes>
void match_bytes(const Column& column, int64_t first, std::span<uint8_t> matches, const Passes& passes) {
  if (storage_of(column.type()) != Storage::kVariable) {
    for (uint8_t& match : matches) match = static_cast<uint8_t>(passes(column.bytes_at(first++)));
    return;
  }
  const int64_t* offsets = column.offsets().data() + first;
  const char* bytes = column.variable_bytes();
  for (size_t at = 0; at < matches.size(); ++at) {
    const auto size = static_cast<size_t>(offsets[at + 1] - offsets[at]);
    matches[at] = static_cast<uint8_t>(passes(std::string_view(bytes + offsets[at], size)));
  }
}

class ByteRangeTest final : public ValueTest {
 public:
  ByteRangeTest(ByteRange range, bool inverted) : range_(std::move(range)), inverted_(inverted) {}

  void match(const Column& column, int64_t first, std::span<uint8_t> matches) const override {
    match_bytes(column, first, matches, [this](std::string_view value) { return lies_inside(value) != inverted_; });
  }

  [[nodiscard]] Outcome outcome(const Column& least, const Column& most, int64_t row) const override {
    const std::string_view first = least.bytes_at(row);
    const std::string_view last = most.bytes_at(row);
    if (first > last) return Outcome::kSome;
    Outcome inside = Outcome::kSome;
    if (last < range_.least || (range_.beyond && first >= *range_.beyond)) inside = Outcome::kNone;
    if (lies_inside(first) && lies_inside(last)) inside = Outcome::kAll;
    return invert(inside, inverted_);
  }

 private:
  [[nodiscard]] bool lies_inside(std::string_view value) const {
    return value >= range_.least && (!range_.beyond || value < *range_.beyond);
  }

  ByteRange range_;
  bool inverted_;
};

class ByteSetTest final : public ValueTest {
 public:
  ByteSetTest(std::vector<std::string> values, bool inverted)
      : owners_(std::move(values)), values_(owners_.begin(), owners_.end()), inverted_(inverted) {
    std::sort(values_.begin(), values_.end());
  }

  void match(const Column& column, int64_t first, std::span<uint8_t> matches) const override {
    if (values_.size() <= kFewValues) {
      match_bytes(column, first, matches, [this](std::string_view value) {
        return (std::find(values_.begin(), values_.end(), value) != values_.end()) != inverted_;
      });
    } else {
      match_bytes(column, first, matches, [this](std::string_view value) {
        return std::binary_search(values_.begin(), values_.end(), value) != inverted_;
      });
    }
  }

  [[nodiscard]] Outcome outcome(const Column& least, const Column& most, int64_t row) const override {
    const std::string_view first = least.bytes_at(row);
    const std::string_view last = most.bytes_at(row);
    if (first > last) return Outcome::kSome;
    return invert(inside_set(values_, first, last), inverted_);
  }

 private:
  std::vector<std::string> owners_;
  std::vector<std::string_view> values_;
  bool inverted_;
};

// The floats between two numbers: the ends rounded inwards.
template <typename T>
ValueTestPtr make_float_range_test(const FloatRange& range, bool inverted) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  auto least = static_cast<T>(range.least);
  auto most = static_cast<T>(range.most);
  if (least < range.least) least = std::nextafter(least, kInfinity);
  if (most > range.most) most = std::nextafter(most, -kInfinity);
  return std::make_shared<RangeTest<T>>(least, most, inverted);
}

}  // namespace

ValueTestPtr make_constant_test(bool passes) { return std::make_shared<ConstantTest>(passes); }

ValueTestPtr make_range_test(const DataType& type, const WholeRange& range, bool inverted) {
  return with_whole_type(type, [&](auto kind) -> ValueTestPtr {
    using T = decltype(kind);
    const WholeRange reach = reach_of<T>();
    const Int128 least = std::max(range.least, reach.least);
    const Int128 most = std::min(range.most, reach.most);
    if (least > most) return make_constant_test(inverted);
    return std::make_shared<RangeTest<T>>(static_cast<T>(least), static_cast<T>(most), inverted);
  });
}

ValueTestPtr make_set_test(const DataType& type, std::span<const Int128> values, bool inverted) {
  return with_whole_type(type, [&](auto kind) -> ValueTestPtr {
    using T = decltype(kind);
    const WholeRange reach = reach_of<T>();
    std::vector<T> members;
    for (const Int128 value : values) {
      if (value >= reach.least && value <= reach.most) members.push_back(static_cast<T>(value));
    }
    if (members.empty()) return make_constant_test(inverted);
    return std::make_shared<SetTest<T>>(std::move(members), inverted);
  });
}

ValueTestPtr make_range_test(const DataType& type, const FloatRange& range, bool inverted) {
  if (type.id == TypeId::kFloat64) return make_float_range_test<double>(range, inverted);
  return make_float_range_test<float>(range, inverted);
}

ValueTestPtr make_set_test(const DataType& type, std::span<const double> values, bool inverted) {
  if (type.id == TypeId::kFloat64) {
    return std::make_shared<SetTest<double>>(std::vector<double>(values.begin(), values.end()), inverted);
  }
  std::vector<float> members;
  for (const double value : values) {
    const auto member = static_cast<float>(value);
    if (static_cast<double>(member) == value) members.push_back(member);
  }
  return std::make_shared<SetTest<float>>(std::move(members), inverted);
}

ValueTestPtr make_range_test(ByteRange range, bool inverted) {
  return std::make_shared<ByteRangeTest>(std::move(range), inverted);
}

ValueTestPtr make_set_test(std::vector<std::string> values, bool inverted) {
  return std::make_shared<ByteSetTest>(std::move(values), inverted);
}

}  // namespace varve::table
