#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace hubferry::deliver {

// A child process with pipes to its standard streams (non-blocking on this side), in a process group of its own, with
// default signal handling and no other descriptor of this process. It dies with the thread that started it, however
// that ends. No shell is involved.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> arguments;    // the first is the program's absolute path
    std::vector<std::string> environment;  // NAME=value
  };
  // kUnavailable says what is wrong with the program or with this host.
  static Result<ChildProcess> start(const Options& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  // Kills the group and reaps the child, unless end() has done so.
  ~ChildProcess();

  pid_t id() const { return id_; }
  int input() const { return input_.get(); }
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }
  void close_input() { input_.reset(); }
  void close_output() { output_.reset(); }
  void close_errors() { errors_.reset(); }

  // Bytes written to its input that it has not read.
  std::size_t unread() const;
  // To the whole group.
  void signal(int number) const;
  bool has_ended() const;
  // Kills what is left of its group and reaps it, waiting if need be. How it ended: "exited with status 1".
  std::string end();

 private:
  ChildProcess(pid_t id, UniqueFd input, UniqueFd output, UniqueFd errors);

  pid_t id_;  // 0: reaped
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
};

}  // namespace hubferry::deliver
