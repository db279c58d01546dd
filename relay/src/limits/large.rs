//! Few large messages may be on their way in at once, and a part of those from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::places::network_of;

/// What is left for large messages.
#[derive(Debug)]
pub(crate) struct Large {
    most: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One large message may be on its way; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct LargePermit {
    large: Arc<Large>,
    address: IpAddr,
}

impl Large {
    /// `most` in all, and a quarter of them for one address if addresses are told apart.
    pub(crate) fn new(most: usize, by_address: bool) -> Arc<Self> {
        let per_address = if by_address { most.div_ceil(4) } else { most };
        Arc::new(Self { most, per_address, taken: Mutex::default() })
    }

    /// The lock, also after a thread that held it has died.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one, if there is one.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr) -> Option<LargePermit> {
        let address = network_of(from);
        let mut taken = self.taken();
        let own = taken.by_address.get(&address).copied().unwrap_or(0);
        if taken.all >= self.most || own >= self.per_address {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, own + 1);
        drop(taken);
        Some(LargePermit { large: Arc::clone(self), address })
    }
}

impl Drop for LargePermit {
    fn drop(&mut self) {
        let mut taken = self.large.taken();
        taken.all = taken.all.saturating_sub(1);
        let left = taken.by_address.get(&self.address).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            taken.by_address.remove(&self.address);
        } else {
            taken.by_address.insert(self.address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
    }

    #[test]
    fn one_address_has_a_quarter_and_all_have_all() {
        let large = Large::new(8, true);
        let mut held: Vec<LargePermit> = (0..2).filter_map(|_| large.take(address(1))).collect();
        assert_eq!(held.len(), 2);
        assert!(large.take(address(1)).is_none());
        held.extend(
            (2..9)
                .flat_map(|last| [large.take(address(last)), large.take(address(last))])
                .flatten(),
        );
        assert_eq!(held.len(), 8);
        assert!(large.take(address(9)).is_none());
        held.remove(0);
        assert!(large.take(address(1)).is_some());
        held.clear();
        assert!(large.taken().by_address.is_empty());
    }

    #[test]
    fn behind_a_proxy_one_address_has_all() {
        let large = Large::new(4, false);
        let held: Vec<LargePermit> = (0..9).filter_map(|_| large.take(address(1))).collect();
        assert_eq!(held.len(), 4);
    }
}
