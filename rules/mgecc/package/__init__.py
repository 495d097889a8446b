"""What leaves the build: release archives with their papers, and folders in the form that other build systems take.

Knows files and digests, no tensor and no SCons. May import: mgecc.targets, mgecc.names,
mgecc.kernels (the set-up of templates), mgecc.toolrun, pyyaml.
"""

from mgecc.package.parts import Part, images_part, joined_part, material_name, model_part, notices
from mgecc.package.release import write_release
from mgecc.package.sources import with_sources

__all__ = [
    "Part",
    "images_part",
    "joined_part",
    "material_name",
    "model_part",
    "notices",
    "with_sources",
    "write_release",
]
