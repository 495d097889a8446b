"""What a record of an instruction set holds, and what follows where it says nothing.

Register tiles that are not given are the largest that fit the registers, as in the analytical model of BLIS (Low et
al., "Analytical Modeling Is Enough for High-Performance BLIS", ACM TOMS 43(2), 2016, section 4.2): two vectors of
weights wide, so that every input that is loaded serves two products, and as many rows as leave room for the
accumulators, two vectors of weights, and the inputs. Those take a register each where products name a lane of it
(``fma_by_lane``), else one that is broadcast at a time::

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

    ``lanes`` of a vector, ``registers`` that kernels may count on. ``inputs``: factors that one mg_x_load brings, the
    header's MG_XL. ``header``: of ``kernels/simd`` that has these vectors beside the instruction set's own.
    ``fma_by_lane``: a multiply-add takes a lane of a vector as its factor. ``inputs_per_load``: how many of the inputs
    one instruction loads. ``memory_operands``: a multiply-add broadcasts its factor from memory itself.

    Register tiles: ``tile`` of convolutions, ``flat_tile`` and ``deep_tile`` of 1x1 ones with few and with many input
    channels, ``gemm_tile`` of GEMM, ``first_tile`` of convolutions of plain (NCHW) images, with ``first_narrow`` pixels
    (0: as many) where fewer vectors leave registers. ``alternative_tiles`` fit, too, and may leave a smaller remainder.
    ``alternative_ratio``: a smaller tile is taken where it executes less than this part of the largest one's
    instructions, as it hides less latency. ``fill_narrow``: tiles of one vector are as high as registers allow.
    ``unroll``: input blocks an iteration at most. ``balanced_tiles``: a tile of any width has code that is as good, so
    a row is split into tiles of equal width.

    ``weight_stationary``: the weights of a step stay in registers. ``load_accumulators``, ``repeat_bias``: accumulators
    are initialised by loads rather than copies, from biases that are stored repeatedly. ``multi_loads``: how many
    neighbouring vectors one instruction loads; ``post_index_loads``: of these, those with a post-indexed pointer.
    ``asm_constraint``: the letter of a vector register in assembly constraints; ``product_barriers``: compilers must be
    kept from moving multiply-adds past loads. ``prefetch``: weights are worth prefetching. ``lane_split``: where the
    last output channels fill less than a vector, lane groups split the input channels and are reduced at the end
    (fold_<isa>.h). ``partial_blocks``: the last, partly filled block of input channels is worth code of its own.
    ``transposes``: the header has mg_vf_transpose.

    ``load_cost``, ``gemm_load_cost``, ``window_load_cost``, ``row_load_cost``: of a vector, in tiles of convolutions,
    of GEMM, in depthwise windows and rows. ``madd_cost``: of a multiply-add. ``winograd_cost``, ``gather_cost``: what
    such kernels execute over what their multiply-adds, loads and stores need.
    """

    lanes: int
    registers: int
    inputs: int
    header: str = ""
    fma_by_lane: bool = False
    inputs_per_load: int = 1
    memory_operands: bool = False
    tile: Tile = (1, 1)
    flat_tile: Tile = (1, 1)
    deep_tile: Tile = (1, 1)
    gemm_tile: Tile = (1, 1)
    first_tile: Tile = (1, 1)
    first_narrow: int = 0
    alternative_tiles: tuple[Tile, ...] = ()
    alternative_ratio: float = 0.9
    fill_narrow: bool = False
    unroll: int = 1
    balanced_tiles: bool = False
    weight_stationary: bool = False
    load_accumulators: bool = False
    repeat_bias: bool = False
    multi_loads: tuple[int, ...] = ()
    post_index_loads: tuple[int, ...] = ()
    asm_constraint: str = ""
    product_barriers: bool = False
    prefetch: bool = False
    lane_split: bool = False
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
    def multi_load(self) -> bool:
        """Whether one instruction loads four neighbouring vectors (kernels/multi_load.j2)."""
        return 4 in self.multi_loads


