#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/fingerprint.h"

namespace hubferry::ingest {

// What a request with an Idempotency-Key leaves in the frame of its first event, so that a crash between the sync of
// the block and that of the IdempotencyLog forgets nothing:
//   version u8 (1), key fingerprint (low u64, high u64), content fingerprint (the same), number of events u32;
// little-endian.
struct IdempotencyNote {
  Fingerprint key;
  Fingerprint content;
  std::uint32_t count = 0;
};

std::string encode_note(const IdempotencyNote& note);

// Nothing: these bytes are no note of this version.
std::optional<IdempotencyNote> decode_note(std::string_view bytes);

}  // namespace hubferry::ingest
