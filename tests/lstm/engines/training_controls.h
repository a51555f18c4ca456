// What every engine offers beside the training step: logits, clipping of gradients, the learning rate.
#pragma once

#include "lstm/engines/random_problem.h"

namespace lstm::testing {

// Expects the logits of the reference, each within `tolerance` of the largest, in the order of the batch,
// with zeros where the loss reads nothing.
void expect_logits(Engine& engine, const RandomProblem& problem, double tolerance);
// Expects gradients of the norm that is asked for, in the direction that they had.
void expect_clipped_gradients(Engine& engine, const RandomProblem& problem);
// Expects updates in proportion to the learning rate. To be called before any other update of the engine.
void expect_learning_rate(Engine& engine, const RandomProblem& problem);

}  // namespace lstm::testing
