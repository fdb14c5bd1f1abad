#include "varve/parquet/number_loops.h"

#include <bit>
#include <limits>
#include <type_traits>

// What stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE is compiled once for each kind of processor, in a
// namespace of its own: foreach_target.h includes this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "varve/parquet/number_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace varve::parquet::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
void take_extremes(Extremes<T>& extremes, T value) {
  extremes.least = value < extremes.least ? value : extremes.least;
  extremes.greatest = value > extremes.greatest ? value : extremes.greatest;
  extremes.has_nan |= value != value;
}

template <typename T>
Extremes<T> extremes_in(std::span<const T> values) {
  using Limits = std::numeric_limits<T>;
  constexpr T kHighest = Limits::has_infinity ? Limits::infinity() : Limits::max();
  constexpr T kLowest = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  const hn::ScalableTag<T> tag;
  const size_t lanes = hn::Lanes(tag);
  // Twice each, so that the processor need not wait for the last comparison. Comparisons with NaN are false, so a NaN
  // never becomes an extreme.
  auto least = hn::Set(tag, kHighest);
  auto other_least = least;
  auto greatest = hn::Set(tag, kLowest);
  auto other_greatest = greatest;
  auto unordered = hn::MaskFromVec(hn::Zero(tag));
  size_t at = 0;
  for (; at + 2 * lanes <= values.size(); at += 2 * lanes) {
    const auto value = hn::LoadU(tag, values.data() + at);
    const auto other = hn::LoadU(tag, values.data() + at + lanes);
    least = hn::IfThenElse(hn::Lt(value, least), value, least);
    greatest = hn::IfThenElse(hn::Lt(greatest, value), value, greatest);
    other_least = hn::IfThenElse(hn::Lt(other, other_least), other, other_least);
    other_greatest = hn::IfThenElse(hn::Lt(other_greatest, other), other, other_greatest);
    if constexpr (Limits::has_infinity) {
      unordered = hn::Or(unordered, hn::Or(hn::IsNaN(value), hn::IsNaN(other)));
    }
  }
  Extremes<T> extremes{hn::GetLane(hn::MinOfLanes(tag, hn::Min(least, other_least))),
                       hn::GetLane(hn::MaxOfLanes(tag, hn::Max(greatest, other_greatest))),
                       !hn::AllFalse(tag, unordered)};
  for (; at < values.size(); ++at) take_extremes(extremes, values[at]);
  return extremes;
}

bool place_doubles(std::span<const uint64_t> values, const GridScale& scale, uint64_t places_max, uint32_t* places) {
  const hn::ScalableTag<double> doubles;
  const hn::RebindToUnsigned<decltype(doubles)> words;
  const hn::Rebind<uint32_t, decltype(words)> halves;
  const size_t lanes = hn::Lanes(doubles);
  const auto factor = hn::Set(doubles, scale.places_per_unit);
  const auto rounder = hn::Set(doubles, scale.rounder);
  const auto origin = hn::Set(words, scale.origin);
  const auto beyond = hn::Set(words, ~(places_max - 1));
  auto outside = hn::Zero(words);
  size_t at = 0;
  for (; at + lanes <= values.size(); at += lanes) {
    const auto value = hn::BitCast(doubles, hn::LoadU(words, values.data() + at));
    const auto sum = hn::Add(hn::Mul(value, factor), rounder);
    const auto place = hn::Sub(hn::BitCast(words, sum), origin);
    outside = hn::Or(outside, hn::And(place, beyond));
    hn::StoreU(hn::TruncateTo(halves, place), halves, places + at);
  }
  bool all_inside = hn::AllTrue(words, hn::Eq(outside, hn::Zero(words)));
  for (; at < values.size(); ++at) {
    const auto value = std::bit_cast<double>(values[at]);
    const uint64_t place = std::bit_cast<uint64_t>(value * scale.places_per_unit + scale.rounder) - scale.origin;
    all_inside = all_inside && place < places_max;
    places[at] = static_cast<uint32_t>(place);
  }
  return all_inside;
}

