// Plain data to bytes and back, little-endian, each array with its length before it. A reader
// checks every length against what is left, so that no damaged file makes it read or allocate
// beyond.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace tickmargin::base {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class BytesWriter {
 public:
  static constexpr bool reading = false;

  template <Plain T>
  void operator()(const T& value) {
    append(&value, sizeof value);
  }
  template <Plain T>
  void operator()(const std::vector<T>& values) {
    (*this)(static_cast<std::uint64_t>(values.size()));
    append(values.data(), values.size() * sizeof(T));
  }
  void operator()(const std::string& text) {
    (*this)(static_cast<std::uint64_t>(text.size()));
    append(text.data(), text.size());
  }
  void raw(const void* data, std::size_t size) { append(data, size); }

  std::vector<std::byte> take() { return std::move(bytes_); }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  void append(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  std::vector<std::byte> bytes_;
};

class BytesReader {
 public:
  static constexpr bool reading = true;

  explicit BytesReader(std::span<const std::byte> bytes) : left_(bytes) {}

  template <Plain T>
  void operator()(T& value) {
    take(&value, sizeof value);
  }
  template <Plain T>
  void operator()(std::vector<T>& values) {
    values.resize(count(sizeof(T)));
    take(values.data(), values.size() * sizeof(T));
  }
  void operator()(std::string& text) {
    text.resize(count(1));
    take(text.data(), text.size());
  }
  void raw(void* data, std::size_t size) { take(data, size); }

  // A length of elements of at least `size` bytes each that can still be there.
  std::size_t count(std::size_t size) {
    std::uint64_t n = 0;
    (*this)(n);
    if (n > left_.size() / size) {
      ok_ = false;
      return 0;
    }
    return static_cast<std::size_t>(n);
  }
  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return left_.empty(); }

 private:
  void take(void* data, std::size_t size) {
    if (!ok_ || size > left_.size()) {
      ok_ = false;
      if (size != 0) std::memset(data, 0, size);
      return;
    }
    if (size != 0) std::memcpy(data, left_.data(), size);
    left_ = left_.subspan(size);
  }
  std::span<const std::byte> left_;
  bool ok_ = true;
};

}  // namespace tickmargin::base
