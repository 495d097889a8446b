"""Image functions that a configuration names under ``cv:``, as C text: moves, colours, resize, warp, blur.

``function.py`` says what a function is; every other module with a list ``FUNCTIONS`` adds some, and the templates of
this folder are their C. May import: mgecc.targets, mgecc.kernels.render (texts of the simd headers), jinja2.
"""

from mgecc.cv.emit import cv_c, cv_h, cv_templates
from mgecc.cv.function import CvFunction, ElementType
from mgecc.cv.registry import cv_functions, find_cv_functions

__all__ = ["CvFunction", "ElementType", "cv_c", "cv_functions", "cv_h", "cv_templates", "find_cv_functions"]
