"""Small digit classifiers: the network, its training with MegEngine, and its quantisation-aware training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.quantization as Q
import numpy as np
from megengine.autodiff import GradManager
from megengine.optimizer import Adam

from kit.command import Model
from kit.weights import Weights, set_batch_norm, set_conv, set_linear

RECORDED = 64
_BATCH = 64
_LIMITS = {"float32": {"atol": 0.001, "top": 1}, "int8": {"max_steps": 1, "top": 1}}


@dataclass(frozen=True)
class Layer:
    """One convolution with batch norm and relu."""

    outputs: int
    kernel: int = 3
    stride: int = 1
    depthwise: bool = False


@dataclass(frozen=True)
class Pictures:
    """Grey pictures (count, height, width) of bytes with their classes."""

    pixels: np.ndarray
    classes: np.ndarray

    def first(self, count: int) -> Pictures:
        return Pictures(self.pixels[:count], self.classes[:count])


@dataclass(frozen=True)
class Scaling:
    """Pixel (0 to ``top``) to network input: (pixel - mean) / std."""

    top: int
    mean: float
    std: float

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(count, height, width) -> (count, 1, height, width) float32."""
        return ((pixels.astype(np.float32) - np.float32(self.mean)) / np.float32(self.std))[:, None]

    def config(self, side: int) -> dict[str, Any]:
        """The same for pictures of 0 to 255, as model.yaml has it."""
        scale = {} if self.top == 255 else {"scale": self.top / 255}
        grey = {"input": "data", "size": [side, side], "colour": "GRAY"}
        return {**grey, "mean": [self.mean], "std": [self.std], **scale}


class SmallCnn(M.Module):
    """Convolutions, mean over the picture, linear; one input channel, ten classes."""

    def __init__(self, layers: list[Layer], side: int) -> None:
        super().__init__()
        self.quant, self.dequant, self.convs, self.side = M.QuantStub(), M.DequantStub(), [], side
        channels = 1
        for c in layers:
            groups = channels if c.depthwise else 1
            shape = (channels, c.outputs, c.kernel, c.stride, c.kernel // 2)
            self.convs.append(M.ConvBnRelu2d(*shape, groups=groups, bias=False))
            channels, self.side = c.outputs, -(-self.side // c.stride)
        self.fc = M.Linear(channels, 10)

    def forward(self, x: Any) -> Any:
        x = self.quant(x)
        for conv in self.convs:
            x = conv(x)
        return self.dequant(self.fc(F.flatten(F.avg_pool2d(x, self.side), 1)))


def load_float(net: SmallCnn, weights: Weights) -> None:
    """Fill the network from the state dict of train_mnist.py."""
    for i, conv in enumerate(net.convs):
        set_conv(conv.conv, weights[f"convs.{i}.weight"])
        set_batch_norm(conv.bn, weights, f"norms.{i}")
    set_linear(net.fc, weights, "fc")
    net.eval()


@dataclass(frozen=True)
class Training:
    """Length and speed of a training; the rate falls along a half cosine."""

    epochs: int
    rate: float
    seed: int


def train(net: SmallCnn, data: Pictures, scaling: Scaling, training: Training) -> None:
    """Adam on cross entropy, every picture moved by up to one pixel."""
    generator = np.random.RandomState(training.seed)
    optimiser = Adam(net.parameters(), lr=training.rate, weight_decay=1e-4)
    gradients = GradManager().attach(net.parameters())
    batches = [b for _ in range(training.epochs) for b in _batches(len(data.pixels), generator)]
    net.train()
    for step, batch in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = training.rate * 0.5 * (1 + np.cos(np.pi * step / len(batches)))
        pixels = mge.tensor(scaling(_shifted(data.pixels[batch], generator)))
        with gradients:
            gradients.backward(F.nn.cross_entropy(net(pixels), mge.tensor(data.classes[batch])))
        optimiser.step().clear_grad()
    net.eval()


def _batches(count: int, generator: np.random.RandomState) -> list[np.ndarray]:
    order = generator.permutation(count)
    return [order[i * _BATCH : (i + 1) * _BATCH] for i in range(count // _BATCH)]


def _shifted(pixels: np.ndarray, generator: np.random.RandomState) -> np.ndarray:
    moves = generator.randint(-1, 2, (len(pixels), 2))
    return np.stack([np.roll(p, tuple(move), (0, 1)) for p, move in zip(pixels, moves, strict=True)])


def quantise(net: SmallCnn, data: Pictures, scaling: Scaling, training: Training) -> None:
    """Continue training with rounded weights and activations, then turn the network into int8 operators."""
    Q.quantize_qat(net, qconfig=Q.ema_fakequant_qconfig)
    train(net, data, scaling, training)
    Q.quantize(net)
    net.eval()


def accuracy(net: SmallCnn, data: Pictures, scaling: Scaling) -> float:
    """Share of pictures whose best class is the true one."""
    batches = np.array_split(np.arange(len(data.pixels)), max(1, len(data.pixels) // 100))
    best = [net(mge.tensor(scaling(data.pixels[b]))).numpy().argmax(1) for b in batches]
    return float((np.concatenate(best) == data.classes).mean())


def model(name: str, precision: str, scaling: Scaling, side: int, config: Mapping[str, Any]) -> Model:
    """Folder of one classifier; ``precision`` is float32 or int8."""
    settings = {**config, "preprocess": scaling.config(side), "verify": _LIMITS[precision]}
    settings["description"] = f"{config['description']}, {precision}"
    return Model(name, ["logits"], settings, [str(digit) for digit in range(10)])


def recorded(data: Pictures, scaling: Scaling) -> dict[str, np.ndarray]:
    """The first 64 pictures as stacked network inputs."""
    return {"data": scaling(data.pixels[:RECORDED])[:, None]}


@dataclass(frozen=True)
class Recipe:
    """Everything that tells the digits classifier from the MNIST one."""

    name: str
    side: int
    layers: list[Layer]
    scaling: Scaling
    config: Mapping[str, Any]
    quantise_on: int
    quantise_with: Training


def make_both(
    recipe: Recipe,
    sets: tuple[Pictures, Pictures],
    prepare: Callable[[SmallCnn], None],
    publish_as: Callable[[Model, SmallCnn, dict[str, np.ndarray], np.ndarray], Any],
) -> None:
    """Make the float network with ``prepare``, publish it, quantise it, publish it again."""
    training, test = sets
    mge.random.seed(7)
    net = SmallCnn(recipe.layers, recipe.side)
    prepare(net)
    inputs, classes = recorded(test, recipe.scaling), test.classes[:RECORDED].astype(np.uint8)
    for name, precision in ((recipe.name, "float32"), (f"{recipe.name}_int8", "int8")):
        if precision == "int8":
            quantise(net, training.first(recipe.quantise_on), recipe.scaling, recipe.quantise_with)
        print(f"{name}: {accuracy(net, test, recipe.scaling):.2%} of {len(test.pixels)} test pictures")
        publish_as(model(name, precision, recipe.scaling, recipe.side, recipe.config), net, inputs, classes)
