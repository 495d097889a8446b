"""Records what OpenCV 4 computes: python make_golden.py CHECKOUT, with opencv-python-headless 4 installed.

opencv.json has many cases of random pictures with the CRC of OpenCV's bytes; opencv.npz has a small photograph, what
OpenCV makes of it, and results in single precision.
"""

import json
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
sys.path[:0] = [str(ROOT / "rules"), str(ROOT / "tests" / "cv")]

from mgecc.config import save_cases
from pictures import KINDS, picture

BORDERS = {
    "constant": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT, "reflect_101": cv2.BORDER_REFLECT_101,
}  # fmt: skip
COLOURS = {
    "rgb2bgr": (3, 3, cv2.COLOR_RGB2BGR), "rgb2gray": (3, 1, cv2.COLOR_RGB2GRAY),
    "rgb2yuv": (3, 3, cv2.COLOR_RGB2YUV), "gray2rgb": (1, 3, cv2.COLOR_GRAY2RGB),
}  # fmt: skip


def reference(name, src, shape, args):
    size = (shape[1], shape[0])
    if name in COLOURS:
        result = cv2.cvtColor(src, COLOURS[name][2])
    elif name == "yuv2bgr_nv21":
        result = cv2.cvtColor(src, cv2.COLOR_YUV2BGR_NV21)
    elif name == "transpose":
        result = cv2.transpose(src)
    elif name == "flip":
        code = {(True, True): -1, (True, False): 0, (False, True): 1}.get(tuple(map(bool, args)))
        result = src if code is None else cv2.flip(src, code)
    elif name == "rotate":
        result = cv2.rotate(src, cv2.ROTATE_90_CLOCKWISE if args[0] else cv2.ROTATE_90_COUNTERCLOCKWISE)
    elif name == "roicopy":
        result = src[args[0] : args[1], args[2] : args[3]]
    elif name == "resize_linear":
        result = cv2.resize(src, size, interpolation=cv2.INTER_LINEAR)
    elif name.startswith("warp"):
        constant = "constant" in name
        border = cv2.BORDER_CONSTANT if constant else cv2.BORDER_REPLICATE
        value = (args[1],) * 4 if constant else 0
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        result = cv2.warpAffine(
            src, np.reshape(args[0], (2, 3)), size, flags=flags, borderMode=border, borderValue=value
        )
    else:
        high, wide, sigma_x, sigma_y = args
        border = BORDERS[name.removeprefix("gaussian_blur_")]
        result = cv2.GaussianBlur(src, (wide, high), sigma_x, sigmaY=sigma_y, borderType=border)
    return np.ascontiguousarray(result).reshape(shape)


def matrix(random, rows, cols):
    if random.randint(3) == 0:
        return [1.0, 0.0, float(random.randint(-3, 4)), 0.0, 1.0, float(random.randint(-3, 4))]
    angle, scale = random.uniform(0, 7), random.uniform(0.3, 3)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return [float(v) for v in (c, -s, random.uniform(-20, cols + 20), s, c, random.uniform(-20, rows + 20))]


def blur_args(random):
    high, wide = (int(v) * 2 + 1 for v in random.randint(0, 9, 2))
    sigma_x, sigma_y = (float(v) for v in random.choice([0, 1], 2) * random.uniform(0.2, 4, 2))
    if random.randint(4) == 0:
        high = wide = 0
        sigma_x = float(random.uniform(0.2, 5))
    return [high, wide, sigma_x, sigma_y]


