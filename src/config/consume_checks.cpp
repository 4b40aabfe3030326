#include "config/consume_checks.h"

#include <map>
#include <string>

#include "config/control_checks.h"
#include "config/file.h"

namespace hubferry::config {
namespace {

tl::unexpected<Error> wrong(const ConsumeRoute& route, const std::string& message) {
  return fail(ErrorCode::kInvalid, "consume." + route.name + "." + message, Disposition::kFatal);
}

bool is_https(const HandlerSettings& handler) {
  return handler.target.starts_with("https://");
}

Status check_handler(const ConsumeRoute& route) {
  const HandlerSettings& handler = route.handler;
  if (handler.tls_certificate_file.empty() != handler.tls_key_file.empty()) {
    return wrong(route, "handler.tls.certificate-file and handler.tls.key-file belong together: give both or none");
  }
  const bool tls = !handler.tls_ca_file.empty() || !handler.tls_certificate_file.empty();
  if (tls && !is_https(handler)) return wrong(route, "handler.tls.* needs a handler with https://");
  if (handler.scheme != HandlerScheme::kHttp) {
    if (handler.format != HttpFormat::kSingle) return wrong(route, "handler.format is for http handlers only");
    if (!handler.headers.empty()) return wrong(route, "handler.headers is for http handlers only");
    if (!handler.bearer_token_file.empty()) return wrong(route, "handler.bearer-token-file is for http handlers only");
  }
  const bool rotates = handler.rotate_bytes != 0 || handler.rotate_interval.count() != 0;
  if (rotates && handler.scheme != HandlerScheme::kFile) {
    return wrong(route, "handler.rotate.* is for file handlers only");
  }
  if (handler.scheme == HandlerScheme::kTopic && handler.target == "topic:" + route.topic) {
    return wrong(route, "handler = " + handler.target + " is the route's own topic: it would go round for ever");
  }
  return {};
}

Status check_route(const ConsumeRoute& route) {
  if (route.dead_letter == route.topic) {
    return wrong(route, "dead-letter = " + route.dead_letter + " is the route's own topic: it would go round for ever");
  }
  if (route.parked_keys && route.dead_letter.empty()) {
    return wrong(route, "parked-keys = true needs dead-letter, the topic that the events of such keys go to");
  }
  if (route.parked_keys && route.order == Order::kNone) {
    return wrong(route, "parked-keys = true makes no sense with order = none: it keeps the order of a key");
  }
  if (route.direct() && !route.group_instance_id.empty()) {
    return wrong(route, "group-instance-id is for members of a group; with partitions the route is none");
  }
  return check_handler(route);
}

Status put_host_name(ConsumeRoute& route) {
  if (route.group_instance_id != "hostname") return {};
  route.group_instance_id = host_name();
  if (!route.group_instance_id.empty()) return {};
  return wrong(route, "group-instance-id = hostname: this host has no name; give a name of your own");
}

void warn_of(const ConsumeRoute& route, Settings& settings) {
  const auto warn = [&](const std::string& message) {
    settings.warnings.push_back("consume." + route.name + "." + message);
  };
  if (route.revoke_deadline >= settings.shutdown.deadline) {
    warn(
        "revoke.deadline is not shorter than shutdown.deadline: work in flight at shutdown may be cut off and "
        "delivered again");
  }
  if (route.dead_letter.empty() && route.retry_attempts != 0) {
    warn("dead-letter is not set: an event that fails is tried for ever, and holds up the events behind it");
  }
  if (route.handler.bearer_token_file.empty()) return;
  if (!is_https(route.handler)) warn("handler.bearer-token-file goes over plain HTTP: use https:// outside of a pod");
  if (readable_by_others(route.handler.bearer_token_file.string())) {
    warn("handler.bearer-token-file: every user of this host can read it: chmod 0640 or stricter");
  }
}

}  // namespace

Status check_consume(Settings& settings) {
  std::map<std::string, std::string> groups;
  for (ConsumeRoute& route : settings.consume) {
    if (auto status = check_route(route); !status) return status;
    if (auto status = put_host_name(route); !status) return status;
    warn_of(route, settings);
    const auto [first, added] = groups.emplace(route.group, route.name);
    if (added) continue;
    settings.warnings.push_back("consume." + first->second + " and consume." + route.name + " share the group " +
                                route.group +
                                ": each event of a common topic reaches only one of them, and every rebalance stops "
                                "both");
  }
  return {};
}

}  // namespace hubferry::config
