// What users define in TOML files: workloads, variants of implementations, workers, and what to run
// (docs/configuration.md).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "workload/workload.h"

namespace lstmbench {

// An implementation run in another environment, shown as "implementation@name".
struct Variant {
  std::string implementation;                      // "pytorch/LSTM"
  std::string name;                                // "tuned"
  std::map<std::string, std::string> environment;  // added to that worker's only
};

struct WorkerDefinition {
  std::string name;
  std::vector<std::string> command;                // command[0] is the program
  std::map<std::string, std::string> environment;  // added to the harness's own
};

// [[select]]: implementations for some workloads and versions, where one list for all would take too much.
struct Selection {
  std::vector<std::string> workloads;        // names or globs
  std::vector<std::string> implementations;  // names or globs
  std::vector<std::string> versions;         // of the library, or globs: "2.*"; empty: all
};

// A value of the [run] table.
struct RunDefault {
  std::string text;
  std::string place;  // "lstmbench.toml:2:10", for whoever finds that no such value can be
};

struct Configuration {
  std::vector<Workload> workloads;
  std::vector<Variant> variants;
  std::vector<WorkerDefinition> workers;
  std::vector<Selection> selections;
  std::map<std::string, RunDefault> run_defaults;  // by option of `lstmbench run`, without --
};

// Throw std::invalid_argument "FILE:LINE:COLUMN: what is wrong": malformed TOML, an unknown key (with the
// nearest known one), a value of the wrong type, a key that is missing or given twice, a name that is taken,
// a workload that validate() refuses. A file that cannot be read throws std::invalid_argument naming it.
Configuration read_configuration(const std::filesystem::path& file);
Configuration parse_configuration(std::string_view text, const std::string& file_name);

}  // namespace lstmbench
