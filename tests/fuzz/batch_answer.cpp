// What an HTTP handler answers to a batch. The first byte is the count of events, the second the status.
#include "deliver/http_answer.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hubferry::deliver::Verdict;
  static hubferry::deliver::BatchJudge judge;  // as the handler keeps it
  constexpr std::int64_t kNow = 1'700'000'000'000;
  hubferry::fuzz::Input input(data, size);
  const std::size_t count = input.byte() + 1U;
  hubferry::http::ClientResponse response;
  response.status = 200 + input.byte() % 16;
  response.retry_after = input.line();
  response.body = input.rest();
  const auto outcomes = judge.judge(response, count, kNow);
  FUZZ_REQUIRE(outcomes.size() == count);
  for (const auto& outcome : outcomes) {
    FUZZ_REQUIRE(outcome.retry_after.count() >= 0 && outcome.retry_after <= std::chrono::hours(1));
    FUZZ_REQUIRE((outcome.verdict == Verdict::kDone) == outcome.reason.empty());
    FUZZ_REQUIRE(outcome.reason.size() < 400);
    FUZZ_REQUIRE(outcome.reason.find('\n') == std::string::npos);
  }
  return 0;
}
