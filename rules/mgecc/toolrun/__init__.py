"""Running tools on what the compiler wrote: compile, archive and link it, run it on its target, compare the results.

The same steps serve the command line, the tests and the SCons rules. May import: mgecc.config, mgecc.targets,
mgecc.compiler, numpy (only where arrays are compared). Nothing here knows SCons.
"""
