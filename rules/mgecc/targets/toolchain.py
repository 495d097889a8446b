"""Compilers, archivers and linkers as command lines: the zig wheel driven as plain clang, Debian's gcc, clang.

Every command is an argument list, made from names alone, so that the same inputs give the same bytes on every
machine. Nothing here runs a compiler on the user's files; only versions are asked for.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mgecc.errors import Reported
from mgecc.targets.target import Target, load_target, nearest, target_names

ZIG_VERSION = "0.17.1"

_COMMON = (
    *("-std=c99", "-g0", "-Wall", "-Wextra", "-fvisibility=hidden"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
    *("-ffunction-sections", "-fdata-sections", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"),
)
# A program for a board has neither heap nor unwinder; names of static functions must not be random.
_C_ONLY = ("-std=c99",)
_CXX = ("-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-frandom-seed=mgecc")
_LEVEL = {"speed": ["-O2"], "memory": ["-O2"], "size": ["-Os", "-DMGECC_SMALL"]}
# Loops must not become calls of functions that only a libc has.
_NO_LIBC = tuple(f"-fno-builtin-{name}" for name in ("bcmp", "strlen", "wcslen"))
_BY_SYSTEM = {"linux": ("-fPIC", *_NO_LIBC), "none": ("-ffreestanding",)}
_LINK = ("--build-id=none", "--gc-sections", "-z", "noexecstack")


class ToolchainMissing(Reported):
    """A compiler that is not installed; ``str`` is one line: what is missing and the command that installs it."""


@dataclass(frozen=True)
class Toolchain:
    """One compiler for one target.

    ``identity``: name and version, no path, fit for signatures. ``cc`` and ``ar``: how their commands start.
    ``ld``: the linker itself; empty = ``cc`` links. ``system``: the only system include folders, where there are any.
    ``extra``: flags of the user's, which overrule the others. ``language``: "c" or "c++".
    """

    name: str
    target: Target
    identity: str
    cc: tuple[str, ...]
    ar: tuple[str, ...]
    ld: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    language: str = "c"

    @property
    def own_folders(self) -> tuple[str, ...]:
        """Where the headers and libraries lie that belong to this version of the compiler and change with it only."""
        if self.name == "zig":
            return (str(Path(self.cc[0]).parent),)
        if self.name == "gcc":
            return (str(Path(_version(self.cc[0], "-print-file-name=include")).parent),)
        return (_version(self.cc[0], "-print-resource-dir"),)

    @property
    def writes_beside(self) -> bool:
        """Whether the compiler writes more than the object: figures of stack in a file of their own."""
        return "-fstack-usage" in self.flags

    @property
    def objcopy(self) -> tuple[str, ...]:
        """How the command starts that turns programs into other formats; every toolchain has it beside ``ar``."""
        return (*self.ar[:-1], f"{self.ar[-1].removesuffix('ar')}objcopy")

    def image_args(self, image: str | Path, program: str | Path, kind: str) -> list[str]:
        """Turn a linked program into what is written to flash: ``kind`` is "bin" or "hex" (Intel)."""
        formats = {"bin": "binary", "hex": "hex" if self.name == "zig" else "ihex"}
        return [*self.objcopy, "-O", formats[kind], str(program), str(image)]

    def map_args(self, path: str | Path) -> list[str]:
        """What makes a linker command write a map of the program."""
        return [f"-Map={path}"] if self.ld else [f"-Wl,-Map={path}"]

    def link_depfile_args(self, path: str | Path) -> list[str]:
        """What makes a linker command write down which files it has read."""
        option = f"--dependency-file={path}"
        return [option] if self.ld else [f"-Wl,{option}"]

    def flags_for(self, optimize: str = "speed") -> list[str]:
        """The flags that decide what is generated; free of paths, the same on every machine."""
        system = _BY_SYSTEM[self.target.system]
        common = (
            [flag for flag in _COMMON if flag not in _C_ONLY] + [*_CXX] if self.language == "c++" else _COMMON
        )
        return [*self.flags, *self.target.cflags, *_LEVEL[optimize], *common, *system, *self.extra]

    def for_cxx(self) -> Toolchain:
        """The same compiler for C++ without exceptions and a library. Raises ToolchainMissing."""
        if self.name != "gcc":
            return replace(self, language="c++")
        program = f"{self.cc[0].removesuffix('gcc')}g++"
        found = _find(program, "g++", f"g++ for {self.target.name}, such as {self.target.gcc['package']}")
        return replace(self, language="c++", cc=(found,))

    def compile_args(
        self,
        source: str | Path,
        obj: str | Path,
        includes: Iterable[str | Path] = (),
        optimize: str = "speed",
    ) -> list[str]:
        """Compile one .c or .S file. In assembly ``.incbin`` finds its file in the include folders."""
        folders = [str(folder) for folder in includes]
        args = [*self.cc, *self.flags_for(optimize), f"-ffile-prefix-map={Path.cwd()}=."]
        if self.system:
            args.append("-nostdinc")
        for folder in self.system:
            args += [f"-ffile-prefix-map={folder}=/compiler", "-isystem", folder]
        args += [f"-I{folder}" for folder in folders]
        if str(source).endswith((".S", ".s")):
            args += [f"-Wa,-I,{folder}" for folder in folders]
        return [*args, "-c", str(source), "-o", str(obj)]

    def archive_args(self, archive: str | Path, objects: Sequence[str | Path]) -> list[str]:
        """Make a static library; the archive must not be there yet, or its old members stay."""
        return [*self.ar, "rcsD", str(archive), *map(str, objects)]

    def link_shared_args(self, output: str | Path, objects: Sequence[str | Path], soname: str) -> list[str]:
        """Link a shared library that needs no other one; memcpy and memset come from whoever loads it."""
        options = [*_LINK, "--hash-style=gnu", "-soname", soname]
        if self.ld:
            return [*self.ld, "-shared", *options, "-s", "-o", str(output), *map(str, objects)]
        return [*self.cc, *self.target.cflags, "-shared", "-nostdlib", "-s", *_through_cc(options), "-o", str(output),
                *map(str, objects), "-lgcc"]  # fmt: skip

    def link_program_args(
        self, output: str | Path, objects: Sequence[str | Path], script: str | Path | None = None
    ) -> list[str]:
        """Link a static program without libc, entered at ``_start`` (or where the linker script says)."""
        options = [*_LINK, *(["-T", str(script)] if script else ["-e", "_start"])]
        if self.ld:
            return [*self.ld, "-static", *options, "-o", str(output), *map(str, objects)]
        return [*self.cc, *self.target.cflags, "-static", "-nostdlib", *_through_cc(options), "-o", str(output),
                *map(str, objects), "-lgcc"]  # fmt: skip

    def support_library_args(self, output: str | Path, scratch: str | Path) -> list[str]:
        """Build the compiler's support library (arithmetic that the CPU lacks, such as double precision).

        Empty where the linker finds it by itself or the target does not say what the CPU is called. That of the zig
        wheel serves clang, too.
        """
        folder = _zig_folder()
        if self.name == "gcc" or folder is None or not self.target.zig:
            return []
        source = folder / "lib" / "compiler_rt.zig"
        machine = ["-target", self.target.zig["target"], f"-mcpu={self.target.zig['cpu']}"]
        caches = ["--cache-dir", str(scratch), "--global-cache-dir", str(scratch)]
        options = [
            "-O",
            "ReleaseSmall",
            "-fstrip",
            "-ffunction-sections",
            "-fdata-sections",
            "-fno-compiler-rt",
        ]
        return [str(folder / "zig"), "build-lib", str(source), *machine, *options, "--name", "compiler_rt", *caches,
                f"-femit-bin={output}"]  # fmt: skip


def _through_cc(options: Iterable[str]) -> list[str]:
    return [f"-Wl,{option}" for option in options]


def toolchain_names() -> list[str]:
    return sorted(_LOADERS)


def cross_compilers() -> dict[str, str]:
    """GCC of every target -> the Debian package that brings it."""
    described = [load_target(name).gcc for name in target_names()]
    return {f"{gcc['prefix']}gcc": gcc["package"] for gcc in described if gcc}


def load_toolchain(name: str, target: Target) -> Toolchain:
    """The toolchain called ``name`` ("zig", "gcc", "clang") for ``target``.

    Raises TargetError for an unknown name and ToolchainMissing when a part of it is not installed.
    """
    if name not in _LOADERS:
        raise nearest(name, toolchain_names(), "toolchain")
    toolchain = _LOADERS[name](target)
    if "-march=native" in target.cflags:
        # What this flag means depends on the machine, so the machine belongs to the compiler's identity.
        return replace(toolchain, identity=f"{toolchain.identity}-{_host_cpu()}")
    return toolchain


@cache
def _host_cpu() -> str:
    """A short digest of the host processor's model and features."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = [platform.processor()]
    told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


