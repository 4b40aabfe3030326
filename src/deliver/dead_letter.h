#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"
#include "deliver/handler.h"
#include "event/event.h"

namespace hubferry::deliver {

// Headers that a dead letter has besides those of the event (values are text). The event's own `hf` becomes `hf-origin`
// (see event/origin.h), headers of these names that it brought are replaced.
inline constexpr std::string_view kDeadReason = "hf-dead-reason";      // UTF-8, at most 500 bytes
inline constexpr std::string_view kDeadAttempts = "hf-dead-attempts";  // deliveries that failed; 0: it was parked
inline constexpr std::string_view kDeadRoute = "hf-dead-route";
inline constexpr std::string_view kDeadGroup = "hf-dead-group";
inline constexpr std::string_view kDeadTopic = "hf-dead-topic";  // where the event was read
inline constexpr std::string_view kDeadPartition = "hf-dead-partition";
inline constexpr std::string_view kDeadOffset = "hf-dead-offset";
inline constexpr std::string_view kDeadTimestamp = "hf-dead-timestamp";  // of the event, milliseconds, Unix epoch
inline constexpr std::string_view kDeadTime = "hf-dead-time";            // of the dead letter, milliseconds, Unix epoch
inline constexpr std::string_view kDeadPrefix = "hf-dead-";
// How often an event came back from a dead-letter topic; written by the replay, kept by later dead letters.
inline constexpr std::string_view kReplays = "hf-replays";
// On a replayed event: the name of the route whose dead letter it was. Such an event ends the parking of its key there.
inline constexpr std::string_view kReplayedFor = "hf-replayed-for";

struct DeadLetter {
  WorkId id;
  std::shared_ptr<const event::Record> record;
  std::string reason;
  std::uint32_t attempts = 0;
};

// Who waits for dead letters.
class DeadLetterAnswers {
 public:
  virtual ~DeadLetterAnswers() = default;
  // Exactly once for each write(), on any thread; does not block. OK: the broker acknowledged it. Otherwise it may not
  // be stored, and writing it again can help (kRetry) or not (kReject: too large, no such topic).
  virtual void dead_letter_written(const WorkId& id, Status status) = 0;
};

// Writes events that failed for good to the route's dead-letter topic, with original key, value and headers, by an
// idempotent producer of its own. Partition: by key as the Java client does, else spread.
class DeadLetterWriter {
 public:
  // Does not need the broker. `answers` must outlive it.
  static Result<std::unique_ptr<DeadLetterWriter>> create(const config::ConsumeRoute& route,
                                                          const config::KafkaProperties& producer_properties,
                                                          DeadLetterAnswers& answers);
  // Answers what is still open with kClosed.
  virtual ~DeadLetterWriter() = default;
  // One thread; does not block. Dead letters of one key are stored in the order of write().
  virtual void write(DeadLetter letter) = 0;
};

}  // namespace hubferry::deliver
