#include "cuda/runtime/stream.h"

#include "cuda/runtime/check.h"

namespace lstm::cuda {

Event::Event(bool is_timed) {
  check(cudaEventCreateWithFlags(&event_, is_timed ? cudaEventDefault : cudaEventDisableTiming),
        "cudaEventCreate");
}
Event::~Event() {
  if (event_ != nullptr) cudaEventDestroy(event_);
}
void Event::synchronise() const {
  check(cudaEventSynchronize(event_), "cudaEventSynchronize");
}
std::int64_t Event::nanoseconds_since(const Event& start) const {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start.event_, event_), "cudaEventElapsedTime");
  return static_cast<std::int64_t>(static_cast<double>(milliseconds) * 1e6);
}

Stream::Stream(Priority priority) {
  int least = 0, greatest = 0;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "cudaDeviceGetStreamPriorityRange");
  check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking,
                                     priority == Priority::least ? least : greatest),
        "cudaStreamCreateWithPriority");
}
Stream::~Stream() {
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}
void Stream::synchronise() const {
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}
void Stream::record(const Event& event) const {
  check(cudaEventRecord(event.get(), stream_), "cudaEventRecord");
}
void Stream::wait_for(const Event& event) const {
  check(cudaStreamWaitEvent(stream_, event.get(), 0), "cudaStreamWaitEvent");
}

Graph::~Graph() {
  if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
}

void Graph::begin(const Stream& stream) {
  check(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

void Graph::abandon(const Stream& stream) {
  cudaGraph_t recorded = nullptr;
  cudaStreamEndCapture(stream.get(), &recorded);
  if (recorded != nullptr) cudaGraphDestroy(recorded);
  cudaGetLastError();
}

void Graph::end(const Stream& stream) {
  cudaGraph_t recorded = nullptr;
  check(cudaStreamEndCapture(stream.get(), &recorded), "cudaStreamEndCapture");
  cudaGraphExec_t executable = nullptr;
  // Without this flag all kernels run with the priority of the stream that the graph is started in.
  const cudaError_t status =
      cudaGraphInstantiate(&executable, recorded, cudaGraphInstantiateFlagUseNodePriority);
  cudaGraphDestroy(recorded);
  check(status, "cudaGraphInstantiate");
  if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
  graph_ = executable;
}

void Graph::launch(const Stream& stream) const {
  check(cudaGraphLaunch(graph_, stream.get()), "cudaGraphLaunch");
}

}  // namespace lstm::cuda
