#include "kafka/consumer_base.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "kafka/error_class.h"
#include "kafka/partition_list.h"
#include "kafka/statistics.h"

namespace hubferry::kafka {
ConsumerBase::ConsumerBase(std::shared_ptr<ConsumerClient> client, std::string topic, std::string where)
    : client_(std::move(client)),
      handle_(client_->consumer->c_ptr()),
      topic_(std::move(topic)),
      where_(std::move(where)),
      events_(rd_kafka_queue_get_consumer(handle_)),
      queues_(handle_, client_->bell, topic_, where_),
      commits_(std::in_place, handle_, client_->bell, client_->joins, queues_, topic_, where_) {
  rd_kafka_queue_io_event_enable(events_.get(), client_->bell.descriptor(), &Wakeup::kRing, sizeof Wakeup::kRing);
}

std::shared_ptr<ConsumerClient> ConsumerBase::release() {
  queues_.clear();
  commits_.reset();
  events_.reset();
  return std::move(client_);
}

void ConsumerBase::poll(Milliseconds timeout, Listener& listener) {
  client_->bell.wait(wait_limit(timeout));
  queues_.start_round();
  serve_client(listener);
  advance(listener);
  if (auto positions = client_->look_up->take()) listener.on_looked_up(std::move(*positions));
  commits_->serve(listener);
  queues_.tell_errors(listener);
}

Milliseconds ConsumerBase::wait_limit(Milliseconds timeout) const {
  if (queues_.has_work() || commits_->has_answers() || must_advance()) return Milliseconds(0);
  Milliseconds limit = std::clamp(timeout, Milliseconds(0), longest_wait());
  if (const auto deadline = commits_->next_due()) {
    const auto left = std::chrono::ceil<Milliseconds>(*deadline - SteadyClock::now());
    limit = std::clamp(left, Milliseconds(0), limit);
  }
  return limit;
}

void ConsumerBase::serve_client(Listener& listener) {
  while (EventPtr event = next_event()) {
    switch (rd_kafka_event_type(event.get())) {
      case RD_KAFKA_EVENT_REBALANCE:
        take_rebalance(std::move(event));
        break;
      case RD_KAFKA_EVENT_ERROR:
        serve_error(*event, listener);
        break;
      case RD_KAFKA_EVENT_STATS:
        if (const auto up = brokers_up(rd_kafka_event_stats(event.get()))) listener.on_statistics(*up);
        serve_asker(*client_);
        break;
      case RD_KAFKA_EVENT_FETCH:
        // Cannot happen, see PartitionQueues. Nothing was committed for it, so a new consumer reads it again.
        listener.on_error({ErrorCode::kInternal, fmt::format("{}: a record outside its partition's queue", where_),
                           Disposition::kFatal});
        break;
      default:
        break;
    }
  }
}

void ConsumerBase::serve_error(rd_kafka_event_t& event, Listener& listener) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  const char* reason = rd_kafka_event_error_string(&event);
  if (rd_kafka_event_error_is_fatal(&event) != 0) {
    listener.on_error(make_fatal_error(code, where_, reason));
  } else if (is_connection_trouble(code)) {
    spdlog::debug("kafka {}: {}", where_, reason);
  } else {
    listener.on_error(make_error(code, where_, reason));
  }
}

void ConsumerBase::assign(const std::vector<std::int32_t>& partitions, Listener& listener) {
  client_->look_up->outdate();
  listener.on_assign(partitions);
}

void ConsumerBase::commit(const std::vector<PartitionOffset>& offsets, std::uint64_t token) {
  commits_->commit(offsets, token);
}

Status ConsumerBase::start_reading(const std::vector<std::int32_t>& told, const std::vector<PartitionOffset>& starts) {
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
  std::vector<std::int32_t> given;
  for (const PartitionOffset& start : starts) {
    given.push_back(start.partition);
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), start.partition)->offset = start.offset;
    if (start.offset >= 0) continue;
    return fail(ErrorCode::kInvalid,
                fmt::format("{} partition {}: {} is no offset to start at", where_, start.partition, start.offset));
  }
  if (!std::is_permutation(given.begin(), given.end(), told.begin(), told.end())) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: starts are needed for exactly the partitions told", where_));
  }
  for (const std::int32_t partition : told) queues_.attach(partition);
  const ErrorPtr error(rd_kafka_incremental_assign(handle_, list.get()));
  if (!error) return {};
  queues_.detach(told);
  return tl::make_unexpected(make_fatal_error(rd_kafka_error_code(error.get()), fmt::format("assignment of {}", where_),
                                              rd_kafka_error_string(error.get())));
}

Status ConsumerBase::stop_reading(const std::vector<std::int32_t>& told) {
  queues_.detach(told);
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(told.size())));
  for (const std::int32_t partition : told) rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition);
  const ErrorPtr error(rd_kafka_incremental_unassign(handle_, list.get()));
  if (!error) return {};
  return tl::make_unexpected(make_fatal_error(rd_kafka_error_code(error.get()), fmt::format("revocation of {}", where_),
                                              rd_kafka_error_string(error.get())));
}

}  // namespace hubferry::kafka
