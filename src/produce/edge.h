#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "kafka/producer.h"
#include "produce/produce_road.h"
#include "produce/pump.h"
#include "produce/read_back.h"
#include "produce/refused_file.h"
#include "produce/sender_report.h"
#include "produce/tails.h"
#include "spool/feedback.h"

namespace hubferry::produce {

// The thread of a produce route: owns the producer, the spool's reader side, and everything else here.
//
// A producer lives until something goes wrong with it. Then it is given up; what it had not reported is looked for in
// the topic (ReadBack), and a new one sends the rest, in order. When the brokers refused events for good, the new one
// sends one by one until it is past them, because brokers refuse whole batches: what is refused alone goes to the
// RefusedFile.
class ProduceRoad::Edge final : private kafka::Producer::Listener {
 public:
  Edge(const config::ProduceRoute& route, const Connections& connections, spool::Spool& spool,
       spool::Feedback& feedback, observe::Metrics& metrics, observe::Health& health);
  ~Edge() override;

  Status create_producer();
  void run();
  void request_drain(Instant deadline);
  std::uint64_t left() const { return spool_.statistics().unacknowledged; }
  const std::string& name() const { return route_.name; }

 private:
  void wake();
  void wait(Milliseconds at_most);
  bool drained(Instant now);

  bool step(Instant now);
  bool rebuild(Instant now);
  void give_up_producer(Instant now);
  void judge_refused();
  void refresh_partition_count(Instant now);

  bool ready_to_send(Instant now);
  bool read_back(Instant now);
  bool learn_tails(Instant now);
  bool go_blind();
  void skip_reconcile(const std::string& why);

  bool pump(Instant now);
  bool may_send(const kafka::Producer::Record& record);
  bool take_refusal();
  bool add_block(Instant now);
  void take_landed(const spool::Block& block);
  void refuse(std::uint64_t sequence, const std::string& reason);
  bool keep_refused(Instant now);
  void persist(Instant now, bool force);

  void on_acknowledged(std::uint64_t ticket, std::int32_t partition, std::int64_t offset) override;
  void on_failed(std::uint64_t ticket, const Error& error) override;
  void on_fatal(const Error& error) override;
  void on_throttled(Milliseconds duration) override;
  void on_statistics(std::uint32_t brokers_up) override { reachable_ = brokers_up != 0; }

  void report(Instant now);
  std::optional<std::string> broker_trouble() const;

  struct Refused {
    std::uint64_t sequence = 0;
    std::string text;  // the reason, then the line of the file
  };

  const config::ProduceRoute route_;
  const kafka::Properties properties_;
  spool::Spool& spool_;
  spool::Feedback& feedback_;
  SenderReport report_;
  Pump pump_;
  Backoff backoff_;
  ReadBack reader_;
  RefusedFile refused_file_;
  const Milliseconds refresh_;

  std::unique_ptr<kafka::Producer> producer_;
  std::int32_t partitions_ = 0;  // as the brokers say; the pump knows them when their tails are durable
  bool reachable_ = false;
  bool queue_full_ = false;
  Instant refresh_at_{};
  Instant rebuild_at_{};
  Instant report_at_{};
  Instant persist_at_{};
  Instant read_at_{};    // the spool is not read before
  Instant refuse_at_{};  // the refused file is not tried before
  Instant learn_at_{};
  Instant paced_until_{};

  Tails tails_;
  bool tails_durable_ = false;  // the spool's attachment on disk knows every partition
  bool blind_ = false;          // reading back is impossible or not wanted
  bool needs_read_back_ = false;
  bool reading_back_ = false;
  std::map<std::uint64_t, std::vector<Reconcile::Landed>> landed_;  // by source; until the spool was read past them

  // Of the producer at hand.
  std::optional<std::string> rebuild_reason_;
  bool unknown_fate_ = false;  // something sent may have landed though it failed
  std::vector<Refused> failed_for_good_;
  std::uint64_t careful_until_ = 0;  // up to this sequence one at a time; 0: not

  std::vector<Refused> to_refuse_;
  std::optional<std::string> problem_;
  std::optional<std::string> metadata_problem_;
  std::optional<Instant> drain_began_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool signalled_ = false;
  std::optional<Instant> drain_deadline_;
};

}  // namespace hubferry::produce
