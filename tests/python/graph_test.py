"""Graphs of any shape: forwards and backwards in any order, on several threads, or never; and the pool stays small."""

import copy
import gc
import os
import threading
import unittest

import torch

import lstm_engine
from layers import error, seeded
from lstm_engine.engine import MOST_IDLE


def gradients(lstm):
    return {name: parameter.grad.clone() for name, parameter in lstm.named_parameters()}


class Graph(unittest.TestCase):
    def setUp(self):
        seeded()
        self.theirs = torch.nn.LSTM(5, 6, 2, bidirectional=True)
        self.ours = lstm_engine.LSTM.from_torch(self.theirs)

    def assert_same_gradients(self, tolerance=1e-5):
        for name, parameter in self.theirs.named_parameters():
            self.assertLess(error(getattr(self.ours, name).grad, parameter.grad), tolerance, name)

    def both(self, function):
        for lstm in (self.theirs, self.ours):
            lstm.zero_grad(set_to_none=True)
            function(lstm)
        self.assert_same_gradients()

    def test_runs_backwards_in_any_order(self):
        xs = [torch.randn(time_steps, samples, 5) for time_steps, samples in ((4, 3), (9, 2), (2, 7))]
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
            self.both(lambda lstm: [(lambda losses: [losses[i].backward() for i in order])(
                [lstm(x)[0].square().sum() for x in xs])])

    def test_may_be_used_twice_in_one_graph(self):
        """An encoder and a decoder of the same weights, through states."""
        xs = [torch.randn(4, 3, 5), torch.randn(2, 3, 5)]

        def step(lstm):
            _, states = lstm(xs[0])
            output, states = lstm(xs[1], states)
            (output.square().sum() + states[1].sum()).backward()

        self.both(step)

    def test_runs_backward_again_where_the_graph_is_retained(self):
        x = torch.randn(4, 3, 5)

        def step(lstm):
            output, (h_n, _) = lstm(x)
            output.square().sum().backward(retain_graph=True)
            h_n.sum().backward(retain_graph=True)
            lstm(x + 1)[0].sum().backward()  # takes the engine of the first
            h_n.square().sum().backward()

        self.both(step)
        loss = self.ours(x)[0].sum()
        loss.backward()
        with self.assertRaisesRegex(RuntimeError, "second time"):
            loss.backward()

    def test_notices_what_has_changed_before_backward(self):
        for change in (lambda x: x.add_(1), lambda x: self.ours.weight_hh_l1.detach().mul_(2)):
            x = torch.randn(4, 3, 5)
            loss = self.ours(x)[0].sum()
            change(x)
            with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
                loss.backward()

    def test_refuses_to_be_differentiated_twice(self):
        x = torch.randn(4, 3, 5, requires_grad=True)
        dx, = torch.autograd.grad(self.ours(x)[0].square().sum(), x, create_graph=True)
        with self.assertRaisesRegex(RuntimeError, "once_differentiable"):
            dx.sum().backward()

    def test_computes_no_gradients_without_need(self):
        x = torch.randn(4, 3, 5)
        with torch.no_grad():
            self.assertFalse(self.ours(x)[0].requires_grad)
        self.ours.requires_grad_(False)
        self.assertFalse(self.ours(x)[0].requires_grad)
        self.assertEqual(len(self.ours.pool.idle_engines()), 1)
        x.requires_grad_()
        self.ours(x)[0].sum().backward()  # of the input alone
        expected = x.grad.clone()
        x.grad = None
        self.theirs(x)[0].sum().backward()
        self.assertLess(error(expected, x.grad), 1e-5)
        self.assertTrue(all(parameter.grad is None for parameter in self.ours.parameters()))

    def test_reads_parameters_as_they_are_at_each_forward(self):
        x = torch.randn(4, 3, 5)
        for change in (lambda lstm: lstm.weight_hh_l1.data.mul_(2), lambda lstm: lstm.load_state_dict(
                {name: values / 2 for name, values in lstm.state_dict().items()})):
            for lstm in (self.theirs, self.ours):
                change(lstm)
            self.both(lambda lstm: lstm(x)[0].square().sum().backward())

    def test_trains_on_several_threads(self):
        xs = [torch.randn(4 + i, 3, 5) for i in range(8)]
        expected = []
        for x in xs:
            self.both(lambda lstm: lstm(x)[0].square().sum().backward())
            expected.append(torch.autograd.grad(self.theirs(x)[0].square().sum(), list(self.theirs.parameters())))
        wrong = []

        def work(i):
            for _ in range(10):
                got = torch.autograd.grad(self.ours(xs[i])[0].square().sum(), list(self.ours.parameters()))
                wrong.extend(e for e in map(error, got, expected[i]) if e > 1e-5)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(xs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertLessEqual(len(self.ours.pool.idle_engines()), MOST_IDLE)

    def test_works_in_a_child_of_fork(self):
        x = torch.randn(4, 3, 5)
        expected = self.ours(x)[0].detach()
        pending = self.ours(x)[0]  # whose engine comes back in the child, too
        child = os.fork()
        if child == 0:
            status = 1
            try:
                torch.set_num_threads(1)
                del pending
                gc.collect()
                status = 0 if error(self.ours(x)[0], expected) < 1e-6 else 2
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        pending.sum().backward()


class Pool(unittest.TestCase):
    def setUp(self):
        self.lstm = lstm_engine.LSTM(5, 6)

    def idle(self):
        return self.lstm.pool.idle_engines()

    def test_uses_the_same_engine_again(self):
        for _ in range(10):
            self.lstm(torch.randn(4, 3, 5))[0].sum().backward()
        engine, = self.idle()
        for time_steps, samples in ((4, 2), (2, 3), (4, 3)):
            self.lstm(torch.randn(time_steps, samples, 5))[0].sum().backward()
        self.assertEqual(self.idle(), [engine])

    def test_replaces_an_engine_that_is_too_small(self):
        for time_steps, samples in ((4, 3), (9, 2), (2, 8), (9, 8)):
            self.lstm(torch.randn(time_steps, samples, 5))[0].sum().backward()
            engine, = self.idle()
        self.assertEqual(tuple(engine.size), (8, 9, 72))

    def test_takes_back_engines_whose_graph_is_gone(self):
        output = self.lstm(torch.randn(4, 3, 5))[0]
        self.assertEqual(self.idle(), [])
        engine = output.grad_fn.loan.engine
        del output
        self.assertEqual(self.idle(), [engine])

    def test_takes_back_an_engine_whose_call_failed(self):
        self.lstm(torch.randn(4, 3, 5))[0].sum().backward()
        engine, = self.idle()
        layer, engine.layer = engine.layer, None  # which the library refuses
        with self.assertRaisesRegex(ValueError, "layer: got NULL"):
            self.lstm(torch.randn(4, 3, 5))
        engine.layer = layer
        self.assertEqual(self.idle(), [engine])
        self.lstm(torch.randn(4, 3, 5))[0].sum().backward()
        self.assertEqual(self.idle(), [engine])

    def test_keeps_a_few_engines(self):
        outputs = [self.lstm(torch.randn(4, 3, 5))[0] for _ in range(3 * MOST_IDLE)]
        sum(output.sum() for output in outputs).backward()
        del outputs
        self.assertLessEqual(len(self.idle()), MOST_IDLE)
        x = torch.randn(4, 3, 5, requires_grad=True)
        for _ in range(3):  # of two kinds, and none of either too many
            self.lstm(torch.randn(4, 3, 5))[0].sum().backward()
            self.lstm(x)[0].sum().backward()
        self.assertLessEqual(len(self.idle()), MOST_IDLE)

    def test_evaluates_with_the_engine_that_trains(self):
        x = torch.randn(4, 3, 5, requires_grad=True)
        for _ in range(3):
            self.lstm(x)[0].sum().backward()
            with torch.no_grad():
                self.lstm(torch.randn(8, 6, 5))
        engine, = self.idle()
        self.assertTrue(engine.input_gradients)

    def test_copies_begin_without_engines(self):
        self.lstm(torch.randn(4, 3, 5))
        self.assertEqual(copy.deepcopy(self.lstm).pool.idle_engines(), [])


if __name__ == "__main__":
    unittest.main()
