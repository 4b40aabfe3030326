#include "produce/refused_file.h"

#include <array>

#include "base/base64.h"
#include "base/ids.h"
#include "event/frame.h"
#include "observe/json_text.h"
#include "produce/event_members.h"

namespace hubferry::produce {

std::string refused_line(const RefusedEvent& refused) {
  std::string line = "{\"time_ms\":" + std::to_string(refused.time_ms) + ",\"topic\":";
  observe::append_json_string(line, refused.topic);
  line += ",\"source\":\"" + id_text(refused.source) + "\",\"sequence\":" + std::to_string(refused.sequence) +
          ",\"reason\":";
  observe::append_json_string(line, refused.reason);
  event::OutboundEvent event;
  if (!event::decode_frame(refused.frame, event)) return line + ",\"frame_base64\":\"" + base64(refused.frame) + "\"}";
  append_event_members(line, event);
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
