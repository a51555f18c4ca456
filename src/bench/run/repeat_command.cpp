#include "run/repeat_command.h"

#include "peers/library.h"
#include "report/escape.h"

namespace lstmbench {

std::string repeat_command(const Case& a_case, const std::vector<std::string>& run_arguments) {
  std::vector<std::string> words{"run",
                                 "--workload",
                                 a_case.workload.name,
                                 "--implementation",
                                 a_case.implementation,
                                 "--dtype",
                                 a_case.dtype,
                                 "--threads",
                                 std::to_string(a_case.threads)};
  if (a_case.device != "cpu") words.insert(words.end(), {"--device", a_case.device});
  const PeerLibrary* library = library_of_worker(a_case.worker.name);
  if (library && !a_case.worker.version.empty())
    words.insert(words.end(), {"--versions", library->name + "=" + a_case.worker.version});
  words.insert(words.end(), run_arguments.begin(), run_arguments.end());
  std::string command = "lstmbench";
  for (const auto& word : words) command += " " + escape_shell(word);
  return command;
}

}  // namespace lstmbench
