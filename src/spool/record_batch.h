#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

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

  // For the spool's CommitCompanion, if it has one; the spool itself does not keep it.
  void set_note(std::string note) { note_ = std::move(note); }
  std::string_view note() const { return note_; }

  std::uint32_t count() const { return count_; }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::string note_;
  std::uint32_t count_ = 0;
};

}  // namespace hubferry::spool
