#include "ingest/idempotency_log.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "event/frame.h"
#include "ingest/idempotency_note.h"
#include "unit/ingest/fake_spool.h"
#include "unit/spool/fault_file_system.h"

namespace hubferry::ingest {
namespace {

using spool::test::FaultFileSystem;
using Verdict = IdempotencyLog::Verdict;

constexpr std::int64_t kMinute = 60'000;
constexpr std::uint64_t kSource = test::FakeSpool::kSource;
const std::filesystem::path kDirectory = "/spool";

class IdempotencyLogTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    log_.reset();
    IdempotencyLog::Options options{kDirectory, Milliseconds(10 * kMinute), max_keys_, [this] { return now_ms_; }};
    log_ = std::make_unique<IdempotencyLog>(files_, options, metrics_, "orders");
    problems_ = log_->load(spool_);
  }

  static Fingerprint key(int number) { return fingerprint_of("key " + std::to_string(number)); }
  static Fingerprint content(int number) { return fingerprint_of("content " + std::to_string(number)); }

  Verdict admit(int number, int content_number) {
    const auto admission = log_->admit(key(number), content(content_number), [](const auto&) {});
    first_ = admission.receipt.first;
    return admission.verdict;
  }
  Verdict admit(int number) { return admit(number, number); }
  // Whether the key is known, and leaves it as it is.
  bool knows(int number) {
    const Verdict verdict = admit(number);
    if (verdict == Verdict::kNew) log_->settle(key(number), fail(ErrorCode::kInvalid, "only asked"));
    return verdict == Verdict::kRepeat;
  }

  // One group commit with these requests, each of `events` events.
  Status commit(const std::vector<int>& numbers, std::uint32_t events = 1) {
    std::vector<std::string> notes;
    for (const int number : numbers) notes.push_back(encode_note({key(number), content(number), events}));
    std::vector<spool::CommitCompanion::Noted> noted;
    for (const std::string& note : notes) {
      noted.push_back({note, next_, next_ + events - 1, kSource});
      next_ += events;
    }
    return log_->committed(noted);
  }
  // A request from admit() to settle().
  void store(int number) {
    ASSERT_EQ(admit(number), Verdict::kNew);
    const spool::Receipt receipt{kSource, next_, next_};
    ASSERT_TRUE(commit({number}));
    log_->settle(key(number), receipt);
  }

  std::vector<std::string> names() { return files_.names(kDirectory); }
  double metric(const std::string& name) {
    const std::string text = metrics_.text();
    const auto at = text.find("\nhubferry_idempotency_" + name + "{");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }

  FaultFileSystem files_;
  observe::Metrics metrics_;
  test::FakeSpool spool_;
  std::uint32_t max_keys_ = 1000;
  std::int64_t now_ms_ = 1'000'000'000;
  std::uint64_t next_ = 1;
  std::uint64_t first_ = 0;
  std::unique_ptr<IdempotencyLog> log_;
  std::vector<std::string> problems_;
};

TEST_F(IdempotencyLogTest, AnswersARepeatWithTheFirstReceipt) {
  ASSERT_EQ(admit(1), Verdict::kNew);
  ASSERT_TRUE(commit({1}, 5));
  log_->settle(key(1), spool::Receipt{kSource, 1, 5});
  const auto repeat = log_->admit(key(1), content(1), [](const auto&) {});
  EXPECT_EQ(repeat.verdict, Verdict::kRepeat);
  EXPECT_EQ(repeat.receipt.source, kSource);
  EXPECT_EQ(repeat.receipt.first, 1U);
  EXPECT_EQ(repeat.receipt.last, 5U);
  EXPECT_EQ(admit(2), Verdict::kNew);
}

TEST_F(IdempotencyLogTest, RefusesAnotherContentUnderTheSameKey) {
  ASSERT_EQ(admit(1), Verdict::kNew);
  EXPECT_EQ(admit(1, 2), Verdict::kConflict) << "under way";
  ASSERT_TRUE(commit({1}));
  log_->settle(key(1), spool::Receipt{kSource, 1, 1});
  EXPECT_EQ(admit(1, 2), Verdict::kConflict);
  EXPECT_EQ(admit(1), Verdict::kRepeat);
}

