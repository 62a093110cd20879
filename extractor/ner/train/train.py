"""Trains the convolutional models: teachers, the labels that they give to raw text, and the student.

    train.py --dump DUMP --vectors VECTORS --out MODEL

DUMP is what `go run ./cmd/train dump` wrote. Every step leaves its result in DUMP, and is not done
again where that is there. One thread, seeded: the same input gives the same file on one machine.
"""

import argparse
import math
import os
import time
from dataclasses import dataclass

import numpy as np
import torch

import modelfile
from dataset import TAGS, Batch, Dump, Item, batches
from network import ENDS, LEGAL, Network, Likelihood, forward_backward, viterbi

TOKENS = 3000  # in a batch
MEAN = 0.998  # of the running mean of weights that a training ends with, how much stays at a step
VOTE = 0.5  # what the linear model's vote weighs beside a teacher's


@dataclass
class Drop:
    """What is dropped at random in training."""

    feature: float = 0.15
    word: float = 0.2  # which word a token is
    vector: float = 0.1
    corpus: float = 0.1


def network(dump, vectors):
    return Network(len(dump.keys), int(dump.standing.max()) + 1, vectors)


def names(tags):
    """The names (first token, end, type) of tags."""
    out = set()
    tags = tags.tolist()
    for i, tag in enumerate(tags):
        if tag == 0 or (tag - 1) % 4 in (1, 2):
            continue
        kind, end = (tag - 1) // 4, i + 1
        if (tag - 1) % 4 == 0:
            while end < len(tags) and tags[end] != 4 * kind + 3:
                end += 1
            end += 1
        out.add((i, end, kind))
    return out


def score(dump, docs, found):
    """F1 in percent of the names in found, tags by document: all, person, organisation, place."""
    right, n, gold = np.zeros(4), np.zeros(4), np.zeros(4)
    for d in docs:
        want = names(dump.tags[dump.first_token[d] : dump.first_token[d + 1]])
        got = names(found[d])
        for count, some in ((right, want & got), (n, got), (gold, want)):
            for name in some:
                count[0] += 1
                count[1 + name[2]] += 1
    return 200 * right / np.maximum(n + gold, 1)


def run(net, dump, docs):
    """Yields each document with its scores and sentences, as the model is used on news."""
    net.eval()
    with torch.no_grad():
        for group in batches(dump, [Item(dump, d, standing=0) for d in docs], 4 * TOKENS):
            batch = Batch(dump, group)
            scores = torch.zeros(batch.length, TAGS).index_copy(0, torch.from_numpy(batch.place), net(batch)).numpy()
            yield group, batch, scores


def decode(net, dump, docs):
    """The tags of each document."""
    found = {}
    transitions = net.transitions.detach().numpy()
    for group, batch, scores in run(net, dump, docs):
        tags = viterbi(scores, transitions, batch.sentences)
        for item, (a, b) in zip(group, batch.spans):
            found[item.doc] = tags[a:b]
    return found


def report(net, dump, sets, log):
    for name, docs in sets.items():
        f = score(dump, docs, decode(net, dump, docs))
        log(f"  {name:24s} F1 {f[0]:.2f} (PER {f[1]:.1f} ORG {f[2]:.1f} LOC {f[3]:.1f})")


