// The yardstick: what hubferryd's consume road does to an event, without its features. librdkafka consumer -> events of
// a key one after another -> HTTP (Beast's parser, keep-alive connections, one thread) -> low-water mark -> stored
// offsets. It retries nothing, gives no partition back, and ends on the first bad answer.
//
//   bare_consumer --topic TOPIC --group GROUP --events N [--port N] [--concurrency N] [--batch N] property=value...
//
// Without --port it only reads (a bare librdkafka loop). --batch: NDJSON, so many events a request, one request of a
// partition at a time. After --events it prints a line of JSON, whose figures begin with the first record, and waits to
// be killed.
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bare_options.h"
#include "base/thread.h"

namespace bare {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Messages = std::vector<rd_kafka_message_t*>;

constexpr std::size_t kMostOutstanding = 20'000;  // fetched and not answered
constexpr std::size_t kFetchAtOnce = 256;
constexpr auto kStoreInterval = std::chrono::milliseconds(100);

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// Begins with the first record.
class Meter {
 public:
  void begin() {
    if (std::exchange(began_, true)) return;
    begin_ = Clock::now();
    cpu_ = cpu_seconds();
  }
  void print(std::uint64_t events) const {
    const std::chrono::duration<double> elapsed = Clock::now() - begin_;
    std::cout << "{\"events\":" << events << ",\"seconds\":" << elapsed.count() << ",\"cpu_s\":" << cpu_seconds() - cpu_
              << "}\n"
              << std::flush;
  }

 private:
  bool began_ = false;
  Clock::time_point begin_;
  double cpu_ = 0;
};

class Consumer {
 public:
  Consumer(const Properties& properties, std::string topic) : topic_(std::move(topic)) {
    std::array<char, 512> reason{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : properties) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
        die(reason.data());
      }
    }
    client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
    if (client_ == nullptr) die(reason.data());
    rd_kafka_poll_set_consumer(client_);
    auto* const topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic_.c_str(), RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(client_, topics) != RD_KAFKA_RESP_ERR_NO_ERROR) die("cannot subscribe");
    rd_kafka_topic_partition_list_destroy(topics);
    queue_ = rd_kafka_queue_get_consumer(client_);
  }

  // Appends records; waits at most so long for the first.
  void fetch(Messages& into, int milliseconds) {
    std::array<rd_kafka_message_t*, kFetchAtOnce> some{};
    const ssize_t count = rd_kafka_consume_batch_queue(queue_, milliseconds, some.data(), some.size());
    for (ssize_t i = 0; i < count; ++i) {
      auto* const message = some[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        into.push_back(message);
      } else {
        rd_kafka_message_destroy(message);
      }
    }
  }

  // `next`: by partition, -1: unknown.
  void store(const std::vector<std::int64_t>& next) {
    auto* const list = rd_kafka_topic_partition_list_new(static_cast<int>(next.size()));
    for (std::size_t partition = 0; partition < next.size(); ++partition) {
      if (next[partition] < 0) continue;
      rd_kafka_topic_partition_list_add(list, topic_.c_str(), static_cast<std::int32_t>(partition))->offset =
          next[partition];
    }
    rd_kafka_offsets_store(client_, list);
    rd_kafka_topic_partition_list_destroy(list);
  }
  void commit() { rd_kafka_commit(client_, nullptr, 0); }

 private:
  const std::string topic_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

// Everything below one offset is answered.
class LowWaterMark {
 public:
  void fetched(std::int64_t offset) {
    if (next_ < 0) next_ = offset;
    while (next_ + static_cast<std::int64_t>(done_.size()) <= offset) done_.push_back(false);
  }
  void answered(std::int64_t offset) {
    done_[static_cast<std::size_t>(offset - next_)] = true;
    for (; !done_.empty() && done_.front(); ++next_) done_.pop_front();
  }
  std::int64_t next() const { return next_; }

 private:
  std::int64_t next_ = -1;
  std::deque<bool> done_;
};

struct Event {
  rd_kafka_message_t* message = nullptr;
  Event* next = nullptr;
};

// Events of a key, or of a partition with batches: one request at a time.
struct Lane {
  Event *first = nullptr, *last = nullptr;
  bool busy = false;  // has a request, or is in Lanes::ready_
};

struct KeyHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
};

class Lanes {
 public:
  explicit Lanes(std::size_t batch) : batch_(batch) {}

