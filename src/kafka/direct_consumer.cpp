#include "kafka/direct_consumer.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "kafka/error_class.h"

namespace hubferry::kafka {
namespace {

// Each round of poll() counts for max.poll.interval.ms.
constexpr Milliseconds kLongestWait{1'000};
constexpr Milliseconds kAskAgain{2'000};          // after a survey that failed
constexpr Milliseconds kAskMembersAgain{10'000};  // while the group has members
constexpr Milliseconds kComplainAgain{60'000};

Milliseconds refresh_interval(const Properties& properties) {
  constexpr Milliseconds kDefault{60'000};
  const auto property = properties.find("topic.metadata.refresh.interval.ms");
  if (property == properties.end()) return kDefault;
  const std::string& text = property->second;
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value > 0 ? Milliseconds(value) : kDefault;
}

}  // namespace

DirectConsumer::DirectConsumer(std::shared_ptr<ConsumerClient> client, Properties properties, Options options,
                               std::string where)
    : ConsumerBase(std::move(client), options.topic, std::move(where)),
      properties_(std::move(properties)),
      options_(std::move(options)),
      refresh_(refresh_interval(properties_)) {
  remember_commits(own_commits_);
  wake();
}

DirectConsumer::~DirectConsumer() {
  end_client(release(), where());
}

void DirectConsumer::advance(Listener& listener) {
  const Instant now = SteadyClock::now();
  if (const auto survey = client().survey.take(); survey && !closing_) judge(*survey, now, listener);
  if (!closing_ && now >= survey_at_ && !client().survey.busy()) start_survey();
  if (change_) return;
  if (closing_ && !queues().empty()) {
    change_ = Change{false, queues().partitions()};
    listener.on_revoke(std::vector(change_->partitions), false);
  } else if (!closing_ && !found_.empty()) {
    change_ = Change{true, std::exchange(found_, {})};
    assign(std::vector(change_->partitions), listener);
  }
}

bool DirectConsumer::must_advance() const {
  return !change_ && (closing_ ? !queues().empty() : !found_.empty());
}

Milliseconds DirectConsumer::longest_wait() const {
  if (closing_ || client().survey.busy()) return kLongestWait;
  const auto left = std::chrono::ceil<Milliseconds>(survey_at_ - SteadyClock::now());
  return std::clamp(left, Milliseconds(0), kLongestWait);
}

void DirectConsumer::start_survey() {
  own_commits_.mark();
  const Survey::Question question{options_.group, topic(), !admitted_, queues().partitions()};
  rd_kafka_t& asker = *client().asker->c_ptr();
  client().survey.start([&consumer = *handle(), &asker, properties = properties_, question](const auto& stop) {
    return make_survey(consumer, asker, properties, question, stop);
  });
}

void DirectConsumer::judge(const Result<Survey>& survey, Instant now, Listener& listener) {
  if (!survey) {
    survey_at_ = now + kAskAgain;
    complain(Trouble::kNoAnswer, survey.error(), now, listener);
    return;
  }
  if (!admit(*survey, now, listener)) {
    survey_at_ = now + kAskMembersAgain;
    return;
  }
  survey_at_ = now + refresh_;
  find_partitions(*survey, listener);
  find_strangers(*survey, now, listener);
}

bool DirectConsumer::admit(const Survey& survey, Instant now, Listener& listener) {
  if (admitted_) return true;
  if (!survey.members.empty()) {
    complain(
        Trouble::kMembers,
        {ErrorCode::kConflict,
         fmt::format("{}: the group has {} member(s) ({}), their checkpoints and this route's would overwrite each "
                     "other; nothing is read until they have left: give this route a group of its own",
                     where(), survey.members.size(), survey.members.front()),
         Disposition::kRetry},
        now, listener);
    return false;
  }
  if (survey.members_unknown) {
    spdlog::warn("kafka {}: the cluster does not tell whether the group has members: make sure that it has none",
                 where());
  }
  admitted_ = true;
  return true;
}

void DirectConsumer::find_partitions(const Survey& survey, Listener& listener) {
  const auto meet = [this](std::int32_t partition) {
    if (known_.insert(partition).second) found_.push_back(partition);
  };
  if (options_.all) {
    for (std::int32_t partition = 0; partition < survey.partitions; ++partition) meet(partition);
    return;
  }
  std::vector<std::int32_t> missing;
  for (const std::int32_t partition : options_.partitions) {
    if (partition < survey.partitions) {
      meet(partition);
    } else {
      missing.push_back(partition);
    }
  }
  if (missing.empty()) return;
  listener.on_error({ErrorCode::kNotFound,
                     fmt::format("{}: partition {} does not exist, the topic has {} (0 to {}); the others are read, "
                                 "correct the route or add partitions",
                                 where(), fmt::join(missing, ", "), survey.partitions, survey.partitions - 1),
                     Disposition::kRetry});
}

void DirectConsumer::find_strangers(const Survey& survey, Instant now, Listener& listener) {
  for (const auto& [partition, committed] : survey.checkpoints) {
    if (own_commits_.is_own(partition, committed)) continue;
    complain(
        Trouble::kStrangers,
        {ErrorCode::kConflict,
         fmt::format("{} partition {}: the checkpoint is {}, which this consumer did not commit: another daemon "
                     "reads the same partitions under this group, or somebody set the checkpoint; give each consumer "
                     "partitions or a group of its own",
                     where(), partition, committed),
         Disposition::kRetry},
        now, listener);
    return;
  }
}

void DirectConsumer::complain(Trouble trouble, const Error& error, Instant now, Listener& listener) {
  const auto last = complained_.find(trouble);
  if (last != complained_.end() && now - last->second < kComplainAgain) return;
  complained_[trouble] = now;
  listener.on_error(error);
}

Status DirectConsumer::complete_assign(const std::vector<PartitionOffset>& starts) {
  if (!change_ || !change_->assign) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: no assignment waits to be completed", where()));
  }
  Status status = start_reading(change_->partitions, starts);
  if (status || status.error().disposition == Disposition::kFatal) change_.reset();
  return status;
}

Status DirectConsumer::complete_revoke() {
  if (!change_ || change_->assign) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: no revocation waits to be completed", where()));
  }
  const Change revoke = *std::exchange(change_, std::nullopt);
  return stop_reading(revoke.partitions);
}

void DirectConsumer::close() {
  closing_ = true;
  client().survey.request_stop();
  wake();
}

}  // namespace hubferry::kafka
