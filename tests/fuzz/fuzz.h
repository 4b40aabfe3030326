#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Called with any bytes: aborts when a promise is broken, else returns 0. Linked with libFuzzer or with driver.cpp.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hubferry::fuzz {

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): names the broken promise and its place.
#define FUZZ_REQUIRE(promise) \
  ((promise) ? static_cast<void>(0) : ::hubferry::fuzz::broken(#promise, __FILE__, __LINE__))

[[noreturn]] inline void broken(const char* promise, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
  std::abort();
}

// The input cut into pieces from its front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  std::string_view take(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view line() {
    const auto taken = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(rest_.size(), taken.size() + 1));
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// A copy with exactly `padding` bytes behind it that belong to it, so that the address sanitizer sees a read too far.
// Its address is never null.
class Exact {
 public:
  explicit Exact(std::string_view bytes, std::size_t padding = 0)
      : bytes_(std::make_unique<char[]>(bytes.size() + padding)), size_(bytes.size()) {
    bytes.copy(bytes_.get(), bytes.size());
  }
  Exact(const std::uint8_t* data, std::size_t size)
      : Exact(std::string_view(reinterpret_cast<const char*>(data), size)) {}
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace hubferry::fuzz
