// lstm-worker-cuda: runs the engines of liblstm for NVIDIA GPUs for lstmbench over the worker protocol.
#include <fmt/format.h>

#include <string_view>

#include "lstm/cuda.h"
#include "native/session.h"
#include "protocol/serve.h"

namespace {

constexpr std::string_view kHelp =
    R"(lstm-worker-cuda trains LSTMs with liblstm and cuDNN on an NVIDIA GPU, as a worker of lstmbench.

usage: lstm-worker-cuda cuda     the project's own engines
       lstm-worker-cuda cudnn    those of cuDNN

lstmbench starts it with two pipes, file descriptor 3 for requests and 4 for replies, one JSON object a line
(docs/worker-protocol.md). To see it answer:

  echo '{{"id": 1, "request": "hello", "protocol": 1}}' | lstm-worker-cuda cuda 3<&0 4>&1

It uses the first GPU that CUDA sees; CUDA_VISIBLE_DEVICES chooses another. Here: {}.

Version {}.
)";

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string_view argument = argument_count == 2 ? arguments[1] : "";
  if (argument == "--help" || argument == "-h") {
    const std::string reason = lstm::cuda::unavailable_reason();
    fmt::print(kHelp, reason.empty() ? "there is one" : reason, LSTMBENCH_VERSION);
    return 0;
  }
  if (argument != lstm_worker::kCuda.name && argument != lstm_worker::kCudnn.name) {
    fmt::print(stderr, "lstm-worker-cuda: got '{}', expected one argument, cuda or cudnn; see --help\n",
               argument);
    return 2;
  }
  const lstm_worker::Library& library =
      argument == lstm_worker::kCudnn.name ? lstm_worker::kCudnn : lstm_worker::kCuda;
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
