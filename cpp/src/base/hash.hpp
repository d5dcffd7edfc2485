// A fast 64-bit hash with a fixed definition, XXH64, for state hashes, checksums and chains.
// Numbers are hashed as their own bytes in little-endian order, float64 as its bit pattern, so -0.0
// differs from 0.0. It finds accidents, not forgers: anyone can make two inputs with one hash.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace tickmargin::base {

static_assert(std::endian::native == std::endian::little, "hashes and files are little-endian");

// What can be hashed as its own bytes: no padding, one representation a value.
template <class T>
concept Hashable = std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, float> ||
                   std::is_same_v<T, double> || std::is_same_v<T, std::byte>;

class Hasher {
 public:
  explicit Hasher(std::uint64_t seed = 0) noexcept
      : lane_{seed + prime_1 + prime_2, seed + prime_2, seed, seed - prime_1}, seed_(seed) {}

  void add_bytes(const void* data, std::size_t count) noexcept {
    if (count == 0) return;
    const auto* bytes = static_cast<const unsigned char*>(data);
    const std::size_t held = static_cast<std::size_t>(total_ % stripe);
    total_ += count;
    if (held > 0) {
      const std::size_t filling = std::min(count, stripe - held);
      std::memcpy(held_ + held, bytes, filling);
      if (held + filling < stripe) return;
      take_stripe(lane_, held_);
      bytes += filling;
      count -= filling;
    }
    std::uint64_t lane[4] = {lane_[0], lane_[1], lane_[2], lane_[3]};  // kept in registers
    for (; count >= stripe; bytes += stripe, count -= stripe) take_stripe(lane, bytes);
    std::memcpy(lane_, lane, sizeof(lane));
    if (count > 0) std::memcpy(held_, bytes, count);
  }

  template <Hashable T>
  void add(T value) noexcept {
    add_bytes(&value, sizeof(T));
  }

  // The elements, not their number: add that too where it can vary.
  template <Hashable T>
  void add(std::span<const T> values) noexcept {
    add_bytes(values.data(), values.size_bytes());
  }

  std::uint64_t digest() const noexcept {
    std::uint64_t hash = seed_ + prime_5;
    if (total_ >= stripe) {
      hash = std::rotl(lane_[0], 1) + std::rotl(lane_[1], 7) + std::rotl(lane_[2], 12) +
             std::rotl(lane_[3], 18);
      for (const std::uint64_t lane : lane_) hash = (hash ^ round(0, lane)) * prime_1 + prime_4;
    }
    hash += total_;
    const unsigned char* rest = held_;
    std::size_t count = static_cast<std::size_t>(total_ % stripe);
    for (; count >= 8; rest += 8, count -= 8) {
      hash = std::rotl(hash ^ round(0, load<std::uint64_t>(rest)), 27) * prime_1 + prime_4;
    }
    if (count >= 4) {
      hash = std::rotl(hash ^ (load<std::uint32_t>(rest) * prime_1), 23) * prime_2 + prime_3;
      rest += 4;
      count -= 4;
    }
    for (; count > 0; ++rest, --count) hash = std::rotl(hash ^ (*rest * prime_5), 11) * prime_1;
    hash = (hash ^ (hash >> 33)) * prime_2;
    hash = (hash ^ (hash >> 29)) * prime_3;
    return hash ^ (hash >> 32);
  }

 private:
  static constexpr std::uint64_t prime_1 = 0x9e3779b185ebca87;
  static constexpr std::uint64_t prime_2 = 0xc2b2ae3d27d4eb4f;
  static constexpr std::uint64_t prime_3 = 0x165667b19e3779f9;
  static constexpr std::uint64_t prime_4 = 0x85ebca77c2b2ae63;
  static constexpr std::uint64_t prime_5 = 0x27d4eb2f165667c5;
  static constexpr std::size_t stripe = 32;

  template <class T>
  static T load(const unsigned char* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }

  static std::uint64_t round(std::uint64_t lane, std::uint64_t word) noexcept {
    return std::rotl(lane + word * prime_2, 31) * prime_1;
  }

  static void take_stripe(std::uint64_t* lane, const unsigned char* bytes) noexcept {
    for (std::size_t i = 0; i < 4; ++i) {
      lane[i] = round(lane[i], load<std::uint64_t>(bytes + 8 * i));
    }
  }

  std::uint64_t lane_[4];
  std::uint64_t seed_;
  std::uint64_t total_ = 0;
  unsigned char held_[stripe] = {};
};

inline std::uint64_t hash64(const void* data, std::size_t count, std::uint64_t seed = 0) noexcept {
  Hasher hasher(seed);
  hasher.add_bytes(data, count);
  return hasher.digest();
}

}  // namespace tickmargin::base
