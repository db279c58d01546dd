"""Answers JSON lines: `python -m reader ROOT`, ROOT being where SPEC.md and proto/ are.

A request is {"do": name, ...}; one of a meeting has its name in "in". The answer is {"ok": {...}} or {"refused": why}.
"""

import json
import os
import sys

from . import identity
from .errors import Refused
from .operations import OPERATIONS
from .schema import Schema
from .session import Session
from .wire import Wire


class Reader:
    """Everything of this process."""

    def __init__(self, root):
        self.wire = Wire(Schema(os.path.join(root, "proto")))
        with open(os.path.join(root, "SPEC.md"), encoding="utf-8") as file:
            self.words = identity.words(file.read())
        self._sessions = {}

    def decode(self, message, data):
        """The fields of a message."""
        return {"fields": self.wire.fields(self.wire.decode(message, bytes.fromhex(data)))}

    def encode(self, message, fields):
        """The bytes of a message."""
        return {"data": self.wire.encode(message, fields).hex()}

    def answer(self, request):
        """The answer to a request."""
        name = request.pop("do")
        try:
            if name == "meeting":
                called = request.pop("name")
                self._sessions[called] = Session(self, **request)
                return {"ok": {}}
            if "in" in request:
                return {"ok": getattr(self._sessions[request.pop("in")], name)(**request)}
            if name in ("decode", "encode"):
                return {"ok": getattr(self, name)(**request)}
            return {"ok": OPERATIONS[name](self, **request)}
        except Refused as error:
            return {"refused": str(error)}


def main():
    """Answers line by line."""
    reader = Reader(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(reader.answer(json.loads(line))), flush=True)


main()