TEST_F(IdempotencyLogTest, LetsRepeatsWaitForTheFirst) {
  ASSERT_EQ(admit(1), Verdict::kNew);
  std::vector<std::uint64_t> answers;
  const auto waiter = [&](const Result<spool::Receipt>& receipt) { answers.push_back(receipt ? receipt->first : 0); };
  EXPECT_EQ(log_->admit(key(1), content(1), waiter).verdict, Verdict::kWaiting);
  EXPECT_EQ(log_->admit(key(1), content(1), waiter).verdict, Verdict::kWaiting);
  ASSERT_TRUE(commit({1}));
  EXPECT_TRUE(answers.empty());
  log_->settle(key(1), spool::Receipt{kSource, 1, 1});
  EXPECT_EQ(answers, (std::vector<std::uint64_t>{1, 1}));
}

TEST_F(IdempotencyLogTest, ForgetsAKeyWhoseFirstRequestFailed) {
  ASSERT_EQ(admit(1), Verdict::kNew);
  std::optional<ErrorCode> told;
  EXPECT_EQ(log_->admit(key(1), content(1), [&](const auto& receipt) { told = receipt.error().code; }).verdict,
            Verdict::kWaiting);
  log_->settle(key(1), fail(ErrorCode::kFull, "full"));
  EXPECT_EQ(told, ErrorCode::kFull);
  EXPECT_EQ(admit(1, 2), Verdict::kNew) << "even with another content";
}

TEST_F(IdempotencyLogTest, KnowsItsKeysAfterARestart) {
  store(1);
  store(2);
  open();
  EXPECT_TRUE(problems_.empty());
  EXPECT_EQ(admit(2), Verdict::kRepeat);
  EXPECT_EQ(first_, 2U);
  EXPECT_EQ(admit(1, 2), Verdict::kConflict);
  store(3);
  open();
  EXPECT_TRUE(knows(1) && knows(2) && knows(3));
}

TEST_F(IdempotencyLogTest, ForgetsAKeyWhenItsWindowPassed) {
  store(1);
  now_ms_ += 10 * kMinute - 1;
  store(2);
  EXPECT_TRUE(knows(1));
  now_ms_ += 1;
  EXPECT_FALSE(knows(1));
  EXPECT_TRUE(knows(2));
  open();
  EXPECT_FALSE(knows(1));
  EXPECT_TRUE(knows(2));
  EXPECT_EQ(metric("evicted_total"), 0);
}

TEST_F(IdempotencyLogTest, ForgetsTheOldestFirstWhenThereAreTooMany) {
  max_keys_ = 3;
  open();
  for (int i = 1; i <= 5; ++i) store(i);
  EXPECT_EQ(metric("evicted_total"), 2);
  EXPECT_EQ(metric("keys"), 3);
  EXPECT_FALSE(knows(1) || knows(2));
  EXPECT_TRUE(knows(3) && knows(4) && knows(5));
  open();
  EXPECT_FALSE(knows(1) || knows(2));
  EXPECT_TRUE(knows(3) && knows(4) && knows(5));
}

TEST_F(IdempotencyLogTest, StaysBoundedOnDisk) {
  max_keys_ = 10;
  open();
  for (int i = 0; i < 200; ++i) {
    store(i);
    std::size_t bytes = 0;
    for (const auto& name : names()) bytes += files_.content(kDirectory / name).size();
    ASSERT_LE(bytes, 3 * 10 * kRecordBytes + 3 * kFileHeaderBytes) << i;
  }
  EXPECT_TRUE(knows(199));
}

TEST_F(IdempotencyLogTest, StaysBoundedOnDiskOverManyWindows) {
  for (int i = 0; i < 200; ++i) {
    store(i);
    now_ms_ += kMinute;
    ASSERT_LE(names().size(), 3U) << i;
  }
  EXPECT_TRUE(knows(199) && knows(191));
  EXPECT_FALSE(knows(190));
}

TEST_F(IdempotencyLogTest, RemovesOldFilesAtAStart) {
  store(1);
  now_ms_ += 10 * kMinute;
  open();
  EXPECT_TRUE(names().empty());
}

TEST_F(IdempotencyLogTest, CutsATornTail) {
  store(1);
  store(2);
  const auto path = kDirectory / names().at(0);
  const std::string whole = files_.content(path);
  for (std::size_t cut = 1; cut < kRecordBytes; ++cut) {
    files_.set_content(path, whole.substr(0, whole.size() - cut));
    open();
    EXPECT_TRUE(problems_.empty()) << problems_.at(0);
    EXPECT_TRUE(knows(1));
    EXPECT_FALSE(knows(2)) << cut;
  }
  files_.set_content(path, whole.substr(0, whole.size() - 10) + std::string(10, '\0'));
  open();
  EXPECT_TRUE(problems_.empty());
  EXPECT_EQ(metric("corrupt_records_total"), 0);
  store(2);
  open();
  EXPECT_TRUE(knows(1) && knows(2));
}

