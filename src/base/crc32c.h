#pragma once
#include <cstddef>
#include <cstdint>

namespace hubferry {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `size` bytes; continues from `seed`, the CRC of what came before.
// Uses the SSE4.2 instruction where the processor has it. Thread-safe.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed = 0);

// The same without the instruction, as processors without it compute it.
std::uint32_t crc32c_portable(const void* data, std::size_t size, std::uint32_t seed = 0);

}  // namespace hubferry
