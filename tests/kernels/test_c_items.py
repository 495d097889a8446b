"""Top-level items of C headers, with the names they define and refer to."""

from __future__ import annotations

import pytest
from mgecc.kernels import render
from mgecc.kernels.c_items import Conditional, Item, items
from mgecc.kernels.vocabulary import _unguarded

HEADERS = sorted((render._FOLDER / "simd").glob("*.h"))


def only(text: str) -> Item:
    (item,) = items(text)
    assert isinstance(item, Item)
    return item


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("#define A 1\n", {"A"}),
        ("#define A(x, y) \\\n    do { x; } while (0)\n", {"A"}),
        ("typedef int32_t a;\n", {"a"}),
        ("typedef int32_t a __attribute__((vector_size(16)));\n", {"a"}),
        ("typedef struct { int x[4], y; } a;\n", {"a"}),
        ("typedef struct tag {\n    int x;\n} a;\n", {"tag", "a"}),
        ("enum { A = 1, B };\n", {"enum", "A", "B"}),
        ("static inline int a(int b) { return b; }\n", {"a"}),
        (
            "static __attribute__((noinline, unused)) int a(const char *b,\n    int c)\n{\n    return c;\n}\n",
            {"a"},
        ),
        ("void *a(void *restrict to, size_t n);\n", {"a"}),
        ("static const int a[2][3] = {{1, 2, 3}, {4, 5, 6}};\n", {"a"}),
        ("static struct known a(void) { return b; }\n", {"a"}),
        ("#include <stdint.h>\n", set()),
        ("UNKNOWN(a, b)\n", set()),
    ],
)
def test_an_item_defines_its_names(text: str, names: set[str]) -> None:
    assert only(text).defines == names


def test_a_macro_that_writes_functions_defines_them() -> None:
    macro = "#define LOADS(name, t) \\\n    static t load_##name(const t *p) { return *p; } \\\n"
    macro += "    static t last_##name(void) { return 0; }\n"
    found = items(macro + "LOADS(i8, int8_t)\n")
    assert [set(each.defines) for each in found if isinstance(each, Item)] == [
        {"LOADS"},
        {"load_i8", "last_i8"},
    ]


def test_a_macro_that_writes_the_head_of_a_function_defines_it() -> None:
    found = items(
        "#define NAKED(name) static __attribute__((naked)) void name(int *x)\nNAKED(a)\n{\n    b(x);\n}\n"
    )
    assert isinstance(found[1], Item) and found[1].defines == {"a"} and found[1].refers >= {"NAKED", "b"}


def test_what_is_given_for_the_last_parameters_is_referred_to() -> None:
    found = items("#define ROW(name, ...) static void name(void) { f(__VA_ARGS__); }\nROW(a, B, C)\n")
    assert isinstance(found[1], Item) and found[1].defines == {"a"} and found[1].refers >= {"B", "C"}


def test_braces_and_semicolons_in_strings_and_comments_end_nothing() -> None:
    text = "/* { of a */\nvoid a(void)\n{\n    f(\"}\", '{'); /* } */\n#if X\n    g();\n#endif\n}\n"
    assert only(text).text == text and only(text).refers >= {"f", "g", "X"} and "of" not in only(text).refers


def test_conditionals_nest_and_keep_their_branches() -> None:
    found = items("#if A\nint a;\n#ifdef B\nint b;\n#endif\n#elif C\nint c;\n#else\nint d;\n#endif\nint e;\n")
    assert len(found) == 2 and isinstance(found[0], Conditional)
    assert [branch.directive.strip() for branch in found[0].branches] == ["#if A", "#elif C", "#else"]
    assert isinstance(found[0].branches[0].body[1], Conditional)


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.stem)
def test_every_item_of_the_vocabulary_is_understood(header) -> None:  # type: ignore[no-untyped-def]
    text = _unguarded(header.read_text())[2]
    waiting = items("".join(line for line in text.splitlines(keepends=True) if not render.included(line)))
    for each in waiting:
        if isinstance(each, Conditional):
            waiting += [inner for branch in each.branches for inner in branch.body]
        else:
            assert each.defines or each.code.startswith("#include <"), each.text
            assert each.code.startswith("#") or not any(name.isupper() for name in each.defines), each.text
