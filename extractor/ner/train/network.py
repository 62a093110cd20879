"""The network of the convolutional models, and its conditional random field.

Package extractor/ner/conv runs the same network; its file and its arithmetic are described there.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from dataset import TAGS

DILATIONS = (1, 2, 4, 1)
FORBIDDEN = -1e4


def follows(a, b):
    """Whether tag b may come after tag a; as internal/linear has it."""
    opened = a != 0 and (a - 1) % 4 < 2
    carries = b != 0 and (b - 1) % 4 in (1, 2)
    if opened != carries:
        return False
    return not opened or (a - 1) // 4 == (b - 1) // 4


LEGAL = np.array([[follows(a, b) for b in range(TAGS)] for a in range(TAGS)])
STARTS, ENDS = LEGAL[0], LEGAL[:, 0]


class Network(nn.Module):
    def __init__(self, features, standings, vectors, width=128, dropout=0.35):
        super().__init__()
        self.table = nn.EmbeddingBag(features, width, mode="sum")
        nn.init.normal_(self.table.weight, std=0.1)
        self.register_buffer("vectors", torch.cat([vectors, torch.zeros(1, vectors.shape[1])]), persistent=False)
        self.vector = nn.Linear(vectors.shape[1], width, bias=False)
        self.standing = nn.Embedding(standings + 1, width)  # the last one is of texts that hide their corpus
        nn.init.normal_(self.standing.weight, std=0.1)
        self.norm = nn.LayerNorm(width)
        self.convs = nn.ModuleList(nn.Linear(3 * width, width) for _ in DILATIONS)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in DILATIONS)
        self.remember = nn.Linear(2 * width, width)
        self.join = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, TAGS)
        self.transitions = nn.Parameter(torch.zeros(TAGS, TAGS))
        self.dropout = dropout
        self.rng = np.random.default_rng(0)  # of dropout

    def forward(self, batch, keep=1.0):
        """The scores of the tags at each place of the batch; keep is the share of features that were not dropped."""
        drop = self.drop if self.training else lambda h: h
        x = self.table(torch.from_numpy(batch.features), torch.from_numpy(batch.starts)) / keep
        x = x + self.vector(self.vectors[torch.from_numpy(batch.words)])
        x = x + self.standing(torch.from_numpy(batch.standing) % self.standing.num_embeddings)
        x = drop(self.norm(x))
        place = torch.from_numpy(batch.place)
        at = torch.full((batch.length,), len(place)).index_copy(0, place, torch.arange(len(place)))
        h = x
        for dilation, conv, norm in zip(DILATIONS, self.convs, self.norms):
            wide = F.pad(h, (0, 0, 0, 1))[at]  # gaps are zero
            padded = F.pad(wide, (0, 0, dilation, dilation))
            n = batch.length
            taps = torch.cat([padded[:n], wide, padded[2 * dilation : 2 * dilation + n]], 1)[place]
            h = norm(h + drop(F.gelu(conv(taps), approximate="tanh")))
        z = torch.tanh(self.remember(torch.cat([h, x], 1)).float())
        m = self.others(z, batch)
        g = drop(F.gelu(self.join(torch.cat([h, m], 1)), approximate="tanh"))
        return self.out(g)

    def drop(self, h):
        """Dropout; a byte of chance a number, for PyTorch's own takes a fifth of the time of training."""
        least = round(256 * self.dropout)
        kept = self.rng.integers(0, 256, h.shape, dtype=np.uint8) >= least
        return h * (torch.from_numpy(kept) * (256 / (256 - least)))

    @staticmethod
    def others(z, batch):
        """For each token with a key the mean of z over the other tokens with this key, 0 without any."""
        who, key = torch.from_numpy(batch.remembers), torch.from_numpy(batch.memory)
        own = z[who]
        count = torch.bincount(key, minlength=batch.memories)[key].unsqueeze(1)
        sums = torch.zeros(batch.memories, z.shape[1]).index_add(0, key, own)[key]
        mean = (sums - own) / (count - 1).clamp(min=1) * (count > 1)
        return torch.zeros_like(z).index_copy(0, who, mean)


def lengths(sentences):
    """How many sentences, sorted by falling length, reach each position."""
    n = sentences[:, 1] - sentences[:, 0]
    return np.array([np.searchsorted(-n, -t, side="left") for t in range(n[0])])


def grid(scores, sentences):
    """Scores by position and sentence; what lies after a sentence's end is of no account."""
    n = sentences[:, 1] - sentences[:, 0]
    index = np.minimum(sentences[:, 0] + np.arange(n[0])[:, None], sentences[:, 1] - 1)
    return scores[index], index


