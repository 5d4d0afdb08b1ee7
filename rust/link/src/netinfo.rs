//! NETINFO cells (tor-spec, "NETINFO cells").

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::format::{Error, Format as _, List};
use wire::formats::netinfo::{Address, Netinfo, NetinfoAddr};

use crate::action::{Action, Attempt, Outgoing};
use crate::line::Line;
use crate::{refused, Initiator, Link, Responder, State};

const FUNCTION: &str = "channel_tls_process_netinfo_cell";

/// Only an answer that comes so soon, in seconds, tells the peer's time.
const PROMPT: i64 = 180;
/// A clock that is wrong by more, in seconds, is worth a warning.
const SKEWED: i64 = 3600;

/// Times and addresses around a link.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// Seconds since 1970.
    pub now: i64,
    /// When we sent our VERSIONS cell, in seconds since 1970.
    pub sent_versions_at: i64,
    /// Whether we have sent our NETINFO cell.
    pub sent_netinfo: bool,
    /// Whether we are a bridge.
    pub bridge: bool,
    /// Our addresses, if we are a relay.
    pub relay: Option<RelayAddresses>,
    /// Where the peer's connection comes from or goes to.
    pub peer: Option<IpAddr>,
}

/// A relay's addresses, as in its descriptor.
#[derive(Clone, Copy, Debug, Default)]
pub struct RelayAddresses {
    /// The IPv4 address, if there is one.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address, if there is one.
    pub ipv6: Option<Ipv6Addr>,
}

/// Writes the body of a NETINFO cell: our time, in seconds since 1970, or 0; where
/// we see the peer; our addresses. The answer is its length, in bytes.
///
/// # Errors
/// If there is too little space.
pub fn encode(
    timestamp: u32,
    peer: IpAddr,
    ours: &[IpAddr],
    out: &mut [u8],
) -> Result<usize, Error> {
    let octets: Vec<_> = ours.iter().map(octets_of).collect();
    let my_addrs: Vec<_> = ours
        .iter()
        .zip(&octets)
        .map(|(ip, octets)| to_wire(*ip, octets))
        .collect();
    let my_addrs = my_addrs.as_slice();
    let octets = octets_of(&peer);
    let cell = Netinfo {
        timestamp,
        other_addr: to_wire(peer, &octets),
        my_addrs: List::of(&my_addrs),
    };
    cell.encode(out)
}

/// The bytes of an IPv6 address; of another they are not asked for.
fn octets_of(ip: &IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(_) => [0; 16],
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn to_wire(ip: IpAddr, octets: &[u8; 16]) -> NetinfoAddr<'_> {
    let addr = match ip {
        IpAddr::V4(ip) => Address::Ipv4 { addr: ip.into() },
        IpAddr::V6(_) => Address::Ipv6 { addr: octets },
    };
    NetinfoAddr { addr }
}

/// The IP address, if it is one; names are ignored.
fn ip_of(addr: &NetinfoAddr<'_>) -> Option<IpAddr> {
    match addr.addr {
        Address::Ipv4 { addr } => Some(Ipv4Addr::from(addr).into()),
        Address::Ipv6 { addr } => Some(Ipv6Addr::from(*addr).into()),
        Address::Other { .. } => None,
    }
}

fn ignored(text: String) -> Vec<Action> {
    vec![Action::Log(Line::or("can_process_netinfo_cell", text))]
}

fn no_ip() -> Action {
    Action::Log(Line::or(
        "tor_addr_from_netinfo_addr",
        "Cannot read address from NETINFO - wrong type/length.",
    ))
}

