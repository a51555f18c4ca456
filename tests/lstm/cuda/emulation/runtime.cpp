#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include "cuda/math/numbers.h"
#include "lstm/cuda/emulation/queues.h"

namespace lstm::testing::emulation {
namespace {

// One thing in a stream: work, or reaching an event, or waiting until another stream has reached one.
struct Item {
  enum class Kind { work, record, wait } kind;
  std::function<void()> work;
  cudaEvent_t event = nullptr;
  int number = 0;               // which record of the event
  cudaStream_t from = nullptr;  // wait: the stream that records it
};
using Queues = std::map<cudaStream_t, std::deque<Item>>;

struct Recording {
  Queues queues;
  std::set<cudaStream_t> streams;  // that take part
};

}  // namespace
}  // namespace lstm::testing::emulation

using lstm::testing::emulation::Item;
using lstm::testing::emulation::Queues;
using lstm::testing::emulation::Recording;

struct CUstream_st {
  int device;
};
struct CUevent_st {
  int recorded = 0, reached = 0;  // numbers of records
  cudaStream_t stream = nullptr;  // of the last record
  int recording = 0;              // that the last record is part of; 0: none
  std::chrono::steady_clock::time_point time{};
};
struct CUgraph_st {
  Queues queues;
  cudaStream_t origin = nullptr;
};
struct CUgraphExec_st {
  Queues queues;
  cudaStream_t origin = nullptr;
};
struct cublasContext {
  int device;
  cudaStream_t stream = nullptr;
};

namespace {

Queues queues;                         // of all streams
std::unique_ptr<Recording> recording;  // of the graph that is being recorded
cudaStream_t recording_origin = nullptr;
int recording_number = 0;  // of the latest
lstm::testing::emulation::StreamOrder stream_order = lstm::testing::emulation::StreamOrder::late;
std::mt19937 random_streams(1);
int current_device = 0;

// Stricter than CUDA, which refuses some calls for another device than the current one and takes others.
void require_current(int device) {
  if (device != current_device) throw std::logic_error("a call for a device that is not the current one");
}

bool is_recording(cudaStream_t stream) {
  return recording != nullptr && recording->streams.contains(stream);
}

void put(cudaStream_t stream, Item item) {
  require_current(stream->device);
  (is_recording(stream) ? recording->queues : queues)[stream].push_back(std::move(item));
}

bool may_run(const Item& item) {
  return item.kind != Item::Kind::wait || item.event->reached >= item.number;
}

void run(const Item& item) {
  switch (item.kind) {
    case Item::Kind::work:
      item.work();
      break;
    case Item::Kind::record:
      item.event->reached = item.number;
      item.event->time = std::chrono::steady_clock::now();
      break;
    case Item::Kind::wait:
      if (!may_run(item)) throw std::logic_error("a stream waits for an event that never comes");
      break;
  }
}

// Runs a stream's items until it is empty, or until it has reached a record of an event.
void drain(Queues& all, cudaStream_t stream, cudaEvent_t until = nullptr, int number = 0) {
  std::deque<Item>& own = all[stream];
  while (!own.empty()) {
    if (until != nullptr && until->reached >= number) return;
    const Item item = std::move(own.front());
    own.pop_front();
    if (!may_run(item)) drain(all, item.from, item.event, item.number);
    run(item);
  }
}

// The same, while any stream may go next.
void drain_at_random(Queues& all, cudaStream_t stream, cudaEvent_t until, int number) {
  while (!all[stream].empty() && (until == nullptr || until->reached < number)) {
    std::vector<std::deque<Item>*> ready;
    for (auto& [each, items] : all) {
      if (!items.empty() && may_run(items.front())) ready.push_back(&items);
    }
    if (ready.empty()) throw std::logic_error("streams wait for each other for ever");
    std::deque<Item>& next = *ready[random_streams() % ready.size()];
    const Item item = std::move(next.front());
    next.pop_front();
    run(item);
  }
}

// For somebody who waits for `stream`.
void drain_in_order(Queues& all, cudaStream_t stream, cudaEvent_t until = nullptr, int number = 0) {
  using lstm::testing::emulation::StreamOrder;
  if (stream_order == StreamOrder::random) return drain_at_random(all, stream, until, number);
  for (auto& [other, items] : all) {
    if (stream_order == StreamOrder::early && other != stream) drain(all, other);
  }
  drain(all, stream, until, number);
}

void drain_all() {
  for (auto& [stream, items] : queues) drain(queues, stream);
}

template <class Real>
float operand(const void* values, long long i) {
  return lstm::cuda::to_float(static_cast<const Real*>(values)[i]);
}

float operand(const void* values, cudaDataType_t type, long long i) {
  return type == CUDA_R_16BF  ? operand<lstm::cuda::Bf16>(values, i)
         : type == CUDA_R_16F ? operand<lstm::cuda::Fp16>(values, i)
                              : operand<float>(values, i);
}

}  // namespace

namespace lstm::testing::emulation {

void enqueue(cudaStream_t stream, std::function<void()> work) {
  put(stream, {Item::Kind::work, std::move(work)});
}

void use_stream_order(StreamOrder order) {
  drain_all();
  stream_order = order;
}

}  // namespace lstm::testing::emulation

cudaError_t cudaGetLastError() {
  return cudaSuccess;
}
const char* cudaGetErrorName(cudaError_t) {
  return "an error of the emulation";
}
const char* cudaGetErrorString(cudaError_t) {
  return "an error of the emulation";
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  current_device = device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "emulated device");
  return cudaSuccess;
}

