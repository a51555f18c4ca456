#include "peers/asked_version.h"

#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

#include "peers/version.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

const PeerLibrary& require_library(const std::string& name) {
  if (const PeerLibrary* library = find_library(name)) return *library;
  std::vector<std::string> names;
  for (const auto& library : peer_libraries()) names.push_back(library.name);
  throw std::invalid_argument(
      fmt::format("unknown library '{}'{} (there are {})", name, did_you_mean(name, names), library_names()));
}

// "torch=2.0.1" and "torch==2.0.1"; the second word is empty where there is no '='.
AskedVersion split_at_equals(const std::string& text) {
  const std::size_t equals = text.find('=');
  const PeerLibrary& library = require_library(text.substr(0, equals));
  if (equals == std::string::npos) return {&library, ""};
  const std::size_t version = text.find_first_not_of('=', equals);
  if (version == std::string::npos) throw std::invalid_argument(fmt::format("'{}' has no version", text));
  return {&library, text.substr(version)};
}

// Whose versions need no name.
const PeerLibrary* unnamed_library() {
  return &peer_libraries().front();
}

AskedVersion parse_item(const std::string& item, const PeerLibrary* named_before) {
  if (item.empty())
    throw std::invalid_argument("a version is empty; for instance torch=1.12.1,2.0.1,jax=0.9.0");
  const bool is_version = item.find('=') == std::string::npos && !find_library(item);
  AskedVersion asked = is_version ? AskedVersion{named_before, item} : split_at_equals(item);
  if (asked.version.empty())
    throw std::invalid_argument(fmt::format("'{0}' needs a version: {0}=VERSION", item));
  if (!is_plain_name(asked.version))
    throw std::invalid_argument(fmt::format("'{}' is no version of {}", asked.version, asked.library->name));
  return asked;
}

}  // namespace

AskedVersion parse_asked_version(const std::string& text) {
  if (text.empty()) throw std::invalid_argument(fmt::format("which library? There are {}", library_names()));
  if (std::isdigit(static_cast<unsigned char>(text.front())) != 0) return {unnamed_library(), text};
  return split_at_equals(text);
}

std::vector<AskedVersion> parse_asked_versions(const std::vector<std::string>& lists) {
  std::vector<AskedVersion> result;
  for (const auto& list : lists)
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
      end = list.find(',', begin);
      result.push_back(parse_item(list.substr(begin, end == std::string::npos ? end : end - begin),
                                  result.empty() ? unnamed_library() : result.back().library));
    }
  return result;
}

}  // namespace lstmbench
