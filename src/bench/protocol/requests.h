// Requests of the worker protocol as lines of JSON, without the line feed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "case/case.h"

namespace lstmbench {

constexpr int protocol_version = 1;
constexpr std::size_t longest_line = std::size_t{1} << 20;  // bytes

std::string encode_hello(std::int64_t id);
std::string encode_prepare(std::int64_t id, const Case& a_case, const std::filesystem::path& problem);
std::string encode_check(std::int64_t id, const std::filesystem::path& gradients);
std::string encode_run(std::int64_t id, int steps);
std::string encode_memory(std::int64_t id);
std::string encode_peak(std::int64_t id, int threads, double seconds, bool quick);
std::string encode_quit(std::int64_t id);

}  // namespace lstmbench
