#include "deliver/file_handler.h"
#include "deliver/handler.h"
#include "deliver/http_handler.h"

namespace hubferry::deliver {

Result<std::unique_ptr<Handler>> make_handler(const config::ConsumeRoute& route) {
  constexpr std::string_view kFileScheme = "file:";
  if (route.handler.starts_with(kFileScheme)) {
    auto file = FileHandler::open(route.handler.substr(kFileScheme.size()));
    if (!file) return tl::make_unexpected(file.error());
    return std::move(*file);
  }
  const auto url = http::parse_url(route.handler);
  if (!url) return tl::make_unexpected(url.error());
  return std::make_unique<HttpHandler>(http::Client::create(*url, {}), route.handler_timeout);
}

}  // namespace hubferry::deliver
