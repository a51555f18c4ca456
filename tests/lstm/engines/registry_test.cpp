#include <gmock/gmock.h>

#include <cstdlib>
#include <limits>
#include <set>
#include <vector>

#include "lstm/engine.h"

namespace lstm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const Network kNetwork{.inputs = 3, .units = 4, .layers = 1, .directions = 1, .classes = 2};

// Sets a variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Registry, MakesEveryEngineThatItLists) {
  std::set<std::string_view> names;
  for (const EngineKind& kind : engine_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name << " is listed twice";
    EXPECT_FALSE(kind.description.empty());
    for (const DType dtype : kind.dtypes) {
      EngineOptions options;
      options.dtype = dtype;
      EXPECT_EQ(make_engine(kind.name, kNetwork, {1, 1, 1}, options)->network(), kNetwork) << kind.name;
    }
  }
  EXPECT_GE(names.size(), 3u);
}

TEST(Registry, NamesTheKnownEnginesWhereOneIsUnknown) {
  EXPECT_THAT(
      [] {
        make_engine("fussed", kNetwork, {1, 1, 1});
      },
      ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr("fussed"), HasSubstr("basic, fused"))));
}

TEST(Registry, ChecksSizesBeforeAnythingElse) {
  Network network = kNetwork;
  network.units = 0;
  EXPECT_THAT(
      [&] {
        make_engine("basic", network, {1, 1, 1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("units")));
  EXPECT_THAT(
      [] {
        make_engine("basic", kNetwork, {1, 0, 1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("time_steps")));
  EXPECT_THAT(
      [] {
        make_engine("basic", kNetwork, {1 << 16, 1 << 16, 1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("samples * time_steps")));
}

TEST(Registry, ChecksTheNumbersOfAdam) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto make = [](const AdamOptions& adam) {
    return make_engine("sequence", kNetwork, {1, 1, 1}, {}, adam);
  };
  EXPECT_THAT([&] { make({.learning_rate = nan}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("learning_rate")));
  EXPECT_THAT([&] { make({.learning_rate = -1}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("learning_rate")));
  EXPECT_THAT([&] { make({.beta1 = 1}); }, ThrowsMessage<std::invalid_argument>(HasSubstr("beta1")));
  EXPECT_THAT([&] { make({.beta2 = nan}); }, ThrowsMessage<std::invalid_argument>(HasSubstr("beta2")));
  EXPECT_THAT([&] { make({.epsilon = -1e-8}); }, ThrowsMessage<std::invalid_argument>(HasSubstr("epsilon")));
  EXPECT_THAT([&] { make({.weight_decay = -1}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("weight_decay")));
  EXPECT_THROW(make({})->set_learning_rate(nan), std::invalid_argument);
}

TEST(EveryCpuEngine, HoldsItsCallerToTheOrderOfAStep) {
  const std::vector<float> x(static_cast<std::size_t>(kNetwork.inputs), 0.5f);
  const std::vector<std::int32_t> one{1}, zero{0};
  const Batch batch{.samples = 1, .time_steps = 1, .x = x, .lengths = one, .labels = zero};
  Batch wrong = batch;
  wrong.labels = {};
  for (const EngineKind& kind : engine_kinds()) {
    for (const DType dtype : kind.dtypes) {
      const auto engine = make_engine(kind.name, kNetwork, {1, 1, 1}, {.dtype = dtype});
      std::vector<float> logits(logits_size(kNetwork, batch));
      const std::vector<float> gradients(engine->layout().size());
      EXPECT_THROW(engine->forward(), std::invalid_argument) << kind.name;
      EXPECT_THROW(engine->loss(), std::invalid_argument) << kind.name;
      EXPECT_THROW(engine->backward(), std::invalid_argument) << kind.name;
      EXPECT_THROW(engine->update(), std::invalid_argument) << kind.name;
      engine->load(batch);
      EXPECT_THROW(engine->read_logits(logits), std::invalid_argument) << kind.name;
      EXPECT_THROW(engine->loss(), std::invalid_argument) << kind.name;
      engine->forward();
      engine->read_logits(logits);
      EXPECT_THROW(engine->backward(), std::invalid_argument) << kind.name << ": loss left out";
      engine->loss();
      EXPECT_THROW(engine->update(), std::invalid_argument) << kind.name << ": backward left out";
      EXPECT_THROW(engine->clip_gradients(1), std::invalid_argument) << kind.name << ": backward left out";
      EXPECT_THROW(engine->set_gradients(gradients), std::invalid_argument) << kind.name;
      engine->backward();
      EXPECT_THROW(engine->backward(), std::invalid_argument) << kind.name << ": a second time";
      EXPECT_THROW(engine->set_logit_gradients(logits), std::invalid_argument) << kind.name << ": too late";
      engine->update();
      EXPECT_THROW(engine->update(), std::invalid_argument) << kind.name << ": a second time";
      EXPECT_THROW(engine->clip_gradients(1), std::invalid_argument) << kind.name << ": too late";
      EXPECT_THROW(engine->set_gradients(gradients), std::invalid_argument) << kind.name << ": too late";
      EXPECT_THROW(engine->start_loss(), std::invalid_argument) << kind.name << ": too late";
      engine->loss();
      engine->forward();
      engine->loss();
      EXPECT_THROW(engine->load(wrong), std::invalid_argument) << kind.name;
      EXPECT_THROW(engine->backward(), std::invalid_argument) << kind.name << ": its batch is gone";
      engine->load(batch);
      EXPECT_THROW(engine->backward(), std::invalid_argument) << kind.name << ": another batch";
    }
  }
}

TEST(EngineOptions, ComeFromTheEnvironment) {
  const EngineOptions defaults = EngineOptions::from_environment();
  EXPECT_FALSE(defaults.isa.has_value());
  EXPECT_EQ(defaults.split, Split::automatic);
  EXPECT_EQ(defaults.pin_threads, Pinning::automatic);
  const Variable isa("LSTM_ISA", "avx2"), split("LSTM_SPLIT", "units");
  const EngineOptions options = EngineOptions::from_environment();
  EXPECT_EQ(options.isa, Isa::avx2);
  EXPECT_EQ(options.split, Split::units);
}

TEST(EngineOptions, TakePinningByNameOrAsYesAndNo) {
  const std::vector<std::pair<const char*, Pinning>> expected = {{"automatic", Pinning::automatic},
                                                                 {"always", Pinning::always},
                                                                 {"never", Pinning::never},
                                                                 {"1", Pinning::always},
                                                                 {"0", Pinning::never}};
  for (const auto& [text, pinning] : expected) {
    const Variable pin("LSTM_PIN", text);
    EXPECT_EQ(EngineOptions::from_environment().pin_threads, pinning) << text;
  }
}

TEST(EngineOptions, NameTheVariableAndItsValues) {
  const Variable isa("LSTM_ISA", "sse9");
  EXPECT_THAT(
      [] { EngineOptions::from_environment(); },
      ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr("LSTM_ISA"), HasSubstr("sse9"),
                                                 HasSubstr("portable, avx2, avx512, avx512bf16, amx"))));
}

TEST(EngineOptions, KnowEveryInstructionSetByTheNameThatItHas) {
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512, Isa::avx512bf16, Isa::amx}) {
    const std::string text(name(isa));
    const Variable variable("LSTM_ISA", text.c_str());
    EXPECT_EQ(EngineOptions::from_environment().isa, isa);
  }
}

}  // namespace
}  // namespace lstm
