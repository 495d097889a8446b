"""What the node types of the format mean."""

from mgecc.frontends.rules import Rules

RULES = Rules(__name__)
