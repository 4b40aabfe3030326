#pragma once
#include <string_view>

#include "http/server.h"

namespace hubferry::console {

// Whether a page of another site makes a browser send this, as that browser says (Sec-Fetch-Site).
bool is_from_another_site(const http::Request& request);

// Whether a browser shows the answer to a person.
bool wants_page(const http::Request& request);

// Whether the body is a form's, application/x-www-form-urlencoded.
bool is_form(const http::Request& request);

// Whether `text` can be a link's token: 1 to 128 of the characters 0-9 a-z A-Z _ -
bool is_token(std::string_view text);

}  // namespace hubferry::console
