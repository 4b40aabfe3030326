#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace hubferry::transfer {

// What logs and errors may show of an URL: scheme://host[:port]/first-segment/... Never user or password, query,
// fragment, or the rest of the path, where webhooks carry their secrets.
std::string show_url(std::string_view url);

// kInvalid unless it is an http:// or https:// URL that libcurl takes.
Status check_post_url(const std::string& url);

// kInvalid unless it is smtp://host[:port] or smtps://host[:port] and no more.
Status check_mail_server(const std::string& url);

}  // namespace hubferry::transfer
