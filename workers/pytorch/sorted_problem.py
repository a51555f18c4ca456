"""A case with its samples in descending order of length, which packing asks for."""
import numpy as np

from problem import Problem


class SortedProblem(Problem):
    """Lengths and labels are put into order once, here; losses and gradients do not depend on it. The order of x stays
    the harness's: rearranging it is work of the forward pass. Labels of CTC lie one sequence after another."""

    def __init__(self, request):
        super(SortedProblem, self).__init__(request)
        self.order = np.argsort(-self.lengths.astype(np.int64), kind="mergesort")  # (N), stable
        self.is_sorted = bool((self.order == np.arange(self.samples)).all())
        self.lengths, self.loss_lengths = self.lengths[self.order], self.loss_lengths[self.order]
        if self.loss == "ctc":
            self.labels = np.concatenate([self.labels[sample] for sample in self.order])
            self.label_lengths = self.label_lengths[self.order]
        else:
            self.labels = self.labels[self.order]
