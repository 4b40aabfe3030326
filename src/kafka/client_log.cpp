#include "kafka/client_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace hubferry::kafka {

spdlog::level::level_enum log_level(int severity, std::string_view facility, std::string_view text) {
  // FATAL comes as an event too, and its owner tells it. TERMINATE: a producer that is rebuilt has records in flight,
  // they are sent again. AUTOCREATE: an old broker (or the mock) cannot be told to create no topics. The rest is about
  // connections and coordinators that are away.
  constexpr std::array<std::string_view, 14> kChatter{"FAIL",    "ERROR",      "CONNECT", "DISCONNECT",     "REQTMOUT",
                                                      "TIMEOUT", "BROKERUA",   "GETPID",  "ALLBROKERSDOWN", "TERMINATE",
                                                      "RETRY",   "COORDQUERY", "FATAL",   "AUTOCREATE"};
  // Properties of the other kind of client, and the gapless guarantee, which is ours.
  constexpr std::array<std::string_view, 3> kExpected{"is a consumer property", "is a producer property",
                                                      "enable.gapless.guarantee is experimental"};
  const bool expected = facility == "CONFWARN" && std::any_of(kExpected.begin(), kExpected.end(), [&](auto part) {
                          return text.find(part) != std::string_view::npos;
                        });
  if (expected || std::find(kChatter.begin(), kChatter.end(), facility) != kChatter.end()) return spdlog::level::debug;
  if (severity <= RdKafka::Event::EVENT_SEVERITY_ERROR) return spdlog::level::err;
  if (severity == RdKafka::Event::EVENT_SEVERITY_WARNING) return spdlog::level::warn;
  if (severity <= RdKafka::Event::EVENT_SEVERITY_INFO) return spdlog::level::info;
  return spdlog::level::debug;
}

bool LineLimit::admit(const std::string& kind, Instant now) {
  Window& window = windows_[kind];
  if (window.lines == 0 || now - window.start >= std::chrono::minutes(1)) window = {now, 0};
  return ++window.lines <= kLinesPerMinute;
}

void ClientLog::event_cb(RdKafka::Event& event) noexcept {
  try {
    switch (event.type()) {
      case RdKafka::Event::EVENT_LOG: {
        const std::string facility = event.fac();
        const std::string text = event.str();
        if (event.severity() == RdKafka::Event::EVENT_SEVERITY_DEBUG) {
          if (told_ && facility == tapped_) told_(text);
          if (!debug_written_) break;
        }
        write(log_level(event.severity(), facility, text), facility, text);
        break;
      }
      case RdKafka::Event::EVENT_THROTTLE:
        throttle_ = Milliseconds(event.throttle_time());
        break;
      default:
        break;
    }
  } catch (const std::exception&) {
    // Out of memory while logging: the line is lost, the client goes on.
  }
}

void ClientLog::tap_debug(std::string facility, std::function<void(std::string_view)> told, bool written) {
  tapped_ = std::move(facility);
  told_ = std::move(told);
  debug_written_ = written;
}

void ClientLog::warn(const std::string& kind, std::string_view text) noexcept {
  try {
    write(spdlog::level::warn, kind, text);
  } catch (const std::exception&) {
    // Out of memory, as above.
  }
}

std::optional<Milliseconds> ClientLog::take_throttle() {
  return std::exchange(throttle_, std::nullopt);
}

void ClientLog::write(spdlog::level::level_enum level, const std::string& kind, std::string_view text) {
  if (level >= spdlog::level::warn) {
    const std::lock_guard lock(mutex_);
    if (!limit_.admit(kind, SteadyClock::now())) level = spdlog::level::debug;
  }
  if (!silent_.load()) spdlog::log(level, "kafka {}: {}: {}", client_, kind, text);
}

}  // namespace hubferry::kafka
