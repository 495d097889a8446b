"""Ranges, triangles, one-hot rows and Fourier transforms of ONNX in forms that its own tests leave out."""

from __future__ import annotations

import numpy as np
import pytest
from operators import check, computed, problems_of

X = np.random.default_rng(7).normal(size=(2, 6, 5)).astype(np.float32)


def number(value: float, dtype: str = "int64") -> np.ndarray:
    return np.array(value, dtype)


@pytest.mark.parametrize("bounds", [(0, 5, 1), (10, -3, -4), (1, 1, 1), (5, 1, 1)])
@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_ranges(bounds: tuple[int, int, int], dtype: str) -> None:
    (y,) = computed("Range", *(number(n, dtype) for n in bounds), known=[0, 1, 2])
    assert y.tolist() == np.arange(*bounds).tolist()


def test_ranges_of_fractions() -> None:
    check("Range", *(number(n, "float32") for n in (0.5, 3.0, 0.7)), known=[0, 1, 2])


def test_endless_and_huge_ranges_are_refused() -> None:
    bounds = [(0, 5, 0), (0, 1 << 40, 1)]
    found = [problems_of("Range", *(number(n, "float32") for n in b), known=[0, 1, 2])[0] for b in bounds]
    assert "does not end" in found[0] and "is too large" in found[1]


@pytest.mark.parametrize("k", [-9, -1, 0, 2, 9])
@pytest.mark.parametrize("upper", [0, 1])
def test_triangles_keep_no_number_that_is_none(k: int, upper: int) -> None:
    x = X.copy()
    x[0, 0, 4] = x[0, 5, 0] = np.nan
    check("Trilu", x, number(k), known=[1], upper=upper)


def test_diagonals() -> None:
    for k in (-2, 0, 7):
        check("EyeLike", X[0], k=k)
    check("EyeLike", X[0], dtype=7)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["int64", "float32"])
def test_one_hot_rows(axis: int, dtype: str) -> None:
    index = np.array([[0, 3, -1], [5, -4, -9]], dtype)
    check("OneHot", index, number(4), np.array([2.0, 5.0], np.float32), known=[1, 2], axis=axis)
    check("OneHot", index, number(4), np.array([2.0, 5.0], np.float32), known=[1], axis=axis)


def test_the_first_of_equal_largest_elements_is_hot() -> None:
    x = np.array([[3, 1, 3], [2, 2, 2]], np.float32)
    for axis in (0, 1, -1):
        check("Hardmax", x, axis=axis)


def test_places_of_what_is_not_zero() -> None:
    check("NonZero", np.array([[0, 2, 0], [-1, 0, np.nan]], np.float32))


@pytest.mark.parametrize("axis", [1, -2])
@pytest.mark.parametrize("length", [None, 4, 9])
@pytest.mark.parametrize("parts", [1, 2])
def test_spectra(axis: int, length: int | None, parts: int) -> None:
    x = np.random.default_rng(8).normal(size=(2, 6, 5, parts)).astype(np.float32)
    stated = [None if length is None else number(length), number(axis)]
    known = [k for k in (1, 2) if stated[k - 1] is not None]
    for attrs in ({}, {"inverse": 1}) if parts == 2 else ({}, {"onesided": 1}):
        check("DFT", x, *stated, known=known, atol=1e-5, **attrs)


@pytest.mark.parametrize("length", [None, 8, 7])
def test_real_numbers_of_half_a_spectrum(length: int | None) -> None:
    x = np.random.default_rng(9).normal(size=(2, 5, 2)).astype(np.float32)
    stated = [None if length is None else number(length), number(-2)]
    known = [1, 2] if length else [2]
    check("DFT", x, *stated, known=known, inverse=1, onesided=1, atol=1e-5)


@pytest.mark.parametrize("one_sided", [0, 1])
@pytest.mark.parametrize("window", [None, np.hamming(8).astype(np.float32)])
def test_spectra_of_frames(one_sided: int, window: np.ndarray | None) -> None:
    x = np.random.default_rng(10).normal(size=(2, 30, 1)).astype(np.float32)
    known = [1, 3] if window is None else [1, 2, 3]
    check("STFT", x, number(3), window, number(8), known=known, onesided=one_sided, atol=1e-5)
    if window is not None:
        check("STFT", x, number(3), window, number(8), known=[1, 3], onesided=one_sided, atol=1e-5)


def test_mel_bands() -> None:
    operands = (number(8), number(64), number(8192), number(50, "float32"), number(3000, "float32"))
    check("MelWeightMatrix", *operands, known=range(5))


def test_bands_beyond_the_spectrum_are_refused() -> None:
    operands = (number(8), number(64), number(8192), number(0, "float32"), number(9000, "float32"))
    assert "do not fit a spectrum" in problems_of("MelWeightMatrix", *operands, known=range(5))[0]


@pytest.mark.parametrize("name", ["Hann", "Hamming", "Blackman"])
@pytest.mark.parametrize("periodic", [0, 1])
def test_windows(name: str, periodic: int) -> None:
    check(f"{name}Window", number(10), known=[0], periodic=periodic)


def repeating() -> np.ndarray:
    x = np.random.default_rng(12).integers(0, 2, (4, 3, 5)).astype(np.float32)
    x[:, :, 3] = x[:, :, 0]
    x[2] = x[0]
    return x


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_different_parts(axis: int | None) -> None:
    along = {} if axis is None else {"axis": axis}
    check("Unique", repeating(), results=4, **along)
    check("Unique", repeating().astype(np.int64), results=4, **along)


def test_different_parts_as_they_come() -> None:
    x = np.array([[3, 1], [2, 2], [3, 1], [0, 9]], np.float32)
    parts, first, which, count = computed("Unique", x, results=4, sorted=0, axis=0)
    assert parts.tolist() == [[3, 1], [2, 2], [0, 9]] and first.tolist() == [0, 1, 3]
    assert which.tolist() == [0, 1, 0, 2] and count.tolist() == [2, 1, 1]
    parts, *_ = computed("Unique", np.array([np.nan, 2, np.nan, -0.0, 0.0], np.float32), results=4)
    np.testing.assert_array_equal(parts, [0, 2, np.nan])
