#include "deliver/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace hubferry::deliver {
namespace {

constexpr int kFirstOwnDescriptor = 3;
constexpr int kCannotStart = 127;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// A descriptor that is not one of the standard streams, in case this process runs without some of them.
UniqueFd above_standard_streams(UniqueFd fd) {
  if (fd.get() >= kFirstOwnDescriptor) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstOwnDescriptor));
}

bool open_pipe(Pipe& pipe) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe.read = above_standard_streams(UniqueFd(ends[0]));
  pipe.write = above_standard_streams(UniqueFd(ends[1]));
  return pipe.read && pipe.write;
}

bool set_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// Between fork() and execve() of a process with threads: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, char* const* environment, int input, int output, int errors,
                         int failed, pid_t parent) {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) (void)::sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)::setpgid(0, 0);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotStart);  // it died before it could take the child along
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0) {
    (void)::close_range(kFirstOwnDescriptor, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(arguments[0], arguments, environment);
  }
  const int error = errno;
  if (::write(failed, &error, sizeof error) < 0) ::_exit(kCannotStart);
  ::_exit(kCannotStart);
}

std::string advice(int error) {
  switch (error) {
    case ENOENT:
      return "check its path, and the interpreter in its first line";
    case EACCES:
    case EPERM:
      return "make it executable for the daemon's user";
    case ENOEXEC:
      return "a script needs a first line such as #!/bin/sh";
    case EMFILE:
    case ENFILE:
      return "raise the daemon's limit of open files";
    case EAGAIN:
      return "raise the daemon's limit of processes";
    case ENOMEM:
      return "give the host more memory";
    default:
      return "check the program";
  }
}

tl::unexpected<Error> cannot_start(const ChildProcess::Options& options, int error) {
  return fail(ErrorCode::kUnavailable,
              "cannot start " + options.arguments.front() + ": " + std::strerror(error) + "; " + advice(error),
              Disposition::kRetry);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const Options& options) {
  Pipe input;
  Pipe output;
  Pipe errors;
  Pipe failed;
  if (!open_pipe(input) || !open_pipe(output) || !open_pipe(errors) || !open_pipe(failed) ||
      !set_non_blocking(input.write.get()) || !set_non_blocking(output.read.get()) ||
      !set_non_blocking(errors.read.get())) {
    return cannot_start(options, errno);
  }
  const std::vector<char*> arguments = pointers(options.arguments);
  const std::vector<char*> environment = pointers(options.environment);
  const pid_t parent = ::getpid();
  const pid_t id = ::fork();
  if (id < 0) return cannot_start(options, errno);
  if (id == 0) {
    become(arguments.data(), environment.data(), input.read.get(), output.write.get(), errors.write.get(),
           failed.write.get(), parent);
  }
  ChildProcess child(id, std::move(input.write), std::move(output.read), std::move(errors.read));
  failed.write.reset();
  int error = 0;
  ssize_t size = 0;
  do {
    size = ::read(failed.read.get(), &error, sizeof error);  // ends when the program has begun
  } while (size < 0 && errno == EINTR);
  if (size != 0) return cannot_start(options, size == sizeof error ? error : EIO);
  return child;
}

ChildProcess::ChildProcess(pid_t id, UniqueFd input, UniqueFd output, UniqueFd errors)
    : id_(id), input_(std::move(input)), output_(std::move(output)), errors_(std::move(errors)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, 0)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

ChildProcess::~ChildProcess() {
  if (id_ != 0) end();
}

std::size_t ChildProcess::unread() const {
  int bytes = 0;
  if (!input_ || ::ioctl(input_.get(), FIONREAD, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

void ChildProcess::signal(int number) const {
  if (id_ != 0) (void)::kill(-id_, number);
}

bool ChildProcess::has_ended() const {
  siginfo_t information = {};
  if (id_ == 0) return true;
  return ::waitid(P_PID, static_cast<id_t>(id_), &information, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         information.si_pid == id_;
}

// The group is killed before its leader is reaped: until then no other process can get its number.
std::string ChildProcess::end() {
  signal(SIGKILL);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0) {
    if (errno != EINTR) break;
  }
  id_ = 0;
  if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* const name = ::sigabbrev_np(number);
  return "was killed by signal " + std::to_string(number) + (name == nullptr ? "" : std::string(" (SIG") + name + ")");
}

}  // namespace hubferry::deliver