// Filled with NaN: what is read before it is written shows.
cudaError_t cudaMalloc(void** address, std::size_t bytes) {
  constexpr std::size_t kMost = std::size_t{4} << 30;
  *address = bytes > kMost ? nullptr : std::malloc(bytes);
  if (*address == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*address, 0xff, bytes);
  return cudaSuccess;
}
cudaError_t cudaFree(void* address) {
  drain_all();  // as CUDA does: nothing that was started may still use it
  std::free(address);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** address, std::size_t bytes) {
  return cudaMalloc(address, bytes);
}
cudaError_t cudaFreeHost(void* address) {
  return cudaFree(address);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  lstm::testing::emulation::enqueue(stream, [=] {
    if (bytes > 0) std::memcpy(to, from, bytes);  // of nothing, from nowhere
  });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  lstm::testing::emulation::enqueue(stream, [=] {
    if (bytes > 0) std::memset(to, value, bytes);
  });
  return cudaSuccess;
}

// Smaller numbers are greater priorities. Nothing runs at the same time here, so that they change nothing.
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int priority) {
  if (priority < -5 || priority > 0) return cudaErrorInvalidValue;
  *stream = new CUstream_st{current_device};
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  require_current(stream->device);
  drain(queues, stream);
  queues.erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  require_current(stream->device);
  if (is_recording(stream)) return cudaErrorStreamCaptureUnsupported;
  drain_in_order(queues, stream);
  return cudaSuccess;
}

// A stream that waits for an event of the recording takes part in it from then on. No wait leads into a
// recording or out of one.
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->recorded == 0) return cudaSuccess;
  if (event->recording != 0) {
    if (recording == nullptr || event->recording != recording_number) return cudaErrorCapturedEvent;
    recording->streams.insert(stream);
  } else if (is_recording(stream)) {
    return cudaErrorStreamCaptureIsolation;
  }
  put(stream, {Item::Kind::wait, {}, event, event->recorded, event->stream});
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  drain_all();
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  event->recording = is_recording(stream) ? recording_number : 0;
  put(stream, {Item::Kind::record, {}, event, ++event->recorded});
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->recording != 0) return cudaErrorCapturedEvent;
  if (event->reached < event->recorded) drain_in_order(queues, event->stream, event, event->recorded);
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  require_current(stream->device);
  recording = std::make_unique<Recording>();
  ++recording_number;
  recording->streams.insert(stream);
  recording_origin = stream;
  return cudaSuccess;
}

// All streams of a recording must have been waited for by the one where it began.
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (recording == nullptr || stream != recording_origin) return cudaErrorInvalidValue;
  for (const auto& [other, items] : recording->queues) {
    if (other == stream || items.empty()) continue;
    const Item& last = items.back();
    bool is_joined = false;
    for (const Item& item : recording->queues[stream]) {
      is_joined |= item.kind == Item::Kind::wait && last.kind == Item::Kind::record &&
                   item.event == last.event && item.number == last.number;
    }
    if (!is_joined) return cudaErrorStreamCaptureUnjoined;
  }
  *graph = new CUgraph_st{recording->queues, stream};
  recording.reset();
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{graph->queues, graph->origin};
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  drain_all();
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  lstm::testing::emulation::enqueue(stream, [executable] {
    Queues own = executable->queues;
    for (auto& [each, items] : own) {
      for (Item& item : items) {
        if (item.kind == Item::Kind::record) item.event->reached = 0;
      }
    }
    drain_in_order(own, executable->origin);
    for (const auto& [each, items] : own) {
      if (!items.empty()) throw std::logic_error("a graph has work that its first stream does not wait for");
    }
  });
  return cudaSuccess;
}

const char* cublasGetStatusName(cublasStatus_t) {
  return "an error of the emulation";
}
const char* cublasGetStatusString(cublasStatus_t) {
  return "an error of the emulation";
}
cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext{current_device};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  require_current(handle->device);
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}

// Column-major, as cuBLAS: element (row, column) of a matrix lies at row + column * ld.
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transpose_a,
                            cublasOperation_t transpose_b, int m, int n, int k, const void* alpha,
                            const void* a, cudaDataType_t a_type, int lda, const void* b,
                            cudaDataType_t b_type, int ldb, const void* beta, void* c, cudaDataType_t,
                            int ldc, cublasComputeType_t, cublasGemmAlgo_t) {
  if (lda < (transpose_a == CUBLAS_OP_N ? m : k) || ldb < (transpose_b == CUBLAS_OP_N ? k : n) || ldc < m) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const float scale = *static_cast<const float*>(alpha), keep = *static_cast<const float*>(beta);
  lstm::testing::emulation::enqueue(handle->stream, [=] {
    for (int column = 0; column < n; ++column) {
      for (int row = 0; row < m; ++row) {
        float sum = 0;
        for (int i = 0; i < k; ++i) {
          const long long at_a = transpose_a == CUBLAS_OP_N ? row + static_cast<long long>(i) * lda
                                                            : i + static_cast<long long>(row) * lda;
          const long long at_b = transpose_b == CUBLAS_OP_N ? i + static_cast<long long>(column) * ldb
                                                            : column + static_cast<long long>(i) * ldb;
          sum += operand(a, a_type, at_a) * operand(b, b_type, at_b);
        }
        float& out = static_cast<float*>(c)[row + static_cast<long long>(column) * ldc];
        out = scale * sum + (keep == 0 ? 0 : keep * out);
      }
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}
