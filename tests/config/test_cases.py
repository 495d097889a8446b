"""Reading .npz without trust, writing it reproducibly."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mgecc.config import CasesError, load_cases, save_cases

ARRAYS = {
    "in.data": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "in.empty": np.zeros((0, 3), np.int8),
    "in.flag": np.array(True),
    "out.0": np.arange(-4, 4, dtype=np.int16),
}


def npz(path: Path, name: str, data: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return path


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    save_cases(tmp_path / "a.npz", ARRAYS)
    found = load_cases(tmp_path / "a.npz")
    assert list(found) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_numpy_reads_what_is_written_and_the_other_way(tmp_path: Path) -> None:
    save_cases(tmp_path / "a.npz", ARRAYS)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as other:
        np.testing.assert_array_equal(other["in.data"], ARRAYS["in.data"])
    np.savez(tmp_path / "b.npz", x=np.asfortranarray(ARRAYS["in.data"]), y=np.arange(3, dtype=">i4"))
    found = load_cases(tmp_path / "b.npz")
    np.testing.assert_array_equal(found["x"], ARRAYS["in.data"])
    assert found["x"].flags.c_contiguous and found["y"].dtype.isnative and found["y"].tolist() == [0, 1, 2]


def test_bytes_depend_on_contents_only(tmp_path: Path) -> None:
    save_cases(tmp_path / "a.npz", ARRAYS)
    save_cases(tmp_path / "b.npz", {k: ARRAYS[k].copy(order="F") for k in sorted(ARRAYS, reverse=True)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", bad=np.array([{}], dtype=object))
    with pytest.raises(CasesError, match=r"a\.npz: array 'bad': element type object"):
        load_cases(tmp_path / "a.npz")
    with pytest.raises(CasesError, match="array 'bad': not a .npy header"):
        load_cases(npz(tmp_path / "b.npz", "bad.npy", pickle.dumps(["x"])))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000)}"), "exceeds the limit"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", b"1234"), "another number of bytes"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", b"12345"), "another number of bytes"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "impossible shape"),
        (npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), "not a number"),
        (npy("{'descr': '<U9', 'fortran_order': False, 'shape': (1,)}"), "not a number"),
        (npy("__import__('os')"), "not a .npy header"),
        (npy("(" * 3000), "not a .npy header"),
        (b"", "not a .npy header"),
    ],
)
def test_bad_arrays_are_named(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(CasesError, match=rf"a\.npz: array 'in\.x': .*{why}"):
        load_cases(npz(tmp_path / "a.npz", "in.x.npy", data))


def test_total_size_is_bounded(tmp_path: Path) -> None:
    save_cases(tmp_path / "a.npz", {"a": np.zeros(60, np.uint8), "b": np.zeros(60, np.uint8)})
    with pytest.raises(CasesError, match="array 'b': .*exceeds the limit of 40 bytes"):
        load_cases(tmp_path / "a.npz", max_bytes=100)


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"not a zip")
    with pytest.raises(CasesError, match=r"a\.npz: not a usable"):
        load_cases(tmp_path / "a.npz")
    with pytest.raises(CasesError, match="cannot be read"):
        load_cases(tmp_path / "none.npz")
    with pytest.raises(CasesError, match="is not an array"):
        load_cases(npz(tmp_path / "b.npz", "readme.txt", b""))


def test_damaged_bytes_give_a_clear_error(tmp_path: Path) -> None:
    save_cases(tmp_path / "a.npz", {"x": np.arange(500, dtype=np.float32)})
    good = (tmp_path / "a.npz").read_bytes()
    for at in range(0, len(good), 7):
        bad = bytearray(good)
        bad[at] ^= 0x55
        (tmp_path / "b.npz").write_bytes(bad)
        try:
            found = load_cases(tmp_path / "b.npz")
        except CasesError:
            continue
        assert all(isinstance(array, np.ndarray) for array in found.values())
