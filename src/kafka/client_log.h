#pragma once
#include <librdkafka/rdkafkacpp.h>
#include <spdlog/common.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hubferry::kafka {

// The level at which a librdkafka log line is written here. What a client says over and over while a broker is away, or
// because one list of properties serves producers and consumers, is for debugging only.
spdlog::level::level_enum log_level(int severity, std::string_view facility, std::string_view text);

// Lets through the first lines of a kind in each minute. Not thread-safe.
class LineLimit {
 public:
  static constexpr int kLinesPerMinute = 5;

  bool admit(const std::string& kind, Instant now);

 private:
  struct Window {
    Instant start;
    int lines = 0;
  };
  std::map<std::string, Window> windows_;
};

// Where librdkafka's C++ API sends what has no event on a queue: log lines (from any of its threads) go to the log,
// throttling (only on the polling thread) is kept until taken. Must outlive its client.
class ClientLog : public RdKafka::EventCb {
 public:
  // `client` names it in the log.
  explicit ClientLog(std::string client) : client_(std::move(client)) {}

  void event_cb(RdKafka::Event& event) noexcept override;

  // A repeated warning of the client's owner, under the same limit. Any thread.
  void warn(const std::string& kind, std::string_view text) noexcept;

  // The client's debug lines of `facility` go to `told`, from its threads; they are written only if `written`. Before
  // the client is created.
  void tap_debug(std::string facility, std::function<void(std::string_view)> told, bool written);

  // Nothing is written from now on. Any thread.
  void silence() { silent_ = true; }

  // The last throttling told since the last call. Polling thread.
  std::optional<Milliseconds> take_throttle();

 private:
  void write(spdlog::level::level_enum level, const std::string& kind, std::string_view text);

  std::string client_;
  std::atomic<bool> silent_ = false;
  std::string tapped_;
  std::function<void(std::string_view)> told_;
  bool debug_written_ = true;
  std::optional<Milliseconds> throttle_;
  std::mutex mutex_;
  LineLimit limit_;
};

}  // namespace hubferry::kafka
