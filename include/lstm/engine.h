// An engine trains one network: it owns parameters, gradients, optimiser state and a workspace allocated
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lstm/batch.h"
#include "lstm/cpu.h"
#include "lstm/network.h"
#include "lstm/parameters.h"

namespace lstm {

// How a layer's work is shared out among threads; `automatic` follows the cost rule of docs/engine-design.md.
enum class Split { automatic, directions, units, samples };

struct EngineOptions {
  DType dtype = DType::fp32;
  int threads = 1;
  std::optional<Isa> isa = {};  // nothing: the best available one. One that the machine lacks throws.
  Split split = Split::automatic;
  Pinning pin_threads = Pinning::automatic;
  ParallelRegion region = {};  // in place of threads of the engine's own; none is then bound to a CPU
  // backward computes the gradients of x, too: Engine::read_input_gradients(). Engines on a CPU only.
  bool input_gradients = false;

  // Reads LSTM_ISA, LSTM_SPLIT and LSTM_PIN (automatic, 1 or always, 0 or never) on top of the defaults.
  // Throws std::invalid_argument naming the variable and the values it may have.
  static EngineOptions from_environment();
};

// Adam (Kingma and Ba, 2015, algorithm 1), as torch.optim.Adam computes it; with weight_decay AdamW
// (Loshchilov and Hutter, 2019, algorithm 2), as torch.optim.AdamW does.
struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  // each update first multiplies all parameters by 1 - learning_rate * weight_decay
};

// What Adam keeps from one update to the next.
struct AdamState {
  std::int64_t updates = 0;           // made so far
  std::vector<float> first_moments;   // in the order of ParameterLayout
  std::vector<float> second_moments;  // likewise
};

// Phases of a step by a device's own clock, in nanoseconds.
struct DeviceTimes {
  std::int64_t forward_ns = 0;  // cross-entropy included, which is part of forward's launches there
  std::int64_t loss_ns = 0;
  std::int64_t backward_ns = 0;

  std::int64_t total_ns() const { return forward_ns + loss_ns + backward_ns; }
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual const Network& network() const = 0;
  virtual const ParameterLayout& layout() const = 0;

  // Both in the order of layout(); parameters may be written between steps. An engine on a GPU copies at each
  // call: ask again after a step for its values, and before writing, for the next load() to take what was
  // written.
  virtual std::span<float> parameters() = 0;
  virtual std::span<const float> gradients() const = 0;
  // The gradients as an fp64 engine has them, before they are rounded for gradients(); empty in other
  // engines.
  virtual std::span<const double> gradients_fp64() const { return {}; }

  // One training step is load, forward, loss (or start_loss, or set_logit_gradients), backward, update, in
  // this order; none of them allocates (but set_logit_gradients on a GPU). To evaluate or predict, load and
  // forward (and loss) suffice.
  // load keeps the views (the caller keeps the data alive and unchanged until backward ends: on a GPU, until
  // loss or synchronise behind it returns) and throws what validate(batch) throws. A call whose predecessor
  // is missing for this batch throws std::invalid_argument, and so does a second backward for one forward or
  // a second update for one backward. After a load that has thrown no batch is there.
  virtual void load(const Batch& batch) = 0;
  virtual void forward() = 0;
  // The loss and its gradients, for whose value nobody waits yet: a program on a GPU calls loss() behind
  // backward, so that the device never waits for the host. On a CPU it is loss() without its value. Throws
  // std::logic_error for Loss::custom, std::invalid_argument after backward.
  virtual void start_loss() = 0;
  // Starts the loss where start_loss() has not, and waits for it: at any time until the next load. Gradients
  // that set_logit_gradients() has been given stay. Throws std::logic_error for Loss::custom.
  virtual double loss() = 0;
  virtual void backward() = 0;
  virtual void update() = 0;  // one step of Adam, by gradients()

