// lstm-worker-native: runs the engines of liblstm for lstmbench over the worker protocol.
#include <fmt/format.h>

#include <string_view>

#include "protocol/serve.h"
#include "session.h"

namespace {

constexpr std::string_view kHelp = R"(lstm-worker-native trains LSTMs with liblstm, as a worker of lstmbench.

It takes no arguments: lstmbench starts it with two pipes, file descriptor 3 for requests and 4 for replies, one
JSON object a line (docs/worker-protocol.md). To see it answer:

  echo '{{"id": 1, "request": "hello", "protocol": 1}}' | lstm-worker-native 3<&0 4>&1

Environment: LSTM_ISA (portable, avx2, avx512, avx512bf16, amx), LSTM_SPLIT (automatic, directions, units, samples),
LSTM_PIN (always, automatic, never; always unless said otherwise).

Version {}.
)";

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count == 2 &&
      (std::string_view(arguments[1]) == "--help" || std::string_view(arguments[1]) == "-h")) {
    fmt::print(kHelp, LSTMBENCH_VERSION);
    return 0;
  }
  if (argument_count > 1) {
    fmt::print(stderr, "lstm-worker-native: got {} arguments, expected none; see --help\n",
               argument_count - 1);
    return 2;
  }
  const lstm_worker::Library& library = lstm_worker::kNative;
  lstm_worker::Session session(library);
  using nlohmann::json;
  return protocol::serve(
      {{"hello", [&](const json& request) { return lstm_worker::hello(library, request); }},
       {"peak", [&](const json& request) { return lstm_worker::peak(library, request); }},
       {"memory", [&](const json& request) { return session.memory(request); }},
       {"prepare", [&](const json& request) { return session.prepare(request); }},
       {"check", [&](const json& request) { return session.check(request); }},
       {"run", [&](const json& request) { return session.run(request); }}});
}
