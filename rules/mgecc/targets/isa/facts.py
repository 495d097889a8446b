"""What a record of an instruction set holds, and what follows where it says nothing.

Register tiles that are not given are the largest that fit the registers, as in the analytical model of BLIS (Low et
al., "Analytical Modeling Is Enough for High-Performance BLIS", ACM TOMS 43(2), 2016, section 4.2): two vectors of
weights wide, so that every input that is loaded serves two products, and as many rows as leave room for the
accumulators, two vectors of weights, and the inputs. Those take a register each where products name a lane of it
(``by_lane``), else one that is broadcast at a time::

    2 p + p + 2 <= registers        2 p + 2 + 1 <= registers

The first gives 10 x 2 for 64-bit and 4 x 2 for 32-bit Arm, the second 14 x 2 for AVX-512 and 6 x 2 for AVX2, which
are what measurements found, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Tile = tuple[int, int]  # rows (pixels), vectors of columns (channels)


@dataclass(frozen=True)
class Simd:
    """Vectors of one element type. Costs are in executed instructions.

    ``lanes``, ``registers``: of a vector; that kernels may count on. ``inputs``: factors that one mg_x_load brings, the
    header's MG_XL. ``header``: of ``kernels/simd`` that has these vectors beside the instruction set's own.
    ``by_lane``: products take a lane of a vector as their factor. ``inputs_per_load``: how many of the inputs one
    instruction loads. ``memory_operands``: a product reads its factor from memory itself.

    Tiles: ``tile`` of convolutions, ``flat_tile`` and ``deep_tile`` of 1x1 ones with few and with many inputs,
    ``gemm_tile`` of matrix products, ``first_tile`` of convolutions of plain images, with ``first_narrow`` pixels (0:
    as many) where fewer vectors leave registers. ``rival_tiles`` fit, too, and may leave less of a rest.
    ``rival_gain``: the part of the largest tile's instructions below which a smaller one is better, as it waits more.
    ``fill_narrow``: tiles of one vector are as high as registers allow. ``unroll``: input blocks a round at most.
    ``even_tiles``: tiles of any width have code that is as good, so those of a row may be equally wide.

    ``hold_weights``: the weights of a step stay in registers. ``load_starts``, ``repeat_bias``: accumulators start by
    loads rather than copies. ``multi_loads``: how many neighbouring vectors one instruction loads; ``step_loads``:
    of these, those that move the pointer by a register. ``pin``: the letter of a vector register in assembly
    constraints; ``pin_products``: compilers must be kept from moving products past loads.
    ``prefetch``: weights are worth reading ahead. ``fold``: a vector may hold the last channels several times
    (fold_<isa>.h). ``partial_blocks``: the last, partly filled block of inputs is worth code of its own.
    ``transposes``: the header has mg_vf_turn.

    ``load_cost``, ``gemm_load_cost``, ``window_load_cost``, ``row_load_cost``: of a vector, in tiles of convolutions,
    of matrix products, in depthwise windows and rows. ``madd_cost``: of a multiply-add. ``winograd_cost``,
    ``gather_cost``: what such kernels execute over what their products, loads and stores need.
    """

    lanes: int
    registers: int
    inputs: int
    header: str = ""
    by_lane: bool = False
    inputs_per_load: int = 1
    memory_operands: bool = False
    tile: Tile = (1, 1)
    flat_tile: Tile = (1, 1)
    deep_tile: Tile = (1, 1)
    gemm_tile: Tile = (1, 1)
    first_tile: Tile = (1, 1)
    first_narrow: int = 0
    rival_tiles: tuple[Tile, ...] = ()
    rival_gain: float = 0.9
    fill_narrow: bool = False
    unroll: int = 1
    even_tiles: bool = False
    hold_weights: bool = False
    load_starts: bool = False
    repeat_bias: bool = False
    multi_loads: tuple[int, ...] = ()
    step_loads: tuple[int, ...] = ()
    pin: str = ""
    pin_products: bool = False
    prefetch: bool = False
    fold: bool = False
    partial_blocks: bool = False
    transposes: bool = False
    load_cost: float = 1.0
    gemm_load_cost: float = 1.0
    window_load_cost: float = 1.0
    row_load_cost: float = 1.0
    madd_cost: float = 1.0
    winograd_cost: float = 1.3
    gather_cost: float = 1.1

    @property
    def quads(self) -> bool:
        """Whether four neighbouring vectors come with one instruction (kernels/quads.j2)."""
        return 4 in self.multi_loads


@dataclass(frozen=True)
class Int8:
    """Products of 8-bit numbers, and how their sums become stored numbers. ``tile``, ``even_tiles``: as of Simd.

    ``dot``: sums four products in one instruction; the header is int8_dot_<isa>.h then, else int8.h. ``raised``: what
    its products add to every input. ``weight_order``: of the four inputs times a vector of outputs of a mg_vq:
    inputs (one after the other), pairs (of inputs, output by output), outputs (one after the other).
    ``costs``: instructions for four inputs: for a pixel, for a vector of weights, for their products. ``streams``: the
    pixels of a step come with one or two loads. ``repeat_weights``: how often those of depthwise rows lie there.
    ``row_pixels``: of a tile of depthwise rows.

    Kernels of their own: ``chains``, ``taps``: widths of tiles that sum in 16 bits, ``chain_loads`` vectors of inputs
    with one load; ``windows``: the widest tile of dot products along rows; ``spans``: dot products of four pixels;
    ``matrices``: products of 2 x 8 x 2; ``matrix_tiles``: of 16 x 64 x 16. ``lookup``: tables of bytes in registers.

    ``requant``: a shorter way from sums to bytes: fixed (a multiply-high and a rounding shift), nearest (conversion to
    the nearest integer), integer (64-bit products, one number at a time), or none. ``saturates``: conversions to
    integers saturate and make zero of NaN.
    """

    tile: Tile
    row_pixels: int
    even_tiles: bool = False
    dot: bool = False
    raised: int = 0
    weight_order: str = "inputs"
    costs: tuple[float, float, float] = (4.0, 4.0, 8.0)
    streams: bool = False
    repeat_weights: int = 1
    chains: tuple[int, ...] = ()
    chain_loads: int = 1
    taps: tuple[int, ...] = ()
    windows: int = 0
    spans: bool = False
    matrices: bool = False
    matrix_tiles: bool = False
    lookup: bool = False
    requant: str = "none"
    saturates: bool = False


# Words that a field may be.
CHOICES = {
    "weight_order": ("inputs", "pairs", "outputs"),
    "requant": ("none", "fixed", "nearest", "integer"),
}


@dataclass(frozen=True)
class Isa:
    """One instruction set with the extensions that a target has of it.

    ``float16``: None without arithmetic on halves. ``block``: element type -> channels of the NCHWc layout.
    ``folder``: where its headers are, if that is not ``kernels/simd``.
    """

    name: str
    float32: Simd
    int8: Int8
    float16: Simd | None = None
    block: dict[str, int] = field(default_factory=dict, hash=False)
    folder: str = ""

    def simd(self, half: bool) -> Simd:
        """The vectors of halves, or of float32."""
        return self.float16 if half and self.float16 else self.float32


def largest_tile(registers: int, by_lane: bool) -> Tile:
    """The largest tile of two vectors that fits the registers, see above; at least one row."""
    return max(1, (registers - 2) // 3 if by_lane else (registers - 3) // 2), 2


def simd_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of Simd that follow from others, as far as they are not given."""
    inputs = given.get("inputs", min(4, given["lanes"]))
    by_lane = given.get("by_lane", False)
    tile = given.get("tile") or largest_tile(given["registers"], by_lane)
    flat = given.get("flat_tile", tile)
    follows = {"inputs": inputs, "inputs_per_load": inputs if by_lane else 1}
    tiles = {"tile": tile, "flat_tile": flat, "deep_tile": flat, "gemm_tile": tile, "first_tile": tile}
    return follows | tiles | given


def int8_defaults(given: dict[str, Any], registers: int) -> dict[str, Any]:
    """Half of the registers for accumulators, two vectors wide, half for widened numbers and products."""
    return {"tile": (max(1, registers // 4), 2), "row_pixels": max(4, min(8, registers // 4))} | given


def default_blocks(lanes: int, half_lanes: int) -> dict[str, int]:
    """Channels of a block: a vector of them; of bytes at least the four whose products are summed at once."""
    wide = {"float32": lanes, "float16": half_lanes or lanes}
    return {name: c for name, c in wide.items() if c > 1} | {"qint8": max(4, lanes), "quint8": max(4, lanes)}
