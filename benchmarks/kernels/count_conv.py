"""Executed instructions of each MobileNet layer over the ideal: multiply-adds / 4, of halves / 8; on 64- or 32-bit Arm.

    PYTHONPATH=rules:benchmarks/kernels python benchmarks/kernels/count_conv.py PLUGIN.so [--qemu qemu-aarch64]
        [--target arm64|armv7|arm64+fp16] [--network mobilenet_v1|mobilenet_v2|others]
        [--toolchain zig] [--activation RELU]

PLUGIN.so is runtime/emulator/qemu_insn_count.c, built with ``cc -O2 -shared -fPIC``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from counting import Counter
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.kernels import candidates
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.targets import load_target
from mgecc.targets.toolchain import load_toolchain, toolchain_names

Layer = tuple[
    str, int, int, int, int, int
]  # kind, input channels, output channels, input size, kernel, stride


def mobilenet_v1() -> Iterator[Layer]:
    """Layers of MobileNetV1 1.0 at 224 x 224, equal ones once."""
    yield "dense", 3, 32, 224, 3, 2
    size, channels = 112, 32
    for out, stride in (
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        (512, 1),
        (1024, 2),
        (1024, 1),
    ):
        yield "depthwise", channels, channels, size, 3, stride
        size //= stride
        yield "dense", channels, out, size, 1, 1
        channels = out


def mobilenet_v2() -> Iterator[Layer]:
    """The different layers of MobileNetV2 1.0 at 224 x 224."""
    yield "dense", 3, 32, 224, 3, 2
    rows = ((32, 16, 112, 1, 1), (16, 24, 112, 6, 2), (24, 24, 56, 6, 1), (24, 32, 56, 6, 2), (32, 64, 28, 6, 2),
            (64, 96, 14, 6, 1), (96, 160, 14, 6, 2), (160, 320, 7, 6, 1))  # fmt: skip
    for ic, oc, size, grow, stride in rows:
        wide = ic * grow
        if grow > 1:
            yield "dense", ic, wide, size, 1, 1
        yield "depthwise", wide, wide, size, 3, stride
        yield "dense", wide, oc, size // stride, 1, 1
    yield "dense", 320, 1280, 7, 1, 1


def others() -> Iterator[Layer]:
    """Dense 3 x 3, 5 x 5 depthwise, a 7 x 7 first layer and a fully connected one."""
    for channels, size in ((64, 56), (128, 28), (256, 14), (512, 7)):
        yield "dense", channels, channels, size, 3, 1
    yield "dense", 64, 128, 56, 3, 2
    yield "dense", 3, 64, 224, 7, 2
    for channels, size, stride in ((72, 56, 2), (120, 28, 1), (672, 14, 2), (960, 7, 1)):
        yield "depthwise", channels, channels, size, 5, stride
    yield "matmul", 1024, 1000, 1, 1, 1
    yield "matmul", 256, 256, 256, 1, 1


_NETWORKS = {f.__name__: f for f in (mobilenet_v1, mobilenet_v2, others)}


def _value(name: str, shape: tuple[int, ...], dtype: DType, const: bool = False) -> Value:
    return Value(name, TensorType(shape, dtype), const=np.zeros(shape, dtype.numpy) if const else None)


def _conv(layer: Layer, activation: tuple, dtype: DType) -> Node:
    kind, ic, oc, size, k, stride = layer
    groups, half = ic if kind == "depthwise" else 1, k // 2
    inputs = [
        _value("x", (1, ic, size, size), dtype),
        _value("w", (oc, ic // groups, k, k), dtype, True),
        _value("b", (1, oc, 1, 1), dtype, True),
    ]
    padding = ((half, half), (half, half))
    attrs = ConvBiasAttrs((stride, stride), padding, groups=groups, activation=activation)
    return Node("ConvBias", "layer", attrs, inputs)


def _node(layer: Layer, activation: tuple, dtype: DType) -> tuple[Node, int]:
    """The layer and its multiply-adds."""
    kind, ic, oc, size, k, _ = layer
    if kind == "matmul":
        inputs = [_value("a", (size, ic), dtype), _value("b", (ic, oc), dtype, True)]
        node = Node("MatrixMul", "layer", MatrixMulAttrs(), inputs)
    else:
        node = _conv(layer, activation, dtype)
    node.outputs = [Value("y", t, node) for t in ops.infer(node)]
    per_result = ic if kind == "matmul" else k * k * (1 if kind == "depthwise" else ic)
    return node, node.output.type.elements * per_result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plugin", type=Path)
    parser.add_argument("--qemu", default="qemu-aarch64")
    parser.add_argument("--target", default="arm64", help="arm64, armv7 or arm64+fp16, which counts halves")
    parser.add_argument("--network", default="mobilenet_v1", choices=sorted(_NETWORKS))
    parser.add_argument("--activation", default="relu")
    parser.add_argument("--toolchain", default="zig", choices=toolchain_names())
    return parser.parse_args()


def main() -> None:
    """Print one line a layer, then the whole."""
    options = _options()
    target = load_target(options.target)
    dtype, lanes = (DType("float16"), 8) if target.half_lanes else (DType("float32"), 4)
    numbers = (0.0, 6.0) if options.activation == "clip" else ()
    emulator = (options.qemu, *target.emulator[1:], "-plugin", str(options.plugin.resolve()))
    total = [0, 0]
    with tempfile.TemporaryDirectory() as folder:
        counter = Counter(load_toolchain(options.toolchain, target), emulator, Path(folder))
        for layer in _NETWORKS[options.network]():
            kind, ic, oc, size, k, stride = layer
            title = f"{kind:<9} {ic:>4}->{oc:<4} {size:>3} k{k} s{stride}"
            node, macs = _node(layer, (options.activation, *numbers), dtype)
            best = min(candidates(node, target), key=lambda c: c.cost, default=None)
            if best is None:
                print(f"{title} no kernel")
                continue
            count = counter.count(node, best, target)
            total[0], total[1] = total[0] + count, total[1] + macs
            print(f"{title} {count:>10} {count / (macs / lanes):6.3f} "
                  f"(estimate {best.cost / count:4.2f}) {best.why}", flush=True)  # fmt: skip
    print(f"all {total[0]} {total[0] / (total[1] / lanes):.3f}")


if __name__ == "__main__":
    main()
