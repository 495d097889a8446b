"""Writes faster_rcnn.mge: two-stage detection as one graph, with MegEngine's own results for several inputs.

Needs Python 3.10, megengine==1.13.0 and numpy<2.
    python make_detector.py FOLDER
Region proposals of three levels (the best of each, decoded, clipped, small ones left out, non-maximum suppression of
each level), boxes pooled from the level that fits their area, and per class: threshold, suppression, the best of all.
Inputs beside the image: the least size of a proposal, the least score of a detection. faster_rcnn.npz has one case;
faster_rcnn_cases.npz several, as K.in.NAME and K.out.J, whose results have different sizes; what is not there is as in case 0.
"""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "mge-corpus"))
import megengine as mge
import megengine.functional as F
import megengine.module as M
import numpy as np
from make_corpus import ConvBnAct, rand, settle
from megengine.jit import trace
from megengine.utils.comp_graph_tools import GraphInference

T = mge.Tensor
STRIDES = (4, 8, 16)


def anchors(h, w, stride):
    y, x = np.meshgrid(np.arange(h) * stride, np.arange(w) * stride, indexing="ij")
    found = []
    for ratio in (0.5, 1.0, 2.0):
        bw, bh = 4 * stride * math.sqrt(1 / ratio) / 2, 4 * stride * math.sqrt(ratio) / 2
        found.append(np.stack([x - bw, y - bh, x + bw, y + bh], -1))
    return np.stack(found, 2).reshape(-1, 4).astype("float32")


def decode(boxes, deltas):
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    cx, cy = boxes[:, 0] + 0.5 * w, boxes[:, 1] + 0.5 * h
    px, py = deltas[:, 0] * w + cx, deltas[:, 1] * h + cy
    dw, dh = F.minimum(deltas[:, 2], 4.0), F.minimum(deltas[:, 3], 4.0)
    pw, ph = F.exp(dw) * w, F.exp(dh) * h
    return F.stack([px - 0.5 * pw, py - 0.5 * ph, px + 0.5 * pw, py + 0.5 * ph], axis=1)


def clipped(boxes, size):
    x = F.maximum(F.minimum(boxes[:, 0::2], size), 0)
    y = F.maximum(F.minimum(boxes[:, 1::2], size), 0)
    return F.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)


def batched_nms(boxes, scores, ids, thr, most):
    shift = ids.astype("float32") * (F.max(boxes) + 1)
    return F.vision.nms(boxes + F.expand_dims(shift, 1), scores, thr, most)


