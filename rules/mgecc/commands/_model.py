"""From the arguments of a subcommand to the configuration of its model."""

from __future__ import annotations

import argparse

from mgecc.config import ConfigError, LibraryConfig, ModelConfig, with_inputs
from mgecc.errors import InputError
from mgecc.toolrun.products import read_config


def chosen(args: argparse.Namespace) -> ModelConfig:
    """The one model that is meant, with what the arguments say of it. Raises InputError."""
    return with_given(read_config(args.model, args.name, getattr(args, "optimize", "")), args)


def with_given(config: ModelConfig, args: argparse.Namespace) -> ModelConfig:
    """A configuration with what the arguments say of its inputs. Raises InputError."""
    try:
        return with_inputs(config, args.input_shape_str, args.bind)
    except ConfigError as error:
        raise InputError(str(error)) from None


def any_with_given(
    config: ModelConfig | LibraryConfig, args: argparse.Namespace
) -> ModelConfig | LibraryConfig:
    """Likewise, where several models say such things each for itself."""
    if isinstance(config, ModelConfig):
        return with_given(config, args)
    if args.input_shape_str or args.bind:
        word = "input_shape_str" if args.input_shape_str else "bind"
        raise InputError(f"{word} belongs into {config.path}, at the models it is for")
    return config