TEST_F(IdempotencyLogTest, SkipsAndCountsACorruptRecord) {
  for (int i = 1; i <= 3; ++i) store(i);
  files_.flip(kDirectory / names().at(0), kFileHeaderBytes + kRecordBytes + 20);
  open();
  EXPECT_TRUE(knows(1) && knows(3));
  EXPECT_FALSE(knows(2));
  EXPECT_EQ(metric("corrupt_records_total"), 1);
  EXPECT_EQ(problems_.size(), 1U);
}

TEST_F(IdempotencyLogTest, OpensWhateverItsFilesAre) {
  store(1);
  const auto path = kDirectory / names().at(0);
  const std::string whole = files_.content(path);
  files_.flip(path, 8);
  open();
  EXPECT_EQ(problems_.size(), 1U) << "the header is of another version";
  EXPECT_FALSE(knows(1));
  files_.set_content(path, whole);
  files_.set_unreadable(path, kFileHeaderBytes + 5);
  open();
  EXPECT_EQ(problems_.size(), 1U);
  files_.set_content(kDirectory / "idempotency-unknown.log", "x");
  files_.set_content(kDirectory / generation_name(77), "");
  store(5);
  open();
  EXPECT_TRUE(knows(5));
  EXPECT_TRUE(files_.exists(kDirectory / "idempotency-unknown.log"));
}

TEST_F(IdempotencyLogTest, SurvivesRandomFiles) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 1; i <= 20; ++i) store(i);
  const auto path = kDirectory / names().at(0);
  const std::string whole = files_.content(path);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = whole.substr(0, random() % (whole.size() + 1));
    for (int i = 0; i < 4 && !bytes.empty(); ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    files_.set_content(path, bytes);
    open();
  }
}

// What the last durable block says about its requests.
std::shared_ptr<const spool::Block> block_of(std::uint64_t first, const std::vector<std::string>& notes,
                                             std::int64_t written_ms) {
  spool::RecordBatch batch;
  for (const std::string& note : notes) {
    const event::OutboundEvent event{.key = std::nullopt, .value = "v", .headers = {}, .note = note};
    event::encode_frame(event, batch.add(static_cast<std::uint32_t>(event::frame_size(event))));
  }
  auto storage = std::make_unique<char[]>(batch.bytes().size());
  batch.bytes().copy(storage.get(), batch.bytes().size());
  const std::string_view frames(storage.get(), batch.bytes().size());
  return std::make_shared<const spool::Block>(kSource, 0U, first, batch.count(), written_ms, std::move(storage),
                                              frames);
}

TEST_F(IdempotencyLogTest, LearnsWhatTheLastBlockKnowsAndKeepsIt) {
  const std::vector<std::string> notes = {encode_note({key(1), content(1), 2}), "", "",
                                          encode_note({key(2), content(2), 1})};
  spool_.set_last_block(block_of(40, notes, now_ms_ - kMinute));
  open();
  EXPECT_EQ(admit(1), Verdict::kRepeat);
  EXPECT_EQ(first_, 40U);
  EXPECT_EQ(admit(2), Verdict::kRepeat);
  EXPECT_EQ(first_, 43U);
  spool_.set_last_block(nullptr);
  open();
  EXPECT_TRUE(knows(1) && knows(2)) << "written to the log, for the next block hides this one";
  now_ms_ += 9 * kMinute;
  EXPECT_FALSE(knows(1)) << "the window counts from the commit";
}

TEST_F(IdempotencyLogTest, DoesNotWriteTheLastBlockAgainAtEachStart) {
  spool_.set_last_block(block_of(40, {encode_note({key(1), content(1), 1})}, now_ms_));
  open();
  const auto before = names();
  open();
  EXPECT_EQ(names(), before);
  EXPECT_TRUE(knows(1));
}

TEST_F(IdempotencyLogTest, IgnoresAForeignNote) {
  spool_.set_last_block(block_of(40, {"a note of a later version", encode_note({key(1), content(1), 1})}, now_ms_));
  open();
  EXPECT_TRUE(knows(1));
  const std::vector<spool::CommitCompanion::Noted> noted = {{"?", 90, 90, kSource}};
  EXPECT_TRUE(log_->committed(noted));
}

