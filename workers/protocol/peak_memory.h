// The most memory that this process has had.
#pragma once

#include <cstdint>

namespace protocol {

// In bytes, since this program was started; without what ran in the process before exec. Throws
// std::runtime_error where the system does not say.
std::int64_t peak_rss_bytes();

}  // namespace protocol
