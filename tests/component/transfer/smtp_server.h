#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "component/http/raw_socket.h"

namespace hubferry::transfer {

// smtp_server.py as a child process, which ends with this object.
class SmtpServer {
 public:
  explicit SmtpServer(std::vector<std::string> arguments = {}) {
    int to[2];
    int from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) return;
    arguments.insert(arguments.begin(), {"/usr/bin/python3", "-B", SMTP_SERVER});
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(to[0], STDIN_FILENO);
      ::dup2(from[1], STDOUT_FILENO);
      ::execv(raw[0], raw.data());
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    input_ = UniqueFd(to[1]);
    output_ = UniqueFd(from[0]);
    port_ = static_cast<std::uint16_t>(std::atoi(line().c_str()));
  }
  ~SmtpServer() {
    input_.reset();
    output_.reset();
    int status = 0;
    if (process_ > 0) ::waitpid(process_, &status, 0);
  }
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;

  // 0: it did not start.
  std::uint16_t port() const { return port_; }

  // The next line of its output without its end: a mail. Empty: none came within kPatience.
  std::string line() {
    std::string::size_type end;
    while ((end = read_.find('\n')) == std::string::npos) {
      pollfd wait{output_.get(), POLLIN, 0};
      const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(testing_http::kPatience);
      char bytes[4096];
      if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return {};
      const ssize_t size = ::read(output_.get(), bytes, sizeof bytes);
      if (size <= 0) return {};
      read_.append(bytes, static_cast<std::size_t>(size));
    }
    std::string front = read_.substr(0, end);
    read_.erase(0, end + 1);
    return front;
  }

 private:
  pid_t process_ = -1;
  UniqueFd input_;
  UniqueFd output_;
  std::string read_;
  std::uint16_t port_ = 0;
};

}  // namespace hubferry::transfer
