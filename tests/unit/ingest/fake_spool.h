#pragma once
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spool/spool.h"

namespace hubferry::ingest::test {

// A spool whose group commits happen when the test says so. Tells the companion as the real one does.
class FakeSpool : public spool::Spool {
 public:
  static constexpr std::uint64_t kSource = 0xABCD;

  explicit FakeSpool(spool::CommitCompanion* companion = nullptr) : companion_(companion) {}

  void append(spool::RecordBatch batch, Done done) override {
    pending_.emplace_back(std::move(batch), std::move(done));
  }

  std::size_t pending() const { return pending_.size(); }
  const std::vector<spool::RecordBatch>& stored() const { return stored_; }

  void commit() {
    std::vector<spool::CommitCompanion::Noted> noted;
    std::uint64_t first = next_;
    for (const auto& [batch, done] : pending_) {
      if (!batch.note().empty()) noted.push_back({batch.note(), first, first + batch.count() - 1, kSource});
      first += batch.count();
    }
    if (companion_ != nullptr && !noted.empty()) (void)companion_->committed(noted);
    for (auto& [batch, done] : std::exchange(pending_, {})) {
      const spool::Receipt receipt{kSource, next_, next_ + batch.count() - 1};
      next_ += batch.count();
      stored_.push_back(std::move(batch));
      done(receipt);
    }
  }
  void refuse(ErrorCode code) {
    for (auto& [batch, done] : std::exchange(pending_, {})) done(fail(code, "the spool says no"));
  }
  void set_last_block(std::shared_ptr<const spool::Block> block) { last_block_ = std::move(block); }

  spool::Statistics statistics() const override { return {}; }
  std::vector<std::string> notices() override { return {}; }
  std::vector<std::uint64_t> sources() const override { return {kSource}; }
  std::shared_ptr<const spool::Block> last_block() const override { return last_block_; }
  bool writable() const override { return true; }
  void on_readable(std::function<void()>) override {}
  Result<std::shared_ptr<const spool::Block>> next() override { return nullptr; }
  void rewind() override {}
  bool acknowledged(std::uint64_t) const override { return false; }
  void acknowledge(std::uint64_t) override {}
  Status persist_position(Instant, bool) override { return {}; }
  void attach(std::string) override {}
  const std::string& attachment() const override { return attachment_; }

 private:
  spool::CommitCompanion* companion_;
  std::deque<std::pair<spool::RecordBatch, Done>> pending_;
  std::vector<spool::RecordBatch> stored_;
  std::uint64_t next_ = 1;
  std::shared_ptr<const spool::Block> last_block_;
  std::string attachment_;
};

}  // namespace hubferry::ingest::test
