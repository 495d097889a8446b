"""The C files of a library, so that a release can be built by a compiler of one's own: kernels, blob, runtime.

``src/CMakeLists.txt`` (one for each kernel set of a combined target, in its folder) builds the library from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mgecc.package.components import Component
from mgecc.targets import Target, Toolchain
from mgecc.toolrun.sources import runtime_files

_RUNTIME = "src/runtime"


def with_sources(
    component: Component, folder: Path, toolchains: Mapping[str, Toolchain], optimize: str
) -> Component:
    """The component of a library, with its sources. ``folder``: its products; ``toolchains``: by kernel set."""
    models = [Path(path).stem for path in component.files if path.endswith(".blob")]
    found = {f"src/{name}_blob.S": folder / f"{name}_blob.S" for name in models}
    for prefix in _prefixes(list(toolchains)):
        for file in (f"{prefix}{component.name}_kernels.c", f"{prefix}{component.name}_cv.c"):
            found |= {f"src/{file}": folder / file} if (folder / file).is_file() else {}
    user = [path for path in component.materials.values() if path.suffix in (".c", ".h")]
    found |= {f"src/user/{path.name}": path for path in user}
    runtime = {f"{_RUNTIME}/{path.name}": path for path in runtime_files()} if models else {}
    files = component.files | found | runtime
    library = component.name if models else f"{component.name}_cv"
    return replace(component, files=files, texts=build_files(library, files, toolchains, optimize))


def build_files(
    name: str, files: Mapping[str, Path], toolchains: Mapping[str, Toolchain], optimize: str
) -> dict[str, bytes]:
    """A CMakeLists.txt for each kernel set, which names every source and the flags of its target.

    ``toolchains``: by kernel set; what is particular to a compiler is left out.
    """
    from mgecc.kernels.render import templates  # loads Jinja, which null builds do without

    made = {}
    for prefix, toolchain in zip(_prefixes(list(toolchains)), toolchains.values()):
        here = PurePosixPath("src", prefix)
        sources = [path for path in files if _is_source(path, here, toolchains)]
        up = "../" * len(here.parts)
        text = (
            templates(Path(__file__).parent)
            .get_template("CMakeLists.txt.j2")
            .render(
                name=name,
                sources=[_relative(path, here) for path in sources],
                include=f"{up}include",
                runtime=_relative(_RUNTIME, here),
                blobs=sorted(
                    {f"{up}{PurePosixPath(path).parent}" for path in files if path.endswith(".blob")}
                ),
                flags=_portable_flags(toolchain.target, toolchain.flags_for(optimize)),
            )
        )
        made[str(here / "CMakeLists.txt")] = text.encode()
    return made


def _prefixes(members: Sequence[str]) -> list[str]:
    return [f"{member}/" for member in members] if len(members) > 1 else [""]


def _is_source(path: str, here: PurePosixPath, toolchains: Mapping[str, Toolchain]) -> bool:
    """Whether a file of the release is compiled for this kernel set: its own ones, and those of all."""
    parts = PurePosixPath(path).parts
    foreign = len(parts) > 2 and parts[1] in toolchains and parts[1] != here.name
    return parts[0] == "src" and path.endswith((".c", ".S")) and not foreign


def _relative(path: str, here: PurePosixPath) -> str:
    parts = PurePosixPath(path).parts
    same = len(here.parts) if parts[: len(here.parts)] == here.parts else 1
    return "/".join([*[".."] * (len(here.parts) - same), *parts[same:]])


def _portable_flags(target: Target, flags: Sequence[str]) -> list[str]:
    """Flags that GCC and Clang share."""
    private = ("--target=", "-Wno-unused-command-line-argument", "-D__MM_MALLOC_H")
    kept = [flag for flag in flags if not flag.startswith(private) and flag not in target.cflags]
    return [*target.cflags, *kept]
