"""What a frame of a codec consists of."""


class Unit:
    """Its clear bytes in canonical form, and what is or was sealed of it."""

    def __init__(self, clear, body, short=False, kind=None):
        self.clear, self.body = clear, body
        # Of a NAL unit: whether its start code has 3 bytes, and what stays clear of its type.
        self.short, self.kind = short, kind
