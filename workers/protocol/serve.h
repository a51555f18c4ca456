// The worker protocol's channel (docs/worker-protocol.md): requests on descriptor 3, replies on descriptor 4.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace protocol {

// An error reply: one of the protocol's kinds, and a message for people.
struct Error : std::runtime_error {
  Error(std::string kind_, const std::string& message)
      : std::runtime_error(message), kind(std::move(kind_)) {}
  std::string kind;
};
inline Error bad_request(const std::string& message) {
  return {"bad-request", message};
}
inline Error unsupported(const std::string& message) {
  return {"unsupported", message};
}

// From a request's object to its result; throws Error, std::bad_alloc (out-of-memory) or anything else
// (failed).
using Handler = std::function<nlohmann::json(const nlohmann::json&)>;

// Answers requests by name until "quit" (which needs no handler) or end-of-file. Returns the exit status of
// the program; 2, and a line on standard error, where the descriptors are not open.
int serve(const std::map<std::string, Handler>& handlers);

// A loss as JSON: text where it is not finite.
nlohmann::json number(double value);

}  // namespace protocol
