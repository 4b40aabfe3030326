// Connection strings of Event Hubs.
#include "config/connection_string.h"

#include <algorithm>

#include "config/values.h"
#include "fuzz/fuzz.h"

namespace {

constexpr std::string_view kSecret = "CANARY";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hubferry;  // NOLINT: a target is one file
  const fuzz::Exact exact(data, size);
  const auto text = exact.view();
  const auto parsed = config::parse_connection_string(text, "the file x");
  if (!parsed) {
    FUZZ_REQUIRE(parsed.error().message.starts_with("the file x: "));
    FUZZ_REQUIRE(parsed.error().message.find(kSecret) == std::string::npos);
    return 0;
  }
  FUZZ_REQUIRE(parsed->text == config::trimmed(text));
  FUZZ_REQUIRE(!parsed->host.empty() && parsed->bootstrap_servers().starts_with(parsed->host + ":909"));
  FUZZ_REQUIRE(config::parse_servers(parsed->bootstrap_servers()));
  FUZZ_REQUIRE(std::none_of(parsed->host.begin(), parsed->host.end(),
                            [](char c) { return c == ',' || c == ':' || static_cast<unsigned char>(c) <= 0x20; }));
  const auto again = config::parse_connection_string(parsed->text, "x");
  FUZZ_REQUIRE(again && again->host == parsed->host && again->hub == parsed->hub &&
               again->emulator == parsed->emulator);
  return 0;
}
