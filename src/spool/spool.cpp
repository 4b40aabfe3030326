#include "spool/spool.h"

#include "base/ids.h"
#include "spool/reader.h"
#include "spool/recovery.h"
#include "spool/shared.h"
#include "spool/writer.h"

namespace hubferry::spool {
namespace {

static_assert(Spool::kMaxAttachment == PositionFile::kMaxAttachment);

class SegmentedSpool : public Spool {
 public:
  SegmentedSpool(FileSystem& files, const Options& options, std::unique_ptr<File> lock, PositionFile position_file,
                 Recovered recovered)
      : lock_(std::move(lock)),
        shared_(files, options),
        reader_(shared_, std::move(position_file), recovered.position),
        source_(random_id()),
        sources_(std::move(recovered.sources)),
        last_block_(std::move(recovered.last_block)),
        writer_(
            std::make_unique<Writer>(shared_, source_, recovered.position.next_sequence, recovered.position.durable)) {
    sources_.push_back(source_);
    shared_.segments = std::move(recovered.segments);
    shared_.spares = std::move(recovered.spares);
    shared_.next_spare = recovered.next_spare;
    shared_.notices = std::move(recovered.notices);
    shared_.counters.quarantined = recovered.quarantined;
    shared_.counters.next_sequence = recovered.position.next_sequence;
    shared_.counters.durable = recovered.position.durable;
    reader_.start();
    writer_->start();
  }

  ~SegmentedSpool() override {
    writer_.reset();
    reader_.close();
  }

  void append(RecordBatch batch, Done done) override { writer_->append(std::move(batch), std::move(done)); }

  Statistics statistics() const override {
    const auto& counters = shared_.counters;
    return {.stored_bytes = counters.stored_bytes,
            .unacknowledged = counters.unacknowledged,
            .oldest_ms = counters.oldest_ms,
            .low_water = counters.low_water,
            .last_sequence = counters.durable,
            .commits = counters.commits,
            .quarantined_blocks = counters.quarantined,
            .sync_failures = counters.sync_failures};
  }

  std::vector<std::string> notices() override {
    const std::lock_guard lock(shared_.mutex);
    return std::exchange(shared_.notices, {});
  }

  std::vector<std::uint64_t> sources() const override { return sources_; }
  std::shared_ptr<const Block> last_block() const override { return last_block_; }
  bool writable() const override { return shared_.counters.writable; }

  void on_readable(std::function<void()> callback) override { writer_->on_readable(std::move(callback)); }
  Result<std::shared_ptr<const Block>> next() override { return reader_.next(); }
  void rewind() override { reader_.rewind(); }
  bool acknowledged(std::uint64_t sequence) const override { return reader_.acknowledged(sequence); }
  void acknowledge(std::uint64_t sequence) override { reader_.acknowledge(sequence); }
  Status persist_position(Instant now, bool force) override { return reader_.persist(now, force); }
  void attach(std::string attachment) override { reader_.attach(std::move(attachment)); }
  const std::string& attachment() const override { return reader_.restored_attachment(); }

 private:
  std::unique_ptr<File> lock_;
  Shared shared_;
  Reader reader_;
  const std::uint64_t source_;
  std::vector<std::uint64_t> sources_;
  std::shared_ptr<const Block> last_block_;
  std::unique_ptr<Writer> writer_;
};

Status validate(const Options& options) {
  const auto text = [](std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; };
  if (options.segment_bytes < kMinSegmentBytes || options.segment_bytes > kMaxSegmentBytes) {
    return fail(ErrorCode::kInvalid, "spool.segment-bytes is " + text(options.segment_bytes) + "; it must be " +
                                         text(kMinSegmentBytes) + " to " + text(kMaxSegmentBytes));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(FileSystem& file_system, const Options& options) {
  if (auto status = validate(options); !status) return tl::make_unexpected(status.error());
  if (auto status = file_system.create_directories(options.directory); !status) {
    return tl::make_unexpected(status.error());
  }
  auto lock = file_system.lock(options.directory / "lock");
  if (!lock) return tl::make_unexpected(lock.error());
  PositionFile position_file(file_system, options.directory);
  const auto position = position_file.load();
  auto recovered = recover(file_system, options.directory, position);
  if (!recovered) return tl::make_unexpected(recovered.error());
  return std::make_unique<SegmentedSpool>(file_system, options, std::move(*lock), std::move(position_file),
                                          std::move(*recovered));
}

}  // namespace hubferry::spool
