use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const NOW: Duration = Duration::from_secs(5);
const MEETING: MeetingId = MeetingId::new([1; 16]);

fn rates(burst: u64) -> Rates {
    let messages = Rate { burst, per_second: 1 };
    Rates { messages, bytes: Rate { burst: 1000, per_second: 100 } }
}

fn limits() -> PlaceLimits {
    PlaceLimits {
        connections: 4,
        per_address: 2,
        per_meeting: 2,
        half_open: 3,
        meetings_per_address: 2,
        connects: Rate { burst: 10, per_second: 1 },
        connection: rates(2),
        meeting: rates(3),
        address: rates(100),
    }
}

fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn meeting(number: u8) -> MeetingId {
    MeetingId::new([number; 16])
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let places = Places::new(limits());
    let first = places.enter(address(1), NOW).unwrap();
    let _second = places.enter(address(1), NOW).unwrap();
    let denied = places.enter(address(1), NOW).unwrap_err();
    assert!(denied.by_address && denied.detail.starts_with("connections-per-address"));
    let _other = places.enter(address(2), NOW).unwrap();
    drop(first);
    places.enter(address(1), NOW).unwrap();
}

#[test]
fn all_together_have_so_many_and_no_more() {
    let places = Places::new(limits());
    let mut seats: Vec<Seat> = Vec::new();
    for last in 0..4 {
        let mut seat = places.enter(address(last), NOW).unwrap();
        seat.hello(meeting(last), None, NOW).unwrap();
        seats.push(seat);
    }
    let denied = places.enter(address(9), NOW).unwrap_err();
    assert!(!denied.by_address && denied.detail.starts_with("connections:"));
    seats.clear();
    assert_eq!((places.connections(), places.meetings()), (0, 0));
}

#[test]
fn who_has_not_said_hello_is_bounded() {
    let places = Places::new(limits());
    let mut seats: Vec<Seat> =
        (0..3).map(|last| places.enter(address(last), NOW).unwrap()).collect();
    let denied = places.enter(address(9), NOW).unwrap_err();
    assert!(denied.detail.starts_with("half-open"));
    seats[0].hello(MEETING, None, NOW).unwrap();
    drop(places.enter(address(9), NOW).unwrap());
    drop(seats);
    assert_eq!(places.taken().half_open, 0);
}

#[test]
fn a_meeting_has_so_many_and_fewer_if_a_token_says_so() {
    let places = Places::new(limits());
    let mut a = places.enter(address(1), NOW).unwrap();
    let mut b = places.enter(address(2), NOW).unwrap();
    let mut c = places.enter(address(3), NOW).unwrap();
    a.hello(MEETING, Some(100), NOW).unwrap();
    assert_eq!(b.hello(MEETING, Some(1), NOW).unwrap_err().reason, RefusalReason::Full);
    b.hello(MEETING, None, NOW).unwrap();
    let denied = c.hello(MEETING, None, NOW).unwrap_err();
    assert!(denied.detail.starts_with("connections-per-meeting"));
    drop(a);
    c.hello(MEETING, None, NOW).unwrap();
}

#[test]
fn an_address_names_so_many_meetings_in_an_hour() {
    let places = Places::new(limits());
    let name =
        |number, now| places.enter(address(1), now).unwrap().hello(meeting(number), None, now);
    name(1, NOW).unwrap();
    name(2, NOW).unwrap();
    assert!(name(3, NOW).unwrap_err().detail.starts_with("meetings-per-address"));
    name(1, NOW + REMEMBERED / 2).unwrap();
    name(3, NOW + REMEMBERED).unwrap();
    assert!(name(2, NOW + REMEMBERED).is_err(), "1 and 3 are remembered");
}

#[test]
fn each_rate_is_named_and_nothing_is_taken_by_what_is_refused() {
    let places = Places::new(limits());
    let mut a = places.enter(address(1), NOW).unwrap();
    let mut b = places.enter(address(2), NOW).unwrap();
    a.hello(MEETING, None, NOW).unwrap();
    b.hello(MEETING, None, NOW).unwrap();
    a.charge(10, NOW).unwrap();
    a.charge(10, NOW).unwrap();
    let denied = a.charge(10, NOW).unwrap_err();
    assert!(denied.detail.starts_with("messages-per-second"), "{}", denied.detail);
    assert_eq!(denied.retry_after, Duration::from_secs(1));
    // The meeting's third: the refused one was not counted.
    b.charge(10, NOW).unwrap();
    let denied = b.charge(10, NOW).unwrap_err();
    assert!(denied.detail.starts_with("meeting-messages-per-second"), "{}", denied.detail);
    a.charge(900, NOW + Duration::from_secs(9)).unwrap();
    let denied = a.charge(900, NOW + Duration::from_secs(9)).unwrap_err();
    assert!(denied.detail.starts_with("bytes-per-second"), "{}", denied.detail);
}

#[test]
fn a_rate_is_not_renewed_by_connecting_again() {
    let mut limits = limits();
    limits.address = rates(3);
    let places = Places::new(limits);
    for _ in 0..3 {
        places.enter(address(1), NOW).unwrap().charge(1, NOW).unwrap();
    }
    let denied = places.enter(address(1), NOW).unwrap().charge(1, NOW).unwrap_err();
    assert!(denied.by_address, "{}", denied.detail);
}

#[test]
fn new_connections_of_an_address_have_a_rate() {
    let places = Places::new(limits());
    for _ in 0..10 {
        drop(places.enter(address(1), NOW).unwrap());
    }
    let denied = places.enter(address(1), NOW).unwrap_err();
    assert!(denied.by_address && denied.detail.starts_with("connects-per-second"));
    drop(places.enter(address(2), NOW).unwrap());
    drop(places.enter(address(1), NOW + denied.retry_after).unwrap());
}

#[test]
fn a_network_of_ipv6_counts_as_one_address() {
    let ip = |text: &str| IpAddr::V6(text.parse::<Ipv6Addr>().unwrap());
    assert_eq!(network_of(ip("2001:db8::1")), network_of(ip("2001:db8::ffff:1")));
    assert_ne!(network_of(ip("2001:db8::1")), network_of(ip("2001:db8:0:1::1")));
    assert_eq!(network_of(ip("::ffff:10.0.0.1")), address(1));
}

#[test]
fn addresses_that_have_gone_are_forgotten_when_there_are_too_many() {
    let places = Places::new(limits());
    for number in 0..5000_u32 {
        let from = IpAddr::V4(Ipv4Addr::from(number));
        drop(places.enter(from, NOW).unwrap());
    }
    assert!(places.taken().addresses.len() <= 1024);
}
