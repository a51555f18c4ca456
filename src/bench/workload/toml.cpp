#include "workload/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "workload/builtin.h"
#include "workload/nearest.h"
#include "workload/toml_section.h"

namespace lstmbench {
namespace {

Workload read_workload(const Section& section) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max() / 8;  // 4 * units fits an int
  const auto number = [&](const char* key) { return static_cast<int>(section.whole_number(key, 0, most)); };
  const auto number_or = [&](const char* key, int otherwise) {
    return section.has(key) ? number(key) : otherwise;
  };
  Workload workload;
  workload.name = section.text("name");
  workload.source = section.file();
  workload.layers = number_or("layers", 1);
  workload.units = number("units");
  workload.directions = number_or("directions", 1);
  workload.classes = number("classes");
  const std::string loss = section.has("loss") ? section.text("loss") : "cross-entropy";
  if (loss != "cross-entropy" && loss != "ctc")
    refuse(section.file(), section.position("loss"),
           fmt::format("'loss' is \"{}\", expected \"cross-entropy\" or \"ctc\"", loss));
  workload.loss = loss == "ctc" ? Loss::ctc : Loss::cross_entropy;
  workload.samples = number("samples");
  workload.time_steps = number("time_steps");
  workload.channels = number("channels");
  workload.labels = number_or("labels", 1);
  workload.min_length = number_or("min_length", workload.time_steps);
  workload.pads = section.has("pads") && section.boolean("pads");
  if (section.has("seed"))
    workload.seed = static_cast<std::uint32_t>(
        section.whole_number("seed", 0, std::numeric_limits<std::uint32_t>::max() - 1));
  try {
    validate(workload);
  } catch (const std::invalid_argument& error) {
    refuse(section.file(), section.position(), error.what());
  }
  return workload;
}

void require_name(const Section& section, const char* key, const std::string& name) {
  if (name.empty() || name.find_first_of(" \t\n,@\"'") != std::string::npos)
    refuse(section.file(), section.position(key),
           fmt::format("'{}' is \"{}\", expected a name without spaces, commas, quotes and @", key, name));
}

template <typename T, typename Same>
void require_new(const Section& section, const std::vector<T>& known, const char* what, const Same& is_same) {
  if (std::any_of(known.begin(), known.end(), is_same))
    refuse(section.file(), section.position("name"), fmt::format("{} is defined twice", what));
}

void add_workload(const Section& section, Configuration& configuration) {
  Workload workload = read_workload(section);
  if (builtin_workload(workload.name))
    refuse(section.file(), section.position("name"),
           fmt::format("workload '{}' is built in; choose another name", workload.name));
  require_new(section, configuration.workloads, "this workload",
              [&](const Workload& other) { return other.name == workload.name; });
  configuration.workloads.push_back(std::move(workload));
}

void add_variant(const Section& section, Configuration& configuration) {
  Variant variant{section.text("implementation"), section.text("name"), section.environment("environment")};
  require_name(section, "implementation", variant.implementation);
  require_name(section, "name", variant.name);
  require_new(section, configuration.variants, "this variant", [&](const Variant& other) {
    return other.implementation == variant.implementation && other.name == variant.name;
  });
  configuration.variants.push_back(std::move(variant));
}

void add_worker(const Section& section, Configuration& configuration) {
  WorkerDefinition worker{section.text("name"), section.texts("command"), section.environment("environment")};
  require_name(section, "name", worker.name);
  if (worker.command.front().empty())
    refuse(section.file(), section.position("command"),
           "'command' starts with an empty text, expected a program");
  require_new(section, configuration.workers, "this worker",
              [&](const WorkerDefinition& other) { return other.name == worker.name; });
  configuration.workers.push_back(std::move(worker));
}

void add_selection(const Section& section, Configuration& configuration) {
  configuration.selections.push_back(
      {section.texts("workload"), section.texts("implementation"),
       section.has("version") ? section.texts("version") : std::vector<std::string>{}});
}

// The options of `lstmbench run` that a file may set; lists are written as arrays.
const std::vector<std::string>& run_keys() {
  static const std::vector<std::string> keys{
      "workload", "implementation", "dtype",     "threads",  "rounds",   "steps",   "warmup",   "budget",
      "check",    "time-limit",     "precision", "protocol", "baseline", "results", "versions", "device"};
  return keys;
}

std::string option_text(const std::string& file, const std::string& key, const toml::node& node) {
  if (const auto* text = node.as_string()) return **text;
  if (const auto* number = node.as_integer()) return std::to_string(**number);
  if (const auto* array = node.as_array(); array && !array->empty()) {
    std::string list;
    for (const toml::node& element : *array)
      list += (list.empty() ? "" : ",") + option_text(file, key, element);
    return list;
  }
  refuse(file, node.source().begin,
         fmt::format("'{}' is {}, expected a text, a whole number or an array of them", key, shown(node)));
}

void read_run_defaults(const std::string& file, const toml::node& node, Configuration& configuration) {
  const toml::table* table = node.as_table();
  if (!table) refuse(file, node.source().begin, fmt::format("write [run], not 'run' as {}", shown(node)));
  for (const auto& [key, value] : *table) {
    const std::string name(key.str());
    if (std::find(run_keys().begin(), run_keys().end(), name) == run_keys().end())
      refuse(file, key.source().begin,
             fmt::format("unknown key '{}' in [run]{}", name, did_you_mean(name, run_keys())));
    const toml::source_position where = value.source().begin;
    configuration.run_defaults[name] = {option_text(file, name, value),
                                        fmt::format("{}:{}:{}", file, where.line, where.column)};
  }
}

struct SectionKind {
  std::string name;
  std::vector<std::string> keys;
  void (*add)(const Section&, Configuration&);
};

const std::array<SectionKind, 4>& section_kinds() {
  static const std::array<SectionKind, 4> kinds{{
      {"workload",
       {"name", "layers", "units", "directions", "classes", "loss", "samples", "time_steps", "channels",
        "labels", "min_length", "pads", "seed"},
       add_workload},
      {"variant", {"implementation", "name", "environment"}, add_variant},
      {"worker", {"name", "command", "environment"}, add_worker},
      {"select", {"workload", "implementation", "version"}, add_selection},
  }};
  return kinds;
}

const SectionKind& section_kind(const std::string& file, const toml::key& key) {
  std::vector<std::string> names{"run"};
  for (const SectionKind& kind : section_kinds()) {
    if (kind.name == key.str()) return kind;
    names.push_back(kind.name);
  }
  refuse(file, key.source().begin,
         fmt::format("unknown key '{}'{}", key.str(), did_you_mean(key.str(), names)));
}

}  // namespace

