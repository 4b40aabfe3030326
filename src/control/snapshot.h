#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "control/breaker.h"
#include "control/fold.h"

namespace hubferry::control {

// What a snapshot keeps of a Fold.
struct Image {
  std::int64_t now_ms = 0;
  std::int64_t snapshot_ms = 0;
  std::int64_t wanted_ms = -1;
  std::map<std::uint64_t, Fold::Instance> instances;
  std::map<std::string, Breaker> breakers;
};

// JSON with a version of its own; see README.md.
std::string encode_image(const Image& image);
// Nothing: damaged, or of another version.
std::optional<Image> decode_image(std::string_view text);

}  // namespace hubferry::control
