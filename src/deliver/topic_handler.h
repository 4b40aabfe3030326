#pragma once
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "deliver/handler.h"
#include "deliver/topic_writer.h"

namespace hubferry::deliver {

// Writes each event to another topic of the same cluster, with its key, value and headers (see forward()). Done means
// acknowledged by the brokers. An event that they will never take is rejected; all else is kUnavailable, because it is
// not the event's fault.
class TopicHandler final : public Handler {
 public:
  // For a route whose handler is topic:NAME. Does not need the broker.
  static Result<std::unique_ptr<TopicHandler>> create(const config::ConsumeRoute& route,
                                                      const config::KafkaProperties& producer_properties,
                                                      Answers& answers);
  BatchLimits limits() const override { return {1'000, 4ULL << 20, Milliseconds(0)}; }
  void deliver(std::vector<Delivery> batch) override;

 private:
  TopicHandler(std::unique_ptr<TopicWriter> writer, std::uint64_t seed) : random_(seed), writer_(std::move(writer)) {}

  std::mt19937_64 random_;
  std::unique_ptr<TopicWriter> writer_;
};

}  // namespace hubferry::deliver
