"""The one error of this reader."""


class Refused(Exception):
    """What SPEC.md says that a receiver refuses, or drops; the text says why."""


def require(condition, why):
    """Refuses unless the condition holds."""
    if not condition:
        raise Refused(why)
