// The C interface: an engine without a head. No exception leaves it.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "lstm/c.h"
#include "lstm/engine.h"

struct lstm_layer {
  std::unique_ptr<lstm::Engine> engine;
  std::string description;
  lstm::Batch batch;                  // of the last forward
  std::vector<std::int32_t> lengths;  // (N) of that batch, which views them
};

namespace {

constexpr const char* kEngine = "sequence";

// Not a string, which would have to allocate when there is no memory.
thread_local char last_error[1024] = "";

int fail(lstm_status status, const char* why) noexcept {
  std::snprintf(last_error, sizeof(last_error), "%s", why);
  return status;
}

template <class Function>
int guarded(const Function& function) noexcept {
  try {
    function();
    return LSTM_OK;
  } catch (const std::invalid_argument& error) {
    return fail(LSTM_INVALID_ARGUMENT, error.what());
  } catch (const std::bad_alloc&) {
    return fail(LSTM_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& error) {
    return fail(LSTM_FAILED, error.what());
  } catch (...) {
    return fail(LSTM_FAILED, "unknown error");
  }
}

std::span<const lstm::DType> dtypes() {
  for (const lstm::EngineKind& kind : lstm::engine_kinds())
    if (kind.name == kEngine) return kind.dtypes;
  return {};
}

std::string dtype_names() {
  std::string names;
  for (const lstm::DType dtype : dtypes())
    names += (names.empty() ? "" : ",") + std::string(lstm::name(dtype));
  return names;
}

lstm::DType dtype_called(const char* name) {
  for (const lstm::DType dtype : dtypes())
    if (name != nullptr && lstm::name(dtype) == name) return dtype;
  throw std::invalid_argument("dtype: got " + std::string(name == nullptr ? "NULL" : name) +
                              ", expected one of " + dtype_names());
}

void require(bool is_there, const char* what) {
  if (!is_there) throw std::invalid_argument(std::string(what) + ": got NULL");
}

// What a caller's pointer, which may be NULL, leads to.
template <class T>
std::span<T> view(T* data, std::size_t size) {
  return data == nullptr ? std::span<T>() : std::span<T>(data, size);
}

// The tensors of the layers; the head, which is behind them, is empty.
std::span<const lstm::ParameterTensor> tensors_of(const lstm::Engine& engine, std::size_t count) {
  const auto tensors = engine.layout().tensors();
  const std::size_t expected = tensors.size() - 1;
  if (count == expected) return tensors.first(expected);
  throw std::invalid_argument("parameter tensors: got " + std::to_string(count) + ", expected " +
                              std::to_string(expected) + " (layers * directions * 4)");
}

std::unique_ptr<lstm::Engine> make_engine(const lstm_layer_settings& settings) {
  const lstm::Network network{.inputs = settings.inputs,
                              .units = settings.units,
                              .layers = settings.layers,
                              .directions = settings.directions,
                              .classes = 0,
                              .loss = lstm::Loss::custom};
  const lstm::BatchShape shape{
      .samples = settings.samples, .time_steps = settings.time_steps, .total_steps = settings.total_steps};
  auto options = lstm::EngineOptions::from_environment();
  // The program around this has threads of its own, as OpenMP's, which spin for milliseconds where a pinned
  // one has to run: beside torch.nn.LSTM a step of 0.7 ms then took 4 ms.
  if (options.pin_threads == lstm::Pinning::automatic) options.pin_threads = lstm::Pinning::never;
  options.dtype = dtype_called(settings.dtype);
  options.threads = settings.threads;
  options.input_gradients = settings.input_gradients != 0;
  if (const lstm_parallel_region* region = settings.region) {
    require(region->run != nullptr && region->count != nullptr && region->index != nullptr,
            "a function of region");
    options.region = {.run = region->run, .count = region->count, .index = region->index};
  }
  return lstm::make_engine(kEngine, network, shape, options);
}

lstm::RowOrder row_order(int order) {
  switch (order) {
    case LSTM_ROWS_BY_SAMPLE:
      return lstm::RowOrder::by_sample;
    case LSTM_ROWS_BY_STEP:
      return lstm::RowOrder::by_step;
    case LSTM_ROWS_PACKED:
      return lstm::RowOrder::packed;
    default:
      throw std::invalid_argument("order: got " + std::to_string(order) + ", expected one of lstm_row_order");
  }
}

void load(lstm_layer& layer, const lstm_layer_batch& batch) {
  if (batch.samples < 1 || batch.time_steps < 1) {
    throw std::invalid_argument("batch: got " + std::to_string(batch.samples) + " samples of " +
                                std::to_string(batch.time_steps) +
                                " time steps, expected at least one of each");
  }
  const lstm::Network& network = layer.engine->network();
  const auto samples = static_cast<std::size_t>(batch.samples);
  if (batch.lengths == nullptr) {
    layer.lengths.assign(samples, batch.time_steps);
  } else {
    layer.lengths.assign(batch.lengths, batch.lengths + samples);
  }
  lstm::Batch& loaded = layer.batch;
  loaded = {.samples = batch.samples,
            .time_steps = batch.time_steps,
            .lengths = layer.lengths,
            .order = row_order(batch.order)};
  loaded.x = view(batch.x, lstm::row_count(loaded) * static_cast<std::size_t>(network.inputs));
  loaded.initial_h = view(batch.initial_h, lstm::states_size(network, loaded));
  loaded.initial_c = view(batch.initial_c, lstm::states_size(network, loaded));
  layer.engine->load(loaded);
}

void set_output_gradients(lstm_layer& layer, const lstm_layer_output_gradients& gradients) {
  const lstm::Network& network = layer.engine->network();
  const std::size_t size = lstm::logits_size(network, layer.batch);
  if (gradients.outputs != nullptr) {
    layer.engine->set_logit_gradients({gradients.outputs, size});
  } else {
    layer.engine->set_logit_gradients(std::vector<float>(size));
  }
  if (gradients.final_h == nullptr && gradients.final_c == nullptr) return;
  const std::vector<float> zeros(lstm::states_size(network, layer.batch));
  const auto or_zeros = [&](const float* given) {
    return std::span<const float>(given != nullptr ? given : zeros.data(), zeros.size());
  };
  layer.engine->set_final_state_gradients(or_zeros(gradients.final_h), or_zeros(gradients.final_c));
}

void read_gradients(const lstm_layer& layer, const lstm_layer_input_gradients& to) {
  const lstm::Engine& engine = *layer.engine;
  if (to.x != nullptr) engine.read_input_gradients({to.x, layer.batch.x.size()});
  if (to.initial_h != nullptr) {
    const std::size_t size = lstm::states_size(engine.network(), layer.batch);
    engine.read_initial_state_gradients({to.initial_h, size}, {to.initial_c, size});
  }
  if (to.parameters == nullptr) return;
  const std::span<const float> gradients = engine.gradients();
  float* const* parameter = to.parameters;
  for (const lstm::ParameterTensor& tensor : tensors_of(engine, to.count)) {
    if (*parameter != nullptr) std::ranges::copy(gradients.subspan(tensor.offset, tensor.size()), *parameter);
    ++parameter;
  }
}

}  // namespace

int lstm_c_version(void) {
  return LSTM_C_VERSION;
}

const char* lstm_error(void) {
  return last_error;
}

const char* lstm_dtypes(void) {
  const char* names = "";
  guarded([&] {
    static const std::string all = dtype_names();
    names = all.c_str();
  });
  return names;
}

int lstm_layer_create(const lstm_layer_settings* settings, lstm_layer** layer) {
  return guarded([&] {
    require(settings != nullptr, "settings");
    require(layer != nullptr, "layer");
    auto made = std::make_unique<lstm_layer>();
    made->engine = make_engine(*settings);
    made->description = made->engine->description();
    *layer = made.release();
  });
}

void lstm_layer_destroy(lstm_layer* layer) {
  delete layer;
}

const char* lstm_layer_description(const lstm_layer* layer) {
  return layer->description.c_str();
}

size_t lstm_layer_workspace_bytes(const lstm_layer* layer) {
  return layer->engine->workspace_bytes();
}

int lstm_layer_set_parameters(lstm_layer* layer, const float* const* tensors, size_t count) {
  return guarded([&] {
    require(layer != nullptr, "layer");
    require(tensors != nullptr, "tensors");
    const std::span<float> parameters = layer->engine->parameters();
    for (const lstm::ParameterTensor& tensor : tensors_of(*layer->engine, count)) {
      const auto to = parameters.subspan(tensor.offset, tensor.size());
      if (*tensors != nullptr) {
        std::copy_n(*tensors, to.size(), to.begin());
      } else {
        std::ranges::fill(to, 0.0F);
      }
      ++tensors;
    }
  });
}

int lstm_layer_forward(lstm_layer* layer, const lstm_layer_batch* batch, float* outputs, float* final_h,
                       float* final_c) {
  return guarded([&] {
    require(layer != nullptr, "layer");
    require(batch != nullptr, "batch");
    require(outputs != nullptr, "outputs");
    require((final_h == nullptr) == (final_c == nullptr), "one of final_h and final_c");
    load(*layer, *batch);
    const lstm::Network& network = layer->engine->network();
    layer->engine->forward();
    layer->engine->read_logits({outputs, lstm::logits_size(network, layer->batch)});
    if (final_h == nullptr) return;
    const std::size_t size = lstm::states_size(network, layer->batch);
    layer->engine->read_final_states({final_h, size}, {final_c, size});
  });
}

int lstm_layer_backward(lstm_layer* layer, const lstm_layer_output_gradients* from,
                        const lstm_layer_input_gradients* to) {
  return guarded([&] {
    require(layer != nullptr, "layer");
    require(from != nullptr, "from");
    require(to != nullptr, "to");
    require((to->initial_h == nullptr) == (to->initial_c == nullptr), "one of initial_h and initial_c");
    set_output_gradients(*layer, *from);
    layer->engine->backward();
    read_gradients(*layer, *to);
  });
}
