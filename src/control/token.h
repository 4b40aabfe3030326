#pragma once
#include <string>
#include <string_view>

#include "control/member.h"

namespace hubferry::control {

// 128 random bits from the operating system, as 32 hexadecimal digits, and their hash.
Token new_token();

// SHA-256 of `secret`, 64 lower-case hexadecimal digits.
std::string token_hash(std::string_view secret);

}  // namespace hubferry::control