@dataclass(frozen=True)
class Int8:
    """Products of 8-bit numbers, and their requantisation. ``tile``, ``balanced_tiles``: as of Simd.

    ``dot``: one instruction sums four products; the header is int8_dot_<isa>.h then, else int8.h. ``input_offset``:
    what its products add to every input, 128 where they are unsigned by signed. ``weight_order`` of a mg_vq, four
    inputs times a vector of outputs: inputs (one after the other), pairs (of inputs, output by output), outputs (one
    after the other). ``costs``: instructions for four inputs: for a pixel, for a vector of weights, for their products.
    ``multi_pixel_loads``: the pixels of a step come with one or two loads. ``repeat_weights``: how often those of
    depthwise rows are stored. ``row_pixels``: of a tile of depthwise rows.

    Kernels of their own: ``acc16_tiles``: widths of GEMM tiles with 16-bit accumulators that are flushed to 32 bits,
    ``acc16_loads`` vectors of inputs with one load; ``dw_acc16_tiles``: the same for depthwise windows;
    ``dw_dot_tile``: the widest tile of depthwise rows by dot products (0: none); ``dw_dot4``: depthwise dot products
    of four pixels at once (VPDPBUSD); ``mmla``: 2 x 8 x 2 matrix products (SMMLA); ``tile_matmul``: those of
    16 x 64 x 16 in tile registers (AMX). ``table_lookup``: tables of bytes in registers (TBL).

    ``requant``: a shorter way from accumulators to bytes: fixed (a multiply-high and a rounding shift), nearest
    (conversion to the nearest integer), integer (64-bit products, one number at a time), or none.
    ``saturating_conversions``: conversions to integers saturate and make zero of NaN. ``integer_sums``: tensors of
    bytes are added with fewer instructions by integers than by floats.
    ``dual_madd``: one instruction adds two products of 16-bit halves to an accumulator (SMLAD). ``swar``: there
    is nothing better than multiplying two pixels in a word by a weight. ``mve``: one instruction sums sixteen products
    of bytes (VMLADAV of Helium); the header is int8_steps_<isa>.h.
    """

    tile: Tile
    row_pixels: int
    balanced_tiles: bool = False
    dot: bool = False
    input_offset: int = 0
    weight_order: str = "inputs"
    costs: tuple[float, float, float] = (4.0, 4.0, 8.0)
    multi_pixel_loads: bool = False
    repeat_weights: int = 1
    acc16_tiles: tuple[int, ...] = ()
    acc16_loads: int = 1
    dw_acc16_tiles: tuple[int, ...] = ()
    dw_dot_tile: int = 0
    dw_dot4: bool = False
    mmla: bool = False
    tile_matmul: bool = False
    table_lookup: bool = False
    requant: str = "none"
    saturating_conversions: bool = False
    integer_sums: bool = False
    dual_madd: bool = False
    swar: bool = False
    mve: bool = False

    def macs_per_instruction(self, lanes: int) -> int:
        """The most products of bytes that one instruction sums up. ``lanes``: of 32 bits in a vector.

        Without one that is made for bytes: those of 16-bit numbers, two for a lane of 32 bits.
        """
        if self.tile_matmul:
            return 16 * 64 * 16
        if self.mmla:
            return 8 * lanes
        if self.dot or self.mve:
            return 4 * lanes
        return 2 * lanes if lanes > 1 or self.dual_madd else 1


@dataclass(frozen=True)
class Core:
    """Single numbers. Costs are in executed instructions; those of a core that lacks an operation are of the function
    that stands for it.

    ``fpu``: floats have registers and instructions; ``float_cost``: of one operation on them. ``divide_cost``: of an
    integer division. ``long_multiply_cost``: of a product of 32 by 32 bits with 64.
    """

    fpu: bool = True
    float_cost: float = 1.0
    divide_cost: float = 1.0
    long_multiply_cost: float = 1.0


# Words that a field may be.
CHOICES = {
    "weight_order": ("inputs", "pairs", "outputs"),
    "requant": ("none", "fixed", "nearest", "integer"),
}


@dataclass(frozen=True)
class Isa:
    """One instruction set with the extensions that a target has of it.

    ``core``: what single numbers cost. ``float16``: None without arithmetic on halves. ``block``: element type ->
    channels of the NCHWc layout. ``folder``: where its headers are, if that is not ``kernels/simd``.
    """

    name: str
    float32: Simd
    int8: Int8
    core: Core = Core()
    float16: Simd | None = None
    block: dict[str, int] = field(default_factory=dict, hash=False)
    folder: str = ""

    def simd(self, half: bool) -> Simd:
        """The vectors of halves, or of float32."""
        return self.float16 if half and self.float16 else self.float32

    def macs_per_instruction(self, dtype: str) -> int:
        """The most multiply-accumulates of one instruction, for operands of an element type."""
        if dtype in ("qint8", "quint8"):
            return self.int8.macs_per_instruction(self.float32.lanes)
        return self.simd(dtype == "float16").lanes


def largest_tile(registers: int, by_lane: bool) -> Tile:
    """The largest tile of two vectors that fits the registers, see above; at least one row."""
    return max(1, (registers - 2) // 3 if by_lane else (registers - 3) // 2), 2


def simd_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of Simd that follow from others, as far as they are not given."""
    inputs = given.get("inputs", min(4, given["lanes"]))
    by_lane = given.get("fma_by_lane", False)
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
