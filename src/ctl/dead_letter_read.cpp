#include "ctl/dead_letter_read.h"

#include <algorithm>

#include "base/base64.h"
#include "ctl/dead_letter_event.h"
#include "ctl/table.h"
#include "deliver/dead_letter.h"
#include "observe/json_text.h"
#include "produce/event_members.h"

namespace hubferry::ctl {
namespace {

// ,"name":"2026-11-21T10:00:00.000Z"
std::string time_member(const char* name, std::int64_t milliseconds) {
  if (milliseconds < 0) return {};
  return std::string(",\"") + name + "\":\"" + time_text(milliseconds) + '"';
}

std::string value_member(const event::Record& record) {
  if (!record.value) return ",\"value\":null";
  if (observe::is_utf8(*record.value)) return ",\"value\":" + observe::json_string(*record.value);
  return ",\"value_base64\":\"" + base64(*record.value) + '"';
}

}  // namespace

Result<DeadLetterTopic> open_dead_letters(Desk& desk, const config::ConsumeRoute& route) {
  DeadLetterTopic topic{&route, route.dead_letter, "hubferry-replay." + route.name, {}, {}};
  if (topic.name.empty()) {
    return fail(ErrorCode::kInvalid, "the route " + route.name + " has no dead-letter topic: consume." + route.name +
                                         ".dead-letter is not set");
  }
  auto positions = desk.admin->positions(topic.replay_group, topic.name, std::nullopt, desk.timeout);
  if (!positions && positions.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "the dead-letter topic " + topic.name +
                                          " does not exist: create it by hubferryctl topics create --dead-letter");
  }
  if (!positions) return tl::make_unexpected(positions.error());
  topic.positions = std::move(*positions);
  for (const auto& position : topic.positions) {
    if (position.low < 0 || position.end < 0) {
      return fail(ErrorCode::kUnavailable, "the broker did not tell all offsets of " + topic.name + "; try again",
                  Disposition::kRetry);
    }
    // A checkpoint behind the end is that of an older topic of this name.
    const bool valid = position.committed <= position.end;
    ReplayNote note = valid ? ReplayNote::read(position.committed, position.metadata) : ReplayNote();
    note.settle(0, position.low);
    topic.notes.push_back(std::move(note));
  }
  return topic;
}

std::vector<kafka::TopicReader::Range> ranges_of(const DeadLetterTopic& topic, bool from_start) {
  std::vector<kafka::TopicReader::Range> ranges;
  for (std::size_t i = 0; i < topic.positions.size(); ++i) {
    const std::int64_t first = from_start ? topic.positions[i].low : topic.notes[i].start();
    if (first < topic.positions[i].end) ranges.push_back({static_cast<std::int32_t>(i), first, topic.positions[i].end});
  }
  return ranges;
}

std::uint64_t size_of(const std::vector<kafka::TopicReader::Range>& ranges) {
  std::uint64_t size = 0;
  for (const auto& range : ranges) size += static_cast<std::uint64_t>(range.end - range.first);
  return size;
}

Status read_records(Desk& desk, Session& session, const std::string& topic,
                    const std::vector<kafka::TopicReader::Range>& ranges,
                    const std::function<bool(const event::Record&)>& take) {
  if (ranges.empty()) return {};
  const HeldSignals signals;
  const auto reader = session.clients.reader(desk.settings.consumer_properties, topic, ranges);
  if (!reader) return tl::make_unexpected(reader.error());
  std::uint64_t left = size_of(ranges);
  Instant now = SteadyClock::now();
  Progress progress(session.output.error, session.output.error_is_terminal, left, now + Milliseconds(500));
  Instant arrived = now;
  std::string reason;
  while (!(*reader)->done()) {
    std::vector<event::Record> records;
    auto status = (*reader)->read(Milliseconds(200), records);
    if (!status && status.error().disposition != Disposition::kRetry) return status;
    if (!status) reason = ": " + status.error().message;
    now = SteadyClock::now();
    if (!records.empty()) arrived = now;
    left -= std::min<std::uint64_t>(left, records.size());
    for (const auto& record : records) {
      if (!take(record)) return {};
    }
    if (session.output.error_is_terminal) progress.show(left, now);
    if (const char* name = signals.wait(Milliseconds(0))) {
      return fail(ErrorCode::kClosed, std::string("ended by ") + name);
    }
    if (now - arrived >= desk.timeout && !(*reader)->done()) {
      return fail(ErrorCode::kTimeout, "nothing arrived from " + topic + " for " + age_text(desk.timeout.count()) +
                                           reason + "; --timeout waits longer");
    }
  }
  return {};
}

std::string dead_letter_json(const event::Record& record, bool replayed, bool value) {
  std::string line = "{\"dead_letter_partition\":" + std::to_string(record.partition) +
                     ",\"dead_letter_offset\":" + std::to_string(record.offset);
  event::OutboundEvent event;
  event.key = record.key;
  for (const auto& header : record.headers) {
    if (!header.name.starts_with(deliver::kDeadPrefix)) event.headers.push_back(header);
  }
  if (const auto info = read_dead_letter(record)) {
    line += time_member("time", info->time_ms) + ",\"route\":" + observe::json_string(info->route) +
            ",\"group\":" + observe::json_string(info->group) + ",\"reason\":" + observe::json_string(info->reason) +
            ",\"attempts\":" + std::to_string(info->attempts) + ",\"replays\":" + std::to_string(info->replays) +
            ",\"replayed\":" + (replayed ? "true" : "false") + ",\"topic\":" + observe::json_string(info->topic) +
            ",\"partition\":" + std::to_string(info->partition) + ",\"offset\":" + std::to_string(info->offset) +
            time_member("event_time", info->timestamp_ms);
  }
  produce::append_event_members(line, event);
  line += ",\"value_bytes\":" + std::to_string(record.value ? record.value->size() : 0);
  if (value) line += value_member(record);
  return line + "}\n";
}

}  // namespace hubferry::ctl