class Detector(M.Module):
    def __init__(s, c=8, classes=3, size=64):
        super().__init__()
        s.size, s.classes = size, classes
        s.stem = M.Sequential(ConvBnAct(3, 8, s=2), ConvBnAct(8, c, s=2))
        s.c4, s.c5 = ConvBnAct(c, c, s=2), ConvBnAct(c, c, s=2)
        s.lat = [M.Conv2d(c, c, 1) for _ in STRIDES]
        s.rpn = M.Conv2d(c, c, 3, 1, 1)
        s.score, s.delta = M.Conv2d(c, 3, 1), M.Conv2d(c, 12, 1)
        s.fc1 = M.Linear(c * 9, 16)
        s.fc2 = M.Linear(16, 16)
        s.cls, s.box = M.Linear(16, classes + 1), M.Linear(16, 4 * classes)

    def proposals(s, maps, least):
        boxes, scores, levels = [], [], []
        for l, (m, stride) in enumerate(zip(maps, STRIDES)):
            m = F.relu(s.rpn(m))
            n = s.size // stride
            sc = F.transpose(s.score(m)[0], (1, 2, 0)).flatten()
            de = F.transpose(s.delta(m)[0].reshape(3, 4, n, n), (2, 3, 0, 1)).reshape(-1, 4)
            b = decode(T(anchors(n, n, stride)), de)
            top, order = F.topk(sc, 60, descending=True)
            boxes.append(b[order])
            scores.append(top)
            levels.append(F.full_like(top, l))
        boxes, scores, levels = F.concat(boxes, 0), F.concat(scores, 0), F.concat(levels, 0)
        boxes = clipped(boxes, float(s.size))
        keep = F.logical_and(boxes[:, 2] - boxes[:, 0] > least, boxes[:, 3] - boxes[:, 1] > least)
        _, keep = F.cond_take(keep, keep)
        boxes, scores, levels = boxes[keep], scores[keep], levels[keep]
        kept = batched_nms(boxes, scores, levels, 0.7, 20)
        rois = F.concat([boxes, scores.reshape(-1, 1)], 1)[kept]
        return F.concat([F.full((rois.shape[0], 1), 0.0), rois[:, :4]], 1)

    def pooled(s, maps, rois):
        area = (rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2])
        level = F.floor(3 + F.log(F.sqrt(area) / 24) / math.log(2)).astype("int32")
        level = F.maximum(F.minimum(level, 4), 2) - 2
        level = F.concat([level, F.arange(3, dtype="int32")])
        rois = F.concat([rois, F.zeros((3, rois.shape[-1]))])
        pools, places = [], []
        for i, (m, stride) in enumerate(zip(maps, STRIDES)):
            _, inds = F.cond_take(level == i, level)
            pools.append(
                F.vision.roi_align(
                    m,
                    rois[inds],
                    (3, 3),
                    mode="average",
                    spatial_scale=1 / stride,
                    sample_points=2,
                    aligned=True,
                )
            )
            places.append(inds)
        order = F.argsort(F.concat(places, 0))
        return F.concat(pools, 0)[order][:-3]

    def head(s, maps, rois):
        y = F.flatten(s.pooled(maps, rois), 1)
        y = F.relu(s.fc2(F.relu(s.fc1(y))))
        scores = F.softmax(s.cls(y), axis=1)[:, 1:]
        deltas = s.box(y).reshape(-1, 4)
        base = F.broadcast_to(F.expand_dims(rois[:, 1:5], 1), (rois.shape[0], s.classes, 4)).reshape(-1, 4)
        return clipped(decode(base, deltas), float(s.size)).reshape(-1, s.classes, 4), scores

    def forward(s, x, least, threshold):
        c3 = s.stem(x)
        c4 = s.c4(c3)
        c5 = s.c5(c4)
        p5 = s.lat[2](c5)
        p4 = s.lat[1](c4) + F.vision.interpolate(p5, scale_factor=2, mode="nearest")
        p3 = s.lat[0](c3) + F.vision.interpolate(p4, scale_factor=2, mode="nearest")
        maps = [p3, p4, p5]
        rois = s.proposals(maps, least)
        boxes, scores = s.head(maps, rois)
        found = []
        for c in range(s.classes):
            _, inds = F.cond_take(scores[:, c] > threshold, scores[:, c])
            b, p = boxes[:, c][inds], scores[:, c][inds]
            k = F.vision.nms(b, p, 0.5, 10)
            found.append((b[k], p[k], F.full_like(p[k], c)))
        b, p, l = (F.concat(list(v), 0) for v in zip(*found))
        top, order = F.topk(p, 12, descending=True)
        return b[order], top, l[order], rois


NAMES = ("data", "least", "threshold")
CASES = [(2, 0.3), (2, 0.0), (2, 0.6), (2, 0.8), (40, 0.3), (50, 0.3), (60, 0.2), (30, 0.7)]


def results(path, inputs):
    return list(GraphInference(path).run(inp_dict=inputs).values())


def main(folder):
    rng = np.random.RandomState(5)
    net = settle(Detector(), rng)
    for parameter, factor in ((net.cls.weight, 6), (net.box.weight, 0.3), (net.score.weight, 3)):
        parameter[...] = parameter * factor
    images = [np.round(rand(rng, 1, 3, 64, 64) * 8) / 8 for _ in range(2)]

    @trace(symbolic=False, capture_as_const=True)
    def f(*inputs):
        return net(*inputs)

    f(*(T(x) for x in (images[0], *(np.array([n], "float32") for n in CASES[0]))))
    path = f"{folder}/faster_rcnn.mge"
    f.dump(path, arg_names=NAMES, output_names=["boxes", "scores", "labels", "rois"])
    data = {}
    for k, numbers in enumerate(CASES):
        inputs = dict(zip(NAMES, (images[k == 7], *(np.array([n], "float32") for n in numbers))))
        known = {name for name, x in inputs.items() if k and np.array_equal(x, data[f"0.in.{name}"])}
        data |= {f"{k}.in.{name}": x for name, x in inputs.items() if name not in known}
        data |= {f"{k}.out.{j}": array for j, array in enumerate(results(path, inputs))}
    np.savez_compressed(f"{folder}/faster_rcnn_cases.npz", **data)
    first = {key[2:]: array for key, array in data.items() if key.startswith("0.")}
    np.savez_compressed(f"{folder}/faster_rcnn.npz", **first)


if __name__ == "__main__":
    main(sys.argv[1])