@cache
def _zig_folder() -> Path | None:
    spec = importlib.util.find_spec("ziglang")
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def zig_program() -> Path | None:
    """The zig of the wheel, which compiles programs for this machine, too; None where it is not installed."""
    folder = _zig_folder()
    return folder / "zig" if folder else None


def _zig(target: Target) -> Toolchain:
    folder = _zig_folder()
    if folder is None:
        raise ToolchainMissing(f"toolchain zig is not installed: pip install ziglang=={ZIG_VERSION}")
    zig = str(folder / "zig")
    return Toolchain(
        name="zig",
        target=target,
        identity=f"zig-{_zig_version(folder)}",
        cc=(zig, "clang"),
        ar=(zig, "ar"),
        ld=(zig, "ld.lld", "-m", target.emulation),
        flags=_clang_flags(target),
        system=(str(folder / "lib" / "include"),),
    )


def _clang_flags(target: Target) -> tuple[str, ...]:
    # The guard keeps out a header of allocation functions, which immintrin.h includes and which needs a libc.
    frames = ("-fstack-size-section",) if target.system == "none" else ()
    return (f"--target={target.triple}", "-Wno-unused-command-line-argument", "-D__MM_MALLOC_H", *frames)


@cache
def _zig_version(folder: Path) -> str:
    """From the wheel's own metadata folder, which lies beside the package."""
    found = sorted(folder.parent.glob("ziglang-*.dist-info"))
    return found[-1].name.removeprefix("ziglang-").removesuffix(".dist-info") if found else "unknown"


