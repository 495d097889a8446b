"""What leaves the build: release archives with SBOM and provenance, and packages for other build systems.

Knows files and digests, no tensor and no SCons. May import: mgecc.targets, mgecc.names,
mgecc.kernels (the set-up of templates), mgecc.emit (arrays of C), mgecc.toolrun, pyyaml.
"""

from mgecc.package.components import (
    Component,
    images_component,
    joined_component,
    material_name,
    model_component,
    notices,
)
from mgecc.package.sources import with_sources

__all__ = [
    "Component",
    "images_component",
    "joined_component",
    "material_name",
    "model_component",
    "notices",
    "with_sources",
]
