"""Writes docs/rules.md from the docstrings of the rules: python -m mgecc.scons.page > docs/rules.md."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import mgecc.targets.own
from mgecc.scons.firmware import FirmwareNodes
from mgecc.scons.images import CvNodes
from mgecc.scons.model import ModelNodes
from mgecc.scons.pipeline import PipelineNodes
from mgecc.scons.products import CvProducts, FirmwareProducts, LibraryProducts, ModelProducts, Products
from mgecc.scons.release_targets import declare_deliveries
from mgecc.scons.tool import RULES

PREFACE = """# The rules for SCons

Written by `python -m mgecc.scons.page > docs/rules.md`; a test fails where the code says something else.

## Loading the tool

| mgecc is | in the SConstruct |
| --- | --- |
| a git submodule in `third_party/mgecc` | `env.Tool("mgecc", toolpath=["third_party/mgecc/site_scons/site_tools"])` |
| installed by `pip install` | `env.Tool("mgecc")` or `Environment(tools=["mgecc"])` |
| installed, but SCons elsewhere | `import mgecc` and `env.Tool("mgecc", toolpath=[mgecc.TOOLPATH])` |
| either, if Python finds it | `import mgecc.scons` and `env = Environment(tools=[mgecc.scons.generate])` |

The tool needs no other one: `Environment(tools=[])` will do. `examples/monorepo` is a tree that uses all of it.

```python
net = env.MgeModel("digits", config="models/digits/model.yaml", target="boards/mine.yaml")
app = env.MgeFirmware("sorter", ["main.c"], [net], CPPDEFINES={"LEVEL": 2})
env.MgeTest("check", app, expected="want.txt")
env.MgeRelease("sorter-1.0", [net, app])
```

`env.MgeSettings()` before all that gives the build a cache, a lock and build state that survives kill -9.

Calls may stand in any SConscript, in variant folders, and for several targets in one build. What they return are
nodes: other builders take them as sources, and their roles are attributes.
"""
_ROLES = """Frozen dataclasses: `net.products` of what a rule returned. Their fields are attributes of the list of
nodes, too: `net.lib` is `net.products.lib`."""
VARIABLES = {
    "MGE_TARGET": "target of models that name none",
    "MGE_CPU": "processor of that target, where it has a list",
    "MGE_TOOLCHAIN": '"zig" (the default), "gcc" or "clang"',
    "MGE_OPTIMIZE": '"speed", "size" or "memory"; empty = what model.yaml says',
    "MGE_THREADS": "the most threads that a call is partitioned over; empty = what model.yaml says",
    "MGE_FLASH": "the most bytes for the weights, such as 512K; empty = what model.yaml says",
    "MGE_RAM": "the most bytes for the arena; empty = what model.yaml says",
    "MGE_BUILD_DIR": "folder of all products (default: #build)",
    "MGE_VERBOSE": "whether whole commands are shown",
}


def page() -> str:
    return "\n".join([PREFACE, *_rules(), _variables(), *_boards()])


def _rules() -> Iterator[str]:
    for name, rule in RULES.items():
        yield f"## env.{name}\n\n```python\n{_signature(name, rule)}\n```\n\n{_text(rule)}\n"
    for kind in (ModelNodes, PipelineNodes, CvNodes, FirmwareNodes):
        yield f"## {kind.__name__}\n\n{_text(kind)}\n"
    yield f"## What they have by role\n\n{_ROLES}\n"
    for roles in (Products, LibraryProducts, ModelProducts, CvProducts, FirmwareProducts):
        above = roles.__mro__[1].__name__
        inherited = "" if roles is Products else f" (and what `{above}` has)"
        yield f"### {roles.__name__}{inherited}\n\n{_text(roles)}\n"


def _signature(name: str, rule: Callable[..., Any]) -> str:
    """As users write it: without the environment and without types, which differ between versions of Python."""
    parameters = list(inspect.signature(rule).parameters.values())[1:]
    return f"env.{name}({', '.join(map(_parameter, parameters))})"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = "**" if parameter.kind is inspect.Parameter.VAR_KEYWORD else ""
    default = "" if parameter.default is inspect.Parameter.empty else f"={parameter.default!r}"
    return f"{stars}{parameter.name}{default}"


def _text(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").replace("``", "`")


def _variables() -> str:
    rows = [f"| `{name}` | {text} |" for name, text in VARIABLES.items()]
    return "\n".join(["## Construction variables\n", "| variable | what it is |", "| --- | --- |", *rows, ""])


def _boards() -> Iterator[str]:
    text = textwrap.dedent(mgecc.targets.own.__doc__ or "").strip()
    head, _, rest = text.partition("::\n")
    example, _, tail = rest.strip("\n").partition("\n\n")
    yield f"## A machine of your own\n\n{head.replace('``', '`')}:\n"
    yield f"```yaml\n{textwrap.dedent(example)}\n```\n\n{tail.replace('``', '`')}"
    yield (
        'Such a file can be the target everywhere: `env.MgeModel(..., target="boards/mine.yaml")`,\n'
        "`scons target=boards/mine.yaml`, `mgecc compile --target boards/mine.yaml`. Features of the base go behind\n"
        "it: `boards/mine.yaml+dot`.\n"
    )
    yield f"## On the command line\n\n{_text(declare_deliveries)}"


if __name__ == "__main__":
    print(page(), end="")
