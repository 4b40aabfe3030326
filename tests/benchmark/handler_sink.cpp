// A handler that costs little: takes events by HTTP, counts them and sees wrong order of a key, and answers 200 after a
// fixed time. One thread.
//
//   handler_sink --port N [--delay-ms N]
//
// POST anywhere: one event, or one a line. Those of fill_topic (key k<digits>, "n" rising with each key) also inside of
// HubFerry's own members; of others only the count is right. GET anywhere: what was counted, as JSON.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bare_options.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr int kEventsAtOnce = 256;
constexpr std::size_t kNoKey = SIZE_MAX;

// The number behind `before` in the text, or nothing.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto digits = text.substr(at + before.size());
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

struct Counts {
  std::uint64_t events = 0, requests = 0, order_violations = 0, overlaps = 0, now = 0, most_at_once = 0;
  Clock::time_point first, last;

  std::string json() const {
    const std::chrono::duration<double> elapsed = last - first;
    return "{\"events\":" + std::to_string(events) + ",\"requests\":" + std::to_string(requests) +
           ",\"order_violations\":" + std::to_string(order_violations) + ",\"overlaps\":" + std::to_string(overlaps) +
           ",\"most_at_once\":" + std::to_string(most_at_once) + ",\"seconds\":" + std::to_string(elapsed.count()) +
           "}";
  }
};

struct Key {
  std::uint64_t last = 0;  // the highest "n"
  bool busy = false;       // has a request that is not answered
};

struct Connection {
  int descriptor = -1;
  std::string received;
};

struct Waiting {
  Clock::time_point due;
  std::shared_ptr<Connection> connection;
  std::vector<std::size_t> keys;
};

class Sink {
 public:
  Sink(std::uint16_t port, std::chrono::milliseconds delay) : delay_(delay) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) bare::die("port in use");
    ::listen(listener_, 4096);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    watch(listener_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsAtOnce> events{};
    for (;;) {
      const int count = wait(events);
      for (int i = 0; i < count; ++i) {
        const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
        descriptor == listener_ ? accept() : receive(descriptor);
      }
      answer_due();
    }
  }

 private:
  void watch(int descriptor) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  int wait(std::array<epoll_event, kEventsAtOnce>& events) const {
    if (waiting_.empty()) return ::epoll_wait(epoll_, events.data(), kEventsAtOnce, -1);
    const auto left = std::max(waiting_.front().due - Clock::now(), Clock::duration::zero());
    timespec timeout{};
    timeout.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(left % std::chrono::seconds(1)).count();
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    return ::epoll_pwait2(epoll_, events.data(), kEventsAtOnce, &timeout, nullptr);
  }

  void accept() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto index = static_cast<std::size_t>(descriptor);
      if (connections_.size() <= index) connections_.resize(index + 1);
      connections_[index] = std::make_shared<Connection>(Connection{descriptor, {}});
      watch(descriptor);
    }
  }

  void receive(int descriptor) {
    auto& connection = connections_[static_cast<std::size_t>(descriptor)];
    const ssize_t size = ::read(descriptor, buffer_.data(), buffer_.size());
    if (size <= 0) {
      if (size < 0 && errno == EAGAIN) return;
      ::close(descriptor);
      connection->descriptor = -1;
      connection.reset();
      return;
    }
    connection->received.append(buffer_.data(), static_cast<std::size_t>(size));
    serve(connection);
  }

  void serve(const std::shared_ptr<Connection>& connection) {
    for (;;) {
      const std::string_view received = connection->received;
      const auto end = received.find("\r\n\r\n");
      if (end == std::string_view::npos) return;
      const auto head = received.substr(0, end);
      const auto size = head.starts_with("GET") ? 0 : content_length(head);
      if (received.size() < end + 4 + size) return;
      if (head.starts_with("GET")) {
        const std::string body = counts_.json();
        send(*connection, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
      } else {
        take(connection, received.substr(end + 4, size));
      }
      connection->received.erase(0, end + 4 + size);
    }
  }

  static std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "content-length:";
    for (auto at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
      const auto line = head.substr(at + 1);
      const auto same = [](char expected, char c) { return expected == std::tolower(static_cast<unsigned char>(c)); };
      if (line.size() < kName.size() || !std::equal(kName.begin(), kName.end(), line.begin(), same)) continue;
      const auto digits = line.find_first_of("0123456789");
      std::size_t size = 0;
      std::from_chars(line.data() + digits, line.data() + line.size(), size);
      return size;
    }
    bare::die("a request without Content-Length");
  }

  void take(const std::shared_ptr<Connection>& connection, std::string_view body) {
    counts_.last = Clock::now();
    if (counts_.requests++ == 0) counts_.first = counts_.last;
    std::vector<std::size_t> keys;
    while (!body.empty()) {
      const auto line = body.substr(0, body.find('\n'));
      body.remove_prefix(std::min(body.size(), line.size() + 1));
      if (line.empty()) continue;
      const std::size_t key = count(line);
      if (key != kNoKey && delay_.count() != 0) keys.push_back(key);
    }
    if (delay_.count() == 0) {
      counts_.most_at_once = 1;
      return send(*connection, kAnswer);
    }
    for (const std::size_t key : keys) keys_[key].busy = true;
    counts_.most_at_once = std::max(counts_.most_at_once, ++counts_.now);
    waiting_.push_back({counts_.last + delay_, connection, std::move(keys)});
  }

  // The event's key, if it has one.
  std::size_t count(std::string_view line) {
    ++counts_.events;
    const auto key = number_after(line, "\"key\":\"k");
    const auto number = number_after(line, "\"n\":");
    if (!key || !number) return kNoKey;
    if (keys_.size() <= *key) keys_.resize(*key + 1);
    Key& state = keys_[*key];
    if (*number <= state.last) ++counts_.order_violations;
    if (state.busy) ++counts_.overlaps;
    state.last = std::max(state.last, *number);
    return *key;
  }

  void answer_due() {
    if (waiting_.empty()) return;
    const auto now = Clock::now();
    while (!waiting_.empty() && waiting_.front().due <= now) {
      --counts_.now;
      for (const std::size_t key : waiting_.front().keys) keys_[key].busy = false;
      send(*waiting_.front().connection, kAnswer);
      waiting_.pop_front();
    }
  }

  static void send(const Connection& connection, std::string_view text) {
    if (connection.descriptor < 0) return;
    if (::write(connection.descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      std::cerr << "an answer could not be sent\n";
    }
  }

  const std::chrono::milliseconds delay_;
  int listener_ = -1, epoll_ = -1;
  std::vector<std::shared_ptr<Connection>> connections_;  // by descriptor
  std::vector<char> buffer_ = std::vector<char>(256UL << 10);
  std::deque<Waiting> waiting_;
  std::vector<Key> keys_;  // by number
  Counts counts_;
};

}  // namespace

int main(int argc, char** argv) {
  bare::CommandLine command(argc, argv, {}, {"--port"});
  const std::string delay = command["--delay-ms"];
  const auto port = static_cast<std::uint16_t>(std::stoi(command["--port"]));
  Sink sink(port, std::chrono::milliseconds(delay.empty() ? 0 : std::stoi(delay)));
  std::cout << "serving\n" << std::flush;
  sink.run();
}
