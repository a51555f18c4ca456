// Where a report goes: the terminal, and files where they were asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "report/model.h"

namespace lstmbench {

// "-" stands for standard output, which then carries nothing else.
struct OutputFlags {
  std::string json, markdown, csv, html;
  std::string png, svg;  // folders
};
void add_output_flags(CLI::App& command, OutputFlags& flags);

// Throws StorageError where one of the files or folders could not be written, std::runtime_error where what
// draws charts is missing, std::invalid_argument where a file is the results file itself. Folders are made.
void require_writable(const OutputFlags& flags, const std::string& results);
// Throws StorageError; "-" is standard output.
void write_output(const std::string& path, const std::string& text);
// Throws StorageError.
void write_outputs(const Report& report, const OutputFlags& flags);

}  // namespace lstmbench
