#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/producer.h"

namespace hubferry::kafka {

// Reads partitions of one topic from given offsets on, outside of any group and without committing anything. One
// thread.
class TailReader {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // `header` is the value of the record's last header of the name asked for.
    virtual void on_record(std::int32_t partition, std::int64_t offset, std::optional<std::string_view> header) = 0;
    // Nothing is at or behind `offset` now.
    virtual void on_end(std::int32_t partition, std::int64_t offset) = 0;
    // kReject: these credentials may not read the topic, or the cluster cannot answer. kRetry: the client tries again.
    virtual void on_error(const Error& error) = 0;
  };

  // `properties` are a consumer's, without group. `header` is the only header that is looked at.
  static Result<std::unique_ptr<TailReader>> create(const Properties& properties, const std::string& topic,
                                                    const std::string& header);
  virtual ~TailReader() = default;

  // For the partitions 0 to `partitions` - 1 the offset that the next record will get. Blocks up to `timeout`. Errors
  // as in on_error().
  virtual Result<std::vector<std::int64_t>> end_offsets(std::int32_t partitions, Milliseconds timeout) = 0;
  // Reads `partition` from `offset` on; from its oldest record if there is nothing at `offset`. Once per partition.
  virtual Status start(std::int32_t partition, std::int64_t offset) = 0;
  // Serves what was fetched, waiting up to `timeout` for the first. Returns how many records were served.
  virtual std::size_t poll(Milliseconds timeout, Listener& listener) = 0;
};

}  // namespace hubferry::kafka
