"""Files of one network: NAME.mge, model.yaml, inputs.npz, expected.npz."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import yaml

from ._net import Net


def write(module: ModuleType, name: str, folder: Path) -> None:
    """Build the network of ``module.build(net)`` on ``module.KIND`` and write its files; model.yaml last.

    ``module.CONFIG`` adds to model.yaml, ``module.TOLERANCE`` stands for that of the kind.
    """
    net: Net = getattr(module, "KIND", Net)()
    x = net.input(*module.INPUT)
    model, result = net.finish(module.build(net, x))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mge").write_bytes(model)
    np.savez_compressed(folder / "inputs.npz", **{"in.data": net.given[None]})
    np.savez_compressed(folder / "expected.npz", **{"out.0": result[None]})
    tolerance = getattr(module, "TOLERANCE", net.TOLERANCE)
    config = {
        "model": f"{name}.mge",
        "description": (module.__doc__ or "").strip().split("\n")[0],
        "licence": "Apache-2.0",
        "verify": {"inputs": "inputs.npz", "expected": "expected.npz", **tolerance},
        **getattr(module, "CONFIG", {}),
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
