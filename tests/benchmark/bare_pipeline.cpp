// The yardstick: what hubferryd's produce road does to an event, without its features. HTTP (Beast's parser, one
// thread)
// -> simdjson -> append to preallocated segments, one fdatasync a group -> 202 -> idempotent librdkafka producer with
// one record header. It recovers nothing, checks no limits and ends on SIGTERM at once.
//
//   bare_pipeline --port N --directory DIR --topic TOPIC --partitions N property=value...   (librdkafka's properties)
//
// POST anywhere: one JSON event with a "key" a line. GET anywhere: the counters under the names that hubferryd gives
// them.
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bare_blocks.h"
#include "bare_options.h"
#include "base/crc32c.h"
#include "base/thread.h"
#include "event/partitioner.h"

namespace bare {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr std::size_t kSegmentBytes = 64UL << 20;
constexpr std::size_t kSegmentsAtStart = 8;
constexpr std::size_t kMemoryBytes = 64UL << 20;  // blocks beyond this are read back from the log

class Log {
 public:
  Log(std::filesystem::path directory, asio::io_context& io, Blocks& to_producer)
      : directory_(std::move(directory)), io_(io), to_producer_(to_producer) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    for (std::size_t i = 0; i < kSegmentsAtStart; ++i) free_.push_back(make_segment());
    std::thread([this] { run(); }).detach();
  }

  void submit(std::string_view records, std::uint32_t count, std::shared_ptr<Session> session) {
    {
      const std::lock_guard lock(mutex_);
      pending_->bytes += records;
      pending_->count += count;
      pending_->sessions.push_back(std::move(session));
    }
    changed_.notify_one();
  }

  void released(Segment* segment) {
    const std::lock_guard lock(mutex_);
    if (--segment->blocks == 0 && segment != active_) free_.push_back(segment);
  }

 private:
  Segment* make_segment() {
    auto* segment = new Segment;
    const auto path = directory_ / std::to_string(made_++);
    segment->descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const std::string zeros(1U << 20, '\0');
    for (std::size_t at = 0; at < kSegmentBytes; at += zeros.size()) {
      if (::pwrite(segment->descriptor, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) die("no segment");
    }
    ::fsync(segment->descriptor);
    return segment;
  }

  // The segment of the next block of that size; under the lock.
  void make_room(std::size_t bytes) {
    if (active_ != nullptr && end_ + bytes <= kSegmentBytes) return;
    if (active_ != nullptr && active_->blocks == 0) free_.push_back(active_);
    if (free_.empty()) free_.push_back(make_segment());
    active_ = free_.front();
    free_.pop_front();
    end_ = 0;
  }

  BlockPtr take() {
    auto fresh = pool.take();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pending_->count != 0; });
    std::swap(fresh, pending_);
    make_room(fresh->bytes.size());
    ++active_->blocks;
    return fresh;
  }

  void write(Block& block) {
    BlockHeader header;
    header.bytes = static_cast<std::uint32_t>(block.bytes.size());
    header.first = block.first = next_;
    header.count = block.count;
    header.crc = hubferry::crc32c(block.bytes.data() + sizeof header, block.bytes.size() - sizeof header);
    std::memcpy(block.bytes.data(), &header, sizeof header);
    next_ += block.count;
    block.waiting = block.count;
    block.segment = active_;
    block.at = end_;
    block.size = block.bytes.size();
    const auto written = ::pwrite(active_->descriptor, block.bytes.data(), block.size, static_cast<off_t>(end_));
    if (written != static_cast<ssize_t>(block.size) || ::fdatasync(active_->descriptor) != 0) die("the disk fails");
    end_ += block.size;
  }

  void run();

  const std::filesystem::path directory_;
  asio::io_context& io_;
  Blocks& to_producer_;
  std::size_t made_ = 0;
  std::uint64_t next_ = 1;
  std::size_t end_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  BlockPtr pending_ = std::make_unique<Block>();
  Segment* active_ = nullptr;
  std::deque<Segment*> free_;
};

// Splits a body into events, checks each and finds its key and partition.
class Decoder {
 public:
  explicit Decoder(std::int32_t partitions) : partitions_(partitions) {}

