"""Key packages, commits in the clear, and ratchet trees (RFC 9420 sections 6, 7, 10, 12; SPEC 7.1, 7.4)."""

from . import ed25519
from .errors import Refused, require
from .mls import Reader, vector

STATE_EXTENSION, REQUIRED_CAPABILITIES = 0xF0A1, 3
SUITES = {1: 0x0001, 2: 0x0003, 3: 0x004F}
BASIC = 1
KEY_PACKAGE, UPDATE, COMMIT = 1, 2, 3


def _numbers(data):
    require(len(data) % 2 == 0, "half a number")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def extensions(data):
    """The content of each extension, by type."""
    reader, out = Reader(data), {}
    while reader.more():
        kind = reader.number(2)
        require(kind not in out, "an extension twice")
        out[kind] = reader.vector()
    return out


def state_extension(found):
    """The state in the extensions of a GroupContext: [G14]."""
    require(list(found) == [REQUIRED_CAPABILITIES, STATE_EXTENSION], "other extensions of a GroupContext")
    required = Reader(found[REQUIRED_CAPABILITIES])
    lists = [_numbers(required.vector()) for _ in range(3)]
    required.end()
    require(lists == [[STATE_EXTENSION], [], []], "other required capabilities")
    return found[STATE_EXTENSION]


def read_leaf(reader):
    """A LeafNode; `tbs` is what its signature covers in a key package."""
    start = reader.here()
    leaf = {"encryption_key": reader.vector(), "signature_key": reader.vector()}
    require(reader.number(2) == BASIC, "no BasicCredential")
    leaf["credential"] = reader.vector()
    names = ("versions", "suites", "extensions", "proposals", "credentials")
    leaf["capabilities"] = {name: _numbers(reader.vector()) for name in names}
    leaf["source"] = reader.number(1)
    if leaf["source"] == KEY_PACKAGE:
        leaf["lifetime"] = (reader.number(8), reader.number(8))
    elif leaf["source"] == COMMIT:
        leaf["parent_hash"] = reader.vector()
    else:
        raise Refused("no source of a leaf that a meeting has")
    leaf["extensions"] = extensions(reader.vector())
    leaf["tbs"] = reader.since(start)
    leaf["signature"] = reader.vector()
    return leaf


def check_leaf(leaf, profile):
    """What every leaf declares: [G14]."""
    wanted = {"versions": [1], "suites": [SUITES[profile]], "extensions": [STATE_EXTENSION], "proposals": [], "credentials": [BASIC]}
    require(leaf["capabilities"] == wanted, "other capabilities")
    require(leaf["extensions"] == {}, "extensions of a leaf")
    if leaf["source"] == KEY_PACKAGE:
        require(leaf["lifetime"] == (0, 2**64 - 1), "another lifetime")


def verify_with_label(key, label, content, signature):
    """RFC 9420 section 5.1.2"""
    ed25519.verify(key, vector(b"MLS 1.0 " + label.encode()) + vector(content), signature)


def read_key_package(reader, profile):
    """A KeyPackage whose signatures hold and that is as [G14] says."""
    start = reader.here()
    require(reader.number(2) == 1, "another version of MLS")
    require(reader.number(2) == SUITES[profile], "another suite")
    package = {"init_key": reader.vector(), "leaf": read_leaf(reader), "extensions": extensions(reader.vector())}
    tbs = reader.since(start)
    signature = reader.vector()
    package["bytes"] = reader.since(start)
    leaf = package["leaf"]
    require(leaf["source"] == KEY_PACKAGE and package["extensions"] == {}, "no plain key package")
    check_leaf(leaf, profile)
    verify_with_label(leaf["signature_key"], "LeafNodeTBS", leaf["tbs"], leaf["signature"])
    verify_with_label(leaf["signature_key"], "KeyPackageTBS", tbs, signature)
    return package


def key_package(data, profile):
    """A KeyPackage, bare."""
    reader = Reader(data)
    package = read_key_package(reader, profile)
    reader.end()
    return package


def _proposal(reader, profile):
    kind = reader.number(2)
    if kind == 1:
        return "add", read_key_package(reader, profile)
    if kind == 3:
        return "remove", reader.number(4)
    if kind == 4:
        require(reader.number(1) == 1, "a PSK of another kind")
        return "psk", (reader.vector(), reader.vector())
    if kind == 7:
        return "state", extensions(reader.vector())
    raise Refused("a proposal that no commit of a meeting has")


def _commit(reader, profile):
    proposals, parts = Reader(reader.vector()), []
    while proposals.more():
        require(proposals.number(1) == 1, "a proposal by reference")
        parts.append(_proposal(proposals, profile))
    path = reader.number(1)
    require(path <= 1, "a flag of no form")
    leaf = None
    if path:
        leaf = read_leaf(reader)
        require(leaf["source"] == COMMIT, "a path with another leaf")
        check_leaf(leaf, profile)
        reader.vector()
    return {"proposals": parts, "path": leaf}


def public_commit(data, profile):
    """The commit in an MLSMessage with a PublicMessage of a member (SPEC 4.3, 7.4)."""
    reader = Reader(data)
    require(reader.number(2) == 1 and reader.number(2) == 1, "no PublicMessage of MLS 1.0")
    message = {"group": reader.vector(), "epoch": reader.number(8)}
    require(reader.number(1) == 1, "not of a member")
    message["leaf"] = reader.number(4)
    message["note"] = reader.vector()
    require(reader.number(1) == 3, "no commit")
    message |= _commit(reader, profile)
    message["signature"] = reader.vector()
    message["confirmation_tag"] = reader.vector()
    message["membership_tag"] = reader.vector()
    reader.end()
    return message


def ratchet_tree(data, profile):
    """The leaves of a ratchet tree (RFC 9420 section 12.4.3.3), by leaf index."""
    outer = Reader(data)
    nodes, leaves, index = Reader(outer.vector()), {}, 0
    outer.end()
    while nodes.more():
        present = nodes.number(1)
        require(present <= 1, "a flag of no form")
        if present:
            kind = nodes.number(1)
            require(kind == 1 + index % 2, "a node in the wrong place")
            if kind == 1:
                leaves[index // 2] = read_leaf(nodes)
                check_leaf(leaves[index // 2], profile)
            else:
                for _ in range(3):
                    nodes.vector()
        index += 1
    return leaves
