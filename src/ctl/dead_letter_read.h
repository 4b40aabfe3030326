#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "ctl/progress.h"
#include "ctl/replay_note.h"
#include "ctl/session.h"
#include "ctl/signals.h"
#include "event/event.h"

namespace hubferry::ctl {

// The dead-letter topic of a route as it was when it was opened: what is written later is not looked at.
struct DeadLetterTopic {
  const config::ConsumeRoute* route = nullptr;
  std::string name;
  std::string replay_group;                         // whose checkpoints say what was replayed
  std::vector<kafka::PartitionPosition> positions;  // with the checkpoints of that group
  std::vector<ReplayNote> notes;                    // what they say; all below `low` counts as settled
};
Result<DeadLetterTopic> open_dead_letters(Desk& desk, const config::ConsumeRoute& route);

// From the oldest record that is left, or from the first that needs a replay.
std::vector<kafka::TopicReader::Range> ranges_of(const DeadLetterTopic& topic, bool from_start);

// How many offsets they hold.
std::uint64_t size_of(const std::vector<kafka::TopicReader::Range>& ranges);

// Calls `take` with each record until it returns false, all was read, or a signal came. An error if nothing arrives for
// desk.timeout.
Status read_records(Desk& desk, Session& session, const std::string& topic,
                    const std::vector<kafka::TopicReader::Range>& ranges,
                    const std::function<bool(const event::Record&)>& take);

// One JSON object: the dead letter and its event, without its value unless `value`.
std::string dead_letter_json(const event::Record& record, bool replayed, bool value);

}  // namespace hubferry::ctl
