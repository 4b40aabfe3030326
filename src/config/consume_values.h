#pragma once
#include <string_view>

#include "config/values.h"

namespace hubferry::config {

// The kinds of value that only consume routes have; see Kind.
Parsed<Value> parse_handler(std::string_view text);
Parsed<Value> parse_headers(std::string_view text);
Parsed<Value> parse_start(std::string_view text);
Parsed<Value> parse_partitions(std::string_view text);

}  // namespace hubferry::config
