#include "process/log_tail.h"

#include "protocol/text.h"

namespace lstmbench {

void LogTail::append(std::string_view bytes) {
  if (bytes.size() > capacity) {
    has_dropped_ = true;
    bytes.remove_prefix(bytes.size() - capacity);
  }
  bytes_ += bytes;
  if (bytes_.size() > 2 * capacity) {
    has_dropped_ = true;
    bytes_.erase(0, bytes_.size() - capacity);
  }
}

std::string LogTail::text() const {
  std::string_view tail = bytes_;
  const bool is_cut = has_dropped_ || tail.size() > capacity;
  if (tail.size() > capacity) tail.remove_prefix(tail.size() - capacity);
  const auto continues = [&] {
    return !tail.empty() && (static_cast<unsigned char>(tail[0]) & 0xC0) == 0x80;
  };
  for (int i = 0; is_cut && i < 3 && continues(); ++i) tail.remove_prefix(1);
  return to_valid_utf8(tail);
}

}  // namespace lstmbench
