// hubferryctl spool verify, dump, export and repair on real folders.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "component/ctl/spool_folder.h"
#include "spool/format.h"

namespace hubferry::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t payload_of_block(std::uint64_t index) {
  return spool::kSegmentHeaderBytes + index * spool::kSectorBytes + spool::kBlockHeaderBytes + 6;
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

using SpoolCommands = SpoolFolder;

TEST_F(SpoolCommands, VerifyCountsASoundSpool) {
  append(40);
  acknowledge_to(10);
  stop();
  const auto before = contents();
  const auto called = spool("verify");
  EXPECT_EQ(called.code, kSound) << called.out << called.error;
  EXPECT_THAT(called.out, AllOf(HasSubstr("segments        2"), HasSubstr("blocks          40\n"),
                                HasSubstr("records         40\n"), HasSubstr("acknowledged    10 (all up to"),
                                HasSubstr("unacknowledged  30\n"), HasSubstr("quarantine/     0 files"),
                                HasSubstr("refused.ndjson  0 events\n"), HasSubstr("\nsound\n")));
  EXPECT_THAT(called.error, IsEmpty());
  EXPECT_EQ(contents(), before);
}

TEST_F(SpoolCommands, VerifyFindsADamagedByteInTheMiddle) {
  append(5);
  stop();
  flip(segment(0), payload_of_block(2));
  const auto called = spool("verify");
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.out,
              AllOf(HasSubstr("damage: " + segment(0).string() + ": bytes 5120 to 5632"), HasSubstr("record 3 missing"),
                    HasSubstr("hubferryctl spool repair"), Not(HasSubstr("\nsound"))));
}

TEST_F(SpoolCommands, VerifyTakesATornTailForNoDamage) {
  append(3);
  fs::copy(segment(0), base_ / "copy");
  stop();
  fs::remove(directory_ / "position");  // as if it had been killed before the first save
  fs::copy(base_ / "copy", segment(0), fs::copy_options::overwrite_existing);
  fs::resize_file(segment(0), payload_of_block(2));
  const auto called = spool("verify");
  EXPECT_EQ(called.code, kSound) << called.out;
  EXPECT_THAT(called.out,
              AllOf(HasSubstr("note: "), HasSubstr("records         2\n"), HasSubstr("position        missing")));
}

TEST_F(SpoolCommands, VerifyFindsACorruptPosition) {
  append(1);
  stop();
  fs::resize_file(directory_ / "position", 10);
  const auto called = spool("verify");
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.out, HasSubstr("may be sent again"));
}

TEST_F(SpoolCommands, VerifyCountsRefusedAndQuarantinedEvents) {
  append(1);
  stop();
  fs::create_directory(directory_ / "quarantine");
  std::ofstream(directory_ / "quarantine" / "x.bad") << "12345";
  std::ofstream(directory_ / "refused.ndjson") << "{}\n{}\n{\"cut\":";
  const auto called = spool("verify");
  EXPECT_THAT(called.out, AllOf(HasSubstr("quarantine/     1 files, 5 bytes"), HasSubstr("refused.ndjson  3 events")));
}

TEST_F(SpoolCommands, ANewerVersionIsRefusedByAll) {
  append(1);
  stop();
  std::fstream file(segment(0), std::ios::in | std::ios::out | std::ios::binary);
  std::string page(spool::kSectorBytes, '\0');
  file.read(page.data(), static_cast<std::streamsize>(page.size()));
  store_le(page.data() + 8, std::uint32_t{2});
  store_le(page.data() + 4, crc32c(page.data() + 8, page.size() - 8));
  file.seekp(0);
  file.write(page.data(), static_cast<std::streamsize>(page.size()));
  file.close();
  for (const char* command : {"verify", "dump", "export", "repair"}) {
    const auto called = spool(command);
    EXPECT_EQ(called.code, kUnusable) << command;
    EXPECT_THAT(called.error, AllOf(HasSubstr("version 2"), HasSubstr("start the newer version"))) << command;
  }
}

TEST_F(SpoolCommands, NamesTheRoutesOfTheParentFolder) {
  stop();
  fs::create_directories(base_ / "billing");
  std::ofstream(base_ / "billing" / "lock");
  fs::create_directories(base_ / "other");
  const auto parent = call({"spool", "verify", base_.string()});
  EXPECT_EQ(parent.code, kUnusable);
  EXPECT_THAT(parent.error,
              AllOf(HasSubstr((base_ / "billing").string()), HasSubstr(directory_.string()), Not(HasSubstr("/other"))));
  for (const char* command : {"verify", "dump", "export", "repair"}) {
    const auto none = call({"spool", command, (base_ / "other").string()});
    EXPECT_EQ(none.code, kUnusable);
    EXPECT_THAT(none.error, HasSubstr("holds no spool"));
    const auto missing = call({"spool", command, (base_ / "missing").string()});
    EXPECT_EQ(missing.code, kUnusable);
    EXPECT_THAT(missing.error, AllOf(HasSubstr("No such file"), HasSubstr("the folder of a produce route")));
  }
  EXPECT_FALSE(fs::exists(base_ / "missing"));
}

