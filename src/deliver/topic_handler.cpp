#include "deliver/topic_handler.h"

#include <utility>

#include "base/ids.h"
#include "deliver/forward.h"

namespace hubferry::deliver {
namespace {

Outcome outcome_of(const Status& status) {
  if (status) return {Verdict::kDone, {}, {}};
  const bool rejected = status.error().disposition == Disposition::kReject;
  return {rejected ? Verdict::kRejected : Verdict::kUnavailable, status.error().message, {}};
}

}  // namespace

Result<std::unique_ptr<TopicHandler>> TopicHandler::create(const config::ConsumeRoute& route,
                                                           const config::KafkaProperties& producer_properties,
                                                           Answers& answers) {
  constexpr std::string_view kScheme = "topic:";
  const std::string topic = route.handler.target.substr(kScheme.size());
  auto writer = TopicWriter::create(
      {"route " + route.name + ", handler topic " + topic, topic, producer_properties, route.handler.timeout,
       route.retry_initial, route.retry_max},
      [&answers](const WorkId& id, const Status& status) { answers.answered(id, outcome_of(status)); });
  if (!writer) return tl::make_unexpected(std::move(writer).error());
  return std::unique_ptr<TopicHandler>(new TopicHandler(std::move(*writer), random_id()));
}

void TopicHandler::deliver(std::vector<Delivery> batch) {
  std::vector<Outgoing> events;
  events.reserve(batch.size());
  const std::uint64_t spread = random_();  // events without a key stay together, which makes larger requests
  for (Delivery& delivery : batch) events.push_back(forward(delivery.id, std::move(delivery.record), spread));
  writer_->write(std::move(events));
}

}  // namespace hubferry::deliver
