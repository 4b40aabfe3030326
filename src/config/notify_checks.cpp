#include "config/notify_checks.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/address_values.h"
#include "config/file.h"

namespace hubferry::config {
namespace {

constexpr const char* kFileKey = "notify.webhook-url-file";

tl::unexpected<Error> wrong(const std::string& message) {
  return fail(ErrorCode::kInvalid, message, Disposition::kFatal);
}

void warn_of_readers(const std::string& key, const std::string& path, Settings& settings) {
  if (path.empty() || !readable_by_others(path)) return;
  settings.warnings.push_back(key + " = " + shown(path, false) +
                              ": every user of this host can read this secret: chmod 0640 or stricter");
}

Status read_webhook(const std::string& path, Settings& settings) {
  std::string& url = settings.notify.webhook_url;
  if (path.empty()) return {};
  if (!url.empty()) {
    return wrong(std::string(kFileKey) + " and the environment HUBFERRY_NOTIFY_WEBHOOK_URL are both set: keep one");
  }
  const auto content = read_text_file(path, kFileKey);
  if (!content) return tl::make_unexpected(content.error());
  const std::string where = std::string(kFileKey) + " " + shown(path, false);
  std::vector<std::string> lines = split_list(*content, '\n');
  if (!lines.empty()) {
    url = lines.front();
    lines.erase(lines.begin());
  }
  for (const std::string& line : lines) {
    const std::string name = lower(line.substr(0, line.find(':')));
    constexpr std::string_view kToken = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const bool taken = name == "content-type" || name == "content-length" || name == "host";
    if (name.size() == line.size() || name.empty() || name.find_first_not_of(kToken) != std::string::npos || taken) {
      return wrong(where + ": what follows the URL must be header lines such as aeg-sas-key: KEY, one a line");
    }
  }
  settings.notify.webhook_headers = std::move(lines);
  if (url.empty()) return wrong(where + ": the file is empty");
  if (const auto parsed = parse_web_url(url); !parsed) return wrong(where + ": the URL in it " + parsed.error());
  warn_of_readers(kFileKey, path, settings);
  return {};
}

bool to_loopback(const std::string& url) {
  const auto address = parse_authority(authority_of(url));
  return address && is_loopback(address->host);
}

void warn_of_plain_webhook(Settings& settings) {
  const std::string& url = settings.notify.webhook_url;
  if (!url.starts_with("http://") || to_loopback(url)) return;
  settings.warnings.emplace_back(
      "notify.webhook-url is plain HTTP: whoever reads the network on the way can follow the link in the notification; "
      "use https://");
}

Status check_mail(Settings& settings) {
  const NotifySettings& notify = settings.notify;
  const bool user = !notify.mail_user.empty();
  const bool password = !notify.mail_password_file.empty();
  if (notify.mail_server.empty()) {
    const char* useless = !notify.mail_from.empty() ? "from"
                          : !notify.mail_to.empty() ? "to"
                          : user                    ? "user"
                          : password                ? "password-file"
                                                    : nullptr;
    if (useless == nullptr) return {};
    return wrong(std::string("notify.mail.") + useless +
                 " needs notify.mail.server, such as smtp://mail.example.com:587");
  }
  if (notify.mail_from.empty()) return wrong("notify.mail.server needs notify.mail.from, the sender's address");
  if (notify.mail_to.empty()) return wrong("notify.mail.server needs notify.mail.to, the receivers' addresses");
  if (user != password) {
    return wrong("notify.mail.user and notify.mail.password-file belong together: give both or none");
  }
  warn_of_readers("notify.mail.password-file", notify.mail_password_file.string(), settings);
  const bool clear = notify.mail_server.starts_with("smtp://") && !notify.mail_require_tls;
  if (clear && user && !to_loopback(notify.mail_server)) {
    return wrong(
        "notify.mail.require-tls = false would let the password of notify.mail.user cross the network in the clear: "
        "remove it, or use smtps://");
  }
  return {};
}

// A link that people cannot follow from where they read it.
void warn_of_links(Settings& settings) {
  const NotifySettings& notify = settings.notify;
  if (!notify.any() || !notify.public_url.empty()) return;
  const auto address = parse_host_port(settings.ingest.listen);
  if (!address) return;
  if (!is_loopback(address->host) && address->host != "0.0.0.0" && address->host != "::") return;
  settings.warnings.push_back("notify.public-url is not set: the links in notifications lead to ingest.listen = " +
                              settings.ingest.listen + ", which only this host can follow");
}

}  // namespace

Status check_notify(const NotifyOptions& options, Settings& settings) {
  if (auto status = read_webhook(options.webhook_url_file, settings); !status) return status;
  if (auto status = check_mail(settings); !status) return status;
  warn_of_plain_webhook(settings);
  warn_of_links(settings);
  return {};
}

}  // namespace hubferry::config
