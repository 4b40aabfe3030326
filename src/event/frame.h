#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace hubferry::event {

// How an event is stored in one spool record, little-endian:
//   version u8 (1), flags u8 (bit 0: has a key, bit 1: has a note), header count u16, partition i32 (-1: any),
//   key length u32, value length u32, then per header: name length u16, value length u32 (0xFFFFFFFF: no value), name,
//   value; then the key, then the value, then with bit 1: note length u16, note.
// An event is at most 4 GiB - 1 of value; the ingest limits are far below.
std::size_t frame_size(const OutboundEvent& event);

// Writes exactly frame_size(event) bytes.
void encode_frame(const OutboundEvent& event, char* to);

// The views of `event` point into `frame`; its header vector is reused. kCorrupt when the lengths do not add up or the
// version or a flag is unknown.
Status decode_frame(std::string_view frame, OutboundEvent& event);

}  // namespace hubferry::event
