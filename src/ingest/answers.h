#pragma once
#include <vector>

#include "base/result.h"
#include "http/server.h"
#include "ingest/decode.h"
#include "spool/feedback.h"
#include "spool/spool.h"

namespace hubferry::ingest {

// 202 {"accepted":2,"source":"...","first":1,"last":2}
http::Response accepted_answer(const spool::Receipt& receipt);

// ?ack=broker: 200, the same with "stored":[{"partition":0,"offset":17},...], an offset that is not known as null; or
// 202 with "acknowledged":false when `stored` is empty, because the broker took too long.
http::Response broker_answer(const spool::Receipt& receipt, const std::vector<spool::Feedback::Stored>& stored);

// 201 without a body, as Event Hubs answers.
http::Response created_answer();

// problem+json; 503 with Retry-After.
http::Response refusal_answer(const Refusal& refusal);

// What a request gets that the spool did not take.
Refusal refusal_of(const Error& error);

}  // namespace hubferry::ingest
