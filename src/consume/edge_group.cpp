#include <spdlog/spdlog.h>

#include <algorithm>

#include "consume/edge.h"
#include "consume/start_plan.h"

// What the group and the brokers tell a consume route.

namespace hubferry::consume {
namespace {

// So many look-ups in a row may show a topic that ends before its checkpoint, or lacks a partition, before that is
// believed: about half a minute.
constexpr std::uint32_t kPatientLookUps = 10;

// What an operator has to mend: a topic or partition that does not exist, somebody else who commits for the group.
bool is_complaint(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kConflict || error.code == ErrorCode::kInvalid;
}

}  // namespace

void ConsumeRoad::Edge::on_assign(const std::vector<std::int32_t>& partitions) {
  assigning_ = partitions;
  looking_up_ = false;  // asked again
  incomplete_look_ups_ = 0;
  look_up_backoff_.reset();
  look_up_at_ = Instant{};
}

// While an assignment waits they are asked for as soon as may be, else from time to time.
void ConsumeRoad::Edge::ask_positions(Instant now) {
  if (!consumer_ || looking_up_ || now < look_up_at_) return;
  if (!assigning_ && (!joined_ || closing_)) return;  // leaving waits for an assignment that is on its way
  looking_up_ = true;
  kafka::PositionQuestion question;
  if (route_.start.kind == config::StartPosition::Kind::kTimestamp) question.timestamp_ms = route_.start.timestamp_ms;
  question.ageing = !assigning_;
  consumer_->look_up(question);
}

void ConsumeRoad::Edge::on_looked_up(Result<std::vector<kafka::PartitionPosition>> positions) {
  const Instant now = SteadyClock::now();
  looking_up_ = false;
  if (!positions) {
    client_trouble_ = positions.error().message;
    look_up_at_ = now + look_up_backoff_.next();
    return;
  }
  look_up_at_ = now + GroupWatch::kLookUpInterval;
  if (assigning_) {
    begin_reading(*positions);
  } else {
    look_around(*positions);
  }
}

void ConsumeRoad::Edge::begin_reading(const std::vector<kafka::PartitionPosition>& positions) {
  StartPlan plan = plan_starts(route_, *assigning_, positions, incomplete_look_ups_ < kPatientLookUps);
  if (!plan.complete) {
    ++incomplete_look_ups_;
    look_up_at_ = SteadyClock::now() + look_up_backoff_.next();
    return;
  }
  for (const std::string& notice : plan.notices) spdlog::warn("route {}: {}", route_.name, notice);
  report_.expired(plan.expired);
  const std::vector<std::int32_t> partitions = *std::exchange(assigning_, std::nullopt);
  dispatcher_->assign(plan.starts);
  for (const kafka::PartitionOffset& start : plan.fetch_from) next_fetch_[start.partition] = start.offset;
  if (const auto done = consumer_->complete_assign(plan.fetch_from); !done) {
    fatal_ = done.error().message;
    return;
  }
  joined_ = true;
  client_trouble_.reset();
  complaint_.reset();
  log_assignment("assigned", partitions);
}

void ConsumeRoad::Edge::look_around(const std::vector<kafka::PartitionPosition>& positions) {
  std::vector<GroupWatch::Assigned> assigned;
  for (const auto& [partition, next] : next_fetch_) {
    assigned.push_back({partition, dispatcher_->position(partition), next, dispatcher_->room(partition) != 0});
  }
  const GroupWatch::Findings findings = watch_.look(positions, assigned, SteadyClock::now());
  report_.found(findings);
  lag_ = findings.lag;
  if (findings.rejoin && !closing_) {
    fatal_ = "no partition was assigned to this member for " +
             std::to_string(GroupWatch::kRejoinAfter.count() / 60'000) +
             " minutes, events wait, and nobody processes them";
  }
}

void ConsumeRoad::Edge::on_revoke(const std::vector<std::int32_t>& partitions, bool lost) {
  if (lost) {
    spdlog::warn(
        "route {}: lost partitions {}: this member was away for too long; their new owners deliver again what was not "
        "committed",
        route_.name, listed(partitions));
  }
  revoked_ = partitions;
  dispatcher_->revoke(partitions, lost, SteadyClock::now());
}

void ConsumeRoad::Edge::complete_revoke() {
  for (const std::int32_t partition : revoked_) next_fetch_.erase(partition);
  if (const auto done = consumer_->complete_revoke(); !done) fatal_ = done.error().message;
  log_assignment("revoked", revoked_);
}

void ConsumeRoad::Edge::log_assignment(const char* what, const std::vector<std::int32_t>& partitions) {
  const auto now_assigned = dispatcher_->assignment();
  report_.assigned(now_assigned.size());
  spdlog::info("route {}: {} partitions {}, now {}: {}", route_.name, what, listed(partitions), now_assigned.size(),
               listed(now_assigned));
}

void ConsumeRoad::Edge::on_committed(std::uint64_t token, const Status& status) {
  dispatcher_->committed(token, status.has_value(), SteadyClock::now());
  report_.committed(status);
}

void ConsumeRoad::Edge::on_error(const Error& error) {
  if (error.disposition == Disposition::kFatal) {
    fatal_ = error.message;
  } else {
    client_trouble_ = error.message;
    if (is_complaint(error)) complaint_ = {error.message, SteadyClock::now() + complaint_lasts_};
    spdlog::debug("route {}: {}", route_.name, error.message);
  }
}

void ConsumeRoad::Edge::on_statistics(std::uint32_t brokers_up) {
  watch_.statistics(SteadyClock::now());
  reachable_ = brokers_up != 0;
  if (*reachable_ && joined_) client_trouble_.reset();
}

}  // namespace hubferry::consume