def forward_backward(scores, transitions, sentences):
    """The logarithm of the sum over all paths of each sentence, marginals by position and sentence, and pairs of tags.

    pairs(weights) sums the probabilities of pairs of tags, start included.
    """
    e, index = grid(scores, sentences)
    reach = lengths(sentences)
    top = e.max(2, keepdims=True)
    e = np.exp(e - top) + 1e-18
    a = np.where(LEGAL, np.exp(transitions), 0)
    length = sentences[:, 1] - sentences[:, 0]
    last = length - 1
    n = len(e)
    alpha, scale = np.zeros_like(e), np.ones(e.shape[:2])
    for t in range(n):
        k = reach[t]
        v = (a[0] if t == 0 else alpha[t - 1, :k] @ a) * e[t, :k]
        v[last[:k] == t] *= ENDS
        s = v.sum(1)
        alpha[t, :k] = v / s[:, None]
        scale[t, :k] = s
    beta, eb = np.zeros_like(e), np.zeros_like(e)  # eb: emission times beta, scaled
    for t in range(n - 1, -1, -1):
        k = reach[t]
        done = last[:k] == t
        beta[t, :k][done] = ENDS
        if t + 1 < n:
            on = reach[t + 1]
            beta[t, :on] = eb[t + 1, :on] @ a.T
        eb[t, :k] = e[t, :k] * beta[t, :k] / scale[t, :k, None]
    inside = np.arange(n)[:, None] < length
    total = np.where(inside, np.log(scale) + top[:, :, 0], 0).sum(0)
    marginals = alpha * beta

    def pairs(weights):
        p = np.zeros_like(a)
        p[0] = (eb[0] * a[0] * weights[:, None]).sum(0)
        p += np.einsum("tsa,tsb->ab", alpha[:-1] * weights[None, :, None], eb[1:], optimize=True) * a
        return p

    return total, marginals, pairs, index, inside


class Likelihood(torch.autograd.Function):
    """The loss of a batch: minus the logarithm of the probability of its tags, each sentence by its weight.

    soft, where not None, holds at some places of the batch (is_soft) the probability of each tag by teachers:
    these stand in for the tag when the scores are learnt; transitions are learnt from the tags alone.
    """

    @staticmethod
    def forward(ctx, scores, transitions, tags, sentences, weights, soft=None, is_soft=None):
        s = scores.detach().numpy().astype(np.float64)
        t = transitions.detach().numpy().astype(np.float64)
        total, marginals, pairs, index, inside = forward_backward(s, t, sentences)
        w = weights.astype(np.float64)
        gold = tags[index]
        before = np.concatenate([np.zeros_like(gold[:1]), gold[:-1]])
        score = np.where(inside, s[index, gold] + t[before, gold], 0).sum(0)
        grad = np.zeros_like(s)
        delta = marginals * w[None, :, None]
        grad[index[inside]] = delta[inside]
        flat, tag = index[inside], gold[inside]
        ww = np.broadcast_to(w, inside.shape)[inside]
        if soft is None:
            grad[flat, tag] -= ww
        else:
            hard = ~is_soft[flat]
            grad[flat[hard], tag[hard]] -= ww[hard]
            grad[flat[~hard]] -= soft[flat[~hard]] * ww[~hard, None]
        p = pairs(w)
        np.subtract.at(p, (before[inside], tag), ww)
        ctx.grads = torch.from_numpy(grad.astype(np.float32)), torch.from_numpy((p * LEGAL).astype(np.float32))
        return torch.tensor(float(((total - score) * w).sum()))

    @staticmethod
    def backward(ctx, out):
        return ctx.grads[0] * out, ctx.grads[1] * out, None, None, None, None, None


def viterbi(scores, transitions, sentences):
    """The best tags of each sentence, at the places of scores."""
    e, index = grid(scores, sentences)
    a = np.where(LEGAL, transitions, FORBIDDEN)
    reach = lengths(sentences)
    last = sentences[:, 1] - sentences[:, 0] - 1
    n, k = e.shape[:2]
    best = np.where(STARTS, a[0], FORBIDDEN) + e[0]
    back = np.zeros(e.shape, dtype=np.int64)
    final = np.zeros(k, dtype=np.int64)
    for t in range(n):
        k = reach[t]
        if t > 0:
            v = best[:k, :, None] + a
            back[t, :k] = v.argmax(1)
            best = v.max(1) + e[t, :k]
        done = np.flatnonzero(last[:k] == t)
        final[done] = np.where(ENDS, best[done], 3 * FORBIDDEN).argmax(1)
    tags = np.zeros(len(scores), dtype=np.uint8)
    tag = final.copy()
    for t in range(n - 1, -1, -1):
        k = reach[t]
        tags[index[t, :k]] = tag[:k]
        if t > 0:
            tag[:k] = back[t, np.arange(k), tag[:k]]
            stop = last[:k] < t  # none: reach leaves them out
            assert not stop.any()
    return tags