  void add(rd_kafka_message_t* message) {
    const auto partition = static_cast<std::size_t>(message->partition);
    if (marks_.size() <= partition) marks_.resize(partition + 1);
    marks_[partition].fetched(message->offset);
    Lane& lane = batch_ > 1 ? by_partition_[message->partition] : lane_of(*message);
    Event* const event = free_ != nullptr ? std::exchange(free_, free_->next) : &events_.emplace_back();
    *event = {message, nullptr};
    (lane.first == nullptr ? lane.first : lane.last->next) = event;
    lane.last = event;
    if (!std::exchange(lane.busy, true)) ready_.push_back(&lane);
  }

  // The events of the next request; nothing when there is none.
  Lane* next(Messages& into) {
    if (ready_.empty()) return nullptr;
    Lane* const lane = ready_.front();
    ready_.pop_front();
    while (lane->first != nullptr && into.size() < batch_) {
      into.push_back(lane->first->message);
      Event* const taken = std::exchange(lane->first, lane->first->next);
      taken->next = std::exchange(free_, taken);
    }
    return lane;
  }

  void answered(Lane& lane, Messages& messages) {
    for (auto* const message : messages) {
      marks_[static_cast<std::size_t>(message->partition)].answered(message->offset);
      rd_kafka_message_destroy(message);
    }
    messages.clear();
    lane.busy = lane.first != nullptr;
    if (lane.busy) ready_.push_back(&lane);
  }

  std::vector<std::int64_t> marks() const {
    std::vector<std::int64_t> result;
    for (const LowWaterMark& mark : marks_) result.push_back(mark.next());
    return result;
  }

 private:
  Lane& lane_of(const rd_kafka_message_t& message) {
    const std::string_view key(static_cast<const char*>(message.key), message.key_len);
    const auto found = by_key_.find(key);
    return found != by_key_.end() ? found->second : by_key_.emplace(key, Lane()).first->second;
  }

  const std::size_t batch_;
  std::unordered_map<std::string, Lane, KeyHash, std::equal_to<>> by_key_;
  std::unordered_map<std::int32_t, Lane> by_partition_;
  std::vector<LowWaterMark> marks_;  // by partition
  std::deque<Event> events_;
  Event* free_ = nullptr;
  std::deque<Lane*> ready_;
};

class Pipeline;

// One keep-alive connection and its request.
class Connection {
 public:
  Connection(asio::io_context& io, std::uint16_t port, Pipeline& pipeline)
      : socket_(io), host_("127.0.0.1:" + std::to_string(port)), pipeline_(pipeline) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
    socket_.non_blocking(true);
  }

  // Sends `messages`, which are `lane`'s.
  void send(Lane& lane, bool batch) {
    lane_ = &lane;
    const rd_kafka_message_t& first = *messages.front();
    std::string_view body(static_cast<const char*>(first.payload), first.len);
    if (batch) {
      lines_.clear();
      for (const auto* const message : messages) {
        lines_.append(static_cast<const char*>(message->payload), message->len) += '\n';
      }
      body = lines_;
    }
    head_ = "POST /events HTTP/1.1\r\nHost: " + host_ + "\r\nContent-Type: application/" +
            (batch ? "x-ndjson" : "json") + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    std::array<iovec, 2> parts{iovec{head_.data(), head_.size()}, iovec{const_cast<char*>(body.data()), body.size()}};
    const ssize_t written = ::writev(socket_.native_handle(), parts.data(), parts.size());
    const std::size_t done = written < 0 ? 0 : static_cast<std::size_t>(written);
    if (done == head_.size() + body.size()) return read();
    unsent_ = head_.append(body).substr(done);
    asio::async_write(socket_, asio::buffer(unsent_), [this](const error_code& error, std::size_t) {
      if (error) die("cannot send: " + error.message());
      read();
    });
  }

  Messages messages;

 private:
  void read() {
    socket_.async_read_some(asio::buffer(answer_.data() + have_, answer_.size() - have_),
                            [this](const error_code& error, std::size_t size) {
                              if (error) die("no answer: " + error.message());
                              have_ += size;
                              parse();
                            });
  }
  void parse();

  Socket socket_;
  const std::string host_;
  Pipeline& pipeline_;
  Lane* lane_ = nullptr;
  std::string head_, lines_, unsent_;
  std::array<char, 4096> answer_{};
  std::size_t have_ = 0;
};

