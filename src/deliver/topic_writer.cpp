#include "deliver/topic_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/ids.h"
#include "base/thread.h"
#include "event/partitioner.h"

namespace hubferry::deliver {
namespace {

// While records are in flight, new ones wait for this long at most.
constexpr Milliseconds kBusyWait{2};
constexpr Milliseconds kIdleWait{200};
constexpr Milliseconds kMetadataTimeout{1'000};
constexpr Milliseconds kMetadataRetry{1'000};
// A producer that failed tells what it still knows for so long at most.
constexpr Milliseconds kLastReports{500};
// Somebody waits for each event, so it does not wait long for others.
constexpr const char* kLinger = "1";

Milliseconds metadata_refresh(const kafka::Properties& properties) {
  const auto found = properties.find("topic.metadata.refresh.interval.ms");
  const std::int64_t value = found == properties.end() ? 60'000 : std::atoll(found->second.c_str());
  return Milliseconds(value > 0 ? value : 60'000);
}

}  // namespace

Result<std::unique_ptr<TopicWriter>> TopicWriter::create(const Options& options, Answered answered) {
  std::unique_ptr<TopicWriter> writer(new TopicWriter(options, std::move(answered)));
  auto producer = writer->create_producer();
  if (!producer) return tl::make_unexpected(std::move(producer).error());
  writer->producer_ = std::move(*producer);
  writer->thread_ = std::jthread([raw = writer.get()](const std::stop_token& stop) { raw->run(stop); });
  return writer;
}

TopicWriter::TopicWriter(const Options& options, Answered answered)
    : options_(options),
      answered_(std::move(answered)),
      refresh_(metadata_refresh(options.properties)),
      backoff_(options.retry_initial, options.retry_max, random_id()) {}

TopicWriter::~TopicWriter() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<kafka::Producer>> TopicWriter::create_producer() const {
  kafka::Properties properties = options_.properties;
  properties["linger.ms"] = window_.careful() ? "0" : kLinger;
  return kafka::Producer::create(properties, options_.topic);
}

void TopicWriter::write(std::vector<Outgoing> batch) {
  const std::lock_guard lock(mutex_);
  std::move(batch.begin(), batch.end(), std::back_inserter(incoming_));
  changed_.notify_one();
}

void TopicWriter::run(const std::stop_token& stop) {
  name_thread("topic");
  while (!stop.stop_requested()) {
    const Instant now = SteadyClock::now();
    take_incoming(now);
    step(now);
    wait(stop);
  }
  if (producer_) (void)producer_->poll(Milliseconds(0), *this);
  producer_.reset();  // reads the records' bytes until then
  take_incoming(SteadyClock::now());
  answer(window_.give_up_all({ErrorCode::kClosed, "the daemon is stopping", Disposition::kRetry}));
}

void TopicWriter::take_incoming(Instant now) {
  std::vector<Outgoing> incoming;
  {
    const std::lock_guard lock(mutex_);
    incoming.swap(incoming_);
  }
  for (Outgoing& outgoing : incoming) window_.add(std::move(outgoing), now);
}

void TopicWriter::wait(const std::stop_token& stop) {
  if (producer_ && producer_->in_flight() != 0) {
    (void)producer_->poll(kBusyWait, *this);
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, kIdleWait, [this] { return !incoming_.empty(); });
}

void TopicWriter::step(Instant now) {
  if (!producer_ && !rebuild(now)) return expire(now);
  refresh_partition_count(now);
  send(now);
  (void)producer_->poll(Milliseconds(0), *this);
  if (failure_ || window_.failing()) return judge(now);
  expire(SteadyClock::now());
}

bool TopicWriter::rebuild(Instant now) {
  if (now < rebuild_at_) return false;
  auto producer = create_producer();
  if (!producer) {
    spdlog::warn("{}: {}", options_.name, producer.error().message);
    rebuild_at_ = now + backoff_.next();
    return false;
  }
  producer_ = std::move(*producer);
  return true;
}

void TopicWriter::refresh_partition_count(Instant now) {
  if (now < refresh_at_) return;
  const auto count = producer_->partition_count(kMetadataTimeout);
  if (count) {
    partitions_ = *count;
    refresh_at_ = now + refresh_;
    return;
  }
  refresh_at_ = SteadyClock::now() + kMetadataRetry;
  if (count.error().code != ErrorCode::kNotFound || producer_->in_flight() != 0) return;
  partitions_ = 0;
  answer(window_.give_up_all(count.error()));
}

void TopicWriter::send(Instant now) {
  if (partitions_ == 0) return;
  while (const Outgoing* const outgoing = window_.next()) {
    const event::Record& from = *outgoing->record;
    kafka::Producer::Record record;
    record.partition = from.key ? event::murmur2_partition(*from.key, partitions_)
                                : static_cast<std::int32_t>(outgoing->spread % static_cast<std::uint64_t>(partitions_));
    record.key = from.key;
    record.value = from.value.value_or(std::string_view());
    record.tombstone = !from.value;
    record.headers = outgoing->headers;
    record.ticket = window_.next_ticket();
    switch (producer_->send(record)) {
      case kafka::Producer::Send::kQueued:
        window_.sent();
        break;
      case kafka::Producer::Send::kQueueFull:
        return;
      case kafka::Producer::Send::kUnknownPartition:
        refresh_at_ = std::min(refresh_at_, now + kMetadataRetry);
        return;
      case kafka::Producer::Send::kFailed:
        if (producer_->last_error().disposition != Disposition::kReject) {
          failure_ = producer_->last_error().message;
          return;
        }
        std::vector<SendWindow::Answer> refused;
        refused.push_back(window_.refuse_next(producer_->last_error(), now));
        answer(std::move(refused));
        break;
    }
  }
}

// The producer has failed: what it still knows, what that means, and a new one.
void TopicWriter::judge(Instant now) {
  const Instant patience = SteadyClock::now() + kLastReports;
  while (producer_->in_flight() != 0 && SteadyClock::now() < patience) (void)producer_->poll(kBusyWait, *this);
  const bool an_event_is_to_blame = window_.refused();
  drop_producer(now, failure_.value_or("records were not stored"), an_event_is_to_blame);
  answer(window_.give_up(SteadyClock::now()));
}

// Nothing was acknowledged for too long: whoever waits has to know.
void TopicWriter::expire(Instant now) {
  if (window_.empty() || now - window_.progress_at() < options_.timeout) return;
  std::string why =
      "topic " + options_.topic + " acknowledged nothing for " + std::to_string(options_.timeout.count()) + " ms";
  const auto count = producer_ ? producer_->partition_count(kMetadataTimeout) : Result<std::int32_t>(0);
  why += count ? "; see whether its brokers throttle or lack replicas in sync" : ": " + count.error().message;
  if (producer_) drop_producer(now, why, false);
  answer(window_.give_up_all({ErrorCode::kUnavailable, why, Disposition::kRetry}));
}

void TopicWriter::drop_producer(Instant now, const std::string& reason, bool at_once) {
  const Milliseconds delay = at_once ? Milliseconds(0) : backoff_.next();
  spdlog::warn("{}: {}; a new producer starts in {} ms", options_.name, reason, delay.count());
  rebuild_at_ = now + delay;
  refresh_at_ = {};
  failure_.reset();
  producer_.reset();
}

void TopicWriter::answer(std::vector<SendWindow::Answer> answers) {
  for (SendWindow::Answer& each : answers) {
    each.outgoing.record.reset();
    answered_(each.outgoing.id, each.status);
  }
}

void TopicWriter::on_acknowledged(std::uint64_t ticket, std::int32_t, std::int64_t) {
  backoff_.reset();
  auto done = window_.acknowledged(ticket, SteadyClock::now());
  if (!done) return;
  done->outgoing.record.reset();
  answered_(done->outgoing.id, done->status);
}

void TopicWriter::on_failed(std::uint64_t ticket, const Error& error) {
  window_.failed(ticket, error);
  if (!failure_) failure_ = error.message;
}

void TopicWriter::on_fatal(const Error& error) {
  if (!failure_) failure_ = error.message;
}

}  // namespace hubferry::deliver