bool place_integers(std::span<const uint64_t> values, uint64_t first, uint64_t places_max, uint32_t* places) {
  const hn::ScalableTag<uint64_t> words;
  const hn::Rebind<uint32_t, decltype(words)> halves;
  const size_t lanes = hn::Lanes(words);
  const auto origin = hn::Set(words, first);
  const auto beyond = hn::Set(words, ~(places_max - 1));
  auto outside = hn::Zero(words);
  size_t at = 0;
  for (; at + lanes <= values.size(); at += lanes) {
    const auto place = hn::Sub(hn::LoadU(words, values.data() + at), origin);
    outside = hn::Or(outside, hn::And(place, beyond));
    hn::StoreU(hn::TruncateTo(halves, place), halves, places + at);
  }
  bool all_inside = hn::AllTrue(words, hn::Eq(outside, hn::Zero(words)));
  for (; at < values.size(); ++at) {
    all_inside = all_inside && values[at] - first < places_max;
    places[at] = static_cast<uint32_t>(values[at] - first);
  }
  return all_inside;
}

template <typename T>
T differences_in(const T* values, std::make_unsigned_t<T>* differences) {
  const hn::ScalableTag<T> tag;
  const hn::RebindToUnsigned<decltype(tag)> unsigned_tag;
  const size_t lanes = hn::Lanes(tag);
  static_assert(kDifferences % hn::MaxLanes(tag) == 0);
  auto least = hn::Set(tag, std::numeric_limits<T>::max());
  for (size_t at = 0; at < kDifferences; at += lanes) {
    const auto difference = hn::Sub(hn::LoadU(tag, values + at), hn::LoadU(tag, values + at - 1));
    least = hn::Min(least, difference);
    hn::StoreU(hn::BitCast(unsigned_tag, difference), unsigned_tag, differences + at);
  }
  least = hn::MinOfLanes(tag, least);
  for (size_t at = 0; at < kDifferences; at += lanes) {
    const auto difference = hn::LoadU(unsigned_tag, differences + at);
    hn::StoreU(hn::Sub(difference, hn::BitCast(unsigned_tag, least)), unsigned_tag, differences + at);
  }
  return hn::GetLane(least);
}

}  // namespace

Extremes<float> extremes_float(std::span<const float> values) { return extremes_in(values); }
Extremes<double> extremes_double(std::span<const double> values) { return extremes_in(values); }
Extremes<int32_t> extremes_int32(std::span<const int32_t> values) { return extremes_in(values); }
Extremes<uint32_t> extremes_uint32(std::span<const uint32_t> values) { return extremes_in(values); }
Extremes<int64_t> extremes_int64(std::span<const int64_t> values) { return extremes_in(values); }
Extremes<uint64_t> extremes_uint64(std::span<const uint64_t> values) { return extremes_in(values); }

int32_t differences_int32(const int32_t* values, uint32_t* differences) { return differences_in(values, differences); }
int64_t differences_int64(const int64_t* values, uint64_t* differences) { return differences_in(values, differences); }

}  // namespace varve::parquet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varve::parquet {

namespace {

HWY_EXPORT(extremes_float);
HWY_EXPORT(extremes_double);
HWY_EXPORT(extremes_int32);
HWY_EXPORT(extremes_uint32);
HWY_EXPORT(extremes_int64);
HWY_EXPORT(extremes_uint64);
HWY_EXPORT(place_doubles);
HWY_EXPORT(place_integers);
HWY_EXPORT(differences_int32);
HWY_EXPORT(differences_int64);

}  // namespace

Extremes<float> extremes_of(std::span<const float> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(extremes_float)(values);
}
Extremes<double> extremes_of(std::span<const double> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(extremes_double)(values);
}
Extremes<int32_t> extremes_of(std::span<const int32_t> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(extremes_int32)(values);
}
Extremes<uint32_t> extremes_of(std::span<const uint32_t> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(extremes_uint32)(values);
}
Extremes<int64_t> extremes_of(std::span<const int64_t> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(extremes_int64)(values);
}
Extremes<uint64_t> extremes_of(std::span<const uint64_t> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(extremes_uint64)(values);
}

bool place_values(std::span<const uint64_t> values, const GridScale& scale, uint64_t places_max,
                  uint32_t* places) noexcept {
  return HWY_DYNAMIC_DISPATCH(place_doubles)(values, scale, places_max, places);
}

bool place_values(std::span<const uint64_t> values, uint64_t first, uint64_t places_max, uint32_t* places) noexcept {
  return HWY_DYNAMIC_DISPATCH(place_integers)(values, first, places_max, places);
}

int32_t take_differences(const int32_t* values, uint32_t* differences) noexcept {
  return HWY_DYNAMIC_DISPATCH(differences_int32)(values, differences);
}
int64_t take_differences(const int64_t* values, uint64_t* differences) noexcept {
  return HWY_DYNAMIC_DISPATCH(differences_int64)(values, differences);
}

}  // namespace varve::parquet
#endif
