#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace hubferry::config {

// What an Event Hubs connection string says. `text` and nothing else is secret.
struct ConnectionString {
  std::string text;       // trimmed; the SASL password
  std::string host;       // FQDN of the namespace, any cloud
  std::string hub;        // EntityPath; empty: the whole namespace
  bool emulator = false;  // UseDevelopmentEmulator=true

  // HOST:9093, and HOST:9092 of the emulator.
  std::string bootstrap_servers() const;
  // SASL_SSL, and SASL_PLAINTEXT of the emulator.
  std::string security_protocol() const;
};

// Endpoint=sb://FQDN/;SharedAccessKeyName=...;SharedAccessKey=...[;EntityPath=HUB][;UseDevelopmentEmulator=true] in any
// order, names in any case; other parts are ignored. `where` (a variable or a file) starts the error, which names the
// part and never quotes a value.
Result<ConnectionString> parse_connection_string(std::string_view text, std::string_view where);

}  // namespace hubferry::config
