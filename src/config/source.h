#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace hubferry::config {

// Where a value came from, weakest first.
enum class Source { kDefault, kProfile, kFile, kEnvironment, kCommandLine };

struct Origin {
  Source source = Source::kDefault;
  std::string text;  // for people: "default", "profile: ...", "FILE:LINE", "environment NAME", "command line"
};

struct Assignment {
  std::string key;  // SECTION.KEY
  std::string value;
  Origin origin;
};

// `value` as messages and --print-config may show it: "(hidden)" if `secret` or if it looks like a connection string,
// otherwise shortened to 120 bytes, with control characters replaced by "?".
std::string shown(std::string_view value, bool secret);
// `value` with nothing shortened, for --print-config.
std::string shown_whole(std::string_view value, bool secret);

// "ORIGIN: KEY = VALUE: REASON". Knows from the key whether the value is a secret.
Error option_error(const Assignment& assignment, std::string_view reason);

}  // namespace hubferry::config
