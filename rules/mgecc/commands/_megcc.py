"""MegCC's options: targets, output folder, and what its JSON says of a model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mgecc.commands._model import any_with_given
from mgecc.config import ConfigError, LibraryConfig, ModelConfig, megcc_model, megcc_notes
from mgecc.errors import InputError
from mgecc.toolrun.products import write_files

_TARGETS = {
    "baremetal": "baremetal",
    "arm64": "arm64",
    "arm64_with_dot": "arm64+dot",
    "arm64_with_i8mm": "arm64+i8mm",
    "armv7": "armv7",
    "armv7_with_dot": "armv7+dot",
    "arm64v7": "arm64v7",
    "arm64v7_with_dot": "arm64v7+dot",
}

_TEXTS = {
    "extern-opr-output-shapes": "extern_opr_output_shape",
    "extern-opr-output-dtypes": "extern_opr_output_dtype",
    "loader-path-with-interface": "extern_opr_loader_path_with_interface",
    "set-extern-opr-env": "extern_opr_loader_env",
}
_SWITCHES = (
    "enable_nchw44",
    "enable_nchw44_dot",
    "enable_nchw88",
    "enable_ioc16",
    "enable_compress_fp16",
    "mgb_fuse_kernel",
    "add_nhwc2nchw_to_input",
)
_SAMPLE: dict[str, Any] = {
    "model_name": "net",
    "model_path": "net.mge",
    "input_shape_str": "data=(1,3,224,224)",
    "enable_compress_fp16": False,
    "enable_ioc16": False,
    "add_nhwc2nchw_to_input": False,
}


class OneTarget(argparse.Action):
    """``--target NAME``, or an option that stands for it; two that differ are a mistake."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: Any = None
    ) -> None:
        target = self.const or values
        if namespace.target not in ("", target):
            parser.error(
                f"{option}: the target is {namespace.target} already; compile for one after the other"
            )
        namespace.target = target


class _NoTarget(argparse.Action):
    """A target of MegCC's that there is not."""

    def __call__(self, parser: argparse.ArgumentParser, *_given: Any) -> None:
        parser.error("WebAssembly is not a target; mgecc targets lists those that there are")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("as MegCC has them")
    group.add_argument("--json", type=Path, metavar="FILE", help="JSON of several models; the same as MODEL")
    group.add_argument("--dump", type=Path, metavar="DIR", help="the same as --out; overrules dump_dir")
    for option, target in _TARGETS.items():
        text = f"the same as --target {target}"
        group.add_argument(
            f"--{option}", dest="target", action=OneTarget, nargs=0, const=target, default="", help=text
        )
    group.add_argument("--webassembly", action=_NoTarget, nargs=0, help=argparse.SUPPRESS)
    template = "write DIR/config.json as a sample for --json, and nothing else"
    group.add_argument("--json-template", type=Path, metavar="DIR", help=template)
    for option, key in _TEXTS.items():
        group.add_argument(f"--{option}", dest=key, default="", metavar="TEXT", help=f"{key} of the JSON")
    for key in _SWITCHES:
        group.add_argument(f"--{key}", action="store_true", help=f"{key} of the JSON")
    group.add_argument("--save-model", action="store_true", help="no effect: the library holds the model")
    group.add_argument("--verbose", action="store_true", help="no effect: all problems are told anyway")
    group.add_argument("--hako", type=int, metavar="N", help="no effect: there is one format")


def with_flags(
    config: ModelConfig | LibraryConfig, args: argparse.Namespace
) -> tuple[ModelConfig | LibraryConfig, list[str]]:
    """The configuration with what the options say of the model, and notes on what has no effect.

    Raises InputError: a JSON of several models says such things of each itself.
    """
    config = any_with_given(config, args)
    given = {key: value for key in (*_TEXTS.values(), *_SWITCHES) if (value := getattr(args, key))}
    if isinstance(config, LibraryConfig):
        if given:
            raise InputError(f"{next(iter(given))} belongs into {config.path}, at the models it is for")
        return config, list(config.notes)
    try:
        return megcc_model(config, given) if given else config, megcc_notes(given)
    except ConfigError as error:
        raise InputError(str(error)) from None


def write_template(args: argparse.Namespace) -> int:
    document = {"dump_dir": "out", "models": [_SAMPLE], "cv": {"resize_linear": ["ui8"]}}
    text = json.dumps(document, indent=4) + "\n"
    for path in write_files({"config.json": text.encode()}, args.json_template):
        print(path)
    return 0
