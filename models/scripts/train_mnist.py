"""Float training of the MNIST classifier with PyTorch; writes mnist_float_weights.npz, which make_mnist.py reads.

The only script that wants PyTorch. Training is not reproducible to the bit across machines.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS, BATCH, RATE = 4, 128, 4e-3
# outputs, kernel, stride, depthwise of each layer; the same as in make_mnist.py
LAYERS = [
    (24, 3, 2, 0),
    (24, 3, 1, 1),
    (48, 1, 1, 0),
    (48, 3, 2, 1),
    (96, 1, 1, 0),
    (96, 3, 1, 1),
    (96, 1, 1, 0),
]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        inputs = 1
        for outputs, kernel, stride, depthwise in LAYERS:
            groups = inputs if depthwise else 1
            self.convs.append(
                nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
            )
            self.norms.append(nn.BatchNorm2d(outputs))
            inputs = outputs
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.relu(norm(conv(x)))
        return self.fc(x.mean((2, 3)))


def load(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled pictures (count, 1, 28, 28) and classes."""
    pixels = np.frombuffer((folder / f"{part}-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    classes = np.frombuffer((folder / f"{part}-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    scaled = (torch.tensor(pixels.reshape(-1, 1, 28, 28).astype(np.float32)) - 33.3) / 78.6
    return scaled, torch.tensor(classes.astype(np.int64))


def batches(count: int) -> Iterator[torch.Tensor]:
    """Positions of the pictures of each step, in a new order every epoch."""
    for _ in range(EPOCHS):
        order = torch.randperm(count)
        for at in range(0, count - BATCH + 1, BATCH):
            yield order[at : at + BATCH]


def train(net: Net, pictures: torch.Tensor, classes: torch.Tensor) -> None:
    """AdamW with a one-cycle rate; every batch is moved by up to two pixels."""
    steps = EPOCHS * (len(pictures) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for batch in batches(len(pictures)):
        move = tuple(torch.randint(-2, 3, (2,)).tolist())
        loss = F.cross_entropy(net(torch.roll(pictures[batch], move, (2, 3))), classes[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, default=Path("src"), help="folder filled by fetch_sources.sh")
    folder = parser.parse_args().src / "mnist/package/data"
    torch.manual_seed(0)
    net = Net()
    train(net, *load(folder, "train"))
    net.eval()
    pictures, classes = load(folder, "t10k")
    with torch.no_grad():
        print(f"{(net(pictures).argmax(1) == classes).float().mean().item():.2%} of the test pictures")
    state = {name: value.numpy() for name, value in net.state_dict().items() if value.dim()}
    np.savez_compressed(Path(__file__).with_name("mnist_float_weights.npz"), **state)


if __name__ == "__main__":
    main()
