#include "ingest/answers.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace hubferry::ingest {
namespace {

constexpr const char* kRetryAfterSeconds = "1";

void append(std::string& text, std::string_view name, std::uint64_t number) {
  std::array<char, 24> digits{};
  text += name;
  text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// Without the closing brace. Written on the spool's writer thread for each request: one allocation.
std::string receipt_json(const spool::Receipt& receipt) {
  constexpr std::size_t kLongest = 160;
  std::string text;
  text.reserve(kLongest);
  append(text, "{\"accepted\":", receipt.last - receipt.first + 1);
  text += ",\"source\":\"";
  text += id_text(receipt.source);
  append(text, "\",\"first\":", receipt.first);
  append(text, ",\"last\":", receipt.last);
  return text;
}

}  // namespace

http::Response accepted_answer(const spool::Receipt& receipt) {
  http::Response response;
  response.status = 202;
  response.body = receipt_json(receipt);
  response.body += "}\n";
  return response;
}

http::Response broker_answer(const spool::Receipt& receipt, const std::vector<spool::Feedback::Stored>& stored) {
  http::Response response;
  response.status = stored.empty() ? 202 : 200;
  response.body = receipt_json(receipt);
  if (stored.empty()) {
    response.body += ",\"acknowledged\":false}\n";
    return response;
  }
  response.body += ",\"stored\":[";
  for (const spool::Feedback::Stored& one : stored) {
    response.body += "{\"partition\":" + std::to_string(one.partition) +
                     ",\"offset\":" + (one.offset < 0 ? "null" : std::to_string(one.offset)) + "},";
  }
  response.body.back() = ']';
  response.body += "}\n";
  return response;
}

http::Response created_answer() {
  http::Response response;
  response.status = 201;
  response.content_type = {};
  return response;
}

http::Response refusal_answer(const Refusal& refusal) {
  http::Response response = http::problem(refusal.status, refusal.detail);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return response;
}

Refusal refusal_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTooLarge:
      return {413, error.message};
    case ErrorCode::kFull:
    case ErrorCode::kClosed:
      return {503, error.message};
    default:
      return {500, error.message};
  }
}

}  // namespace hubferry::ingest
