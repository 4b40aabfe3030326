#include "control/token.h"

#include <openssl/sha.h>

#include <array>

#include "base/ids.h"

namespace hubferry::control {

Token new_token() {
  Token token;
  token.secret = id_text(random_id()) + id_text(random_id());
  token.hash = token_hash(token.secret);
  return token;
}

std::string token_hash(std::string_view secret) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xFU];
  }
  return text;
}

}  // namespace hubferry::control
