"""What ``pip install`` takes along: the package found by folder, and the C runtime as ``mgecc._runtime``."""

from setuptools import find_namespace_packages, setup

setup(
    packages=[*find_namespace_packages("rules"), "mgecc._runtime"],
    package_dir={"": "rules", "mgecc._runtime": "runtime"},
    package_data={"": ["*.j2", "*.yaml", "*.json", "*.h", "*.c", "*.ld", "*.S"], "mgecc._runtime": ["**/*"]},
)
