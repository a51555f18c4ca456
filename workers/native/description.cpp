#include "description.h"

#include <fstream>

namespace lstm_worker {
namespace {

// The text behind "KEY :" in /proc/cpuinfo; empty where there is none.
std::string cpu_fact(const std::string& key) {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

}  // namespace

std::string note(lstm::DType dtype, lstm::Isa isa) {
  if (dtype != lstm::DType::bf16 && dtype != lstm::DType::bf16x3) return "";
  if (isa == lstm::Isa::portable) {
    return "no bf16 instructions here: a software model of AMX's tiles computes it, for verification only";
  }
  const bool has_two_parts = dtype == lstm::DType::bf16x3;
  if (isa < lstm::Isa::avx512bf16) {
    return has_two_parts
               ? "no bf16 instructions here: both parts of a number are added and multiplied in fp32, "
                 "which takes longer than fp32 does: for verification"
               : "no bf16 instructions here: numbers are held in bf16 and multiplied in fp32, which "
                 "saves memory but no time";
  }
  if (has_two_parts && isa < lstm::Isa::amx) {
    return "three VDPBF16PS products take longer than one in fp32: it pays with AMX only, and is for "
           "verification here";
  }
  return "";
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#else
  return "unknown";
#endif
}

std::string cpu_model() {
  const std::string model = cpu_fact("model name");
  return model.empty() ? "unknown" : model;
}

}  // namespace lstm_worker
