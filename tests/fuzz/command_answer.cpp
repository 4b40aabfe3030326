// What a command handler's process writes: any bytes.
#include "deliver/command_answer.h"

#include <chrono>

#include "event/json_event.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hubferry::deliver::Verdict;
  static hubferry::deliver::CommandAnswerParser parser;
  static hubferry::event::JsonEvents json;
  const hubferry::fuzz::Exact exact(data, size);
  const auto answer = parser.parse(exact.view());
  if (!answer) {
    FUZZ_REQUIRE(!answer.error().message.empty());
    return 0;
  }
  FUZZ_REQUIRE(json.valid(exact.view()));
  const auto& outcome = answer->outcome;
  FUZZ_REQUIRE(outcome.reason.size() <= 400);
  if (outcome.verdict == Verdict::kDone) FUZZ_REQUIRE(outcome.reason.empty());
  FUZZ_REQUIRE(outcome.retry_after.count() >= 0 && outcome.retry_after <= std::chrono::hours(1));
  return 0;
}