def case(random, name, rows, cols):
    """Source shape, result shape and arguments."""
    channels = int(random.randint(1, 5))
    src = (rows, cols, channels)
    if name in COLOURS:
        return (rows, cols, COLOURS[name][0]), (rows, cols, COLOURS[name][1]), []
    if name == "yuv2bgr_nv21":
        return (rows * 3, cols * 2, 1), (rows * 2, cols * 2, 3), []
    if name in ("transpose", "rotate"):
        return src, (cols, rows, channels), [int(random.randint(2))] if name == "rotate" else []
    if name == "flip":
        return src, src, [int(v) for v in random.randint(0, 2, 2)]
    if name == "roicopy":
        top, left = int(random.randint(rows)), int(random.randint(cols))
        low, right = int(random.randint(top, rows)) + 1, int(random.randint(left, cols)) + 1
        return src, (low - top, right - left, channels), [top, low, left, right]
    if name.startswith("gaussian"):
        return src, src, blur_args(random)
    dst = (int(random.randint(1, 150)), int(random.randint(1, 150)), channels)
    if name == "resize_linear":
        if random.randint(4) == 0:
            dst = (max(rows // 2, 1), max(cols // 2, 1), channels)
        return src, dst, []
    return src, dst, [matrix(random, rows, cols), *([int(random.randint(256))] if "constant" in name else [])]


def extent(random):
    return int(random.choice([1, 2, 3, random.randint(1, 12), random.randint(1, 60), random.randint(1, 200)]))


NAMES = [
    *COLOURS, "yuv2bgr_nv21", "transpose", "flip", "rotate", "roicopy", "resize_linear",
    "warp_affine_constant_linear", "warp_affine_replicate_linear", *(f"gaussian_blur_{b}" for b in BORDERS),
]  # fmt: skip


def recorded(name, count):
    random = np.random.RandomState(zlib.crc32(name.encode()))
    for seed in range(count):
        rows, cols = extent(random), extent(random)
        if name.startswith("gaussian") and seed % 8 == 0:
            rows, cols = (
                int(random.randint(1, 5)),
                int(random.randint(200, 1500)),
            )  # more than is done at once
        src, dst, args = case(random, name, rows, cols)
        kind = KINDS[seed % 3]
        result = reference(name, picture(seed, kind, src, "ui8"), dst, args)
        yield [name, seed, kind, src, dst, args, zlib.crc32(result.tobytes())]


def in_single_precision():
    arrays = {}
    for name in ("resize_linear", "gray2rgb", *(f"gaussian_blur_{b}" for b in BORDERS)):
        random = np.random.RandomState(zlib.crc32(name.encode()) ^ 1)
        for seed in range(6):
            src, dst, args = case(random, name, int(random.randint(1, 25)), int(random.randint(1, 25)))
            dst = (min(dst[0], 30), min(dst[1], 30), dst[2])
            key = f"f32.{name}.{seed}"
            arrays[key] = reference(name, picture(seed, KINDS[seed % 3], src, "f32"), dst, args)
            arrays[f"{key}.src"], arrays[f"{key}.args"] = np.array(src), np.array(args, float)
    return arrays


def of_photograph():
    photo = cv2.imread(str(ROOT / "models" / "mobilenet" / "cat.jpg"))[:, :, ::-1]
    photo = np.ascontiguousarray(cv2.resize(photo, (60, 44), interpolation=cv2.INTER_AREA))
    turn = [0.8, -0.35, 9.5, 0.3, 0.9, -4.25]
    args = {"resize_linear": [], "rgb2gray": [], "rgb2yuv": [], "warp_affine_constant_linear": [turn, 17],
            "warp_affine_replicate_linear": [turn], "gaussian_blur_reflect_101": [7, 5, 1.3, 0.0]}  # fmt: skip
    shapes = {"resize_linear": (31, 71, 3), "rgb2gray": (44, 60, 1)}
    arrays = {f"photo.{n}": reference(n, photo, shapes.get(n, photo.shape), a) for n, a in args.items()}
    return {"photo": photo, **arrays}


def main():
    assert cv2.__version__.startswith("4."), "OpenCV 5 warps in another way"
    cv2.ipp.setUseIPP(False)  # the processor's own library rounds in its own way
    here = Path(__file__).parent
    rows = [row for name in NAMES for row in recorded(name, 40)]
    (here / "opencv.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    save_cases(here / "opencv.npz", {**in_single_precision(), **of_photograph()})


if __name__ == "__main__":
    main()