def _gcc(target: Target) -> Toolchain:
    prefix, package = target.gcc["prefix"], target.gcc["package"]
    frames = ("-fstack-usage",) if target.system == "none" else ()
    cc, ar = _find(f"{prefix}gcc", "gcc", package), _find(f"{prefix}ar", "gcc", package)
    return Toolchain(
        name="gcc",
        target=target,
        identity=f"gcc-{_version(cc, '-dumpfullversion')}-{_makers(cc, ar)}",
        cc=(cc,),
        ar=(ar,),
        flags=("-fno-tree-loop-distribute-patterns", *frames),  # see _NO_LIBC; this compiler needs it said so
    )


def _clang(target: Target) -> Toolchain:
    clang, linker = _find("clang", "clang", "clang"), _find("ld.lld", "clang", "lld")
    ar = _find("llvm-ar", "clang", "llvm")
    return Toolchain(
        name="clang",
        target=target,
        identity=f"clang-{_version(clang, '-dumpversion')}-{_makers(clang, linker)}",
        cc=(clang,),
        ar=(ar,),
        ld=(linker, "-m", target.emulation),
        flags=_clang_flags(target),
        system=(f"{_version(clang, '-print-resource-dir')}/include",),
    )


def _find(program: str, toolchain: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ToolchainMissing(
            f"toolchain {toolchain}: {program} is not installed: apt-get install {package}"
        )
    return path


@cache
def _version(program: str, option: str) -> str:
    done = subprocess.run([program, option], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip() or "unknown"


@cache
def _makers(*programs: str) -> str:
    """A short digest of what programs say of themselves: distributors change compilers without a new number.

    Their own names, which they may begin with, and all lines but the first, which may hold paths, are left out.
    """
    lines = [_version(program, "--version").partition("\n")[0] for program in programs]
    told = [line.removeprefix(Path(program).name) for program, line in zip(programs, lines)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


_LOADERS: dict[str, Callable[[Target], Toolchain]] = {"zig": _zig, "gcc": _gcc, "clang": _clang}
