#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// Reads whole records of one topic between given offsets, outside of any group and without committing anything. One
// thread. Records must be destroyed before it.
class TopicReader {
 public:
  struct Range {
    std::int32_t partition = 0;
    std::int64_t first = 0;
    std::int64_t end = 0;  // not read any more
  };

  // `properties` are a consumer's, without group.
  static Result<std::unique_ptr<TopicReader>> create(const Properties& properties, const std::string& topic,
                                                     const std::vector<Range>& ranges);
  virtual ~TopicReader() = default;

  // Appends what has arrived, waiting up to `timeout` for the first; partitions are mixed, each in offset order.
  // Errors: kRetry: the client tries again by itself; kReject: it cannot read on.
  virtual Status read(Milliseconds timeout, std::vector<event::Record>& records) = 0;
  // All ranges were read to their ends (offsets that hold no record included).
  virtual bool done() const = 0;
};

}  // namespace hubferry::kafka
