// Reading one [[...]] table of a TOML file key by key, with errors that say where.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "workload/nearest.h"

namespace lstmbench {

[[noreturn]] inline void refuse(const std::string& file, const toml::source_position& where,
                                const std::string& what) {
  throw std::invalid_argument(fmt::format("{}:{}:{}: {}", file, where.line, where.column, what));
}

// A value as it is written, for messages.
inline std::string shown(const toml::node& node) {
  std::ostringstream text;
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return fmt::format("the text \"{}\"", node.value<std::string>().value_or(""));
    default:
      node.visit([&](const auto& value) {
        if constexpr (toml::is_value<decltype(value)>) text << value.get();
      });
  }
  return fmt::format("{} ({})", text.str(), [&] {
    std::ostringstream type;
    type << node.type();
    return type.str();
  }());
}

// One [[...]] table, read key by key; what nobody asked for is unknown.
class Section {
 public:
  Section(const std::string& file, std::string name, const toml::table& table,
          std::span<const std::string> keys)
      : file_(file), name_(std::move(name)), table_(table) {
    for (const auto& [key, value] : table_) {
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end())
        refuse(file_, key.source().begin,
               fmt::format("unknown key '{}' in [[{}]]{}", key.str(), name_, did_you_mean(key.str(), keys)));
    }
  }

  bool has(const char* key) const { return table_.contains(key); }

  std::string text(const char* key) const {
    const toml::node& node = required(key);
    if (!node.is_string()) wrong_type(key, node, "a text");
    return **node.as_string();
  }

  bool boolean(const char* key) const {
    const toml::node& node = required(key);
    if (!node.is_boolean()) wrong_type(key, node, "true or false");
    return **node.as_boolean();
  }

  std::int64_t whole_number(const char* key, std::int64_t least, std::int64_t most) const {
    const toml::node& node = required(key);
    if (!node.is_integer()) wrong_type(key, node, "a whole number");
    const std::int64_t value = **node.as_integer();
    if (value < least || value > most)
      refuse(file_, node.source().begin,
             fmt::format("'{}' is {}, expected {} to {}", key, value, least, most));
    return value;
  }

  std::vector<std::string> texts(const char* key) const {
    const toml::node& node = required(key);
    const toml::array* array = node.as_array();
    if (!array || array->empty()) wrong_type(key, node, "an array of texts, not empty");
    std::vector<std::string> values;
    for (const toml::node& element : *array) {
      if (!element.is_string()) wrong_type(key, element, "texts only");
      values.push_back(**element.as_string());
    }
    return values;
  }

  std::map<std::string, std::string> environment(const char* key) const {
    std::map<std::string, std::string> values;
    if (!has(key)) return values;
    const toml::node& node = required(key);
    const toml::table* table = node.as_table();
    if (!table) wrong_type(key, node, "a table such as { OMP_WAIT_POLICY = \"active\" }");
    for (const auto& [name, value] : *table) {
      if (!value.is_string()) wrong_type(name.str().data(), value, "a text");
      if (name.str().empty() || name.str().find('=') != std::string_view::npos)
        refuse(file_, name.source().begin,
               fmt::format("'{}' cannot name an environment variable", name.str()));
      values.emplace(name.str(), **value.as_string());
    }
    return values;
  }

  toml::source_position position() const { return table_.source().begin; }
  toml::source_position position(const char* key) const { return required(key).source().begin; }
  const std::string& file() const { return file_; }

 private:
  const toml::node& required(const char* key) const {
    const toml::node* node = table_.get(key);
    if (!node) refuse(file_, position(), fmt::format("'{}' is missing in [[{}]]", key, name_));
    return *node;
  }

  [[noreturn]] void wrong_type(const std::string& key, const toml::node& node, const char* expected) const {
    refuse(file_, node.source().begin, fmt::format("'{}' is {}, expected {}", key, shown(node), expected));
  }

  std::string file_;
  std::string name_;
  const toml::table& table_;
};

}  // namespace lstmbench