// The HTTP thread's; only offer() belongs to the consumer's.
class Pipeline {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::size_t concurrency = 64, batch = 1;
    std::uint64_t events = 0;
  };
  Pipeline(const Options& options, Consumer& consumer)
      : options_(options), consumer_(consumer), io_(1), work_(asio::make_work_guard(io_)), lanes_(options.batch) {}

  void run() {
    hubferry::name_thread("http");
    io_.run();
  }

  // Waits while too much is not answered.
  void offer(Messages& messages) {
    meter_.begin();
    outstanding_ += messages.size();
    std::unique_lock lock(mutex_);
    offered_.insert(offered_.end(), messages.begin(), messages.end());
    messages.clear();
    if (!std::exchange(posted_, true)) asio::post(io_, [this] { take_offered(); });
    room_.wait(lock, [this] { return outstanding_ < kMostOutstanding; });
  }

  void answered(Connection& connection, Lane& lane) {
    const std::size_t count = connection.messages.size();
    lanes_.answered(lane, connection.messages);
    idle_.push_back(&connection);
    done_ += count;
    if (outstanding_.fetch_sub(count) >= kMostOutstanding) {
      const std::lock_guard lock(mutex_);
      room_.notify_one();
    }
    if (done_ >= options_.events) finish();
    if (!std::exchange(pump_posted_, true)) asio::post(io_, [this] { pump(); });
  }

 private:
  void take_offered() {
    {
      const std::lock_guard lock(mutex_);
      taken_.swap(offered_);
      posted_ = false;
    }
    for (auto* const message : taken_) lanes_.add(message);
    taken_.clear();
    pump();
  }

  void pump() {
    pump_posted_ = false;
    while (connections_.size() - idle_.size() < options_.concurrency || !idle_.empty()) {
      if (idle_.empty()) idle_.push_back(&connections_.emplace_back(io_, options_.port, *this));
      Connection& connection = *idle_.back();
      Lane* const lane = lanes_.next(connection.messages);
      if (lane == nullptr) break;
      idle_.pop_back();
      connection.send(*lane, options_.batch > 1);
    }
    const auto now = Clock::now();
    if (now - stored_ < kStoreInterval) return;
    stored_ = now;
    consumer_.store(lanes_.marks());
  }

  [[noreturn]] void finish() {
    meter_.print(done_);
    consumer_.store(lanes_.marks());
    consumer_.commit();
    for (;;) ::pause();
  }

  const Options options_;
  Consumer& consumer_;
  asio::io_context io_;
  asio::executor_work_guard<Executor> work_;
  Lanes lanes_;
  std::deque<Connection> connections_;
  std::vector<Connection*> idle_;
  Messages taken_;
  std::uint64_t done_ = 0;
  bool pump_posted_ = false;
  Clock::time_point stored_ = Clock::now();

  std::atomic<std::size_t> outstanding_ = 0;
  Meter meter_;  // begun by the consumer's thread before the first offer
  std::mutex mutex_;
  std::condition_variable room_;
  Messages offered_;
  bool posted_ = false;
};

void Connection::parse() {
  http::response_parser<http::empty_body> parser;
  parser.skip(true);
  error_code error;
  const std::size_t head = parser.put(asio::const_buffer(answer_.data(), have_), error);
  if (error == http::error::need_more) return read();
  if (error || parser.get().result_int() != 200) die("a bad answer");
  if (have_ < head + parser.content_length().value_or(0)) return read();
  have_ = 0;
  pipeline_.answered(*this, *lane_);
}

void deliver(Consumer& consumer, const Pipeline::Options& options) {
  Pipeline pipeline(options, consumer);
  const std::jthread http_thread([&pipeline] { pipeline.run(); });
  hubferry::name_thread("consumer");
  for (Messages messages;;) {
    consumer.fetch(messages, 2);
    if (!messages.empty()) pipeline.offer(messages);
  }
}

[[noreturn]] void only_read(Consumer& consumer, std::uint64_t events) {
  Meter meter;
  Messages messages;
  std::uint64_t count = 0;
  while (count < events) {
    consumer.fetch(messages, 5);
    if (!messages.empty()) meter.begin();
    for (auto* const message : messages) rd_kafka_message_destroy(message);
    count += messages.size();
    messages.clear();
  }
  meter.print(count);
  for (;;) ::pause();
}

void run(CommandLine& command) {
  command.properties["group.id"] = command["--group"];
  Consumer consumer(command.properties, command["--topic"]);
  Pipeline::Options options;
  options.events = std::stoull(command["--events"]);
  if (command["--port"].empty()) return only_read(consumer, options.events);
  options.port = static_cast<std::uint16_t>(std::stoi(command["--port"]));
  if (const auto& text = command["--concurrency"]; !text.empty()) options.concurrency = std::stoul(text);
  if (const auto& text = command["--batch"]; !text.empty()) options.batch = std::stoul(text);
  deliver(consumer, options);
}

}  // namespace bare

int main(int argc, char** argv) {
  bare::CommandLine command(argc, argv, bare::consumer_defaults(), {"--topic", "--group", "--events"});
  bare::run(command);
}
