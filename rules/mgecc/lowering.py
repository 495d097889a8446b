"""From a configuration to the graph that is planned: reading, importing, and every pass in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from mgecc import frontends
from mgecc.config import InputConfig, ModelConfig
from mgecc.frontends.states import pair_states
from mgecc.graph import Diagnostics, DType, Graph, Node, Unsupported
from mgecc.graph.symbolic import declare
from mgecc.kernels import candidates
from mgecc.ops.custom import CustomFunction, UserKernel, replace_operators
from mgecc.passes.convert_inputs import InputForm
from mgecc.passes.insert_half_conversions import nowhere
from mgecc.passes.pipeline import Options, for_all_targets, for_target
from mgecc.targets import Target, with_half_lanes

MAX_MODEL_BYTES = 1 << 31
_OF_INPUTS = ("input", "bind", "state")
"""Beginnings of keys of model.yaml below which inputs are named."""


def survey(config: ModelConfig, data: bytes | None = None) -> tuple[Graph, Diagnostics]:
    """Import the model file of a configuration, with its input shapes; problems stand beside the graph.

    ``data``: the file's content, where it was read before; stored weights of all graphs that are made of it are views
    of it.
    """
    data = read_bounded(config.model) if data is None else data
    functions = {name: CustomFunction(c.function, c.outputs, c.optional) for name, c in config.custom.items()}
    graph, problems = frontends.survey(
        data, config.model.name, config.given_shapes, functions, config.model.parent, config.bind
    )
    graph.name = config.name
    pair_states(graph, config.state, problems)
    _place_inputs(config, problems)
    replace_operators(graph, {name: _user_kernel(path) for name, path in config.kernels.items()}, problems)
    return graph, problems


def _user_kernel(path: Path) -> UserKernel:
    if path.suffix == ".c":
        return UserKernel(function=path.stem, file=path.name)
    return UserKernel(template=path.read_text(encoding="utf-8", errors="replace"), file=path.name)


def _place_inputs(config: ModelConfig, problems: Diagnostics) -> None:
    """Let problems of what the configuration says of inputs name the place where it does."""
    for k, problem in enumerate(problems.problems):
        places = [
            place
            for key, place in config.places.items()
            if problem.operator == "input" and key.startswith(_OF_INPUTS) and key.endswith(f".{problem.node}")
        ]
        problems.problems[k] = replace(problem, origin=[*places, problem.origin][0])


def load_graph(config: ModelConfig) -> Graph:
    """The graph of a configuration as imported, declared sizes being largest. Raises as ``compile_model``."""
    graph, problems = survey(config.with_sizes({size.name: size.high for size in config.sizes}))
    problems.check()
    return graph


def read_bounded(path: Path) -> bytes:
    """Content of a model file; OSError if it cannot be read or is larger than a model file can be."""
    with path.open("rb") as file:
        data = file.read(MAX_MODEL_BYTES)
    if len(data) == MAX_MODEL_BYTES:
        raise OSError(f"{path.name}: larger than 2 GiB, no model file is")
    return data


def input_forms(config: ModelConfig, graph: Graph) -> dict[str, InputForm]:
    """How the application gives its inputs, for those that the network wants in another form."""
    images = {v.name for v in graph.inputs if v.type.rank == 4}
    turned = images if config.options.get("add_nhwc2nchw_to_input") else set()
    specs = {v.name: InputConfig() for v in graph.inputs} | config.inputs
    return {
        name: InputForm(
            channels_last=spec.layout == "NHWC" or name in turned,
            dtype=DType(spec.dtype) if spec.dtype else None,
            mean=spec.mean,
            std=spec.std,
            scale=spec.scale,
        )
        for name, spec in specs.items()
        if spec.converts or name in turned
    }


@dataclass(frozen=True)
class Lowering:
    """A graph on its way to the planner, with the problems that were found so far; changed in place.

    ``digest``: SHA-256 of the model file that it was made of; empty if it was made of none.
    """

    graph: Graph
    problems: Diagnostics
    digest: str = ""

    def copy(self) -> Lowering:
        return replace(self, graph=self.graph.copy(), problems=self.problems.copy())


def import_sets(config: ModelConfig) -> list[Lowering]:
    """The graph for each set of input shapes, or one for all declared sizes; the model file is read once.

    Raises what ``frontends.survey`` does, and OSError.
    """
    declared = {size.name: declare(size.name, size.low, size.high, size.step) for size in config.sizes}
    data = read_bounded(config.model)
    digest = sha256(data).hexdigest()
    return [Lowering(*survey(shapes.with_sizes(declared), data), digest) for shapes in config.shape_sets]


Observe = Callable[[str, str, Graph], None]
"""Called after each pass with its name, with the target where there are several, and with the graph."""


def _unobserved(_name: str, _target: str, _graph: Graph) -> None:
    pass


def lower(
    imported: Lowering, config: ModelConfig, targets: Sequence[Target | None], observe: Observe = _unobserved
) -> list[Lowering]:
    """What is planned for each target, after all passes; ``imported`` is used up. ``config``: of this set of shapes.

    In the place of a target, None is one without half-precision arithmetic.
    """
    graph, problems = imported.graph, imported.problems
    options = Options(config.optimize, input_forms(config, graph))
    for_all_targets(graph, options, problems, lambda name, graph: observe(name, "", graph))
    _place_inputs(config, problems)
    lowered = [*(imported.copy() for _ in targets[1:]), imported]
    for target, one in zip(targets, lowered):
        told = target.name if target and len(targets) > 1 else ""
        _lower_for(target, config, options, one, partial(_tell, observe, told))
    return lowered


def _tell(observe: Observe, target: str, name: str, graph: Graph) -> None:
    observe(name, target, graph)


def _lower_for(
    target: Target | None,
    config: ModelConfig,
    options: Options,
    one: Lowering,
    observe: Callable[[str, Graph], None],
) -> None:
    asked = config.options.get("enable_ioc16", False)
    own = replace(
        options,
        native=partial(_serves, target) if target else nowhere,
        halves=asked and _gains_by_halves(config, target),
        half_weights=config.options.get("enable_compress_fp16", False),
    )
    for_target(one.graph, own, one.problems, observe)
    if target and asked and not own.halves:
        one.problems.notes.append(_no_halves(target))


def _gains_by_halves(config: ModelConfig, target: Target | None) -> bool:
    """Values in half precision without half arithmetic only cost time, for conversions."""
    return bool(target and target.half_lanes) or config.optimize != "speed"


def _no_halves(target: Target) -> str:
    capable = with_half_lanes(target)
    remedy = f"`target={capable}` has them, and " if capable else ""
    return (
        f"enable_ioc16 has no effect: {target.name} has no half-precision arithmetic and computes faster in "
        f"float32; {remedy}optimize=memory stores values as halves all the same"
    )


def _serves(target: Target, node: Node) -> bool:
    """Whether some kernel of the target computes a node as it is."""
    try:
        return bool(candidates(node, target))
    except Unsupported:
        return False
