// The sender's attachment in the spool's position.
#include "produce/tails.h"

#include <algorithm>

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hubferry::produce::Tails;
  const hubferry::fuzz::Exact exact(data, size);
  const Tails tails = Tails::decode(exact.view());
  const auto& offsets = tails.offsets();
  FUZZ_REQUIRE(offsets.size() * sizeof(std::int64_t) <= size);
  FUZZ_REQUIRE(std::all_of(offsets.begin(), offsets.end(), [](std::int64_t o) { return o >= Tails::kUnknown; }));
  FUZZ_REQUIRE(Tails::decode(tails.encode()).offsets() == offsets);
  if (tails.complete()) {
    FUZZ_REQUIRE(tails.encode() == exact.view());
  }
  Tails grown = tails;
  grown.resize(tails.partitions() + 2);
  FUZZ_REQUIRE(!grown.complete());
  grown.learn(std::vector<std::int64_t>(static_cast<std::size_t>(grown.partitions()), 5));
  FUZZ_REQUIRE(grown.complete());
  for (const std::int64_t offset : grown.offsets()) FUZZ_REQUIRE(offset >= 0 && offset <= 5);
  return 0;
}