TEST_F(SpoolCommands, VerifyIsSoundAtAnyMomentOfARunningDaemon) {
  constexpr std::uint64_t kBlocks = 600;  // in some 35 segments, released and used again
  std::atomic<std::uint64_t> made = 0;
  std::jthread traffic([&] {
    while (made < kBlocks) {
      append(3, std::string(made_ % 800, ' '));
      if (made_ % 50 < 3 && made_ > 20) acknowledge_to(made_ - 20);
      made = made_;
    }
  });
  std::size_t exported = 0;
  while (made < kBlocks) {
    const auto verified = spool("verify");
    EXPECT_EQ(verified.code, kSound) << verified.out << verified.error;
    const auto written = spool("export");
    EXPECT_EQ(written.code, kSound) << written.error;
    exported += lines_of(written.out);
  }
  EXPECT_GT(exported, 0U);
  traffic.join();
  EXPECT_GT(made_, kBlocks - 1);
}

TEST_F(SpoolCommands, DumpShowsWhatIsNotAcknowledged) {
  append(5);
  acknowledge_to(2);
  stop();
  const auto waiting = spool("dump");
  EXPECT_EQ(waiting.code, kSound);
  EXPECT_EQ(lines_of(waiting.out), 3U);
  EXPECT_THAT(waiting.out, AllOf(HasSubstr("sequence 3  source "), HasSubstr("key \"k3\""), HasSubstr("{\"n\":3}")));
  EXPECT_EQ(lines_of(spool("dump", {"--all"}).out), 5U);
  EXPECT_THAT(spool("dump", {"--all"}).out, HasSubstr("acknowledged"));
  EXPECT_EQ(lines_of(spool("dump", {"--all", "--limit", "4"}).out), 4U);
}

TEST_F(SpoolCommands, ExportWritesEachEventAndPassesOverDamage) {
  append(5);
  acknowledge_to(1);
  stop();
  EXPECT_EQ(lines_of(spool("export", {"--all"}).out), 5U);
  flip(segment(0), payload_of_block(3));
  const auto called = spool("export");
  EXPECT_EQ(called.code, kFound);
  EXPECT_EQ(lines_of(called.out), 3U);
  EXPECT_THAT(called.out, AllOf(HasSubstr("{\"sequence\":2,\"source\":\""),
                                HasSubstr("\"key\":\"k5\",\"headers\":[],\"value\":{\"n\":5}}\n")));
  EXPECT_THAT(called.error, HasSubstr("record 4 missing"));
}

TEST_F(SpoolCommands, ExportTellsThatItCouldNotWrite) {
  append(3);
  std::ostringstream error;
  std::ostream broken(nullptr);
  EXPECT_EQ(run({"spool", "export", directory_.string()}, {}, {broken, error}), kUnusable);
  EXPECT_THAT(error.str(), HasSubstr("cannot write to standard output"));
}

TEST_F(SpoolCommands, RepairIsRefusedWhileADaemonRuns) {
  append(3);
  const auto before = contents();
  for (const auto& options : std::vector<std::vector<std::string>>{{}, {"--dry-run"}}) {
    const auto called = spool("repair", options);
    EXPECT_EQ(called.code, kUnusable);
    EXPECT_THAT(called.error, AllOf(HasSubstr("uses " + directory_.string()), HasSubstr("stop it first")));
  }
  EXPECT_EQ(contents(), before);
}

TEST_F(SpoolCommands, RepairSetsDamageAsideInEverySegment) {
  append(40);
  stop();
  flip(segment(0), payload_of_block(2));
  flip(segment(1), payload_of_block(3));
  const auto damaged = contents();
  const auto dry = spool("repair", {"--dry-run"});
  EXPECT_EQ(dry.code, kFound);
  EXPECT_THAT(dry.out, AllOf(HasSubstr("2 damaged places would be set aside; 38 events wait"),
                             HasSubstr("nothing was changed")));
  EXPECT_EQ(contents(), damaged);

  const auto called = spool("repair");
  EXPECT_EQ(called.code, kFound);
  EXPECT_THAT(called.out, AllOf(HasSubstr("2 damaged places were set aside"), HasSubstr("38 events wait to be sent")));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_ / "quarantine"), {}), 2);
  const auto after = spool("verify");
  EXPECT_EQ(after.code, kFound);
  EXPECT_THAT(after.out, AllOf(HasSubstr("a copy is in quarantine/"), Not(HasSubstr("hubferryctl spool repair"))));
  open();
  while (*spool_->next()) {
  }
  EXPECT_EQ(spool_->statistics().unacknowledged, 38U);
}

TEST_F(SpoolCommands, RepairOfASoundSpoolFindsNothing) {
  append(3);
  stop();
  const auto called = spool("repair");
  EXPECT_EQ(called.code, kSound);
  EXPECT_THAT(called.out, HasSubstr("nothing had to be set aside; 3 events wait"));
  EXPECT_EQ(spool("verify").code, kSound);
}

// As root in the folder of the daemon's user; whoever else runs this owns all files anyway.
TEST_F(SpoolCommands, RepairLeavesAllFilesToTheOwnerOfTheFolder) {
  append(5);
  stop();
  flip(segment(0), payload_of_block(1));
  if (::geteuid() == 0) {
    for (const auto& entry : fs::directory_iterator(directory_)) {
      ASSERT_EQ(::chown(entry.path().c_str(), 12345, 12345), 0);
    }
    ASSERT_EQ(::chown(directory_.c_str(), 12345, 12345), 0);
  }
  EXPECT_EQ(spool("repair").code, kFound);
  const auto owner_of = [](const fs::path& path) {
    struct stat information = {};
    EXPECT_EQ(::stat(path.c_str(), &information), 0);
    return information.st_uid;
  };
  EXPECT_TRUE(fs::exists(directory_ / "quarantine"));
  for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
    EXPECT_EQ(owner_of(entry.path()), owner_of(directory_)) << entry.path();
  }
}

}  // namespace
}  // namespace hubferry::ctl
