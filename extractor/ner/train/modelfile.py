"""The files of models, as package extractor/ner/conv reads them."""

import numpy as np
import torch

from network import DILATIONS, FORBIDDEN, LEGAL

VECTORS = b"dateline vecs 1\n"
MODEL = b"dateline conv 1\n"


def table(keys, rows):
    """A table of rows of bytes with a scale each, found by the hashes keys."""
    n, width = rows.shape
    buckets = n // 2 + 1
    bucket = ((keys >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32)
    order = np.argsort(bucket, kind="stable")
    offsets = np.searchsorted(bucket[order], np.arange(buckets + 1, dtype=np.uint64))
    scales, values = quantise(rows)
    return b"".join([
        np.array([n, buckets, width], dtype="<u4").tobytes(),
        offsets.astype("<u4").tobytes(),
        (keys[order] & np.uint64(0xFFFFFFFF)).astype("<u4").tobytes(),
        scales[order].astype("<f4").tobytes(),
        values[order].tobytes(),
    ])


def quantise(rows):
    scales = (np.abs(rows).max(1) / 127).astype(np.float32)
    return scales, np.rint(rows / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)


def read_vectors(path):
    """The word vectors of models/vectors.bin, in the order of the file."""
    with open(path, "rb") as f:
        b = f.read()
    if not b.startswith(VECTORS):
        raise ValueError(f"{path} is not a file of word vectors")
    n, buckets, width = np.frombuffer(b, "<u4", 3, len(VECTORS))
    at = len(VECTORS) + 12 + 4 * (int(buckets) + 1) + 4 * int(n)
    scales = np.frombuffer(b, "<f4", int(n), at)
    rows = np.frombuffer(b, "i1", int(n) * int(width), at + 4 * int(n)).reshape(int(n), int(width))
    return torch.from_numpy(rows.astype(np.float32) * scales[:, None])


def read_model(path, net, keys):
    """Gives a network the numbers of a file; features that the file has not, and corpora, stay as they are."""
    with open(path, "rb") as f:
        b = f.read()
    if not b.startswith(MODEL):
        raise ValueError(f"{path} is not a file of a network")
    at = len(MODEL)

    def take(kind, *shape):
        nonlocal at
        n = int(np.prod(shape))
        out = np.frombuffer(b, kind, n, at).reshape(shape)
        at += n * out.itemsize
        return out

    width, vector, memory, layers = map(int, take("<u4", 4))
    if (width, vector, memory, tuple(take("<u4", layers))) != (*net.vector.weight.shape, net.remember.weight.shape[0], DILATIONS):
        raise ValueError(f"{path} is of another shape")
    take("<f4", 2 * int(take("<u4", 1)[0]))
    with torch.no_grad():

        def put(p, a):
            p.copy_(torch.from_numpy(np.array(a)))

        put(net.transitions, np.where(LEGAL, take("<f4", len(LEGAL), len(LEGAL)), 0))
        put(net.vector.weight, take("<f4", width, vector))
        put(net.standing.weight[0], take("<f4", width))
        for p in (net.norm.weight, net.norm.bias):
            put(p, take("<f4", width))
        for conv, norm in zip(net.convs, net.norms):
            put(conv.weight, take("<f4", 3, width, width).transpose(1, 0, 2).reshape(width, 3 * width))
            for p in (conv.bias, norm.weight, norm.bias):
                put(p, take("<f4", width))
        for layer in (net.remember, net.join, net.out):
            put(layer.weight, take("<f4", *layer.weight.shape))
            put(layer.bias, take("<f4", *layer.bias.shape))
        n, buckets, _ = map(int, take("<u4", 3))
        offsets, prints, scales = take("<u4", buckets + 1), take("<u4", n), take("<f4", n)
        rows = take("i1", n, width) * scales[:, None]
        found = {}
        for bucket in range(buckets):
            for i in range(int(offsets[bucket]), int(offsets[bucket + 1])):
                found.setdefault((bucket, int(prints[i])), i)
        bucket = ((keys >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32)
        for i, place in enumerate(zip(bucket.tolist(), (keys & np.uint64(0xFFFFFFFF)).tolist())):
            if place in found:
                put(net.table.weight[i], rows[found[place]])


def round_table(net, keep):
    """Gives the network the table that its file will have, to measure what that costs."""
    with torch.no_grad():
        scales, values = quantise(net.table.weight.numpy())
        net.table.weight.copy_(torch.from_numpy(values.astype(np.float32) * scales[:, None]))
        net.table.weight[keep:] = 0


def model(net, keys, keep):
    """The bytes of a network's file, with its keep most frequent features and without calibration."""
    width, vector = net.vector.weight.shape
    out = [MODEL, np.array([width, vector, net.remember.weight.shape[0], len(DILATIONS), *DILATIONS, 0], dtype="<u4").tobytes()]

    def put(a):
        out.append(np.ascontiguousarray(a.detach().numpy() if torch.is_tensor(a) else a, dtype="<f4").tobytes())

    def put_all(*parts):
        for p in parts:
            put(p)

    put(np.where(LEGAL, net.transitions.detach().numpy(), FORBIDDEN))
    put_all(net.vector.weight, net.standing.weight[0], net.norm.weight, net.norm.bias)
    for conv, norm in zip(net.convs, net.norms):
        put(conv.weight.reshape(width, 3, width).permute(1, 0, 2))
        put_all(conv.bias, norm.weight, norm.bias)
    for layer in (net.remember, net.join, net.out):
        put_all(layer.weight, layer.bias)
    out.append(table(keys[:keep], net.table.weight.detach().numpy()[:keep]))
    return b"".join(out)