def fit(dump, vectors, items, seed, epochs, sets, log, rate=2e-3, net=None):
    """Trains a network on the items, from scratch or from net on."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = net or network(dump, vectors)
    net.rng = np.random.default_rng(seed)
    drop = Drop()
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    total = sum(dump.size(i.doc) for i in items)
    steps, warm = epochs * (total // TOKENS), 200
    step, start = 0, time.time()
    mean = {k: v.detach().clone() for k, v in net.named_parameters()}  # of the weights of late steps
    for epoch in range(epochs):
        net.train()
        loss_sum, tokens = 0.0, 0
        for group in batches(dump, items, TOKENS, rng):
            batch = Batch(dump, group, rng, drop)
            if not len(batch.sentences):
                continue
            part = min(step / steps, 1)
            for g in optimiser.param_groups:
                g["lr"] = rate * min(1, (step + 1) / warm) * (0.02 + 0.98 * (1 + math.cos(math.pi * part)) / 2)
            scores = net(batch, 1 - drop.feature)
            wide = torch.zeros(batch.length, TAGS).index_copy(0, torch.from_numpy(batch.place), scores)
            loss = Likelihood.apply(wide, net.transitions, batch.tags, batch.sentences, batch.weights, batch.soft, batch.is_soft)
            optimiser.zero_grad(set_to_none=True)
            (loss / TOKENS).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1)
            optimiser.step()
            with torch.no_grad():
                for k, v in net.named_parameters():
                    mean[k].lerp_(v, 1 - min(MEAN, (1 + step) / (10 + step)))
            loss_sum, tokens, step = loss_sum + loss.item(), tokens + len(batch.place), step + 1
            if step % 100 == 0:
                log(f"    step {step}/{steps} loss {loss_sum / tokens:.4f} {time.time() - start:.0f} s")
        log(f"  epoch {epoch + 1}: loss {loss_sum / tokens:.4f} a token, {time.time() - start:.0f} s")
        if epoch % 2 == 1 or epoch == epochs - 1:
            report(net, dump, sets, log)
    with torch.no_grad():
        for k, v in net.named_parameters():
            v.copy_(mean[k])
    log("  mean of the weights:")
    report(net, dump, sets, log)
    return net


def label(dump, nets, docs):
    """What the networks, and the linear model where it voted, say of documents together: the mean of their
    marginals, and the best legal tags by these."""
    sums = {}
    for net in nets:
        transitions = net.transitions.detach().numpy().astype(np.float64)
        for group, batch, scores in run(net, dump, docs):
            _, marginals, _, index, inside = forward_backward(scores.astype(np.float64), transitions, batch.sentences)
            flat = np.zeros_like(scores)
            flat[index[inside]] = marginals[inside]
            for item, (a, b) in zip(group, batch.spans):
                sums[item.doc] = sums.get(item.doc, 0) + flat[a:b]
    if dump.votes is not None:
        for d in docs:
            votes = dump.votes[dump.first_token[d] : dump.first_token[d + 1]]
            sums[d] = sums[d] + len(nets) * VOTE * np.eye(TAGS)[votes]
    tags, shares = {}, {}
    none = np.zeros((TAGS, TAGS))
    for d in docs:
        batch = Batch(dump, [Item(dump, d)])
        tags[d] = viterbi(np.log(sums[d] / len(nets) + 1e-6), none, batch.sentences)
        shares[d] = (sums[d] / sums[d].sum(1, keepdims=True)).astype(np.float32)
    return tags, shares


def raw(dump):
    """The texts that teachers label: raw ones, and those of corpora whose makers annotated by rules
    of their own but wrote edited prose. Of a large corpus every third text will do."""
    out = []
    for d in range(dump.docs):
        c = dump.corpora[dump.corpus[d]]
        if dump.mode[d] or c["role"] == "dev" or c["tokens"] > 200_000 and dump.article[d] % 3:
            continue
        if c["role"] == "raw" or c["name"] in ("uner_ewt", "wikigold", "crossner_politics", "gum", "re3d"):
            out.append(d)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dump", required=True)
    parser.add_argument("--vectors", default="extractor/ner/models/vectors.bin")
    parser.add_argument("--out", help="file to write")
    parser.add_argument("--teachers", type=int, default=1)
    parser.add_argument("--teacher-epochs", type=int, default=6, help="passes over the text of a teacher")
    parser.add_argument("--epochs", type=int, default=3, help="passes of the student, which goes on from the first teacher")
    parser.add_argument("--rate", type=float, default=1e-3, help="rate of learning of the student; a teacher's is twice that")
    parser.add_argument("--keep", type=int, default=30_000, help="how many features, the most frequent, the file keeps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fold", type=int, default=5, help="teachers don't see every nth article of wikinews-train, and are checked on these")
    parser.add_argument("--check", action="store_true", help="nor does the student")
    parser.add_argument("--start", help="file of a network that the student goes on from (default: the first teacher)")
    parser.add_argument("--tag", default="", help="sets the files of a trial apart")
    args = parser.parse_args()
    torch.set_num_threads(1)
    start = time.time()
    log = lambda s: print(f"{time.time() - start:6.0f} s {s}", flush=True)
    dump = Dump(args.dump)
    vectors = modelfile.read_vectors(args.vectors)
    sets = {c["name"]: dump.select(name=c["name"]) for c in dump.corpora if c["role"] == "dev"}
    held = {d for d in dump.select(name="wikinews-train") if dump.article[d] % args.fold == args.fold - 1}
    with_held = {**sets, "wikinews-train, held out": sorted(d for d in held if dump.mode[d] == 0)}
    annotated = [Item(dump, d) for d in dump.select(role="train")]
    seen = [i for i in annotated if i.doc not in held]

    def kept(name, make):
        path = os.path.join(args.dump, f"{args.tag}{name}.pt")
        if not os.path.exists(path):
            torch.save(make().state_dict(), path)
        net = network(dump, vectors)
        net.load_state_dict(torch.load(path))
        return net

    teachers = []
    for i in range(args.teachers):
        log(f"teacher {i + 1}")
        teachers.append(kept(f"teacher{i + 1}", lambda: fit(dump, vectors, seen, args.seed + i, args.teacher_epochs, with_held, log, 2 * args.rate)))
    for name, some in with_held.items():
        f = score(dump, some, label(dump, teachers, some)[0])
        log(f"  teachers together: {name:24s} F1 {f[0]:.2f} (PER {f[1]:.1f} ORG {f[2]:.1f} LOC {f[3]:.1f})")
    docs = raw(dump)
    tags, shares = label(dump, teachers, docs)
    learnt = (seen if args.check else annotated) + [Item(dump, d, tags[d], weight=0.7, standing=0, soft=shares[d]) for d in docs]
    log(f"student: {sum(dump.size(i.doc) for i in learnt)} tokens, {sum(dump.size(d) for d in docs)} of them labelled by teachers")
    first = teachers[0]
    if args.start:
        first = network(dump, vectors)
        modelfile.read_model(args.start, first, dump.keys)
        log("starts from:")
        report(first, dump, sets, log)
    net = kept("student", lambda: fit(dump, vectors, learnt, args.seed + 100, args.epochs, with_held if args.check else sets, log, args.rate, first))
    modelfile.round_table(net, args.keep)
    log("as in the file:")
    report(net, dump, sets, log)
    if args.out:
        with open(args.out, "wb") as f:
            f.write(modelfile.model(net, dump.keys, args.keep))


if __name__ == "__main__":
    main()
