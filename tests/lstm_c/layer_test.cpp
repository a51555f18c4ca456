#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "lstm/c.h"
#include "lstm/engine.h"
#include "parallel_region.h"
#include "rows_in_order.h"

namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

using Layer = std::unique_ptr<lstm_layer, decltype(&lstm_layer_destroy)>;

constexpr int kSamples = 3, kTimeSteps = 4, kInputs = 5, kUnits = 6, kLayers = 2, kDirections = 2;
constexpr std::size_t kTensors = kLayers * kDirections * 4;
constexpr std::size_t kOutputs = kSamples * kTimeSteps * kDirections * kUnits;
constexpr std::size_t kStates = kLayers * kDirections * kSamples * kUnits;

lstm_layer_settings settings() {
  return {.inputs = kInputs,
          .units = kUnits,
          .layers = kLayers,
          .directions = kDirections,
          .samples = kSamples,
          .time_steps = kTimeSteps,
          .total_steps = 0,
          .threads = 2,
          .input_gradients = 1,
          .dtype = "fp32",
          .region = nullptr};
}

Layer make(const lstm_layer_settings& of = settings()) {
  lstm_layer* layer = nullptr;
  EXPECT_EQ(lstm_layer_create(&of, &layer), LSTM_OK) << lstm_error();
  return {layer, lstm_layer_destroy};
}

std::vector<float> waves(std::size_t count, double frequency) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(std::sin(frequency * static_cast<double>(i + 1)));
  return values;
}

// Everything that a layer is given, and room for everything that it computes.
struct Step {
  std::vector<float> x = waves(kSamples * kTimeSteps * kInputs, 0.11);
  std::vector<std::int32_t> lengths{4, 1, 3};
  std::vector<float> h_0 = waves(kStates, 0.23), c_0 = waves(kStates, 0.29);
  std::vector<float> d_outputs = waves(kOutputs, 0.17), d_h = waves(kStates, 0.31),
                     d_c = waves(kStates, 0.41);
  std::vector<float> outputs = std::vector<float>(kOutputs), h = std::vector<float>(kStates), c = h;
  std::vector<float> dx = std::vector<float>(x.size()), d_h_0 = h, d_c_0 = h;

  lstm_layer_batch batch() const {
    return {kSamples, kTimeSteps, x.data(), lengths.data(), h_0.data(), c_0.data(), LSTM_ROWS_BY_SAMPLE};
  }
  int forward(lstm_layer* layer) {
    const lstm_layer_batch loaded = batch();
    return lstm_layer_forward(layer, &loaded, outputs.data(), h.data(), c.data());
  }
};

// The same network by the C++ interface.
std::unique_ptr<lstm::Engine> make_engine() {
  return lstm::make_engine("sequence",
                           {.inputs = kInputs,
                            .units = kUnits,
                            .layers = kLayers,
                            .directions = kDirections,
                            .classes = 0,
                            .loss = lstm::Loss::custom},
                           {.samples = kSamples, .time_steps = kTimeSteps},
                           {.threads = 2, .input_gradients = true});
}

// Pointers to the tensors that lie one behind the other in `values`.
template <class Float>
std::vector<Float*> tensors_in(const lstm::Engine& engine, Float* values) {
  std::vector<Float*> tensors;
  for (const auto& tensor : engine.layout().tensors().first(kTensors))
    tensors.push_back(values + tensor.offset);
  return tensors;
}

TEST(CLayer, ComputesTheSameBitsAsTheEngine) {
  const auto engine = make_engine();
  const auto parameters = waves(engine->layout().size(), 0.37);
  std::ranges::copy(parameters, engine->parameters().begin());
  Step expected;
  engine->load({.samples = kSamples,
                .time_steps = kTimeSteps,
                .x = expected.x,
                .lengths = expected.lengths,
                .initial_h = expected.h_0,
                .initial_c = expected.c_0});
  engine->forward();
  engine->read_logits(expected.outputs);
  engine->read_final_states(expected.h, expected.c);
  engine->set_logit_gradients(expected.d_outputs);
  engine->set_final_state_gradients(expected.d_h, expected.d_c);
  engine->backward();
  engine->read_input_gradients(expected.dx);
  engine->read_initial_state_gradients(expected.d_h_0, expected.d_c_0);

  const Layer layer = make();
  EXPECT_EQ(lstm_layer_description(layer.get()), engine->description());
  EXPECT_EQ(lstm_layer_workspace_bytes(layer.get()), engine->workspace_bytes());
  Step got;
  std::vector<float> gradients(parameters.size());
  const auto tensors = tensors_in(*engine, parameters.data());
  const auto gradient_tensors = tensors_in(*engine, gradients.data());
  ASSERT_EQ(lstm_layer_set_parameters(layer.get(), tensors.data(), kTensors), LSTM_OK) << lstm_error();
  ASSERT_EQ(got.forward(layer.get()), LSTM_OK) << lstm_error();
  const lstm_layer_output_gradients from{got.d_outputs.data(), got.d_h.data(), got.d_c.data()};
  const lstm_layer_input_gradients to{got.dx.data(), got.d_h_0.data(), got.d_c_0.data(),
                                      gradient_tensors.data(), kTensors};
  ASSERT_EQ(lstm_layer_backward(layer.get(), &from, &to), LSTM_OK) << lstm_error();
  EXPECT_THAT(got.outputs, ElementsAreArray(expected.outputs));
  EXPECT_THAT(got.h, ElementsAreArray(expected.h));
  EXPECT_THAT(got.c, ElementsAreArray(expected.c));
  EXPECT_THAT(got.dx, ElementsAreArray(expected.dx));
  EXPECT_THAT(got.d_h_0, ElementsAreArray(expected.d_h_0));
  EXPECT_THAT(got.d_c_0, ElementsAreArray(expected.d_c_0));
  EXPECT_THAT(gradients, ElementsAreArray(engine->gradients()));
}

