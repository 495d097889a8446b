"""Subcommands of ``mgecc``: one module each, found by folder.

A module's docstring is its help text; ``add_arguments(parser)`` declares its arguments and ``run(args)`` carries it
out and returns the exit status. Only the module of the subcommand that is called is loaded. May import everything but
mgecc.scons.
"""
