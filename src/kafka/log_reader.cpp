#include "kafka/log_reader.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "kafka/error_class.h"

namespace hubferry::kafka {
namespace {

const ClientSettings kSettings{
    {},
    {{"enable.partition.eof", "true"},
     {"auto.offset.reset", "error"},
     {"isolation.level", "read_uncommitted"},
     {"enable.auto.commit", "false"},
     {"enable.auto.offset.store", "false"},
     {"statistics.interval.ms", "0"},
     {"queued.max.messages.kbytes", "16384"}},
    RD_KAFKA_EVENT_ERROR,
};

void ring_for(rd_kafka_queue_t& queue, const Wakeup& bell) {
  rd_kafka_queue_io_event_enable(&queue, bell.descriptor(), &Wakeup::kRing, sizeof Wakeup::kRing);
}

}  // namespace

Result<std::unique_ptr<LogReader>> LogReader::create(const Properties& properties, const std::string& topic,
                                                     const Wakeup& bell) {
  auto client = SimpleClient::create(properties, kSettings, topic, "log reader");
  if (!client) return tl::make_unexpected(std::move(client).error());
  return std::make_unique<LogReader>(std::move(*client), bell);
}

LogReader::LogReader(SimpleClient client, const Wakeup& bell)
    : client_(std::move(client)),
      events_(rd_kafka_queue_get_main(client_.consumer->c_ptr())),
      records_(rd_kafka_queue_new(client_.consumer->c_ptr())) {
  ring_for(*events_, bell);
  ring_for(*records_, bell);
}

LogReader::~LogReader() {
  if (started_) rd_kafka_consume_stop(client_.topic->c_ptr(), 0);
}

Status LogReader::start(std::int64_t offset) {
  if (rd_kafka_consume_start_queue(client_.topic->c_ptr(), 0, offset, records_.get()) != 0) {
    return tl::make_unexpected(make_error(rd_kafka_last_error(), fmt::format("topic {}", client_.topic->name())));
  }
  started_ = true;
  return {};
}

MessagePtr LogReader::next() {
  return MessagePtr(rd_kafka_consume_queue(records_.get(), 0));
}

std::optional<Error> LogReader::take_trouble() {
  while (const EventPtr event{rd_kafka_queue_poll(events_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
    trouble_.add(*event, fmt::format("topic {}", client_.topic->name()));
  }
  return trouble_.take();
}

}  // namespace hubferry::kafka
