#pragma once
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace hubferry::http {

// Bytes as they came from a socket, with room behind them that nobody initialised. Growing a large one moves pages, not
// bytes (realloc). Not thread-safe.
class Buffer {
 public:
  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::size_t room() const { return capacity_ - size_; }
  char* end() { return data_.get() + size_; }
  std::string_view view() const { return {data_.get(), size_}; }

  void resize(std::size_t size) { size_ = size; }  // at most the capacity

  // Makes the capacity at least `capacity`; invalidates pointers. False: there is no memory, nothing has changed.
  [[nodiscard]] bool reserve(std::size_t capacity) { return capacity <= capacity_ || reallocate(capacity); }

  void drop_front(std::size_t count) {
    size_ -= count;
    if (size_ > 0 && count > 0) std::memmove(data(), data() + count, size_);
  }

  // Gives memory back when more than `capacity` is held for fewer bytes; invalidates pointers.
  void shrink(std::size_t capacity) {
    if (capacity_ > capacity && size_ <= capacity) static_cast<void>(reallocate(capacity));
  }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };

  bool reallocate(std::size_t capacity) {
    auto* moved = static_cast<char*>(std::realloc(data_.get(), capacity));
    if (moved == nullptr) return false;
    static_cast<void>(data_.release());
    data_.reset(moved);
    capacity_ = capacity;
    return true;
  }

  std::unique_ptr<char, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hubferry::http
