// Running a program to its end and keeping what it says.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace lstmbench {

struct ProgramResult {
  bool succeeded = false;  // exited with 0
  std::string output;      // standard output and error, interleaved: the last 64 KiB
  std::string failure;     // "exited with code 1", "did not end in 10 s"; empty where it succeeded
  bool was_ended = false;  // by a signal or at the limit: what it would have said is not known
};

// arguments[0] is looked up in PATH where it has no slash. A program that cannot be started is a failure,
// too. Throws WorkerFailure(interrupted) where a signal came; the program and its children are ended then.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment,
                          std::chrono::milliseconds limit);

// The last line of a text that is not blank: in a Python traceback, the error itself.
std::string last_line(const std::string& text);

}  // namespace lstmbench