TEST_F(IdempotencyLogTest, KeepsAcknowledgedKeysThroughPowerFailures) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  FaultFileSystem files(seed);
  std::set<int> durable;
  int number = 0;
  for (int life = 0; life < 100; ++life) {
    IdempotencyLog::Options options{kDirectory, Milliseconds(10 * kMinute), 100'000, [this] { return now_ms_; }};
    {
      IdempotencyLog log(files, options, metrics_, "orders");
      (void)log.load(spool_);
      for (const int known : durable) {
        ASSERT_EQ(log.admit(key(known), content(known), [](const auto&) {}).verdict, Verdict::kRepeat) << known;
      }
      files.power_off_after(random() % 12);
      while (!files.powered_off()) {
        const std::string note = encode_note({key(++number), content(number), 1});
        const std::vector<spool::CommitCompanion::Noted> noted = {{note, next_, next_, kSource}};
        ++next_;
        if (log.committed(noted)) durable.insert(number);
      }
    }
    files.crash();
  }
  EXPECT_GT(durable.size(), 50U);
}

TEST_F(IdempotencyLogTest, WritesAgainWhatAFailedSyncLeftOpen) {
  store(1);
  files_.set_hook([](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op != FaultFileSystem::Op::kSync) return std::nullopt;
    return Error{ErrorCode::kIo, "input/output error", Disposition::kReject};
  });
  const auto failed = commit({2});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("input/output error"), std::string::npos);
  EXPECT_TRUE(knows(2)) << "known until the restart";
  files_.set_hook(nullptr);
  ASSERT_TRUE(commit({3}));
  log_.reset();
  files_.crash();
  open();
  EXPECT_TRUE(knows(1) && knows(2) && knows(3));
}

TEST_F(IdempotencyLogTest, SurvivesAFailureOfItsVeryFirstSync) {
  files_.set_hook([](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op != FaultFileSystem::Op::kSync) return std::nullopt;
    return Error{ErrorCode::kIo, "input/output error", Disposition::kReject};
  });
  ASSERT_FALSE(commit({1}));
  files_.set_hook(nullptr);
  ASSERT_TRUE(commit({2}));
  log_.reset();
  files_.crash();
  open();
  EXPECT_TRUE(knows(1) && knows(2));
}

TEST_F(IdempotencyLogTest, SaysSoWhenTheDiskIsFull) {
  files_.set_hook([](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op != FaultFileSystem::Op::kOpen && op != FaultFileSystem::Op::kWrite) return std::nullopt;
    return Error{ErrorCode::kFull, "no space", Disposition::kRetry};
  });
  for (int i = 1; i <= 3; ++i) EXPECT_FALSE(commit({i}));
  files_.set_hook(nullptr);
  EXPECT_TRUE(commit({4}));
  open();
  EXPECT_TRUE(knows(1) && knows(2) && knows(3) && knows(4));
}

// The server's thread admits while the spool's writer commits and settles.
TEST_F(IdempotencyLogTest, StoresEachKeyOnceUnderThreads) {
  constexpr int kKeys = 200;
  constexpr int kRounds = 40;
  std::mutex mutex;
  std::vector<int> work;
  bool done = false;
  std::map<int, int> stored;
  std::atomic<int> answers{0};
  std::thread writer([&] {
    for (bool last = false; !last;) {
      std::vector<int> group;
      {
        const std::lock_guard lock(mutex);
        group.swap(work);
        last = done && group.empty();
      }
      if (group.empty()) {
        std::this_thread::yield();
        continue;
      }
      const std::uint64_t first = next_;
      (void)commit(group);
      for (std::size_t i = 0; i < group.size(); ++i) {
        ++stored[group[i]];
        log_->settle(key(group[i]), spool::Receipt{kSource, first + i, first + i});
        ++answers;
      }
    }
  });
  std::mt19937 random(7);
  for (int i = 0; i < kKeys * kRounds; ++i) {
    const int number = static_cast<int>(random() % kKeys);
    const auto admission = log_->admit(key(number), content(number), [&](const auto& receipt) {
      EXPECT_TRUE(receipt);
      ++answers;
    });
    if (admission.verdict == Verdict::kNew) {
      const std::lock_guard lock(mutex);
      work.push_back(number);
    } else if (admission.verdict == Verdict::kRepeat) {
      ++answers;
    }
  }
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  writer.join();
  EXPECT_EQ(answers, kKeys * kRounds);
  for (const auto& [number, times] : stored) EXPECT_EQ(times, 1) << number;
}

}  // namespace
}  // namespace hubferry::ingest
