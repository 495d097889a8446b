"""A report as a page that opens from a file: numbers, the arena and the graph as pictures, a table of layers.

May import: mgecc.report; jinja2.
"""

from mgecc.report.html.page import comparison, page

__all__ = ["comparison", "page"]
