"""The Python packages of the model compiler, as a repository: those of mgecc's lock file, checked by their hashes."""

_BUILD = """\
filegroup(
    name = "packages",
    srcs = glob(["site/**"], exclude = ["site/bin/**", "site/**/RECORD", "**/__pycache__/**", "**/* *"]),
    visibility = ["//visibility:public"],
)
"""

def _wanted(lock, without):
    """The lines of a lock file but for the packages that compile no model."""
    lines, left_out = [], False
    for line in lock.splitlines():
        if line and not line.startswith((" ", "#")):
            left_out = line.split("==")[0] in without
        if not left_out:
            lines.append(line)
    return "\n".join(lines) + "\n"

def _mgecc_packages_impl(ctx):
    ctx.file("requirements.txt", _wanted(ctx.read(ctx.attr.requirements), ctx.attr.without))
    python = ctx.path(ctx.attr.interpreter) if ctx.attr.interpreter else ctx.attr.python
    words = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    words += ["--require-hashes", "--only-binary=:all:", "--target=site", "--requirement=requirements.txt"]
    if ctx.attr.wheels:
        words += ["--no-index", "--find-links=" + ctx.attr.wheels]
    done = ctx.execute(words, timeout = 1800)
    if done.return_code:
        fail("cannot install the packages of mgecc:\n" + done.stderr)
    ctx.file("BUILD.bazel", _BUILD)

mgecc_packages = repository_rule(
    implementation = _mgecc_packages_impl,
    doc = "Installs packages by pip, of the Python that will run them.",
    attrs = {
        "requirements": attr.label(
            default = Label("//:requirements.lock"),
            allow_single_file = True,
            doc = "Lock file with hashes.",
        ),
        "without": attr.string_list(default = ["scons", "ziglang"], doc = "Packages that are left out."),
        "python": attr.string(default = "python3", doc = "Python with pip: a name or a path."),
        "interpreter": attr.label(doc = "In its place: that of rules_python, such as @python_3_11_host//:python."),
        "wheels": attr.string(doc = "Folder with the wheels, for builds without a network."),
    },
)