impl Link {
    pub(crate) fn netinfo(&self, body: &[u8], facts: &mut dyn crate::Facts) -> Vec<Action> {
        let mut actions = Vec::new();
        let older = match self.link_protocol {
            0 => Some("non-versioned"),
            1 => Some("a v1"),
            _ => None,
        };
        if let Some(older) = older {
            return ignored(format!(
                "Received a NETINFO cell on {older} connection; dropping."
            ));
        }
        match self.state {
            State::Silent(_)
            | State::Elsewhere
            | State::Initiator(Initiator::AwaitsVersions)
            | State::Responder(Responder::AwaitsVersions)
            | State::Open => {
                return ignored(
                    "Received a NETINFO cell on non-handshaking connection; dropping.".into(),
                )
            }
            State::Initiator(Initiator::AwaitsCerts) => {
                return refused(Line::or(
                    FUNCTION,
                    "Got a NETINFO cell from server, but no authentication.  \
                     Closing the connection.",
                ))
            }
            State::Initiator(Initiator::AwaitsAuthChallenge | Initiator::AwaitsNetinfo)
            | State::Responder(Responder::AwaitsNetinfo) => {}
            State::Responder(Responder::AwaitsCerts | Responder::AwaitsAuthenticate) => {
                actions.push(Action::MarkClient);
            }
        }

        let Ok((cell, _)) = Netinfo::parse(body) else {
            let text = "Failed to parse NETINFO cell - closing connection.";
            actions.extend(refused(Line::or(FUNCTION, text)));
            return actions;
        };
        let Some(my_addr) = ip_of(&cell.other_addr) else {
            actions.extend([no_ip(), Action::Close]);
            return actions;
        };
        let around = facts.surroundings();
        if let Some(relay) = around.relay {
            let known = match my_addr {
                IpAddr::V4(ip) => relay.ipv4 == Some(ip),
                IpAddr::V6(ip) => relay.ipv6 == Some(ip) && !ip.is_unspecified(),
            };
            if known && !around.bridge {
                actions.push(Action::CanonicalToPeer);
            }
            actions.push(Action::AddressAccordingToPeer(my_addr));
        }

        for addr in cell.my_addrs.iter() {
            // A relay may connect from anywhere, as long as it says so itself.
            match ip_of(&addr) {
                None => actions.extend([
                    no_ip(),
                    Action::Log(Line::or(FUNCTION, "Bad address in netinfo cell; Skipping.")),
                ]),
                ip if ip == around.peer => {
                    actions.push(Action::Canonical);
                    break;
                }
                Some(_) => {}
            }
        }
        if around.relay.is_some() {
            actions.push(Action::ReportOneSided(my_addr));
        }

        let waited = around.now.saturating_sub(around.sent_versions_at);
        let skew = around.now.saturating_sub(cell.timestamp.into());
        if waited < PROMPT && skew.saturating_abs() > SKEWED {
            actions.push(Action::ClockSkew(skew));
        }
        actions.push(Action::SuggestAddress(my_addr));

        if !around.sent_netinfo {
            // We were ready to authenticate, and nobody asked.
            actions.push(Action::Attempt(Attempt::Send(Outgoing::Netinfo), None));
        }
        let failed = Line::or(
            FUNCTION,
            format!(
                "Got good NETINFO cell on {}; but was unable to make the OR connection \
                 become open.",
                crate::line::CONNECTION
            ),
        );
        actions.push(Action::Attempt(Attempt::Open(my_addr), Some(failed)));
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{after, good_netinfo, relay, Calm, NOW, OURS, THEIRS};
    use crate::{LinkProtocol, Role};

    fn answer(body: &[u8], facts: &mut Calm) -> Vec<Action> {
        let responder = State::begun(Role::Responder);
        relay(after(responder, &Action::Negotiated(LinkProtocol::V5))).netinfo(body, facts)
    }

    fn cell(timestamp: u32, peer: IpAddr, ours: &[IpAddr]) -> Vec<u8> {
        let mut body = vec![0; wire::CELL_BODY_LEN];
        encode(timestamp, peer, ours, &mut body).unwrap();
        body
    }

    #[test]
    fn addresses_are_sent_and_read_again() {
        let body = cell(7, THEIRS, &[OURS, THEIRS]);
        assert_eq!(
            body[..4 + 18 + 1 + 6 + 18],
            [
                &[0, 0, 0, 7, 6, 16][..],
                &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
                &[2, 4, 4, 192, 0, 2, 1, 6, 16],
                &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
            ]
            .concat()
        );
        let (read, _) = Netinfo::parse(&body).unwrap();
        assert_eq!(ip_of(&read.other_addr), Some(THEIRS));
        let my_addrs: Vec<_> = read.my_addrs.iter().map(|addr| ip_of(&addr)).collect();
        assert_eq!(my_addrs, [Some(OURS), Some(THEIRS)]);
    }

    #[test]
    fn a_peer_that_is_where_it_says_is_canonical_and_only_the_first_match_counts() {
        for (ours, canonical) in [
            (&[][..], false),
            (&[OURS], false),
            (&[OURS, THEIRS, THEIRS], true),
        ] {
            let actions = answer(&cell(NOW, OURS, ours), &mut Calm::new());
            let found = actions.iter().filter(|a| **a == Action::Canonical).count();
            assert_eq!(found, usize::from(canonical));
        }
    }

    #[test]
    fn we_are_canonical_to_a_peer_that_sees_the_address_of_our_descriptor() {
        let mut bridge = Calm::new();
        bridge.around.bridge = true;
        let mut client = Calm::new();
        client.around.relay = None;
        for (sees, facts, canonical, noted) in [
            (OURS, &mut Calm::new(), true, true),
            (THEIRS, &mut Calm::new(), false, true),
            (OURS, &mut bridge, false, true),
            (OURS, &mut client, false, false),
        ] {
            let actions = answer(&cell(NOW, sees, &[]), facts);
            assert_eq!(actions.contains(&Action::CanonicalToPeer), canonical);
            let note = Action::AddressAccordingToPeer(sees);
            assert_eq!(actions.contains(&note), noted);
        }
    }

    #[test]
    fn an_ipv6_address_that_is_none_is_nobodys() {
        let nowhere = Ipv6Addr::UNSPECIFIED;
        let mut facts = Calm::new();
        facts.around.relay = Some(RelayAddresses {
            ipv4: None,
            ipv6: Some(nowhere),
        });
        let actions = answer(&cell(NOW, nowhere.into(), &[]), &mut facts);
        assert!(!actions.contains(&Action::CanonicalToPeer));
    }

    #[test]
    fn a_clock_is_wrong_by_more_than_an_hour_and_only_in_an_answer_that_came_soon() {
        for (timestamp, waited, skew) in [
            (NOW, 0, None),
            (NOW - 3600, 0, None),
            (NOW - 3601, 0, Some(3601)),
            (NOW + 3601, 0, Some(-3601)),
            (NOW + 3601, 179, Some(-3601)),
            (NOW + 3601, 180, None),
            (0, 0, Some(i64::from(NOW))),
        ] {
            let mut facts = Calm::new();
            facts.around.sent_versions_at = i64::from(NOW) - waited;
            let actions = answer(&cell(timestamp, OURS, &[]), &mut facts);
            let warned = actions.iter().find_map(|action| match action {
                Action::ClockSkew(seconds) => Some(*seconds),
                _ => None,
            });
            assert_eq!(warned, skew, "{timestamp} {waited}");
        }
    }

    #[test]
    fn an_address_that_is_no_ip_ends_the_link_if_it_is_ours_and_is_skipped_if_it_is_theirs() {
        let mut body = good_netinfo();
        body[4] = 0xf0;
        let actions = answer(&body, &mut Calm::new());
        assert_eq!(actions[1..], [no_ip(), Action::Close]);
        let mut body = good_netinfo();
        body[4 + 6 + 1] = 0xf0;
        let actions = answer(&body, &mut Calm::new());
        assert!(actions.contains(&no_ip()) && actions.contains(&Action::Canonical));
        assert!(!actions.contains(&Action::Close));
    }

    #[test]
    fn our_own_cell_is_sent_if_it_was_not() {
        for sent in [false, true] {
            let mut facts = Calm::new();
            facts.sent_netinfo = sent;
            let actions = answer(&good_netinfo(), &mut facts);
            let send = Action::Attempt(Attempt::Send(Outgoing::Netinfo), None);
            assert_eq!(actions.contains(&send), !sent);
        }
    }
}
