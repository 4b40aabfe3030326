#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/tail_reader.h"
#include "produce/reconcile.h"
#include "produce/tails.h"

namespace hubferry::produce {

// Carries a Reconcile out with a TailReader. One thread.
class ReadBack final : private kafka::TailReader::Listener {
 public:
  enum class State {
    kBusy,     // step() again
    kDone,     // see take_landed()
    kGivenUp,  // why() says why; take_landed() is what was found until then
  };

  // `properties` are a consumer's.
  ReadBack(const kafka::Properties& properties, std::string topic, const Reconcile::Options& options)
      : properties_(properties), topic_(std::move(topic)), options_(options) {}

  // Blocks for up to a second. kRetry: later; kReject: it will not get better, see TailReader::Listener::on_error.
  Result<std::vector<std::int64_t>> end_offsets(std::int32_t partitions);

  // The next step() starts over.
  // `held_back`: see Reconcile::Options.
  void begin(const Tails& tails, std::vector<std::uint64_t> sources, Milliseconds held_back);
  // Blocks for up to `wait`, a second when end offsets are asked for.
  State step(Instant now, Milliseconds wait);

  const std::string& why() const { return why_; }
  std::map<std::uint64_t, std::vector<Reconcile::Landed>> take_landed();
  // False: it waits to ask again.
  bool reading() const { return machine_.has_value(); }
  // What keeps it from going on, at the moment.
  const std::optional<std::string>& trouble() const { return trouble_; }
  // Ends the connection; begin() or end_offsets() make a new one.
  void close() { reader_.reset(); }

 private:
  void on_record(std::int32_t partition, std::int64_t offset, std::optional<std::string_view> header) override;
  void on_end(std::int32_t partition, std::int64_t offset) override { machine_->end(partition, offset); }
  void on_error(const Error& error) override;

  Status open();
  bool start(Instant now);
  State give_up(const Error& error);

  const kafka::Properties properties_;
  const std::string topic_;
  Reconcile::Options options_;
  std::unique_ptr<kafka::TailReader> reader_;
  std::optional<Reconcile> machine_;
  Tails tails_;
  std::vector<std::uint64_t> sources_;
  Instant now_{};
  Instant ask_at_{};
  std::optional<Error> final_error_;
  std::optional<std::string> trouble_;
  std::string why_;
};

}  // namespace hubferry::produce
