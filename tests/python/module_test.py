"""lstm_engine.LSTM computes what torch.nn.LSTM computes: results, gradients of everything, whole trainings."""

import copy
import io
import os
import pickle
import unittest

import torch

import lstm_engine
from layers import TOLERANCE, Case, error, make_inputs, make_pair, random_case, run, seeded

SHAPES = int(os.environ.get("LSTM_TEST_SHAPES") or 60)


class Module(unittest.TestCase):
    def setUp(self):
        self.source = seeded()

    def assert_agrees(self, got, expected, tolerance):
        self.assertEqual(set(got), set(expected))
        for name, values in expected.items():
            with self.subTest(result=name):
                self.assertEqual(got[name] is None, values is None)
                if values is not None:
                    self.assertEqual(got[name].shape, values.shape)
                    self.assertLess(error(got[name], values), tolerance)

    def test_agrees_with_nn_lstm_in_float64(self):
        for i in range(SHAPES):
            case = random_case(self.source, ("fp32", "fp32", "bf16", "bf16x3")[i % 4])
            with self.subTest(case=case):
                theirs, ours = make_pair(case)
                x, states = make_inputs(case)
                weights = []
                expected = run(theirs.double(), case, x, states, weights)
                self.assert_agrees(run(ours, case, x, states, weights), expected, TOLERANCE[case.precision])

    def test_gives_results_as_nn_lstm_does(self):
        """Shapes, and for time-major inputs contiguous outputs."""
        for case in [random_case(self.source) for _ in range(20)]:
            theirs, ours = make_pair(case)
            x, states = make_inputs(case)
            if case.kind == "packed":
                x = torch.nn.utils.rnn.pack_padded_sequence(x, case.lengths, case.batch_first, enforce_sorted=False)
            (got, got_states), (expected, expected_states) = ours(x, states), theirs(x, states)
            with self.subTest(case=case):
                self.assertIs(type(got), type(expected))
                self.assertIs(type(got_states), tuple)
                self.assertEqual([state.shape for state in got_states], [state.shape for state in expected_states])
                if case.kind != "packed":
                    self.assertEqual(got.shape, expected.shape)
                    self.assertTrue(got.is_contiguous())
                    continue
                self.assertTrue(torch.equal(got.batch_sizes, expected.batch_sizes))
                self.assertTrue(torch.equal(got.sorted_indices, expected.sorted_indices))
                self.assertTrue(torch.equal(got.unsorted_indices, expected.unsorted_indices))

    def test_takes_packed_sequences_that_are_sorted(self):
        ours = lstm_engine.LSTM(3, 4)
        x = torch.randn(5, 2, 3)
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, [5, 2])
        output, (h_n, _) = ours(packed)
        self.assertIsNone(output.sorted_indices)
        self.assertTrue(torch.equal(h_n[0, 0], output.data[-1]))

    def test_starts_with_the_same_parameters(self):
        for arguments in [dict(), dict(num_layers=2, bidirectional=True), dict(bias=False)]:
            torch.manual_seed(7)
            theirs = torch.nn.LSTM(5, 6, **arguments)
            torch.manual_seed(7)
            ours = lstm_engine.LSTM(5, 6, **arguments)
            self.assertEqual(list(ours.state_dict()), list(theirs.state_dict()))
            for name, values in theirs.state_dict().items():
                self.assertTrue(torch.equal(ours.state_dict()[name], values))

    def test_exchanges_state_dicts(self):
        theirs, ours = torch.nn.LSTM(5, 6, 2), lstm_engine.LSTM(5, 6, 2)
        x = torch.randn(4, 3, 5)
        ours.load_state_dict(theirs.state_dict())
        self.assertLess(error(ours(x)[0], theirs(x)[0]), 1e-5)
        with torch.no_grad():
            for parameter in ours.parameters():
                parameter.mul_(1.5)
        theirs.load_state_dict(ours.state_dict())
        self.assertLess(error(ours(x)[0], theirs(x)[0]), 1e-5)

    def test_copies_of_a_module_train_by_themselves(self):
        ours = lstm_engine.LSTM(5, 6, precision="bf16x3")
        x = torch.randn(4, 3, 5)
        expected = ours(x)[0]
        saved = io.BytesIO()
        torch.save(ours, saved)
        saved.seek(0)
        # Of the module as a whole; versions before 1.13 load nothing else.
        whole = {} if torch.__version__.startswith("1.12") else {"weights_only": False}
        for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), torch.load(saved, **whole)):
            self.assertEqual(other.precision, "bf16x3")
            self.assertIsNot(other.pool, ours.pool)
            self.assertTrue(torch.equal(other(x)[0], expected))
            with torch.no_grad():
                other.weight_ih_l0.zero_()
            self.assertTrue(torch.equal(ours(x)[0], expected))
            self.assertFalse(torch.equal(other(x)[0], expected))

    def test_keeps_what_from_torch_is_given(self):
        theirs = torch.nn.LSTM(5, 6, 2, bidirectional=True, batch_first=True, bias=False).eval()
        theirs.weight_hh_l1.requires_grad_(False)
        ours = lstm_engine.LSTM.from_torch(theirs)
        self.assertFalse(ours.training)
        self.assertEqual([parameter.requires_grad for parameter in ours.parameters()],
                         [parameter.requires_grad for parameter in theirs.parameters()])
        ours(torch.randn(2, 3, 5))[0].sum().backward()
        self.assertIsNone(ours.weight_hh_l1.grad)
        self.assertIsNotNone(ours.weight_hh_l0.grad)
        self.assertEqual(repr(ours), repr(theirs)[:-1] + ", precision=fp32)")
        self.assertIsInstance(ours, torch.nn.LSTM)

    def test_trains_as_nn_lstm_does(self):
        case = Case(4, 12, 2, 2, True, True, "packed", [9, 4, 7, 9, 1], False, (1, 0, 0), False, "fp32")
        theirs, ours = make_pair(case)
        x, _ = make_inputs(case)
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, case.lengths, batch_first=True, enforce_sorted=False)
        target = torch.randn(sum(case.lengths), 1)
        head = torch.nn.Linear(24, 1)
        losses = []
        for lstm in (theirs, ours):
            own_head = copy.deepcopy(head)
            optimiser = torch.optim.Adam(list(lstm.parameters()) + list(own_head.parameters()), lr=0.01)
            losses.append([])
            for _ in range(30):  # later, steps of Adam amplify what rounding leaves
                optimiser.zero_grad()
                loss = (own_head(lstm(packed)[0].data) - target).square().mean()
                loss.backward()
                optimiser.step()
                losses[-1].append(loss.item())
        self.assertLess(losses[0][-1], 0.7 * losses[0][0])
        for expected, got in zip(*losses):
            self.assertAlmostEqual(got / expected, 1, delta=1e-3)

    def test_drops_what_nn_lstm_drops(self):
        """From the same seed, in float32: in float64 other numbers are dropped."""
        for i in range(SHAPES // 2):
            case = random_case(self.source)._replace(layers=2 + i % 3)
            with self.subTest(case=case):
                theirs, _ = make_pair(case)
                theirs.dropout = (0.5, 0.1, 1.0)[i % 3]
                ours = lstm_engine.LSTM.from_torch(theirs)
                x, states = make_inputs(case)
                weights = []
                results = []
                for lstm in (theirs, ours):
                    run(lstm, case, x, states, weights)  # what an earlier step has left does not matter
                    torch.manual_seed(i)
                    results.append(run(lstm, case, x, states, weights))
                self.assert_agrees(results[1], results[0], 3 * TOLERANCE["fp32"])
                self.assertEqual(ours.eval().dropout, theirs.dropout)
                results = [run(lstm.eval(), case, x, states, weights) for lstm in (theirs, ours)]
                self.assert_agrees(results[1], results[0], 3 * TOLERANCE["fp32"])

    def test_drops_differently_in_each_step(self):
        ours = lstm_engine.LSTM(5, 16, 2, dropout=0.5)
        x = torch.randn(4, 3, 5)
        self.assertFalse(torch.equal(ours(x)[0], ours(x)[0]))
        for change in (dict(dropout=0.0), dict(dropout=0.5, training=False)):
            vars(ours).update(change)
            self.assertTrue(torch.equal(ours(x)[0], ours(x)[0]), change)
        vars(ours).update(training=True)
        self.assertFalse(torch.equal(ours(x)[0], ours(x)[0]))

    @unittest.skipUnless(hasattr(torch, "compile"), "this PyTorch has no torch.compile")
    def test_works_inside_of_torch_compile(self):
        class Tagger(torch.nn.Module):
            def __init__(self, lstm):
                super().__init__()
                self.lstm, self.head = lstm, torch.nn.Linear(6, 2)

            def forward(self, x):
                return self.head(self.lstm(2 * x)[0])

        plain = Tagger(lstm_engine.LSTM(5, 6))
        compiled = torch.compile(plain, backend="eager")
        x = torch.randn(4, 3, 5)
        self.assertLess(error(compiled(x), plain(x)), 1e-6)

    def test_follows_the_number_of_threads(self):
        ours = lstm_engine.LSTM(5, 6)
        before = torch.get_num_threads()
        try:
            for threads in (1, 2):
                torch.set_num_threads(threads)
                ours(torch.randn(4, 3, 5))
                self.assertIn("%d thread" % threads, ours.description())
        finally:
            torch.set_num_threads(before)


class Refusals(unittest.TestCase):
    def assert_refuses(self, words, function, error_type=ValueError):
        with self.assertRaisesRegex(error_type, words):
            function()

    def test_refuses_what_the_engine_does_not_have(self):
        make = lstm_engine.LSTM
        self.assert_refuses("proj_size=3", lambda: make(5, 6, proj_size=3))
        self.assert_refuses("precision='fp8', expected one of .*fp32.*bf16", lambda: make(5, 6, precision="fp8"))
        self.assert_refuses("greater than zero|smaller than hidden_size", lambda: make(5, 0))  # in torch.nn.LSTM's words
        with self.assertWarnsRegex(UserWarning, "dropout"):  # which does nothing with one layer
            make(5, 6, dropout=0.5)(torch.randn(4, 3, 5))

    def test_refuses_other_tensors(self):
        ours = lstm_engine.LSTM(5, 6)
        self.assert_refuses("input is torch.float64.*convert it with .float",
                            lambda: ours(torch.randn(4, 3, 5).double()))
        self.assert_refuses("input is on meta.*move it with .cpu", lambda: ours(torch.randn(4, 3, 5, device="meta")))
        self.assert_refuses("expected torch.strided", lambda: ours(torch.randn(4, 3, 5).to_sparse()))
        self.assert_refuses("got list", lambda: ours([[1.0]]), TypeError)
        self.assert_refuses("h_0 is torch.bfloat16",
                            lambda: ours(torch.randn(4, 3, 5), (torch.zeros(1, 3, 6).bfloat16(), torch.zeros(1, 3, 6))))
        self.assert_refuses("weight_ih_l0 is torch.float64",
                            lambda: lstm_engine.LSTM(5, 6, dtype=torch.float64)(torch.randn(4, 3, 5)))
        self.assert_refuses("weight_ih_l0 is torch.float64",
                            lambda: lstm_engine.LSTM.from_torch(torch.nn.LSTM(5, 6).double()))

    def test_refuses_other_sizes(self):
        ours = lstm_engine.LSTM(5, 6, 2)
        x = torch.randn(4, 3, 5)
        self.assert_refuses("expected input_size=5", lambda: ours(torch.randn(4, 3, 6)))
        self.assert_refuses("expected 2 or 3 dimensions", lambda: ours(torch.randn(5)))
        self.assert_refuses("0 samples of 4 time steps", lambda: ours(torch.randn(4, 0, 5)))
        self.assert_refuses(r"h_0 has shape \(2, 4, 6\), expected \(2, 3, 6\)",
                            lambda: ours(x, 2 * (torch.zeros(2, 4, 6),)))
        self.assert_refuses("got 1 states", lambda: ours(x, (torch.zeros(2, 3, 6),)))
        self.assert_refuses(r"expected \(2, 6\)", lambda: ours(x[:, 0], 2 * (torch.zeros(2, 1, 6),)))
        for rows, batch_sizes in ((4, [2, 1]), (2, [2, 1]), (3, [1, 2])):
            packed = torch.nn.utils.rnn.PackedSequence(torch.randn(rows, 5), torch.tensor(batch_sizes))
            self.assert_refuses("expected these to descend", lambda packed=packed: ours(packed))
        ours.weight_hh_l0 = torch.nn.Parameter(torch.zeros(24, 5))
        self.assert_refuses(r"weight_hh_l0 has shape \(24, 5\), expected \(24, 6\)", lambda: ours(x))


if __name__ == "__main__":
    unittest.main()
