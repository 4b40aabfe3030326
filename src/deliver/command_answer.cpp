#include "deliver/command_answer.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "deliver/utf8.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kMostReasonBytes = 400;
constexpr double kLongestRetryAfterSeconds = 3600;

tl::unexpected<Error> wrong(std::string what) {
  return fail(ErrorCode::kInvalid, std::move(what));
}

// A member that may be missing or null.
std::optional<simdjson::dom::element> member(const simdjson::dom::object& object, std::string_view name) {
  simdjson::dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

// The member, or `otherwise` when there is none.
Result<bool> flag(const simdjson::dom::object& object, const char* name, bool otherwise) {
  const auto value = member(object, name);
  bool is = otherwise;
  if (value && value->get(is) != simdjson::SUCCESS) return wrong(std::string("its \"") + name + "\" is no boolean");
  return is;
}

Status read_failure(const simdjson::dom::object& object, Outcome& outcome) {
  const auto retry = flag(object, "retry", true);
  if (!retry) return tl::make_unexpected(retry.error());
  const auto unavailable = flag(object, "unavailable", false);
  if (!unavailable) return tl::make_unexpected(unavailable.error());
  outcome.verdict = *unavailable ? Verdict::kUnavailable : *retry ? Verdict::kFailed : Verdict::kRejected;
  outcome.reason = "the command gave no reason";
  if (const auto reason = member(object, "reason")) {
    std::string_view text;
    if (reason->get(text) != simdjson::SUCCESS) return wrong("its \"reason\" is no string");
    outcome.reason = utf8_front(text, kMostReasonBytes);
  }
  if (const auto after = member(object, "retry_after")) {
    double seconds = 0;
    if (after->get(seconds) != simdjson::SUCCESS) return wrong("its \"retry_after\" is no number");
    outcome.retry_after = Milliseconds(std::lround(std::clamp(seconds, 0.0, kLongestRetryAfterSeconds) * 1000));
  }
  return {};
}

}  // namespace

Result<CommandAnswer> CommandAnswerParser::parse(std::string_view line) {
  simdjson::dom::object object;
  if (const auto error = parser_.parse(line.data(), line.size(), true).get(object)) {
    return wrong(error == simdjson::INCORRECT_TYPE ? "it is no JSON object"
                                                   : std::string("it is not JSON: ") + simdjson::error_message(error));
  }
  CommandAnswer answer;
  if (const auto id = member(object, "id")) {
    std::uint64_t number = 0;
    if (id->get(number) != simdjson::SUCCESS) return wrong("its \"id\" is not that of an event");
    answer.id = number;
  }
  const auto given = member(object, "ok");
  bool ok = false;
  if (!given || given->get(ok) != simdjson::SUCCESS) return wrong("it has no \"ok\" that is true or false");
  answer.outcome.verdict = Verdict::kDone;
  if (ok) return answer;
  if (auto read = read_failure(object, answer.outcome); !read) return tl::make_unexpected(std::move(read).error());
  return answer;
}

}  // namespace hubferry::deliver
