// Header fields of posts: CloudEvents in binary mode, properties. Input: the form, then lines NAME:VALUE.
#include "ingest/request_fields.h"

#include "fuzz/fuzz.h"
#include "observe/json_text.h"

namespace {

using namespace hubferry;  // NOLINT: a target is one file

void check_cloud_event(event::BinaryCloudEvent& cloud_event) {
  if (const auto finished = cloud_event.finish(); !finished) {
    FUZZ_REQUIRE(finished.error().code == ErrorCode::kInvalid && !finished.error().message.empty());
    return;
  }
  FUZZ_REQUIRE(cloud_event.headers().size() >= 4);
  for (const auto& header : cloud_event.headers()) {
    FUZZ_REQUIRE(header.name.starts_with("ce_") && event::valid_attribute_name(header.name.substr(3)));
    FUZZ_REQUIRE(header.value && observe::is_utf8(*header.value));
    for (const char c : *header.value) FUZZ_REQUIRE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ingest::RequestFields fields;  // reused, as in the daemon
  fuzz::Input bytes(data, size);
  using Form = ingest::RequestFields::Form;
  fields.begin((bytes.byte() & 1U) == 0 ? Form::kNative : Form::kEventHubs);
  std::vector<fuzz::Exact> kept;
  while (!bytes.rest().empty()) {
    const auto line = bytes.line();
    const auto colon = line.find(':');
    kept.emplace_back(line.substr(0, colon));
    const auto name = kept.back().view();
    kept.emplace_back(colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1));
    fields.add(name, kept.back().view());
    std::string value;
    const std::size_t before = value.size();
    if (event::append_attribute_value(kept.back().view(), value)) {
      FUZZ_REQUIRE(value.size() - before <= kept.back().view().size() && observe::is_utf8(value));
    }
  }
  std::size_t total = 0;
  for (const auto& header : fields.headers()) total += header.name.size() + header.value->size();
  for (const auto& property : fields.properties()) total += property.name.size() + property.value->size();
  FUZZ_REQUIRE(total <= size);
  if (!fields.cloud_event().empty()) check_cloud_event(fields.cloud_event());
  return 0;
}
