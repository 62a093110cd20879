"""python -m unittest, in this folder: the random field against the sum over all paths, and the file's table."""

import itertools
import os
import tempfile
import unittest

import numpy as np
import torch

from modelfile import model, quantise, read_model, round_table, table
from network import ENDS, LEGAL, TAGS, Likelihood, Network, forward_backward, viterbi


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

    def test_soft(self):
        """Probabilities that all lie on one tag teach as the tag does; else the gradient is what is too much."""
        tags = np.array([0, 0, 0, 0, 1, 2, 3, 8, 4])
        weights = np.array([1, 0.5, 2], dtype=np.float32)
        some = np.array([True, True, True, False, True, True, True, True, False])

        def grads(*soft):
            s, t = torch.tensor(self.scores, requires_grad=True), torch.tensor(self.transitions, requires_grad=True)
            Likelihood.apply(s, t, tags, self.sentences, weights, *soft).backward()
            return s.grad.numpy(), t.grad.numpy()

        for a, b in zip(grads(), grads(np.eye(TAGS)[tags], some)):
            np.testing.assert_allclose(a, b, atol=1e-6)
        soft = np.full((9, TAGS), 1 / TAGS)
        hard, got = grads()[0], grads(soft, some)[0]
        np.testing.assert_allclose(got[8], hard[8], atol=1e-6)
        np.testing.assert_allclose(got[1] - hard[1], 0.5 * (np.eye(TAGS)[0] - soft[1]), atol=1e-6)

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


class File(unittest.TestCase):
    def test_read_model(self):
        """A file gives back the network that it was written of, features by their hashes."""
        torch.manual_seed(1)
        vectors = torch.randn(7, 10)
        keys = np.random.default_rng(1).integers(0, 2**64, 40, dtype=np.uint64)
        a, b = Network(40, 3, vectors, width=16), Network(40, 3, vectors, width=16)
        round_table(a, 30)
        with torch.no_grad():
            a.transitions.copy_(torch.randn(TAGS, TAGS))
        path = os.path.join(tempfile.mkdtemp(), "model")
        with open(path, "wb") as f:
            f.write(model(a, keys, 30))
        order = np.random.default_rng(2).permutation(40)
        before = b.table.weight.detach().clone()
        read_model(path, b, keys[order])
        for name, p in a.named_parameters():
            q = b.get_parameter(name)
            if name == "table.weight":
                for i, j in enumerate(order):
                    want = p[j] if j < 30 else before[i]
                    torch.testing.assert_close(q[i], want, atol=1e-6, rtol=0)
            elif name == "transitions":
                torch.testing.assert_close(q[torch.from_numpy(LEGAL)], p[torch.from_numpy(LEGAL)])
            elif name == "standing.weight":
                torch.testing.assert_close(q[0], p[0])
            else:
                torch.testing.assert_close(q, p)
        with self.assertRaises(ValueError):
            read_model(path, Network(40, 3, vectors, width=32), keys)


if __name__ == "__main__":
    unittest.main()
