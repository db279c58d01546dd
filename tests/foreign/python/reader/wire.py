"""From bytes to messages and back: one value, one encoding, within limits (SPEC 4.1, proto/README.md)."""

from google.protobuf import unknown_fields
from google.protobuf.message import DecodeError

from . import rules
from .errors import Refused, require

VERSION = 1


class Wire:
    """Decodes and encodes the messages of a schema."""

    def __init__(self, schema):
        self.schema = schema

    def decode(self, name, data):
        """The message `name` in `data`, or `Refused`: [W1] to [W5]."""
        of = self.schema.message(name)
        # Before anything is allocated: [W3].
        require(len(data) <= self.schema.message_limits(of.DESCRIPTOR)["max_size"], f"{name} is too long")
        try:
            message = of.FromString(data)
        except DecodeError as error:
            raise Refused(f"{name} does not parse: {error}") from None
        self._check(message)
        require(self._canonical(message) == data, f"{name} is not in its one encoding")
        rules.check(message)
        return message

    def encode(self, name, fields):
        """The encoding of a message whose fields are as `fields` gives them."""
        message = self.schema.message(name)()
        self._fill(message, fields)
        data = self._canonical(message)
        self.decode(name, data)
        return data

    def fields(self, message):
        """The fields as JSON has them: bytes in hex, numbers of 64 bits as text, absent fields left out."""
        out = {}
        for field in message.DESCRIPTOR.fields:
            if field.has_presence and not message.HasField(field.name):
                continue
            value = getattr(message, field.name)
            out[field.name] = [self._to_json(field, item) for item in value] if field.is_repeated else self._to_json(field, value)
        return out

    @staticmethod
    def _canonical(message):
        return message.SerializeToString(deterministic=True)

    def _to_json(self, field, value):
        if field.message_type:
            return self.fields(value)
        if field.type == field.TYPE_BYTES:
            return value.hex()
        return str(value) if field.type == field.TYPE_UINT64 else value

    def _fill(self, message, fields):
        for name, value in fields.items():
            field = message.DESCRIPTOR.fields_by_name[name]
            target = getattr(message, name)
            if field.is_repeated and field.message_type:
                for item in value:
                    self._fill(target.add(), item)
            elif field.is_repeated:
                target.extend(self._from_json(field, item) for item in value)
            elif field.message_type:
                target.SetInParent()
                self._fill(target, value)
            else:
                setattr(message, name, self._from_json(field, value))

    @staticmethod
    def _from_json(field, value):
        if field.type == field.TYPE_BYTES:
            return bytes.fromhex(value)
        return int(value) if field.type == field.TYPE_UINT64 else value

    def _check(self, message):
        name = message.DESCRIPTOR.name
        limits = self.schema.message_limits(message.DESCRIPTOR)
        require(message.ByteSize() <= limits["max_size"], f"{name} is too long")
        require(len(unknown_fields.UnknownFieldSet(message)) == 0, f"{name} has an unknown field")
        for choice in message.DESCRIPTOR.oneofs:
            # An `optional` field is a choice of its own, and may be absent.
            if not choice.name.startswith("_"):
                require(message.WhichOneof(choice.name), f"{name}.{choice.name} has no member")
        for field in message.DESCRIPTOR.fields:
            self._check_field(message, field)

    def _check_field(self, message, field):
        where = f"{message.DESCRIPTOR.name}.{field.name}"
        limits = self.schema.field_limits(field)
        value = getattr(message, field.name)
        if field.is_repeated:
            require(limits.get("min_items", 0) <= len(value) <= limits["max_items"], f"{where}: wrong count")
            for item in value:
                self._check_value(where, field, limits, item)
        elif field.has_presence and not message.HasField(field.name):
            # A message that is neither optional nor in a one-of has to be there.
            require(field.containing_oneof, f"{where} is missing")
        else:
            self._check_value(where, field, limits, value)

    def _check_value(self, where, field, limits, value):
        if field.message_type:
            self._check(value)
        elif field.type in (field.TYPE_BYTES, field.TYPE_STRING):
            length = len(value if field.type == field.TYPE_BYTES else value.encode())
            exact = limits.get("exact_len")
            shortest, longest = (exact, exact) if exact is not None else (limits.get("min_len", 0), limits["max_len"])
            require(shortest <= length <= longest, f"{where}: wrong length")
        elif field.enum_type:
            require(value != 0 and value in field.enum_type.values_by_number, f"{where}: no such value")
        elif field.type != field.TYPE_BOOL:
            require(limits.get("version_is", value) == value, f"{where}: another version")
            require(limits.get("min_value", 0) <= value <= limits.get("max_value", 2**64 - 1), f"{where}: out of range")
