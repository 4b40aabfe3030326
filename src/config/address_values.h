#pragma once
#include <string_view>

#include "config/values.h"

namespace hubferry::config {

// The kinds of value that name hosts, instances and people; see Kind. All but parse_authority() accept an empty text.
Parsed<Value> parse_instance(std::string_view text);
Parsed<Value> parse_web_url(std::string_view text);
Parsed<Value> parse_public_url(std::string_view text);
Parsed<Value> parse_mail_server(std::string_view text);
Parsed<Value> parse_mail_addresses(std::string_view text, bool many);

// A URL's host, host:port, [ipv6] or [ipv6]:port, with a port between 1 and 65535; without one the port is 0.
Parsed<HostPort> parse_authority(std::string_view text);
// Between "://" and the path of a URL.
std::string_view authority_of(std::string_view url);

// Only addresses and localhost: a name that starts with "127." may be anywhere.
bool is_loopback(std::string_view host);

// Neither white space nor a control character; not only ASCII.
bool is_graphic(char c);
bool all_graphic(std::string_view text);

}  // namespace hubferry::config
