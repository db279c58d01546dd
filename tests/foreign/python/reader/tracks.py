"""Tracks, contexts and key ids (SPEC 5.3)."""

from .errors import require

MICROPHONE, CAMERA, SCREEN, SCREEN_AUDIO, DATA = KINDS = range(5)
SOUND = (MICROPHONE, SCREEN_AUDIO)
EPOCH_BITS = 8


def kind_of(context):
    """The kind of track of a context."""
    return context & 7


def leaf_bits(highest_leaf):
    """S: the smallest number with highest_leaf < 2^S."""
    return highest_leaf.bit_length()


def key_id(context, leaf, epoch, highest_leaf):
    """[K2]"""
    return context << (leaf_bits(highest_leaf) + EPOCH_BITS) | leaf << EPOCH_BITS | epoch % 2**EPOCH_BITS


def split_key_id(kid, highest_leaf):
    """Context and leaf of a key id of an epoch."""
    bits = leaf_bits(highest_leaf)
    leaf = kid >> EPOCH_BITS & 2**bits - 1
    context = kid >> (EPOCH_BITS + bits)
    require(context <= 0xFF and kind_of(context) in KINDS, "no such track")
    return context, leaf
