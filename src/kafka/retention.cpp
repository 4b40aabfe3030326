#include "kafka/retention.h"

#include <cstdlib>

#include "kafka/topic_config.h"

namespace hubferry::kafka {
namespace {

constexpr Milliseconds kAskAgain{3'600'000};
constexpr Milliseconds kTryAgain{300'000};
constexpr Milliseconds kTime{4'000};

}  // namespace

std::optional<Milliseconds> retention_of(const std::map<std::string, std::string>& config) {
  const auto policy = config.find("cleanup.policy");
  const auto time = config.find("retention.ms");
  if (time == config.end()) return std::nullopt;
  if (policy != config.end() && policy->second.find("delete") == std::string::npos) return std::nullopt;
  const long long milliseconds = std::atoll(time->second.c_str());
  if (milliseconds <= 0) return std::nullopt;  // -1: for ever
  return Milliseconds(milliseconds);
}

std::optional<Milliseconds> Retention::of(rd_kafka_t& client, const std::string& topic) {
  const Instant now = SteadyClock::now();
  if (ask_at_ && now < *ask_at_) return known_;
  const auto config = ask_topic_config(client, topic, std::nullopt, kTime);
  ask_at_ = now + (config ? kAskAgain : kTryAgain);
  if (config) known_ = retention_of(*config);
  return known_;
}

}  // namespace hubferry::kafka
