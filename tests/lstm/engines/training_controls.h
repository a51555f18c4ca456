// What every engine offers beside the training step: a loss that nobody waits for, logits and their
// gradients, clipping of gradients, the learning rate, Adam's state.
#pragma once

#include "lstm/engines/random_problem.h"

namespace lstm::testing {

// Expects loss and gradients of a step whose loss is asked for behind backward to be those of one that waits
// for it before: the same bits, or (tolerance) nearly so. Expects calls out of order to throw.
void expect_started_loss(Engine& engine, const RandomProblem& problem, double tolerance = 0);
// Expects the logits of the reference, each within `tolerance` of the largest, in the order of the batch,
// with zeros where the loss reads nothing.
void expect_logits(Engine& engine, const RandomProblem& problem, double tolerance);
// Gradients for the logits of a problem, with not-a-numbers where no loss reads.
std::vector<float> random_logit_gradients(const RandomProblem& problem);
// Expects the gradients of x of the reference, within `tolerance` of their norm, in the order of the batch,
// with zeros behind each sample's length; under a custom loss those for random gradients of the logits. The
// engine is one with EngineOptions::input_gradients.
void expect_input_gradients(Engine& engine, const RandomProblem& problem, double tolerance);
// Expects the same bits whatever the order of the rows of x, logits and their gradients: by step and, of
// samples by descending length, packed. Where the engine has gradients of x, those, too.
void expect_row_orders(Engine& engine, const RandomProblem& problem, bool has_input_gradients);
// Expects the gradients of the reference for random gradients of the logits, which take the place of the
// problem's loss; and the value of that loss, whenever it is asked for.
void expect_logit_gradients(Engine& engine, const RandomProblem& problem, double tolerance);
// Expects gradients that are written to be what clipping and Adam take. Of an engine without updates.
void expect_written_gradients(Engine& engine, const RandomProblem& problem);
// Expects gradients of the norm that is asked for, in the direction that they had.
void expect_clipped_gradients(Engine& engine, const RandomProblem& problem);
// Expects updates in proportion to the learning rate. To be called before any other update of the engine.
void expect_learning_rate(Engine& engine, const RandomProblem& problem);
// Expects training that another engine like it goes on with, from parameters and Adam's state, to be the
// same: the same bits, or (tolerance) nearly so. Both are trained.
void expect_resumed_training(Engine& engine, Engine& other, const RandomProblem& problem,
                             double tolerance = 0);

}  // namespace lstm::testing
