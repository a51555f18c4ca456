// Streams, events and graphs, owned.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace lstm::cuda {

class Event {
 public:
  explicit Event(bool is_timed = false);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  cudaEvent_t get() const { return event_; }
  void synchronise() const;  // of one that was never recorded: at once
  // From `start` to this one, both recorded with is_timed and reached.
  std::int64_t nanoseconds_since(const Event& start) const;

 private:
  cudaEvent_t event_ = nullptr;
};

// Of work that waits for multiprocessors: whose blocks get them first.
enum class Priority { least, greatest };

class Stream {
 public:
  explicit Stream(Priority priority = Priority::greatest);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const { return stream_; }
  void synchronise() const;
  void record(const Event& event) const;
  void wait_for(const Event& event) const;  // what is put in from now on

 private:
  cudaStream_t stream_ = nullptr;
};

// Work that was recorded once and is started as a whole.
class Graph {
 public:
  Graph() = default;
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Records what function() puts into `stream` (and into streams that wait for events of it, and that it
  // waits for in the end). Nothing runs. Replaces what was recorded before.
  template <class Function>
  void record(const Stream& stream, const Function& function) {
    begin(stream);
    try {
      function();
    } catch (...) {
      abandon(stream);
      throw;
    }
    end(stream);
  }
  bool is_recorded() const { return graph_ != nullptr; }
  void launch(const Stream& stream) const;

 private:
  void begin(const Stream& stream);
  void abandon(const Stream& stream);
  void end(const Stream& stream);

  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace lstm::cuda
