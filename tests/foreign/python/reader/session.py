"""What is asked of a meeting: its epochs, its roster, its log, its frames."""

from . import envelope, identity, media, mls_messages, state
from .errors import Refused, require

unhex = bytes.fromhex


class Session:
    """One meeting, as a member of it knows it from its exporter secrets."""

    def __init__(self, reader, meeting, profile, own_leaf, short_audio_tags=False, audio_padding=0, other_padding=0):
        self._wire, self._id, self._profile = reader.wire, unhex(meeting), profile
        self._media = media.Meeting(profile, short_audio_tags, audio_padding, other_padding)
        self._receiver = media.Receiver(own_leaf)
        self._epochs, self._exported, self._heartbeat_keys, self._rosters = {}, {}, [], {}

    def epoch(self, epoch, leaves, exporter_secret):
        """Enters an epoch."""
        number, secret = int(epoch), unhex(exporter_secret)
        self._epochs[number] = media.Epoch(self._media, number, leaves, media.base_keys(secret))
        self._receiver.enter(self._epochs[number])
        self._exported[number] = envelope.exported(secret)
        return {use: key.hex() for use, key in self._exported[number].items()}

    def bare_epoch(self, epoch, leaves, base_keys):
        """Enters an epoch of which nothing is known but its base keys, by length."""
        keys = {int(length): unhex(key) for length, key in base_keys.items()}
        self._epochs[int(epoch)] = media.Epoch(self._media, int(epoch), leaves, keys.__getitem__)
        self._receiver.enter(self._epochs[int(epoch)])
        return {}

    def media_key(self, epoch, context, leaf):
        """Key id, key and salt of a track."""
        key = self._epochs[int(epoch)].key(context, leaf)
        return {"suite": key.suite.number, "kid": str(key.kid), "key": key.key.hex(), "salt": key.salt.hex()}

    def open(self, framing, frame):
        """Opens a frame."""
        epoch, leaf, context, counter, content = self._receiver.open(framing, unhex(frame))
        return {"epoch": str(epoch), "leaf": leaf, "context": context, "counter": str(counter), "content": content.hex()}

    def seal(self, epoch, leaf, context, counter, framing, frame):
        """Seals a frame."""
        return {"frame": media.seal(self._epochs[int(epoch)], leaf, context, int(counter), framing, unhex(frame)).hex()}

    def tree(self, epoch, address, blob):
        """The roster in the tree of an epoch, every certificate of it verified: [A7]."""
        tree = envelope.open_blob(self._wire, unhex(address), self._exported[int(epoch)]["tree"], unhex(blob))
        return self._roster(int(epoch), tree)

    def bare_tree(self, epoch, tree):
        """The same of a tree that came otherwise."""
        return self._roster(int(epoch), unhex(tree))

    def _roster(self, epoch, tree):
        leaves, roster = mls_messages.ratchet_tree(tree, self._profile), {}
        for place, leaf in leaves.items():
            shown = identity.verify_credential(self._wire, self._id, leaf["signature_key"], leaf["credential"])
            require(shown.stay not in roster, "two leaves share a stay")
            roster[shown.stay] = place, leaf["signature_key"], shown
        self._rosters[epoch] = roster
        members = [
            {"leaf": place, "signature_key": key.hex(), "credential": self._wire.fields(shown)}
            for place, key, shown in roster.values()
        ]
        return {"members": members}

    def heartbeat_keys(self, keys):
        """The keys of orders and heartbeats, newest first."""
        self._heartbeat_keys = [unhex(key) for key in keys]
        return {}

    def _keys(self, kind, epoch):
        if kind in envelope.LABELS:
            require(epoch in self._exported, "no such epoch")
            return [self._exported[epoch]["handshake" if kind == envelope.HANDSHAKE else "event"]]
        derive = envelope.order_key if kind == envelope.ORDER else envelope.heartbeat_seal
        return [derive(key) for key in self._heartbeat_keys]

    def _open_entry(self, data):
        kind, epoch = (lambda opened: (opened.kind, opened.epoch))(self._wire.decode("Envelope", data))
        refused = Refused("no key")
        for key in self._keys(kind, epoch):
            try:
                return envelope.open_envelope(self._wire, self._id, data, lambda *_, key=key: key)
            except Refused as error:
                refused = error
        raise refused

    def entry(self, entry):
        """What an entry of the log says."""
        opened, plaintext = self._open_entry(unhex(entry))
        out = {"kind": opened.kind, "epoch": str(opened.epoch)}
        if opened.kind == envelope.HANDSHAKE:
            return out | self._commit(opened, plaintext)
        body = envelope.open_event(self._wire, self._id, plaintext, opened.kind, opened.epoch)
        roster = self._rosters.get(opened.epoch)
        if roster is not None:
            require(body.stay in roster, "the author is not in the roster")
            envelope.open_event(self._wire, self._id, plaintext, opened.kind, opened.epoch, roster[body.stay][1])
        return out | {"verified": roster is not None, "body": self._wire.fields(body)}

    def _commit(self, opened, plaintext):
        commit = mls_messages.public_commit(plaintext, self._profile)
        require(commit["group"] == self._id and commit["epoch"] == opened.epoch, "a commit of another group or epoch")
        note = self._wire.decode("CommitNote", commit["note"])
        proposals = [{"kind": kind} | self._proposal(kind, value) for kind, value in commit["proposals"]]
        return {"leaf": commit["leaf"], "note": self._wire.fields(note), "proposals": proposals, "path": commit["path"] is not None}

    def _proposal(self, kind, value):
        if kind == "add":
            leaf = value["leaf"]
            shown = identity.verify_credential(self._wire, self._id, leaf["signature_key"], leaf["credential"])
            return {"credential": self._wire.fields(shown)}
        if kind == "remove":
            return {"leaf": value}
        if kind == "psk":
            return {"id": value[0].hex(), "nonce": len(value[1])}
        return {"state": self._wire.fields(state.read(self._wire, mls_messages.state_extension(value)))}

    def seal_event(self, kind, epoch, secret, nonce, fields):
        """An entry with an event that the leaf key `secret` signs."""
        key = self._keys(kind, int(epoch))[0]
        signed = envelope.sign_event(self._wire, unhex(secret), fields)
        return {"entry": envelope.seal_envelope(self._wire, kind, self._id, int(epoch), unhex(nonce), key, signed).hex()}
