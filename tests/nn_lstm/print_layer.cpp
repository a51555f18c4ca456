// Prints what a stack of LSTM layers without head computes from numbers that nn_lstm_test.py makes as well:
// one line for each result, its name and its values.
//
//   print-layer ENGINE DTYPE LAYERS DIRECTIONS INPUTS UNITS TIME_STEPS LENGTH...
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "lstm/engine.h"

namespace {

// scale * sin(frequency * (i + 1)); the same in the test.
std::vector<float> waves(std::size_t count, double frequency, double scale = 1) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(scale * std::sin(frequency * static_cast<double>(i + 1)));
  return values;
}

void print(const char* name, std::span<const float> values) {
  std::printf("%s", name);
  for (const float value : values) std::printf(" %.9g", double{value});
  std::printf("\n");
}

lstm::DType dtype_called(const std::string& text) {
  for (const auto dtype : {lstm::DType::fp32, lstm::DType::bf16, lstm::DType::bf16x3, lstm::DType::fp64})
    if (text == lstm::name(dtype)) return dtype;
  throw std::invalid_argument("unknown dtype " + text);
}

void run(const std::vector<std::string>& arguments) {
  const auto number = [&](std::size_t i) { return std::atoi(arguments.at(i).c_str()); };
  const lstm::Network network{.inputs = number(4),
                              .units = number(5),
                              .layers = number(2),
                              .directions = number(3),
                              .classes = 0,
                              .loss = lstm::Loss::custom};
  lstm::Batch batch;
  std::vector<std::int32_t> lengths;
  for (std::size_t i = 7; i < arguments.size(); ++i) lengths.push_back(number(i));
  batch.samples = static_cast<int>(lengths.size());
  batch.time_steps = number(6);
  batch.lengths = lengths;
  const auto rows = lengths.size() * static_cast<std::size_t>(batch.time_steps);
  const auto x = waves(rows * static_cast<std::size_t>(network.inputs), 0.11);
  batch.x = x;
  const std::size_t states = lstm::states_size(network, batch);
  const auto h_0 = waves(states, 0.23), c_0 = waves(states, 0.29);
  batch.initial_h = h_0;
  batch.initial_c = c_0;

  const auto engine =
      lstm::make_engine(arguments.at(0), network, {.samples = batch.samples, .time_steps = batch.time_steps},
                        {.dtype = dtype_called(arguments.at(1)), .threads = 2, .input_gradients = true});
  const auto parameters = waves(engine->layout().size(), 0.37, 0.4);
  std::copy(parameters.begin(), parameters.end(), engine->parameters().begin());
  engine->load(batch);
  engine->forward();
  std::vector<float> outputs(lstm::logits_size(network, batch)), dx(x.size());
  std::vector<float> h_n(states), c_n(states), dh_0(states), dc_0(states);
  engine->read_logits(outputs);
  engine->read_final_states(h_n, c_n);
  engine->set_logit_gradients(waves(outputs.size(), 0.17));
  engine->set_final_state_gradients(waves(states, 0.31), waves(states, 0.41));
  engine->backward();
  engine->read_input_gradients(dx);
  engine->read_initial_state_gradients(dh_0, dc_0);
  print("outputs", outputs);
  print("h_n", h_n);
  print("c_n", c_n);
  print("dx", dx);
  print("dh_0", dh_0);
  print("dc_0", dc_0);
  print("gradients", engine->gradients());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "print-layer: %s\n", error.what());
    return 1;
  }
  return 0;
}
