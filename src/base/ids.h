#pragma once
#include <cstdint>
#include <string>

namespace hubferry {

// 64 random bits from the operating system, never 0. Used as the source id of one start of one spool and as seeds.
std::uint64_t random_id();

// The 16 lower-case hexadecimal digits of an id, as logs and HTTP answers show it.
std::string id_text(std::uint64_t id);

}  // namespace hubferry
