"""Subcommands of ``mgecc``: one module each, found by folder.

A module's docstring is its help text; ``add_arguments(parser)`` declares its arguments and ``run(args)`` carries it
out and returns the exit status. Heavy imports belong inside these functions. May import everything but mgecc.rules.
"""