  // After forward: what the head put out, before any softmax, with samples and time steps as in the batch.
  // Cross-entropy: (N, V), of each sample's last step. Others: (N, T, V), or as Batch::order says, zeros
  // behind what a sample's loss reads. Without a head: (N, T, D*H), h of the last layer. Throws
  // std::invalid_argument where `logits` does not have logits_size() elements.
  virtual void read_logits(std::span<float> logits) const = 0;
  // In place of loss(), for one of your own: its gradients by the logits, laid out as read_logits() does.
  // What lies behind the steps that a sample's loss reads is ignored. The value of the network's own loss, if
  // it has one, is computed, too, for loss(). Throws what read_logits() throws, and std::invalid_argument
  // after backward. (On a GPU in fp16 they should be about as large as those of CTC: 1 at most.)
  virtual void set_logit_gradients(std::span<const float> gradients) = 0;
  // After backward, of an engine made with EngineOptions::input_gradients: those of x, laid out as
  // x, zeros behind each sample's length. Throws std::invalid_argument where `gradients` does not have as
  // many elements as x, where the engine was made without, and before backward.
  virtual void read_input_gradients(std::span<float> gradients) const = 0;
  // After forward: h and c that each sample ends in, (L * D, N, H) each as Batch::initial_h has them
  // (nn.LSTM: h_n, c_n; the reverse direction ends at the sample's first step). As the next batch's initial
  // states they continue these sequences. These three throw std::invalid_argument where a size is not
  // states_size(), out of order, and on a GPU.
  virtual void read_final_states(std::span<float> h, std::span<float> c) const = 0;
  // Between forward and backward, beside the loss: gradients of the final states, for a loss that reads them,
  // too. Without this call they are zero.
  virtual void set_final_state_gradients(std::span<const float> h, std::span<const float> c) = 0;
  // After backward of a batch with initial states: their gradients.
  virtual void read_initial_state_gradients(std::span<float> h, std::span<float> c) const = 0;
  // Between backward and update: replaces gradients(), in the order of layout(), by a copy of `gradients`.
  // For sums over several batches or programs, noise, parameters that stay as they are. Throws
  // std::invalid_argument where they are not as many as the parameters, and out of this order.
  virtual void set_gradients(std::span<const float> gradients) = 0;
  // Between backward and update: gradients whose 2-norm, over all parameters, exceeds max_norm are scaled to
  // have that norm (Pascanu, Mikolov, Bengio, 2013). Returns the norm before. Where it is not finite nothing
  // is scaled. Throws std::invalid_argument unless max_norm > 0, and out of this order.
  virtual double clip_gradients(double max_norm) = 0;
  // Of the updates from now on. Throws std::invalid_argument unless it is finite and at least 0.
  virtual void set_learning_rate(double rate) = 0;
  // With the parameters, all that training needs to go on in another engine as if nothing had happened (but
  // the fp64 reference, whose numbers have more digits).
  virtual AdamState adam_state() const = 0;
  // Throws std::invalid_argument where the moments are not as many as the parameters.
  virtual void set_adam_state(const AdamState& state) = 0;

  // Waits until everything that was started has ended: on a GPU forward, backward and update return before
  // they are done.
  virtual void synchronise() {}
  // From the start of the last forward to the end of its backward by the device's own clock, where it has one
  // and backward has been called for the batch. Waits for it.
  virtual std::optional<DeviceTimes> device_times() { return std::nullopt; }

  // Bytes held by the engine beyond parameters, gradients and optimiser state.
  virtual std::size_t workspace_bytes() const = 0;
  // What was chosen, for people: kernels, split, threads.
  virtual std::string description() const = 0;
};

struct EngineKind {
  std::string_view name;         // "basic", "fused", "sequence", "reference"; on a GPU "cuda/fused", ...
  std::string_view description;  // one line
  std::vector<DType> dtypes;
};

// Every engine for a device, slowest first; those for a GPU are known in every build, see lstm/cuda.h.
std::span<const EngineKind> engine_kinds(Device device = Device::cpu);

// Throws std::invalid_argument where the name is unknown or the combination unsupported (naming what is
// unsupported: a GPU, too, where there is none), std::bad_alloc where memory does not suffice.
std::unique_ptr<Engine> make_engine(std::string_view name, const Network& network, const BatchShape& shape,
                                    const EngineOptions& options = {}, const AdamOptions& adam = {});

}  // namespace lstm
