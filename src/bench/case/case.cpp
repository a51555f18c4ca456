#include "case/case.h"

#include <fmt/format.h>

namespace lstmbench {

std::string Case::id() const {
  return fmt::format("{} {} {} {} {} {}t", workload.name, implementation, version.empty() ? "?" : version,
                     dtype, device, threads);
}

std::string to_string(Status status) {
  switch (status) {
    case Status::ok:
      return "OK";
    case Status::incorrect:
      return "INCORRECT";
    case Status::unsupported:
      return "UNSUPPORTED";
    case Status::out_of_memory:
      return "OUT_OF_MEMORY";
    case Status::timeout:
      return "TIMEOUT";
    case Status::crashed:
      return "CRASHED";
    case Status::failed:
      return "FAILED";
    case Status::interrupted:
      return "INTERRUPTED";
  }
  return "FAILED";
}

}  // namespace lstmbench
