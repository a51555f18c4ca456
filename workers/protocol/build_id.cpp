#include "protocol/build_id.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace protocol {
namespace {

constexpr std::size_t kDigits = 16;

std::size_t aligned(std::size_t size) {
  return (size + 3) / 4 * 4;
}

// Of a segment of notes: each is a header, a name and a description, the latter two padded to four bytes.
std::string build_id_among(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t description = sizeof header + aligned(header.n_namesz);
    const std::size_t end = description + aligned(header.n_descsz);
    if (end > notes.size()) return "";
    if (header.n_type == NT_GNU_BUILD_ID &&
        notes.substr(sizeof header, header.n_namesz) == std::string_view("GNU\0", 4)) {
      std::string text;
      for (const char byte : notes.substr(description, header.n_descsz))
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return text.substr(0, kDigits);
    }
    notes.remove_prefix(end);
  }
  return "";
}

int look_at_program(dl_phdr_info* program, std::size_t, void* result) {
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    // The loader gives addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* start = reinterpret_cast<const char*>(program->dlpi_addr + segment.p_vaddr);
    const std::string found = build_id_among({start, segment.p_memsz});
    if (!found.empty()) *static_cast<std::string*>(result) = found;
  }
  return 1;  // the first is the program itself, the others are its libraries
}

}  // namespace

std::string build_id() {
  std::string result;
  dl_iterate_phdr(look_at_program, &result);
  return result;
}

}  // namespace protocol
