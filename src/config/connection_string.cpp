#include "config/connection_string.h"

#include <algorithm>
#include <map>

#include "config/values.h"

namespace hubferry::config {
namespace {

constexpr std::string_view kScheme = "sb://";

tl::unexpected<Error> refuse(std::string_view where, std::string_view reason) {
  return fail(ErrorCode::kInvalid, std::string(where) + ": the connection string " + std::string(reason),
              Disposition::kFatal);
}

using Parts = std::map<std::string, std::string>;  // by lower-case name

Result<Parts> split_parts(std::string_view text, std::string_view where) {
  Parts parts;
  for (const std::string& part : split_list(text, ';')) {
    const auto equals = part.find('=');
    if (equals == std::string::npos) {
      return refuse(where, "has a part without '=': expected Name=Value;Name=Value, copied whole from the portal");
    }
    const std::string name = lower(trimmed(part.substr(0, equals)));
    if (!parts.emplace(name, trimmed(part.substr(equals + 1))).second) {
      return refuse(where, "has one of its parts twice: it must hold exactly one namespace's string");
    }
  }
  return parts;
}

std::string part(const Parts& parts, const char* name) {
  const auto found = parts.find(name);
  return found == parts.end() ? std::string() : found->second;
}

// Why the parts are no connection string for the Kafka endpoint, or nothing.
std::string missing(const Parts& parts) {
  std::string names;
  for (const char* name : {"Endpoint", "SharedAccessKeyName", "SharedAccessKey"}) {
    if (part(parts, lower(name).c_str()).empty()) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names.empty() ? names : "lacks " + names + ": copy it whole from the namespace's shared access policy";
}

Parsed<std::string> host_of(const std::string& endpoint) {
  if (!lower(endpoint).starts_with(kScheme)) return tl::make_unexpected("has an Endpoint without sb:// in front");
  std::string host = endpoint.substr(kScheme.size());
  if (host.ends_with('/')) host.pop_back();
  if (host.find(':') != std::string::npos) {
    return tl::make_unexpected(
        "has a port in its Endpoint, which is never part of one: the Kafka endpoint is at port "
        "9093; give another address as kafka.bootstrap.servers");
  }
  if (host.empty() || !parse_host_port(host + ":9093")) {
    return tl::make_unexpected("has an Endpoint that is not sb://HOST/ with a host's name");
  }
  return host;
}

}  // namespace

std::string ConnectionString::bootstrap_servers() const {
  return host + (emulator ? ":9092" : ":9093");
}

std::string ConnectionString::security_protocol() const {
  return emulator ? "SASL_PLAINTEXT" : "SASL_SSL";
}

Result<ConnectionString> parse_connection_string(std::string_view text, std::string_view where) {
  text = trimmed(text);
  if (text.empty()) return refuse(where, "is empty");
  if (text.front() == '"' || text.front() == '\'') return refuse(where, "stands in quotes: remove them");
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20; })) {
    return refuse(where, "contains white space or line breaks: it must be one line");
  }
  const auto parts = split_parts(text, where);
  if (!parts) return tl::make_unexpected(parts.error());
  if (parts->contains("sharedaccesssignature")) {
    return refuse(where,
                  "has a SharedAccessSignature, which the Kafka endpoint of Event Hubs does not accept: use one "
                  "with SharedAccessKeyName and SharedAccessKey");
  }
  if (const std::string reason = missing(*parts); !reason.empty()) return refuse(where, reason);
  const auto host = host_of(part(*parts, "endpoint"));
  if (!host) return refuse(where, host.error());

  ConnectionString result;
  result.text = text;
  result.host = *host;
  result.hub = part(*parts, "entitypath");
  result.emulator = lower(part(*parts, "usedevelopmentemulator")) == "true";
  return result;
}

}  // namespace hubferry::config
