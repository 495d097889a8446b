"""What the rules return: lists of nodes, and beside each list the same nodes by their role, as a frozen dataclass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from SCons.Util import NodeList


@dataclass(frozen=True)
class Products:
    """What every rule tells: ``name``, ``target``, ``cpu``, ``toolchain``, ``optimize``: what was asked for.

    ``folder``: where all of it lies. ``label``: target and processor, as steps are shown.
    """

    name: str
    target: str
    cpu: str
    label: str
    toolchain: str
    optimize: str
    folder: str


@dataclass(frozen=True)
class LibraryProducts(Products):
    """``lib``: static libraries (one, or one per member of a combined target). ``header``: one node.

    ``objects``: what the libraries hold, by kernel set. ``include``: folders for CPPPATH.
    ``threads``: whether runs use them. ``asked``: threads and limits in the call, by name, where there were some.
    """

    lib: NodeList
    header: Any
    objects: dict[str, list[Any]]
    include: list[Any]
    threads: bool
    asked: dict[str, int]


@dataclass(frozen=True)
class ModelProducts(LibraryProducts):
    """``shared``: shared libraries, empty where the target has no system. ``blob``, ``report``: one node each.

    Of several models in one library, ``header`` and ``blob`` are those of the first, and ``headers`` and ``blobs`` have
    all by the model's name. ``kernels``: generated C files. ``config``: what was asked for. ``configs``: of a pipeline,
    the configurations by the names of the models; empty else.
    """

    config: Any
    shared: NodeList
    blob: Any
    report: Any
    headers: dict[str, Any]
    blobs: dict[str, Any]
    kernels: NodeList
    configs: dict[str, Any]


@dataclass(frozen=True)
class CvProducts(LibraryProducts):
    """``functions``: image functions with their element types, as they were asked for."""

    functions: dict[str, list[str]]


@dataclass(frozen=True)
class FirmwareProducts(Products):
    """``elf``: the linked program. ``map``: the linker's map. ``made_of``: the sources. ``models``: as they were given.

    ``hex``, ``bin``: what is written to flash; empty where a system loads programs, and ``bin`` also for boards whose
    vectors lie apart. ``board``: the entry of the target's ``boards``, None under a system. ``asked``: the options of
    the call. ``flags``: gives those of each source, by its place, and of the linker; only releases ask for them.
    """

    elf: Any
    map: Any
    hex: NodeList
    bin: NodeList
    board: dict[str, Any] | None
    models: Sequence[Any]
    made_of: NodeList
    asked: dict[str, Any]
    flags: Callable[[], dict[str, list[str]]]


class ProductNodes(NodeList):
    """Nodes with ``products``; the fields of these are attributes of the list, too."""

    products: Any

    def __init__(self, nodes: Iterable[Any] = (), products: Products | None = None) -> None:
        super().__init__(list(nodes))
        if products is not None:  # what SCons makes of a part of the list has none
            self.products = products
            for one in fields(products):
                setattr(self, one.name, getattr(products, one.name))
