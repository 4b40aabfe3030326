#include "deliver/forward.h"

#include <algorithm>
#include <utility>

#include "event/origin.h"

namespace hubferry::deliver {

std::vector<event::Header> forwarded_headers(const event::Record& record) {
  std::vector<event::Header> headers;
  headers.reserve(record.headers.size());
  bool has_origin = std::any_of(record.headers.begin(), record.headers.end(), [](const event::Header& header) {
    return header.name == event::kForwardedOriginHeader;
  });
  for (event::Header header : record.headers) {
    if (header.name == event::kOriginHeader) {
      if (std::exchange(has_origin, true)) continue;
      header.name = event::kForwardedOriginHeader;
    }
    headers.push_back(header);
  }
  return headers;
}

Outgoing forward(const WorkId& id, std::shared_ptr<const event::Record> record, std::uint64_t spread) {
  Outgoing outgoing;
  outgoing.id = id;
  outgoing.spread = spread;
  outgoing.headers = forwarded_headers(*record);
  outgoing.record = std::move(record);
  return outgoing;
}

}  // namespace hubferry::deliver
