#include "produce/refused_file.h"

#include <gmock/gmock.h>

#include "event/frame.h"
#include "unit/spool/fault_file_system.h"

namespace hubferry::produce {
namespace {

using spool::test::FaultFileSystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string frame_of(const event::OutboundEvent& event) {
  std::string frame(event::frame_size(event), '\0');
  event::encode_frame(event, frame.data());
  return frame;
}

std::string read(FaultFileSystem& files) {
  auto file = files.open("/spool/refused.ndjson", false);
  if (!file) return {};
  std::string text((*file)->size().value(), '\0');
  (void)(*file)->read_at(0, text);
  return text;
}

TEST(RefusedLine, HoldsTheWholeEventAndTheReason) {
  event::OutboundEvent event;
  event.key = "k\xff";
  event.value = "{\"a\":1}";
  event.headers = {{"h", "x\"y"}, {"none", std::nullopt}, {"bin", "\xfe"}};
  event.partition = 3;
  const std::string frame = frame_of(event);
  EXPECT_EQ(refused_line({0xAB, 17, "orders", frame, "too large", 1'234}),
            R"({"time_ms":1234,"topic":"orders","source":"00000000000000ab","sequence":17,"reason":"too large",)"
            R"("partition":3,"key_base64":"a/8=","headers":[{"name":"h","value":"x\"y"},{"name":"none"},)"
            R"({"name":"bin","value_base64":"/g=="}],"value_base64":"eyJhIjoxfQ=="})");
}

TEST(RefusedLine, GivesBytesThatAreNoEventAsTheyAre) {
  EXPECT_THAT(refused_line({1, 2, "t", "\x09junk", "r", 0}), EndsWith(R"("frame_base64":"CWp1bms="})"));
}

TEST(RefusedFile, IsOnDiskWhenItSaysSo) {
  FaultFileSystem files;
  ASSERT_TRUE(files.create_directories("/spool"));
  RefusedFile file(files, "/spool");
  ASSERT_TRUE(file.add("one"));
  ASSERT_TRUE(file.add("two"));
  files.crash();
  EXPECT_EQ(read(files), "one\ntwo\n");
  RefusedFile again(files, "/spool");
  ASSERT_TRUE(again.add("three"));
  EXPECT_EQ(read(files), "one\ntwo\nthree\n");
}

TEST(RefusedFile, EndsALineThatACrashCutOff) {
  FaultFileSystem files;
  ASSERT_TRUE(files.create_directories("/spool"));
  {
    auto file = files.open("/spool/refused.ndjson", true);
    ASSERT_TRUE((*file)->write_at(0, std::string("{\"half")));
  }
  RefusedFile file(files, "/spool");
  ASSERT_TRUE(file.add("whole"));
  EXPECT_EQ(read(files), "{\"half\nwhole\n");
}

TEST(RefusedFile, CanBeTriedAgainAfterADiskError) {
  FaultFileSystem files;
  ASSERT_TRUE(files.create_directories("/spool"));
  RefusedFile file(files, "/spool");
  ASSERT_TRUE(file.add("one"));
  files.set_hook([](FaultFileSystem::Op op, const std::string&) -> std::optional<Error> {
    if (op != FaultFileSystem::Op::kSync) return std::nullopt;
    return Error{ErrorCode::kIo, "injected", Disposition::kRetry};
  });
  EXPECT_FALSE(file.add("two"));
  files.set_hook({});
  ASSERT_TRUE(file.add("two"));
  EXPECT_THAT(read(files), EndsWith("two\n"));
  EXPECT_THAT(read(files), HasSubstr("one\n"));
}

}  // namespace
}  // namespace hubferry::produce