  // The count of records; 0: the body is not well-formed. `body` has simdjson's padding behind it.
  std::uint32_t decode(std::string_view body) {
    records_.clear();
    std::uint32_t count = 0;
    while (!body.empty()) {
      const std::string_view line = body.substr(0, body.find('\n'));
      body.remove_prefix(std::min(body.size(), line.size() + 1));
      if (line.empty()) continue;
      simdjson::dom::element event;
      std::string_view key;
      if (parser_.parse(line.data(), line.size(), false).get(event) || event["key"].get(key)) return 0;
      const RecordHeader header{static_cast<std::uint32_t>(line.size()), static_cast<std::uint32_t>(key.size()),
                                hubferry::event::murmur2_partition(key, partitions_)};
      records_.append(reinterpret_cast<const char*>(&header), sizeof header);
      records_ += key;
      records_ += line;
      ++count;
    }
    return count;
  }
  std::string_view records() const { return records_; }

 private:
  const std::int32_t partitions_;
  simdjson::dom::parser parser_;
  std::string records_;
};

struct Session : std::enable_shared_from_this<Session> {
  Session(Socket from, Log& to, Decoder& with) : socket(std::move(from)), log(to), decoder(with) {
    socket.set_option(asio::ip::tcp::no_delay(true));
    socket.non_blocking(true);
    buffer.resize(4096);
  }

  void read() {
    constexpr std::size_t kRoom = 1024;
    const std::size_t needed = std::max(have + kRoom, request) + simdjson::SIMDJSON_PADDING;
    if (buffer.size() < needed) buffer.resize(std::max(needed, buffer.size() * 2));
    socket.async_read_some(asio::buffer(buffer.data() + have, buffer.size() - have - simdjson::SIMDJSON_PADDING),
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             if (error) return;
                             self->have += size;
                             self->process();
                           });
  }

  void process() {
    if (request == 0) {
      http::request_parser<http::empty_body> parser;
      parser.skip(true);
      error_code error;
      header = parser.put(asio::const_buffer(buffer.data(), have), error);
      if (error == http::error::need_more) return read();
      if (error) return;
      request = header + static_cast<std::size_t>(parser.content_length().value_or(0));
      post = parser.get().method() == http::verb::post;
    }
    if (have < request) return read();
    if (!post) return answer(counters());
    const std::uint32_t count = decoder.decode({buffer.data() + header, request - header});
    if (count == 0) return answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    log.submit(decoder.records(), count, shared_from_this());
  }

  void answer(std::string_view text) {
    error_code error;
    if (socket.write_some(asio::buffer(text), error) != text.size()) return;
    std::memmove(buffer.data(), buffer.data() + request, have - request);
    have -= request;
    request = 0;
    have == 0 ? read() : process();
  }

  static std::string counters() {
    const std::string body = "hubferry_events_accepted_total{route=\"orders\"} " + std::to_string(accepted) +
                             "\nhubferry_events_acknowledged_total{route=\"orders\"} " + std::to_string(acknowledged) +
                             "\nfailed " + std::to_string(failed) + "\n";
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  Socket socket;
  Log& log;
  Decoder& decoder;
  std::string buffer;
  std::size_t have = 0, header = 0, request = 0;  // request: the bytes of the one in work; 0: not known yet
  bool post = false;
};

