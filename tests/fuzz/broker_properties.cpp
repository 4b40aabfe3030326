// The header field BrokerProperties.
#include "event/json_event.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hubferry;  // NOLINT: a target is one file
  static event::JsonEvents json;
  const fuzz::Exact text(data, size);
  const auto key = json.broker_partition_key(text.view());
  if (!key) {
    FUZZ_REQUIRE(key.error().code == ErrorCode::kInvalid && !key.error().message.empty());
    return 0;
  }
  const std::string copy(key->value_or(""));
  FUZZ_REQUIRE(copy.size() <= size);
  FUZZ_REQUIRE(!*key || text.view().find("PartitionKey") != std::string_view::npos ||
               text.view().find('\\') != std::string_view::npos);
  FUZZ_REQUIRE(json.valid(text.view()));
  return 0;
}
