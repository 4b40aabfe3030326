#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transfer/transfer.h"

namespace hubferry::transfer {

// kInvalid unless it is a plain ASCII address, name@host: neither spaces, control characters, angle brackets nor what
// else could end it in a header or an SMTP command. No quoted names, no internationalised addresses.
Status check_address(std::string_view address);

// The mail as RFC 5322 text with CRLF line ends of at most 76 bytes (an address may make its line longer), not
// dot-stuffed. `at_ms`: wall clock, for Date; `id`: what Message-ID has before the @. The error names the address.
Result<std::string> mail_message(const Mail& mail, std::int64_t at_ms, std::string_view id);

}  // namespace hubferry::transfer