void Log::run() {
  hubferry::name_thread("log");
  for (;;) {
    auto block = take();
    write(*block);
    accepted += block->count;
    asio::post(io_, [sessions = std::exchange(block->sessions, {})] {
      for (const auto& session : sessions) session->answer("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    });
    if (in_memory > kMemoryBytes) {
      std::string().swap(block->bytes);
    }
    count(*block);
    to_producer_.put(std::move(block));
  }
}

class Producer {
 public:
  Producer(const Properties& properties, const std::string& topic, Blocks& blocks) : blocks_(blocks) {
    std::array<char, 512> reason{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : properties) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
        die(reason.data());
      }
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
    if (client_ == nullptr) die(reason.data());
    topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
    queue_ = rd_kafka_queue_get_main(client_);
  }

  [[noreturn]] void run(Log& log) {
    for (;;) {
      for (auto& block : blocks_.take(std::chrono::milliseconds(5))) {
        Block* const held = block.release();
        send(*held, log);
      }
      poll(0, log);
    }
  }

 private:
  void send(Block& block, Log& log) {
    if (block.bytes.empty()) {
      block.bytes.resize(block.size);
      const auto at = static_cast<off_t>(block.at);
      if (::pread(block.segment->descriptor, block.bytes.data(), block.size, at) < 0) die("cannot read the log");
      count(block);
    }
    const char* at = block.bytes.data() + sizeof(BlockHeader);
    for (std::uint64_t sequence = block.first; sequence < block.first + block.count; ++sequence) {
      RecordHeader record;
      std::memcpy(&record, at, sizeof record);
      at += sizeof record;
      while (!produce(block, record, at, sequence)) poll(5, log);
      at += record.key + record.value;
    }
  }

  bool produce(Block& block, const RecordHeader& record, const char* at, std::uint64_t sequence) {
    std::array<char, 20> origin{};
    std::memcpy(origin.data() + 8, &sequence, sizeof sequence);
    std::array<rd_kafka_vu_t, 6> arguments{};
    arguments[0].vtype = RD_KAFKA_VTYPE_RKT;
    arguments[0].u.rkt = topic_;
    arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    arguments[1].u.i32 = record.partition;
    arguments[2].vtype = RD_KAFKA_VTYPE_VALUE;
    arguments[2].u.mem = {const_cast<char*>(at) + record.key, record.value};
    arguments[3].vtype = RD_KAFKA_VTYPE_KEY;
    arguments[3].u.mem = {const_cast<char*>(at), record.key};
    arguments[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
    arguments[4].u.ptr = &block;
    arguments[5].vtype = RD_KAFKA_VTYPE_HEADER;
    arguments[5].u.header = {"hf", origin.data(), static_cast<ssize_t>(origin.size())};
    rd_kafka_error_t* const error = rd_kafka_produceva(client_, arguments.data(), arguments.size());
    if (error == nullptr) return true;
    if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) die(rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return false;
  }

  void poll(int milliseconds, Log& log) {
    while (rd_kafka_event_t* const event = rd_kafka_queue_poll(queue_, milliseconds)) {
      std::array<const rd_kafka_message_t*, 256> reports{};
      while (const std::size_t count = rd_kafka_event_message_array(event, reports.data(), reports.size())) {
        for (std::size_t i = 0; i < count; ++i) report(*reports[i], log);
      }
      rd_kafka_event_destroy(event);
      milliseconds = 0;
    }
  }

  static void report(const rd_kafka_message_t& message, Log& log) {
    ++(message.err == RD_KAFKA_RESP_ERR_NO_ERROR ? acknowledged : failed);
    auto* const block = static_cast<Block*>(message._private);
    if (--block->waiting != 0) return;
    in_memory -= block->counted;
    log.released(block->segment);
    pool.give(BlockPtr(block));
  }

  Blocks& blocks_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

void accept(Acceptor& acceptor, Log& log, Decoder& decoder) {
  acceptor.async_accept([&](const error_code& error, Socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), log, decoder)->read();
    accept(acceptor, log, decoder);
  });
}

void run(CommandLine& command) {
  asio::io_context io(1);
  Blocks blocks;
  Producer producer(command.properties, command["--topic"], blocks);
  Log log(command["--directory"], io, blocks);
  Decoder decoder(std::stoi(command["--partitions"]));
  std::thread([&] {
    hubferry::name_thread("produce");
    producer.run(log);
  }).detach();
  Acceptor acceptor(io, {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(command["--port"]))});
  accept(acceptor, log, decoder);
  hubferry::name_thread("http");
  std::cout << "serving\n" << std::flush;
  io.run();
}

}  // namespace bare

int main(int argc, char** argv) {
  bare::CommandLine command(argc, argv, bare::producer_defaults(),
                            {"--port", "--directory", "--topic", "--partitions"});
  bare::run(command);
}
