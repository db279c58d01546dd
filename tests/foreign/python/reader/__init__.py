"""A second reader of the incamera protocol, written from SPEC.md and proto/ alone.

Each module names the section of SPEC.md that it follows. `[W2]` and the like are the ids of its rules.
"""
