#include "base/recycler.h"

#include <array>
#include <new>
#include <utility>

namespace hubferry {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kSizes = Recycler::kLargest / kStep;

// With a sanitizer every piece is new, so that it notices what is used after it was given back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

struct Piece {
  Piece* next;
};

thread_local bool ended = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

struct Cache {
  std::array<Piece*, kSizes> sizes{};
  std::size_t bytes = 0;

  Cache() = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() {
    ended = true;
    for (Piece*& first : sizes) {
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    }
  }
};

thread_local Cache cache;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

std::size_t size_index(std::size_t bytes) {
  return bytes == 0 ? 0 : (bytes - 1) / kStep;
}

}  // namespace

void* Recycler::take(std::size_t bytes) {
  const std::size_t index = size_index(bytes);
  if (!kKeeps || index >= kSizes || ended) return ::operator new(bytes);
  Piece*& first = cache.sizes[index];
  if (first == nullptr) return ::operator new((index + 1) * kStep);
  cache.bytes -= (index + 1) * kStep;
  return std::exchange(first, first->next);
}

void Recycler::give(void* memory, std::size_t bytes) noexcept {
  const std::size_t index = size_index(bytes);
  if (!kKeeps || index >= kSizes || ended || cache.bytes + (index + 1) * kStep > kMostKept)
    return ::operator delete(memory);
  cache.bytes += (index + 1) * kStep;
  cache.sizes[index] = ::new (memory) Piece{cache.sizes[index]};
}

std::size_t Recycler::kept() {
  return cache.bytes;
}

}  // namespace hubferry