TEST(CLayer, TakesNullForZerosAndForWhatNobodyWants) {
  const auto engine = make_engine();
  auto parameters = waves(engine->layout().size(), 0.37);
  const auto run = [&](bool with_nulls) {
    const Layer layer = make();
    Step step;
    step.lengths = {kTimeSteps, kTimeSteps, kTimeSteps};
    for (auto* zeros : {&step.h_0, &step.c_0, &step.d_outputs, &step.d_c}) std::ranges::fill(*zeros, 0.0F);
    auto tensors = tensors_in<const float>(*engine, parameters.data());
    for (std::size_t i = 2; i < kTensors; i += 4) {  // b_W
      const auto& tensor = engine->layout().tensors()[i];
      std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(tensor.offset), tensor.size(), 0.0F);
      if (with_nulls) tensors[i] = nullptr;
    }
    EXPECT_EQ(lstm_layer_set_parameters(layer.get(), tensors.data(), kTensors), LSTM_OK) << lstm_error();
    lstm_layer_batch batch = step.batch();
    if (with_nulls) batch.lengths = nullptr, batch.initial_h = nullptr, batch.initial_c = nullptr;
    EXPECT_EQ(lstm_layer_forward(layer.get(), &batch, step.outputs.data(),
                                 with_nulls ? nullptr : step.h.data(), with_nulls ? nullptr : step.c.data()),
              LSTM_OK)
        << lstm_error();
    std::vector<float> gradients(parameters.size());
    auto gradient_tensors = tensors_in(*engine, gradients.data());
    const lstm_layer_output_gradients from{with_nulls ? nullptr : step.d_outputs.data(), step.d_h.data(),
                                           with_nulls ? nullptr : step.d_c.data()};
    if (with_nulls) gradient_tensors[0] = nullptr;
    const lstm_layer_input_gradients to{step.dx.data(), nullptr, nullptr, gradient_tensors.data(), kTensors};
    EXPECT_EQ(lstm_layer_backward(layer.get(), &from, &to), LSTM_OK) << lstm_error();
    std::fill_n(gradients.begin(), engine->layout().tensors()[0].size(), 0.0F);
    step.outputs.insert(step.outputs.end(), gradients.begin(), gradients.end());
    step.outputs.insert(step.outputs.end(), step.dx.begin(), step.dx.end());
    return step.outputs;
  };
  EXPECT_THAT(run(true), ElementsAreArray(run(false)));
}

TEST(CLayer, TakesRowsInAnyOrder) {
  const auto engine = make_engine();
  const auto parameters = waves(engine->layout().size(), 0.37);
  const auto tensors = tensors_in(*engine, parameters.data());
  const Layer layer = make();
  ASSERT_EQ(lstm_layer_set_parameters(layer.get(), tensors.data(), kTensors), LSTM_OK) << lstm_error();
  const auto run = [&](Step& step, int order) {
    lstm_layer_batch batch = step.batch();
    batch.order = order;
    ASSERT_EQ(lstm_layer_forward(layer.get(), &batch, step.outputs.data(), step.h.data(), step.c.data()),
              LSTM_OK)
        << lstm_error();
    const lstm_layer_output_gradients from{step.d_outputs.data(), step.d_h.data(), step.d_c.data()};
    const lstm_layer_input_gradients to{step.dx.data(), step.d_h_0.data(), step.d_c_0.data(), nullptr, 0};
    ASSERT_EQ(lstm_layer_backward(layer.get(), &from, &to), LSTM_OK) << lstm_error();
  };
  Step expected;
  expected.lengths = {4, 3, 1};
  run(expected, LSTM_ROWS_BY_SAMPLE);
  const lstm::Batch by_sample{.samples = kSamples, .time_steps = kTimeSteps, .lengths = expected.lengths};
  for (const auto& [order, row_order] :
       {std::pair{LSTM_ROWS_BY_STEP, lstm::RowOrder::by_step}, {LSTM_ROWS_PACKED, lstm::RowOrder::packed}}) {
    constexpr std::size_t kWidth = kDirections * kUnits;
    const auto in_order = [&, to = row_order](const std::vector<float>& values, std::size_t size) {
      return lstm::rows_in_order(to, by_sample, size, values);
    };
    Step got;
    got.lengths = expected.lengths;
    got.x = in_order(got.x, kInputs);
    got.d_outputs = in_order(got.d_outputs, kWidth);
    got.outputs.resize(got.d_outputs.size());
    got.dx.resize(got.x.size());
    run(got, order);
    EXPECT_THAT(got.outputs, ElementsAreArray(in_order(expected.outputs, kWidth)));
    EXPECT_THAT(got.dx, ElementsAreArray(in_order(expected.dx, kInputs)));
    EXPECT_THAT(got.h, ElementsAreArray(expected.h));
    EXPECT_THAT(got.d_c_0, ElementsAreArray(expected.d_c_0));
  }
}

