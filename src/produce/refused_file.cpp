#include "produce/refused_file.h"

#include <array>

#include "base/base64.h"
#include "base/ids.h"
#include "event/frame.h"
#include "observe/json_text.h"

namespace hubferry::produce {
namespace {

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = observe::utf8_sequence(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

// "name":"text", or "name_base64":"..." for bytes that are no text.
void append_member(std::string& line, const std::string& name, std::string_view bytes) {
  const bool text = is_text(bytes);
  line += ",\"" + name + (text ? "\":" : "_base64\":\"");
  if (text) {
    observe::append_json_string(line, bytes);
  } else {
    line += base64(bytes) + '"';
  }
}

void append_headers(std::string& line, const std::vector<event::Header>& headers) {
  line += ",\"headers\":[";
  for (const event::Header& header : headers) {
    line += line.back() == '[' ? "{\"name\":" : ",{\"name\":";
    observe::append_json_string(line, header.name);
    if (header.value) append_member(line, "value", *header.value);
    line += '}';
  }
  line += ']';
}

}  // namespace

std::string refused_line(const RefusedEvent& refused) {
  std::string line = "{\"time_ms\":" + std::to_string(refused.time_ms) + ",\"topic\":";
  observe::append_json_string(line, refused.topic);
  line += ",\"source\":\"" + id_text(refused.source) + "\",\"sequence\":" + std::to_string(refused.sequence) +
          ",\"reason\":";
  observe::append_json_string(line, refused.reason);
  event::OutboundEvent event;
  if (!event::decode_frame(refused.frame, event)) return line + ",\"frame_base64\":\"" + base64(refused.frame) + "\"}";
  if (event.partition != event::OutboundEvent::kAnyPartition) {
    line += ",\"partition\":" + std::to_string(event.partition);
  }
  if (event.key) append_member(line, "key", *event.key);
  append_headers(line, event.headers);
  return line + ",\"value_base64\":\"" + base64(event.value) + "\"}";
}

Status RefusedFile::add(std::string_view line) {
  Status status = file_ ? Status() : open();
  if (status) status = write(line);
  if (!status) file_.reset();  // opened anew, and measured anew, by the next call
  return status;
}

Status RefusedFile::open() {
  auto file = files_.open(path_, true);
  if (!file) return tl::make_unexpected(file.error());
  if (auto status = files_.sync_directory(directory_); !status) return status;
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  size_ = *size;
  std::array<char, 1> last{'\n'};
  if (size_ != 0) {
    if (auto read = (*file)->read_at(size_ - 1, last); !read) return tl::make_unexpected(read.error());
  }
  file_ = std::move(*file);
  if (last[0] == '\n') return {};
  return write("");  // a line that a crash cut off stays, and is over
}

Status RefusedFile::write(std::string_view line) {
  std::string text(line);
  text += '\n';
  if (auto status = file_->write_at(size_, text); !status) return status;
  if (auto status = file_->sync_data(); !status) return status;
  size_ += text.size();
  return {};
}

}  // namespace hubferry::produce
