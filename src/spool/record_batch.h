#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hubferry::spool {

// Records framed as a block stores them: length (u32, little-endian), then that many bytes; one after another.
class RecordBatch {
 public:
  // Adds one frame and returns its `size` writable bytes, valid until the next add().
  char* add(std::uint32_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof size + size);
    store_le(bytes_.data() + at, size);
    ++count_;
    return bytes_.data() + at + sizeof size;
  }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

  std::uint32_t count() const { return count_; }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

}  // namespace hubferry::spool
