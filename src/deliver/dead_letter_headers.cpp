#include "deliver/dead_letter_headers.h"

#include <utility>

#include "deliver/forward.h"
#include "deliver/utf8.h"

namespace hubferry::deliver {
namespace {

constexpr std::size_t kMostReasonBytes = 500;

}  // namespace

Outgoing dead_letter_event(DeadLetter letter, std::string_view route, std::string_view group, std::int64_t now_ms,
                           std::uint64_t spread) {
  Outgoing outgoing = forward(letter.id, std::move(letter.record), spread);
  const event::Record& record = *outgoing.record;
  std::erase_if(outgoing.headers, [](const event::Header& header) { return header.name.starts_with(kDeadPrefix); });
  const std::pair<std::string_view, std::string> own[] = {
      {kDeadReason, utf8_front(letter.reason, kMostReasonBytes)},
      {kDeadAttempts, std::to_string(letter.attempts)},
      {kDeadRoute, std::string(route)},
      {kDeadGroup, std::string(group)},
      {kDeadTopic, std::string(record.topic)},
      {kDeadPartition, std::to_string(record.partition)},
      {kDeadOffset, std::to_string(record.offset)},
      {kDeadTimestamp, std::to_string(record.timestamp_ms)},
      {kDeadTime, std::to_string(now_ms)},
  };
  outgoing.texts.reserve(std::size(own));
  for (const auto& [name, text] : own) {
    outgoing.headers.push_back({name, outgoing.texts.emplace_back(text)});
  }
  return outgoing;
}

}  // namespace hubferry::deliver
