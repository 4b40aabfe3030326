#include "deliver/http_answer.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace hubferry::deliver {
namespace {

constexpr Milliseconds kLongestRetryAfter = std::chrono::hours(1);
constexpr std::size_t kExcerpt = 200;

bool is_done(std::int64_t status) {
  return status >= 200 && status < 300;
}

// Of one event; a request that was not let in says nothing about its events.
Verdict verdict_of(std::int64_t status) {
  if (is_done(status)) return Verdict::kDone;
  if (status == 429 || status == 503) return Verdict::kUnavailable;
  return status >= 400 && status < 500 && status != 408 && status != 425 ? Verdict::kRejected : Verdict::kFailed;
}

// Why a request with this status was not let in; nullptr: it was.
const char* not_let_in(int status, bool batch) {
  switch (status) {
    case 401:
    case 407:
      return "check the handler's token or certificate";
    case 403:
      return "the handler does not allow it: check its token, certificate and permissions";
    case 404:
    case 405:
    case 411:
    case 414:
    case 421:
    case 426:
      return "check the handler's URL";
    case 415:
      return batch ? "check the route's handler.format" : nullptr;
    default:
      return nullptr;
  }
}

std::string with_body(std::string text, std::string_view body) {
  if (const std::string words = excerpt(body); !words.empty()) text += ": " + words;
  return text;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Sun, 06 Nov 1994 08:49:37 GMT, as milliseconds since the Unix epoch.
std::optional<std::int64_t> http_date(std::string_view text) {
  constexpr std::string_view kShape = "aaa, 00 aaa 0000 00:00:00 GMT";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] != 'a' && (kShape[i] == '0' ? !digit : text[i] != kShape[i])) return std::nullopt;
  }
  const auto at = [text](std::size_t from, std::size_t size) { return number(text.substr(from, size)).value_or(0); };
  const auto month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(at(12, 4)),
                                        std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                        std::chrono::day(static_cast<unsigned>(at(5, 2)))};
  if (!day.ok()) return std::nullopt;
  const auto time = std::chrono::sys_days(day) + std::chrono::hours(at(17, 2)) + std::chrono::minutes(at(20, 2)) +
                    std::chrono::seconds(at(23, 2));
  return std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count();
}

Milliseconds bounded(std::int64_t wish_ms) {
  return Milliseconds(std::clamp<std::int64_t>(wish_ms, 0, kLongestRetryAfter.count()));
}

}  // namespace

Milliseconds retry_after(std::string_view text, std::int64_t now_ms) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const bool fits = std::from_chars(text.data(), text.data() + text.size(), seconds).ec == std::errc();
    return !fits || seconds > 3'600 ? kLongestRetryAfter : bounded(seconds * 1'000);
  }
  const auto date = http_date(text);
  return date ? bounded(*date - now_ms) : Milliseconds(0);
}