TEST(CLayer, ComputesOnThreadsOfTheProgram) {
  using Region = lstm::PlainRegion;
  const lstm_parallel_region region{Region::run, Region::get_count, Region::get_index};
  lstm_layer_settings on_others = settings();
  on_others.region = &region;
  Step expected, got;
  const std::vector<const float*> zeros(kTensors);
  for (const auto& [of, step] : {std::pair{settings(), &expected}, {on_others, &got}}) {
    Region::runs = 0;
    const Layer layer = make(of);
    ASSERT_EQ(lstm_layer_set_parameters(layer.get(), zeros.data(), kTensors), LSTM_OK);
    ASSERT_EQ(step->forward(layer.get()), LSTM_OK) << lstm_error();
    EXPECT_EQ(Region::runs > 0, of.region != nullptr);
  }
  EXPECT_THAT(got.outputs, ElementsAreArray(expected.outputs));
  EXPECT_THAT(got.c, ElementsAreArray(expected.c));

  const lstm_parallel_region half{Region::run, nullptr, Region::get_index};
  on_others.region = &half;
  lstm_layer* layer = nullptr;
  EXPECT_EQ(lstm_layer_create(&on_others, &layer), LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("a function of region: got NULL"));
}

TEST(CLayer, SaysWhatIsWrong) {
  lstm_layer* layer = nullptr;
  lstm_layer_settings wrong = settings();
  wrong.units = 0;
  EXPECT_EQ(lstm_layer_create(&wrong, &layer), LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("units"));
  wrong = settings();
  wrong.dtype = "fp8";
  EXPECT_EQ(lstm_layer_create(&wrong, &layer), LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("dtype: got fp8, expected one of fp32,bf16,bf16x3"));
  wrong.dtype = nullptr;
  EXPECT_EQ(lstm_layer_create(&wrong, &layer), LSTM_INVALID_ARGUMENT);
  EXPECT_EQ(lstm_layer_create(nullptr, &layer), LSTM_INVALID_ARGUMENT);
  EXPECT_EQ(layer, nullptr);

  const Layer made = make();
  const std::vector<const float*> tensors(kTensors);
  EXPECT_EQ(lstm_layer_set_parameters(made.get(), tensors.data(), 4), LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("parameter tensors: got 4, expected 16"));
  Step step;
  step.lengths[1] = kTimeSteps + 1;
  EXPECT_EQ(step.forward(made.get()), LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("lengths[1]"));
  lstm_layer_batch negative = step.batch();
  negative.samples = -1;
  EXPECT_EQ(lstm_layer_forward(made.get(), &negative, step.outputs.data(), nullptr, nullptr),
            LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("got -1 samples"));
  step.lengths = {4, 1, 3};
  lstm_layer_batch disordered = step.batch();
  disordered.order = 3;
  EXPECT_EQ(lstm_layer_forward(made.get(), &disordered, step.outputs.data(), nullptr, nullptr),
            LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("order: got 3"));
  disordered.order = LSTM_ROWS_PACKED;
  EXPECT_EQ(lstm_layer_forward(made.get(), &disordered, step.outputs.data(), nullptr, nullptr),
            LSTM_INVALID_ARGUMENT);
  EXPECT_THAT(lstm_error(), HasSubstr("lengths[2]: got 3, expected 1..1"));
}

TEST(CLayer, RunsBackwardOnceForEachForward) {
  const Layer layer = make();
  const std::vector<const float*> zeros(kTensors);
  ASSERT_EQ(lstm_layer_set_parameters(layer.get(), zeros.data(), kTensors), LSTM_OK);
  Step step;
  const lstm_layer_output_gradients from{};
  const lstm_layer_input_gradients to{};
  EXPECT_EQ(lstm_layer_backward(layer.get(), &from, &to), LSTM_INVALID_ARGUMENT);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(step.forward(layer.get()), LSTM_OK);
    EXPECT_EQ(lstm_layer_backward(layer.get(), &from, &to), LSTM_OK) << lstm_error();
    EXPECT_EQ(lstm_layer_backward(layer.get(), &from, &to), LSTM_INVALID_ARGUMENT);
    EXPECT_THAT(lstm_error(), HasSubstr("after backward"));
  }
}

TEST(CLayer, NamesItsDtypes) {
  EXPECT_STREQ(lstm_dtypes(), "fp32,bf16,bf16x3");
  EXPECT_EQ(lstm_c_version(), LSTM_C_VERSION);
}

}  // namespace
