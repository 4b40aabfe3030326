#pragma once
#include <memory>
#include <optional>

#include "spool/ack_tracker.h"
#include "spool/position.h"
#include "spool/scan.h"
#include "spool/shared.h"

namespace hubferry::spool {

// Everything under "reader" in spool.h: where reading stands, what was acknowledged, which segments may go. One thread.
class Reader {
 public:
  // `restored` is what recovery found; shared.segments are its segments.
  Reader(Shared& shared, PositionFile position_file, Position restored);

  // Releases what needs no reading, counts what is left, stands on the first block that waits.
  void start();

  Result<std::shared_ptr<const Block>> next();
  void rewind();
  bool acknowledged(std::uint64_t sequence) const { return tracker_.contains(sequence); }
  void acknowledge(std::uint64_t sequence);
  Status persist(Instant now, bool force);
  void attach(std::string attachment);
  const std::string& restored_attachment() const { return restored_attachment_; }
  void close();  // persists; the writer has ended

 private:
  struct Cursor {
    std::uint64_t segment = 0;  // its first sequence; 0: before the first one
    std::uint64_t offset = kSegmentHeaderBytes;
    std::uint64_t sequence = 1;  // the least that may come
  };
  // What next() does at the cursor.
  struct Step {
    enum class Kind { kExhausted, kMoved, kHandedOver, kOnDisk } kind = Kind::kExhausted;
    Handover handover;
    SegmentInfo segment;
    SequenceRange rest;       // sequences that are expected up to `limit`
    std::uint64_t limit = 0;  // disk is read up to here
  };

  Step step();
  bool skip_bad_range(const SegmentInfo& segment);
  Result<std::shared_ptr<const Block>> read_block(const Step& step);
  Status open_segment(const SegmentInfo& segment);
  void set_aside(const Step& step);
  // True: at least one of its records waits.
  bool take(const Block& block, std::uint64_t end);

  void settle();
  void release_settled();
  bool release_front();
  void remove(const SegmentInfo& segment);
  void free_bytes(const AckTracker::Place& place);
  void update_oldest(std::int64_t floor_ms);
  Position position();
  Status save_position();
  std::uint64_t count_waiting(const std::vector<SequenceRange>& acknowledged) const;

  Shared& shared_;
  PositionFile position_file_;
  AckTracker tracker_;
  std::vector<SequenceRange> restored_;
  Cursor cursor_;
  Cursor low_;  // behind the last block below the low-water mark
  std::unique_ptr<File> file_;
  std::optional<SegmentScanner> scanner_;  // of file_
  std::uint64_t scanned_segment_ = 0;
  int failed_reads_ = 0;
  const std::string restored_attachment_;
  std::string attachment_;
  std::string complete_attachment_;  // of the last position that named all acknowledged records
  bool position_changed_ = true;     // what was loaded is not proven to be durable
  bool position_failing_ = false;
  Instant position_saved_{};
};

}  // namespace hubferry::spool