Configuration parse_configuration(std::string_view text, const std::string& file_name) {
  toml::table root;
  try {
    root = toml::parse(text, file_name);
  } catch (const toml::parse_error& error) {
    refuse(file_name, error.source().begin, std::string(error.description()));
  } catch (const MalformedToml&) {
    refuse(file_name, {1, 1}, "malformed TOML: a character somewhere that is allowed nowhere");
  }
  Configuration configuration;
  for (const auto& [key, value] : root) {
    if (key.str() == "run") {
      read_run_defaults(file_name, value, configuration);
      continue;
    }
    const SectionKind& kind = section_kind(file_name, key);
    const toml::array* tables = value.as_array();
    if (!tables || !std::all_of(tables->begin(), tables->end(), [](const auto& t) { return t.is_table(); }))
      refuse(file_name, key.source().begin,
             fmt::format("write [[{0}]], not '{0}' as {1}", kind.name, shown(value)));
    for (const toml::node& table : *tables)
      kind.add(Section(file_name, kind.name, *table.as_table(), kind.keys), configuration);
  }
  return configuration;
}

Configuration read_configuration(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw std::invalid_argument(fmt::format("{}: is a folder, expected a TOML file", file.string()));
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in)
    throw std::invalid_argument(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
  return parse_configuration(text.str(), file.string());
}

}  // namespace lstmbench
