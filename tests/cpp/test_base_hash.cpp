#include "base/hash.hpp"

#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "check.hpp"

using tickmargin::base::hash64;
using tickmargin::base::Hasher;

namespace {

std::uint64_t of(std::string_view text, std::uint64_t seed = 0) {
  return hash64(text.data(), text.size(), seed);
}

std::vector<unsigned char> counting(std::size_t size) {
  std::vector<unsigned char> bytes(size);
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
  return bytes;
}

}  // namespace

// The answers of the xxHash library, XXH64.
TEST(known_answers) {
  CHECK_EQ(of(""), 0xef46db3751d8e999u);
  CHECK_EQ(of("a"), 0xd24ec4f1a98c6e5bu);
  CHECK_EQ(of("abc"), 0x44bc2cf5ad770999u);
  CHECK_EQ(of("Nobody inspects the spammish repetition"), 0xfbcea83c8a378bf1u);
  CHECK_EQ(of("xxhash", 20141025), 0xb559b98d844e0635u);
  CHECK_EQ(hash64(counting(256).data(), 256), 0x1facbe8406cd904bu);
  CHECK_EQ(hash64(counting(1280).data(), 1280, 1), 0xf4493e5e44988d52u);
}

TEST(numbers_are_their_little_endian_bytes) {
  Hasher mixed;
  mixed.add(std::int32_t{-1});
  mixed.add(std::int64_t{1} << 40);
  mixed.add(0.1);
  mixed.add(std::uint16_t{7});
  CHECK_EQ(mixed.digest(), 0x999d575cf0b9520cu);

  const std::vector<double> column = {1.0, -0.0, 0.1};
  Hasher doubles;
  doubles.add(std::span<const double>(column));
  CHECK_EQ(doubles.digest(), 0x5635e166deaeab7au);
}

TEST(any_split_gives_the_same_hash) {
  const std::vector<unsigned char> bytes = counting(200);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::uint64_t whole = hash64(bytes.data(), size, 9);
    for (std::size_t cut = 0; cut <= size; ++cut) {
      Hasher parts(9);
      parts.add_bytes(bytes.data(), cut);
      parts.add_bytes(nullptr, 0);
      parts.add_bytes(bytes.data() + cut, size - cut);
      CHECK_EQ(parts.digest(), whole);
    }
  }
}

TEST(every_flipped_bit_is_noticed) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{40}, std::size_t{64}, std::size_t{99}}) {
    std::vector<unsigned char> bytes = counting(size);
    const std::uint64_t before = hash64(bytes.data(), size);
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      bytes[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
      CHECK(hash64(bytes.data(), size) != before);
      bytes[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
    }
  }
}

CHECK_MAIN()
