#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace hubferry::config {

// Which kind of client knows a librdkafka property. The other kind would log a warning (CONFWARN) about it.
enum class ClientKind { kBoth, kProducer, kConsumer };
ClientKind client_kind(std::string_view property);

// librdkafka has two names for some properties; this is the one the daemon uses, so that a user's value replaces the
// default under either name.
std::string canonical_property(std::string_view property);

// Why the user cannot set this property: the daemon does it itself. Nothing if the user may.
std::optional<std::string_view> managed_property(std::string_view property);

// Passwords and keys. Takes misspelt names of theirs for secrets too: librdkafka will refuse those, after they were
// shown.
bool is_secret_property(std::string_view property);

}  // namespace hubferry::config
