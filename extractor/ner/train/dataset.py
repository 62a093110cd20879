"""What `train dump` wrote, and batches of it."""

import json
import os

import numpy as np

TAGS = 13  # outside, then begin, inside, end, single of person, organisation, place
GAP = 4  # empty places between the texts of a batch: the widest dilation of the network


class Dump:
    """The arrays of a dump; dump.go describes them."""

    def __init__(self, folder):
        def read(name, dtype):
            return np.memmap(os.path.join(folder, name), dtype=dtype, mode="r")

        with open(os.path.join(folder, "corpora.json"), encoding="utf-8") as f:
            self.corpora = json.load(f)
        rows = np.array(read("docs.i32", "<i4")).reshape(-1, 5)
        self.corpus, self.article, self.mode, self.first_sentence, self.first_token = rows.T
        self.docs = len(rows) - 1
        sentences = np.array(read("sentences.i32", "<i4")).reshape(-1, 2)
        self.sentence, self.learnt = sentences.T
        self.tags = np.array(read("tags.u8", "u1"))
        voted = os.path.exists(os.path.join(folder, "votes.u8"))
        self.votes = np.array(read("votes.u8", "u1")) if voted else None
        self.words = read("words.i32", "<i4")
        self.memory = read("memory.i32", "<i4")
        self.ends = read("ends.i64", "<i8")
        self.features = read("features.i32", "<i4")
        self.keys = np.array(read("keys.u64", "<u8"))
        self.identity = np.array(read("identity.u8", "u1")).astype(bool)
        # Corpora that count as names what news does not have a number of their own; all others, and
        # the model at run time, are 0.
        self.standing = np.zeros(len(self.corpora), dtype=np.int64)
        for i, c in enumerate(self.corpora):
            if c["apart"]:
                self.standing[i] = self.standing.max() + 1

    def role(self, doc):
        return self.corpora[self.corpus[doc]]["role"]

    def name(self, doc):
        return self.corpora[self.corpus[doc]]["name"]

    def size(self, doc):
        return self.first_token[doc + 1] - self.first_token[doc]

    def select(self, role=None, name=None):
        return [d for d in range(self.docs) if (role is None or self.role(d) == role) and (name is None or self.name(d) == name)]


class Item:
    """A text to learn from: a document of the dump, the tags to learn, and how it counts."""

    def __init__(self, dump, doc, tags=None, weight=None, standing=None, soft=None):
        self.doc = doc
        self.soft = soft  # the probability of each tag by teachers, where they labelled the text
        self.tags = tags  # None: those of the dump
        self.weight = dump.corpora[dump.corpus[doc]]["weight"] if weight is None else weight
        self.standing = dump.standing[dump.corpus[doc]] if standing is None else standing


class Batch:
    """Texts side by side with gaps between them, all as arrays of the network's input.

    rng drops features, words and vectors at random, as training wants; without it nothing is dropped.
    """

    def __init__(self, dump, items, rng=None, drop=None):
        at = 0
        place, words, memory, feats, counts, standing = [], [], [], [], [], []
        gold, sentences, weights = [], [], []
        keys = 0
        self.spans = []
        for item in items:
            d = item.doc
            a, b = dump.first_token[d], dump.first_token[d + 1]
            n = b - a
            place.append(np.arange(at, at + n))
            words.append(dump.words[a:b])
            m = np.array(dump.memory[a:b])
            memory.append(np.where(m >= 0, m + keys, -1))
            keys += m.max(initial=-1) + 1
            start = dump.ends[a - 1] if a > 0 else 0
            ends = dump.ends[a:b]
            feats.append(dump.features[start:ends[-1]])
            counts.append(np.diff(ends, prepend=start))
            standing.append(np.full(n, item.standing))
            gold.append(dump.tags[a:b] if item.tags is None else item.tags)
            for s in range(dump.first_sentence[d], dump.first_sentence[d + 1]):
                first, end = dump.sentence[s] - a + at, dump.sentence[s + 1] - a + at
                if s + 1 == dump.first_sentence[d + 1]:
                    end = at + n
                if end > first and (rng is None or dump.learnt[s]):
                    sentences.append((first, end))
                    weights.append(item.weight)
            self.spans.append((at, at + n))
            at += n + GAP
        self.length = at
        self.place = np.concatenate(place)
        self.words = np.concatenate(words).astype(np.int64)
        self.features = np.concatenate(feats).astype(np.int64)
        counts = np.concatenate(counts)
        owner = np.repeat(np.arange(len(counts)), counts)
        self.standing = np.concatenate(standing)
        if rng is not None:
            keep = rng.random(len(self.features), dtype=np.float32) >= drop.feature
            nameless = rng.random(len(counts), dtype=np.float32) < drop.word
            keep &= ~(dump.identity[self.features] & nameless[owner])
            self.features, owner = self.features[keep], owner[keep]
            self.words[rng.random(len(counts), dtype=np.float32) < drop.vector] = -1
            self.standing = np.where(rng.random(len(items)) < drop.corpus, -1, [i.standing for i in items]).repeat([len(p) for p in place])
        self.starts = np.zeros(len(counts), dtype=np.int64)
        np.cumsum(np.bincount(owner, minlength=len(counts))[:-1], out=self.starts[1:])
        tags = np.zeros(at, dtype=np.int64)
        tags[self.place] = np.concatenate(gold)
        self.tags = tags
        self.soft = self.is_soft = None
        if any(i.soft is not None for i in items):
            self.soft, self.is_soft = np.zeros((at, TAGS), dtype=np.float32), np.zeros(at, dtype=bool)
            for item, (a, b) in zip(items, self.spans):
                if item.soft is not None:
                    self.soft[a:b], self.is_soft[a:b] = item.soft, True
        # Longest sentence first, so that those still running are the first ones.
        order = np.argsort([a - b for a, b in sentences], kind="stable")
        self.sentences = np.array(sentences)[order]
        self.weights = np.array(weights, dtype=np.float32)[order]
        # The document memory: tokens that have a key, and their keys, counted from 0.
        memory = np.concatenate(memory)
        self.remembers = np.flatnonzero(memory >= 0)
        self.memory = memory[self.remembers].astype(np.int64)
        self.memories = int(keys)


def batches(dump, items, size, rng=None):
    """Cuts items into lists of about size tokens."""
    order = rng.permutation(len(items)) if rng is not None else range(len(items))
    out, batch, n = [], [], 0
    for i in order:
        batch.append(items[i])
        n += dump.size(items[i].doc)
        if n >= size:
            out.append(batch)
            batch, n = [], 0
    if batch:
        out.append(batch)
    return out
