"""python -m unittest, in this folder: the random field against the sum over all paths, and the file's table."""

import itertools
import unittest

import numpy as np
import torch

from modelfile import quantise, table
from network import ENDS, LEGAL, TAGS, Likelihood, forward_backward, viterbi


def paths(scores, transitions):
    """All legal sequences of tags with their scores."""
    for tags in itertools.product(range(TAGS), repeat=len(scores)):
        before = (0,) + tags[:-1]
        if all(LEGAL[a, b] for a, b in zip(before, tags)) and ENDS[tags[-1]]:
            yield tags, sum(scores[i, b] + transitions[a, b] for i, (a, b) in enumerate(zip(before, tags)))


class RandomField(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        self.scores = 2 * rng.normal(size=(9, TAGS))
        self.transitions = rng.normal(size=(TAGS, TAGS))
        self.sentences = np.array([[4, 8], [0, 3], [8, 9]])  # longest first; place 3 is a gap

    def test_sums(self):
        total, marginals, _, _, _ = forward_backward(self.scores, self.transitions, self.sentences)
        best = viterbi(self.scores, self.transitions, self.sentences)
        for k, (a, b) in enumerate(self.sentences):
            all_paths = list(paths(self.scores[a:b], self.transitions))
            weights = np.exp([s for _, s in all_paths])
            self.assertAlmostEqual(total[k], np.log(weights.sum()), places=6)
            self.assertEqual(tuple(best[a:b]), max(all_paths, key=lambda p: p[1])[0])
            for i in range(b - a):
                want = np.zeros(TAGS)
                for (tags, _), w in zip(all_paths, weights):
                    want[tags[i]] += w / weights.sum()
                np.testing.assert_allclose(marginals[i, k], want, atol=1e-8)

    def test_gradient(self):
        tags = np.zeros(9, dtype=np.int64)
        tags[4:8] = [1, 2, 3, 8]
        weights = np.array([1, 0.5, 2], dtype=np.float32)

        def loss(scores, transitions):
            s, t = torch.tensor(scores, requires_grad=True), torch.tensor(transitions, requires_grad=True)
            out = Likelihood.apply(s, t, tags, self.sentences, weights)
            out.backward()
            return out.item(), s.grad.numpy(), t.grad.numpy()

        _, ds, dt = loss(self.scores, self.transitions)
        for array, grad, at in ((self.scores, ds, (5, 2)), (self.scores, ds, (0, 4)), (self.scores, ds, (3, 0)), (self.transitions, dt, (0, 1)), (self.transitions, dt, (1, 2))):
            step = 1e-3
            array[at] += step
            up, _, _ = loss(self.scores, self.transitions)
            array[at] -= 2 * step
            down, _, _ = loss(self.scores, self.transitions)
            array[at] += step
            self.assertAlmostEqual(grad[at], (up - down) / (2 * step), places=2)


class Table(unittest.TestCase):
    def test_rows(self):
        rng = np.random.default_rng(2)
        keys = rng.integers(0, 2**63, 300, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        rows = rng.normal(size=(300, 8)).astype(np.float32)
        b = table(keys, rows)
        n, buckets, width = np.frombuffer(b, "<u4", 3)
        offsets = np.frombuffer(b, "<u4", buckets + 1, 12)
        at = 12 + 4 * (int(buckets) + 1)
        prints = np.frombuffer(b, "<u4", n, at)
        scales = np.frombuffer(b, "<f4", n, at + 4 * n)
        values = np.frombuffer(b, "i1", n * width, at + 8 * n).reshape(n, width)
        for key, row in zip(keys.tolist(), rows):
            k = (key >> 32) * int(buckets) >> 32
            (i,) = [i for i in range(offsets[k], offsets[k + 1]) if prints[i] == key & 0xFFFFFFFF]
            np.testing.assert_allclose(values[i] * scales[i], row, atol=np.abs(row).max() / 250)

    def test_zero(self):
        scales, values = quantise(np.zeros((1, 4), dtype=np.float32))
        self.assertEqual((scales[0], values.any()), (0, False))


if __name__ == "__main__":
    unittest.main()
