#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hubferry {

enum class ErrorCode {
  kInvalid,      // the caller's input is wrong
  kNotFound,     // the thing named does not exist
  kUnavailable,  // a peer (broker, handler) cannot be reached or refuses for now
  kFull,         // a bounded store or queue has no room
  kTooLarge,     // one item is larger than a limit
  kCorrupt,      // stored bytes fail their check
  kIo,           // the operating system reported an error
  kTimeout,      // a deadline passed
  kClosed,       // the object is shutting down
  kConflict,     // somebody else holds it
  kInternal,     // a defect or an impossible answer
};

// What the one who gets the error should do with the work that failed.
enum class Disposition {
  kRetry,   // the same work can succeed later
  kReject,  // the same work fails again: give it back or set it aside
  kFatal,   // the object that returned it is unusable: rebuild it or end the process
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // what happened, where, and what the operator can do; never a secret
  Disposition disposition = Disposition::kReject;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, Disposition disposition = Disposition::kReject) {
  return tl::make_unexpected(Error{code, std::move(message), disposition});
}

}  // namespace hubferry
