#pragma once
#include <cstddef>

namespace hubferry {

// Memory for small things that come and go by the thousand. Each thread keeps what is given back on it for what it
// takes next, up to kMostKept; glibc's own cache keeps 7 of a size. Any thread may give back.
class Recycler {
 public:
  static constexpr std::size_t kLargest = 1'024;           // bytes; larger ones are not kept
  static constexpr std::size_t kMostKept = 2'048UL << 10;  // bytes, by each thread

  static void* take(std::size_t bytes);
  // `bytes` as it was taken.
  static void give(void* memory, std::size_t bytes) noexcept;

  // Bytes kept by this thread.
  static std::size_t kept();
};

// Takes single objects from the recycler.
template <class T>
struct Recycling {
  using value_type = T;  // NOLINT(readability-identifier-naming): the standard's name

  Recycling() = default;
  template <class Other>
  explicit(false) Recycling(const Recycling<Other>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(Recycler::take(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { Recycler::give(memory, count * sizeof(T)); }
  bool operator==(const Recycling&) const = default;
};

}  // namespace hubferry
