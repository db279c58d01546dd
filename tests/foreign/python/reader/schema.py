"""The messages of proto/incamera/v1 and their limits, read from the files themselves (SPEC 4.1, 4.2)."""

import os
import tempfile

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

PACKAGE = "incamera.v1"
OPTIONS = "google.protobuf"


def _compile(proto):
    """The descriptors of all files under `proto`, by protoc."""
    folder = os.path.join(proto, "incamera", "v1")
    files = sorted(f"incamera/v1/{name}" for name in os.listdir(folder) if name.endswith(".proto"))
    well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "schema")
        code = protoc.main(["protoc", f"-I{proto}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={out}", *files])
        if code:
            raise SystemExit(f"protoc failed with {code}")
        with open(out, "rb") as file:
            return descriptor_pb2.FileDescriptorSet.FromString(file.read())


class Schema:
    """Message classes by name, and the options of limits.proto."""

    def __init__(self, proto):
        self._pool = descriptor_pool.DescriptorPool()
        for file in _compile(proto).file:
            self._pool.Add(file)
        self._limits = {}

    def message(self, name):
        """The class of the message `name` of the package."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))

    def message_limits(self, descriptor):
        """The options of a message, as a mapping from option to number."""
        return self._options(descriptor, "MessageOptions")

    def field_limits(self, descriptor):
        """The options of a field, as a mapping from option to number."""
        return self._options(descriptor, "FieldOptions")

    def _options(self, descriptor, kind):
        if descriptor.full_name not in self._limits:
            # The options come as those of the default pool, which does not know this package's extensions.
            of = message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"{OPTIONS}.{kind}"))
            options = of.FromString(descriptor.GetOptions().SerializeToString())
            self._limits[descriptor.full_name] = {extension.name: value for extension, value in options.ListFields()}
        return self._limits[descriptor.full_name]
