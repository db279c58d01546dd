//! The ratchet tree that a commit of Adds alone leads to, from the encoded tree before it (RFC 9420
//! §7.7, §7.8). The engine has it too, but verifies every parent hash of a tree of its own before it
//! gives it out; whoever joins verifies them all the same.

use std::collections::VecDeque;

use openmls::treesync::TreeSync;
use tls_codec::Serialize as _;

/// A node of an encoded tree.
enum Node<'a> {
    Blank,
    /// As encoded.
    Leaf(Vec<&'a [u8]>),
    /// As encoded, up to the unmerged leaves.
    Parent(&'a [u8], Vec<u32>),
}

/// Before a node that is not blank.
const PRESENT: u8 = 1;
/// The type of a leaf, and of a parent.
const LEAF: u8 = 1;
const PARENT: u8 = 2;

/// The encoded tree as the engine exports it, without a copy of each node before.
pub(super) fn encoded(tree: &TreeSync) -> Option<Vec<u8>> {
    let (mut leaves, mut parents) = (tree.leaves(), tree.full_parents().peekable());
    // RFC 9420 §12.4.3.3: it ends with a node that is not blank.
    while leaves.pop_if(|leaf| leaf.is_none()).is_some() {}
    let mut nodes = Vec::new();
    for (place, leaf) in (0u32..).zip(leaves) {
        if let Some(above) = place.checked_sub(1) {
            match parents.next_if(|(index, _)| index.u32() == above) {
                Some((_, parent)) => {
                    nodes.extend([PRESENT, PARENT]);
                    parent.tls_serialize(&mut nodes).ok()?;
                }
                None => nodes.push(0),
            }
        }
        match leaf {
            Some(leaf) => {
                nodes.extend([PRESENT, LEAF]);
                leaf.tls_serialize(&mut nodes).ok()?;
            }
            None => nodes.push(0),
        }
    }
    let mut encoded: Vec<u8> = length(nodes.len())?.collect();
    encoded.append(&mut nodes);
    Some(encoded)
}

/// The encoded tree with these encoded leaf nodes added, in this order; `None` if `tree` is none, or is
/// none of ours.
pub(super) fn with_leaves(tree: &[u8], added: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut reader = Reader(tree);
    let mut nodes = read_nodes(reader.vector()?)?;
    if !reader.0.is_empty() {
        return None;
    }
    let blank = |node: &Node<'_>| matches!(node, Node::Blank);
    let blanks = nodes.iter().step_by(2).enumerate().filter(|(_, node)| blank(node));
    let mut blanks: VecDeque<usize> = blanks.map(|(leaf, _)| leaf).collect();
    for leaf_node in added {
        // RFC 9420 §7.8: the leftmost empty leaf, or else one more.
        let leaf = blanks.pop_front().unwrap_or(nodes.len().div_ceil(2));
        let place = leaf.checked_mul(2)?;
        while nodes.len() <= place {
            nodes.push(Node::Blank);
        }
        *nodes.get_mut(place)? = Node::Leaf(vec![&[PRESENT, LEAF], leaf_node]);
        mark_unmerged(&mut nodes, leaf)?;
    }
    write_nodes(&nodes)
}

/// Adds a leaf to the unmerged leaves of all above it that are not blank.
fn mark_unmerged(nodes: &mut [Node<'_>], leaf: usize) -> Option<()> {
    let number = u32::try_from(leaf).ok()?;
    let leaves = nodes.len().div_ceil(2).checked_next_power_of_two()?;
    let mut above = leaf.checked_mul(2)?;
    // RFC 9420 appendix C.
    for level in 0..leaves.trailing_zeros() {
        let (low, high) = (1 << level, 1 << (level + 1));
        above = (above | low) & !high;
        // What lies behind the last leaf is blank.
        if let Some(Node::Parent(_, unmerged)) = nodes.get_mut(above)
            && let Err(place) = unmerged.binary_search(&number)
        {
            unmerged.insert(place, number);
        }
    }
    Some(())
}

fn read_nodes(encoded: &[u8]) -> Option<Vec<Node<'_>>> {
    let (mut reader, mut nodes) = (Reader(encoded), Vec::new());
    while !reader.0.is_empty() {
        let start = reader.0;
        let presence = reader.byte()?;
        if presence == 0 {
            nodes.push(Node::Blank);
            continue;
        }
        let kind = reader.byte().filter(|_| presence == PRESENT)?;
        let node = match kind {
            LEAF => {
                reader.skip_leaf()?;
                Node::Leaf(vec![start.get(..start.len() - reader.0.len())?])
            }
            PARENT => {
                // The encryption key and the parent hash.
                reader.vector()?;
                reader.vector()?;
                let head = start.get(..start.len() - reader.0.len())?;
                let (unmerged, rest) = reader.vector()?.as_chunks();
                let unmerged = unmerged.iter().copied().map(u32::from_be_bytes).collect();
                rest.is_empty().then_some(Node::Parent(head, unmerged))?
            }
            _ => return None,
        };
        nodes.push(node);
    }
    Some(nodes)
}

fn write_nodes(nodes: &[Node<'_>]) -> Option<Vec<u8>> {
    let mut encoded = Vec::new();
    for node in nodes {
        match node {
            Node::Blank => encoded.push(0),
            Node::Leaf(parts) => parts.iter().for_each(|part| encoded.extend_from_slice(part)),
            Node::Parent(head, unmerged) => {
                encoded.extend_from_slice(head);
                encoded.extend(length(unmerged.len().checked_mul(4)?)?);
                encoded.extend(unmerged.iter().flat_map(|leaf| leaf.to_be_bytes()));
            }
        }
    }
    let mut tree: Vec<u8> = length(encoded.len())?.collect();
    tree.append(&mut encoded);
    Some(tree)
}

/// The length of a vector in as few bytes as it needs (RFC 9420 §2.1.2).
fn length(of: usize) -> Option<impl Iterator<Item = u8>> {
    let of = u32::try_from(of).ok()?;
    let (prefix, bytes) = match of {
        0..=0x3f => (0, 1),
        0x40..=0x3fff => (0x4000, 2),
        0x4000..=0x3fff_ffff => (0x8000_0000, 4),
        _ => return None,
    };
    Some((of | prefix).to_be_bytes().into_iter().skip(4 - bytes))
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// The content of a vector (RFC 9420 §2.1.2).
    fn vector(&mut self) -> Option<&'a [u8]> {
        let first = self.byte()?;
        let more = match first >> 6 {
            0 => 0,
            1 => 1,
            2 => 3,
            _ => return None,
        };
        let low = self.take(more)?.iter();
        let length =
            low.fold(usize::from(first & 0x3f), |length, byte| length << 8 | usize::from(*byte));
        self.take(length)
    }

    /// RFC 9420 §7.2: keys, credential, capabilities, source, extensions, signature.
    fn skip_leaf(&mut self) -> Option<()> {
        self.vector()?;
        self.vector()?;
        // A basic credential.
        if self.take(2)? != [0, 1] {
            return None;
        }
        self.vector()?;
        for _ in 0..5 {
            self.vector()?;
        }
        match self.byte()? {
            // The lifetime of a key package.
            1 => drop(self.take(16)?),
            2 => {}
            // The parent hash of a commit.
            3 => drop(self.vector()?),
            _ => return None,
        }
        self.vector()?;
        self.vector()?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tree_gives_none() {
        for bytes in [
            &[][..],
            &[0xc0],
            &[1],
            &[1, 2],
            &[2, 1, 1],
            &[2, 1, 9],
            &[2, 2, 1],
            &[4, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(with_leaves(bytes, &[]), None, "{bytes:?}");
        }
        assert_eq!(with_leaves(&[3, 0, 0, 0], &[]), Some(vec![3, 0, 0, 0]));
    }

    #[test]
    fn lengths_take_as_few_bytes_as_they_need() {
        let encoded = |of| length(of).map(Iterator::collect::<Vec<_>>);
        assert_eq!(encoded(63), Some(vec![63]));
        assert_eq!(encoded(64), Some(vec![0x40, 64]));
        assert_eq!(encoded(0x3fff), Some(vec![0x7f, 0xff]));
        assert_eq!(encoded(0x4000), Some(vec![0x80, 0, 0x40, 0]));
        assert_eq!(encoded(0x4000_0000), None);
    }
}