std::string excerpt(std::string_view text) {
  const auto is_space = [](char c) { return (c >= 0 && c <= ' ') || c == 0x7F; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  bool cut = text.size() > kExcerpt;
  std::string line(text.substr(0, kExcerpt));
  // Not within a UTF-8 character.
  while (cut && !line.empty() && (static_cast<unsigned char>(text[line.size()]) & 0xC0U) == 0x80U) line.pop_back();
  std::replace_if(line.begin(), line.end(), is_space, ' ');
  if (!simdjson::validate_utf8(line.data(), line.size())) {
    std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  if (cut) line += "...";
  return line;
}

Outcome judge(const Result<http::ClientResponse>& response, bool batch, std::int64_t now_ms) {
  if (!response) {
    const bool not_tried =
        response.error().code == ErrorCode::kUnavailable || response.error().code == ErrorCode::kClosed;
    return {not_tried ? Verdict::kUnavailable : Verdict::kFailed, response.error().message, {}};
  }
  const int status = response->status;
  Outcome outcome{verdict_of(status), {}, {}};
  if (outcome.verdict == Verdict::kDone) return outcome;
  std::string text = "the handler answered " + std::to_string(status);
  if (const char* why = not_let_in(status, batch)) {
    outcome.verdict = Verdict::kUnavailable;
    text += std::string(" (") + why + ")";
  } else if (status >= 300 && status < 400) {
    text += " (redirects are not followed: give the handler's final URL)";
  }
  outcome.reason = with_body(std::move(text), response->body);
  outcome.retry_after = retry_after(response->retry_after, now_ms);
  return outcome;
}

struct BatchJudge::Parser {
  simdjson::dom::parser dom;
  std::vector<Outcome> outcomes;

  // False: it has no status.
  bool add(const simdjson::dom::element& result, Milliseconds retry_after_header);
  // nullopt: the body is not about single events.
  std::optional<Status> read(const http::ClientResponse& response, std::size_t count, std::int64_t now_ms);
  Status read_results(const simdjson::dom::array& results, std::size_t count, Milliseconds retry_after_header);
};

BatchJudge::BatchJudge() : parser_(std::make_unique<Parser>()) {}
BatchJudge::~BatchJudge() = default;

bool BatchJudge::Parser::add(const simdjson::dom::element& result, Milliseconds retry_after_header) {
  std::int64_t status = 0;
  std::string_view reason;
  double seconds = -1;
  if (result.get(status) != simdjson::SUCCESS) {
    if (result["status"].get(status) != simdjson::SUCCESS) return false;
    if (result["reason"].get(reason) != simdjson::SUCCESS) reason = {};
    if (result["retry_after"].get(seconds) != simdjson::SUCCESS) seconds = -1;
  }
  if (status < 200 || status > 599) return false;
  Outcome outcome{verdict_of(status), {}, {}};
  if (outcome.verdict != Verdict::kDone) {
    outcome.reason = with_body("the handler answered " + std::to_string(status) + " for this event", reason);
    outcome.retry_after =
        seconds < 0 ? retry_after_header : bounded(static_cast<std::int64_t>(std::min(seconds, 3'600.0) * 1'000));
  }
  outcomes.push_back(std::move(outcome));
  return true;
}

Status BatchJudge::Parser::read_results(const simdjson::dom::array& results, std::size_t count,
                                        Milliseconds retry_after_header) {
  const auto unusable = [](const std::string& why) { return fail(ErrorCode::kInvalid, why); };
  outcomes.clear();
  outcomes.reserve(count);
  for (const simdjson::dom::element result : results) {
    if (outcomes.size() == count) return unusable("it has more results than the " + std::to_string(count) + " events");
    if (!add(result, retry_after_header)) {
      return unusable("result " + std::to_string(outcomes.size() + 1) + " has no status from 200 to 599");
    }
  }
  if (outcomes.size() == count) return {};
  return unusable("it has " + std::to_string(outcomes.size()) + " results for " + std::to_string(count) + " events");
}

std::optional<Status> BatchJudge::Parser::read(const http::ClientResponse& response, std::size_t count,
                                               std::int64_t now_ms) {
  const std::string_view body = response.body;
  const auto start = body.find_first_not_of(" \t\r\n");
  const bool like_json = start != std::string_view::npos && (body[start] == '{' || body[start] == '[');
  if (!like_json) return std::nullopt;
  if (response.cut) return fail(ErrorCode::kTooLarge, "it is longer than " + std::to_string(body.size()) + " bytes");
  simdjson::dom::element root;
  if (const auto error = dom.parse(body.data(), body.size(), true).get(root)) {
    return fail(ErrorCode::kInvalid, std::string("it is no valid JSON: ") + simdjson::error_message(error));
  }
  const Milliseconds wish = retry_after(response.retry_after, now_ms);
  simdjson::dom::array results;
  if (root["results"].get(results) == simdjson::SUCCESS) return read_results(results, count, wish);
  if (root.get(results) != simdjson::SUCCESS || results.size() == 0) return std::nullopt;
  for (const simdjson::dom::element result : results) {
    if (!result.is<std::int64_t>()) return std::nullopt;
  }
  return read_results(results, count, wish);
}

std::vector<Outcome> BatchJudge::judge(const Result<http::ClientResponse>& response, std::size_t count,
                                       std::int64_t now_ms) {
  const Outcome whole = deliver::judge(response, true, now_ms);
  if (whole.verdict != Verdict::kDone) return std::vector<Outcome>(count, whole);
  const auto read = parser_->read(*response, count, now_ms);
  if (read && *read) return std::move(parser_->outcomes);
  if (!read && response->status != 207) return std::vector<Outcome>(count, whole);
  const std::string why = read ? read->error().message : "it has no results, one for each event";
  return std::vector<Outcome>(
      count, {Verdict::kFailed,
              "the handler's answer " + std::to_string(response->status) + " to the batch cannot be used: " + why,
              retry_after(response->retry_after, now_ms)});
}

}  // namespace hubferry::deliver
