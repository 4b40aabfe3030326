#pragma once
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "deliver/handler.h"

namespace hubferry::deliver {

// What a command wrote about one event, as one line:
//   {"ok":true}
//   {"ok":false,"reason":"why","retry":false}
//   {"ok":false,"reason":"the database is away","unavailable":true,"retry_after":5}
// "id" is that of the event; without it the answer is for the oldest event that the process has not answered.
// "retry":false rejects the event for good; "unavailable":true spends no attempt, with "retry_after" in seconds if the
// command has a wish. Other members are ignored.
struct CommandAnswer {
  std::optional<std::uint64_t> id;
  Outcome outcome;
};

// Keeps the parser's buffers between calls: one per thread.
class CommandAnswerParser {
 public:
  // A line without its line feed. kInvalid says what is wrong with it.
  Result<CommandAnswer> parse(std::string_view line);

 private:
  simdjson::dom::parser parser_;
};

}  // namespace hubferry::deliver
