//! Meetings to measure in.

use incamera::{Event, Identity, Meeting, Role, Settings, testing};

use crate::net::{Failure, Net};

fn person(seed: u64, number: usize) -> Result<([u8; 32], Identity), Failure> {
    let mut bytes = [0; 32];
    let parts = seed.to_be_bytes().into_iter().chain(number.to_be_bytes());
    bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    Ok((bytes, testing::identity(bytes, &format!("Member {number}"))?))
}

/// A meeting of so many, all in, formed over a network without faults. The first is host.
pub(crate) fn meeting(seed: u64, members: usize) -> Result<Net, Failure> {
    let mut net = Net::new(seed);
    let (bytes, host) = person(seed, 0)?;
    let now = net.now();
    net.add(testing::create(bytes, &host, Settings::default(), now)?);
    let invite = first(&mut net)?.invite()?;
    for number in 1..members {
        let (bytes, guest) = person(seed, number)?;
        let now = net.now();
        net.add(testing::join(bytes, &guest, &invite, now)?);
    }
    for _ in 0..40 {
        net.pass(500);
        let now = net.now();
        first(&mut net)?.admit_all(now)?;
        net.poll(0);
        let joined =
            |client: &crate::net::Client| client.first(0, |e| *e == Event::Joined).is_some();
        if net.clients.iter().all(joined) {
            return Ok(net);
        }
    }
    Err("not everybody came in".into())
}

pub(crate) fn first(net: &mut Net) -> Result<&mut Meeting, Failure> {
    Ok(&mut net.clients.first_mut().ok_or("a host")?.meeting)
}

/// The member at this place becomes a co-host that is listed to follow.
pub(crate) fn list(net: &mut Net, who: usize) -> Result<(), Failure> {
    let roster = first(net)?.roster();
    let follower = roster.get(who).ok_or("a follower")?.fingerprint;
    let now = net.now();
    first(net)?.set_role(follower, Role::CoHost, now)?;
    net.poll(0);
    net.pass(1_000);
    let now = net.now();
    first(net)?.set_succession(vec![follower], now)?;
    net.poll(0);
    net.pass(1_000);
    Ok(())
}

/// The value below which this share (of a thousand) of them lies.
pub(crate) fn quantile(values: &mut [u64], of_thousand: usize) -> u64 {
    values.sort_unstable();
    let at = (values.len() * of_thousand).div_ceil(1_000).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}
