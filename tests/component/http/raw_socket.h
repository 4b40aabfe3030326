#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace hubferry::testing_http {

inline constexpr std::chrono::seconds kPatience{20};

// One connection without any knowledge of HTTP but where an answer ends. All reads give up after kPatience.
class RawSocket {
 public:
  struct Answer {
    bool complete = false;
    int status = 0;
    std::string header;
    std::string body;
    explicit operator bool() const { return complete; }
    const Answer* operator->() const { return this; }
    bool has(std::string_view line) const {
      return header.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
    }
  };

  explicit RawSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  RawSocket(RawSocket&&) = default;
  RawSocket& operator=(RawSocket&&) = default;
  virtual ~RawSocket() = default;

  static RawSocket connect(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return RawSocket(std::move(fd));
  }

  static RawSocket connect_local(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return RawSocket(std::move(fd));
  }

  bool connected() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  // Makes close() send a reset.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.reset();
  }

  // False: the peer has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = put(text);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Appends to what has been read. False: end of stream, reset or patience.
  bool read_more() {
    pollfd wait{fd_.get(), POLLIN, 0};
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
    if (!has_more() && ::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) {
      timed_out_ = true;
      return false;
    }
    char bytes[64 * 1024];
    const ssize_t size = get(bytes, sizeof bytes);
    if (size <= 0) return false;
    read_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  // One header, up to its empty line.
  std::optional<std::string> header() {
    std::size_t end;
    while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    return take(end + 4);
  }

  // `size` bytes.
  std::optional<std::string> bytes(std::size_t size) {
    while (read_.size() < size) {
      if (!read_more()) return std::nullopt;
    }
    return take(size);
  }

  // One HTTP message with a Content-Length or without a body, request or response. Not complete: it broke off.
  Answer answer(bool head = false) {
    Answer answer;
    auto text = header();
    if (!text) return answer;
    answer.header = std::move(*text);
    if (answer.header.starts_with("HTTP/1.1 ")) answer.status = std::atoi(answer.header.c_str() + 9);
    const auto length = answer.header.find("Content-Length: ");
    if (length != std::string::npos && !head) {
      auto body = bytes(static_cast<std::size_t>(std::atoll(answer.header.c_str() + length + 16)));
      if (!body) return answer;
      answer.body = std::move(*body);
    }
    answer.complete = true;
    return answer;
  }

  // Whether the peer ended the stream and nothing more came before.
  bool ended() { return read_.empty() && !read_more() && !timed_out_; }

  // Whether a read waited in vain.
  bool gave_up() const { return timed_out_; }

  // All up to the end of the stream.
  std::string rest() {
    while (read_more()) {
    }
    return take(read_.size());
  }

 protected:
  // As send() and recv(); has_more(): get() has something although the socket may not.
  virtual ssize_t put(std::string_view text) { return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  virtual ssize_t get(char* bytes, std::size_t size) { return ::recv(fd_.get(), bytes, size, 0); }
  virtual bool has_more() { return false; }

 private:
  std::string take(std::size_t size) {
    std::string front = read_.substr(0, size);
    read_.erase(0, size);
    return front;
  }

  UniqueFd fd_;
  std::string read_;
  bool timed_out_ = false;
};

// Listens on a free port of the loopback interface.
class RawListener {
 public:
  explicit RawListener(int backlog = 64) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd_.reset();
    ::listen(fd_.get(), backlog);
    socklen_t size = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const { return port_; }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

  RawSocket accept() {
    pollfd wait{fd_.get(), POLLIN, 0};
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
    if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return RawSocket(UniqueFd());
    return RawSocket(UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

}  // namespace hubferry::testing_http
