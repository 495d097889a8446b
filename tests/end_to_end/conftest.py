"""Libraries here are compiled without warnings, and share their runtime, whose objects a test run compiles once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mgecc.targets import Toolchain
from mgecc.toolrun import library, runner
from mgecc.toolrun.sources import runtime_folder
from strict import compile_strictly

strict_warnings = pytest.fixture(autouse=True, scope="module")(compile_strictly)


@pytest.fixture(autouse=True, scope="session")
def shared_objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder, compile_file = tmp_path_factory.mktemp("objects"), library.compile_file
    kept: dict[tuple[str, ...], Path] = {}

    def once(source: Path, obj: Path, tools: Toolchain, includes: list[Path], optimize: str) -> Path:
        if not source.is_relative_to(runtime_folder()):
            return compile_file(source, obj, tools, includes, optimize)
        key = tuple(map(str, tools.compile_args(source, "", [], optimize)))
        if key not in kept:
            kept[key] = compile_file(source, folder / f"{len(kept)}.o", tools, includes, optimize)
        obj.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(kept[key], obj))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "compile_file", once)
        patch.setattr(runner, "compile_file", once)
        yield
