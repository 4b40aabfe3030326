#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kafka/consumer_base.h"
#include "kafka/own_commits.h"
#include "kafka/survey.h"

namespace hubferry::kafka {

// The Consumer that takes its partitions itself and commits under a group's name without being a member. Surveys by the
// side thread tell which partitions exist, that the group has no members before the first is told, and that nobody else
// commits.
class DirectConsumer final : public ConsumerBase {
 public:
  DirectConsumer(std::shared_ptr<ConsumerClient> client, Properties properties, Options options, std::string where);
  ~DirectConsumer() override;
  DirectConsumer(const DirectConsumer&) = delete;
  DirectConsumer& operator=(const DirectConsumer&) = delete;

  Status complete_assign(const std::vector<PartitionOffset>& starts) override;
  Status complete_revoke() override;
  void close() override;
  bool closed() const override { return closing_ && !change_ && queues().empty(); }

 private:
  struct Change {
    bool assign = true;
    std::vector<std::int32_t> partitions;
  };

  enum class Trouble { kNoAnswer, kMembers, kStrangers };

  void advance(Listener& listener) override;
  bool must_advance() const override;
  Milliseconds longest_wait() const override;
  void take_rebalance(EventPtr) override {}

  void start_survey();
  void judge(const Result<Survey>& survey, Instant now, Listener& listener);
  bool admit(const Survey& survey, Instant now, Listener& listener);
  void find_partitions(const Survey& survey, Listener& listener);
  void find_strangers(const Survey& survey, Instant now, Listener& listener);
  void complain(Trouble trouble, const Error& error, Instant now, Listener& listener);

  Properties properties_;
  Options options_;
  Milliseconds refresh_;
  OwnCommits own_commits_;
  bool admitted_ = false;            // the group was seen without members
  std::set<std::int32_t> known_;     // told, or to be told
  std::vector<std::int32_t> found_;  // to be told
  std::optional<Change> change_;     // told, not yet completed
  Instant survey_at_;                // when the next one is due
  std::map<Trouble, Instant> complained_;
  bool closing_ = false;
};

}  // namespace hubferry::kafka
