//! What a peer sent back, as far as it must not differ between two tors.
//!
//! These parts are left out, and nothing else is:
//!
//! * random: the challenge of AUTH_CHALLENGE, Y and keys in CREATED_FAST (only
//!   whether both sides derived the same), the handshake in CREATED2 (only its
//!   length), the digest in SENDME, what fills up a relay cell;
//! * the relay's own: its certificates (only their types, and the length of
//!   those that are not X.509);
//! * time: NETINFO's timestamp, padding cells, and the order between cells of
//!   different circuits, which is the scheduler's; on a link that a tor has opened to
//!   us, ids of its circuits, and what it sends outside TLS behind the first bytes,
//!   which tell what kind of record that is.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::cell::{command, Cell};
use crate::circuit::{relay, RelayMessage};

/// How a conversation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// The peer closed the connection.
    Closed,
    /// The connection stood when the script had ended.
    #[default]
    HeldOpen,
}

/// What came back, in comparable words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Bytes received outside TLS.
    bare: Vec<u8>,
    /// One line a cell, in order, by circuit id.
    cells: BTreeMap<u32, Vec<String>>,
    /// One line a cell that came to the next hop.
    next_hop: Vec<String>,
    /// What was waited for and did not come, though the link stood.
    waited_in_vain: Vec<String>,
    /// How it ended.
    pub ending: Ending,
}

impl Transcript {
    /// All lines: a run of equal ones is one line.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<(String, usize)> = Vec::new();
        if !self.bare.is_empty() {
            lines.push((format!("outside TLS: {}", hex::encode(&self.bare)), 1));
        }
        for (circ_id, cells) in &self.cells {
            let on = match circ_id {
                0 => String::new(),
                _ => format!(" on {circ_id:#x}"),
            };
            for cell in cells {
                let line = format!("{cell}{on}");
                match lines.last_mut() {
                    Some((last, times)) if *last == line => *times += 1,
                    _ => lines.push((line, 1)),
                }
            }
        }
        let mut lines: Vec<String> = lines
            .into_iter()
            .map(|(line, times)| match times {
                1 => line,
                _ => format!("{line}, {times} times"),
            })
            .collect();
        lines.extend(self.next_hop.iter().map(|cell| format!("next hop: {cell}")));
        let in_vain = self.waited_in_vain.iter();
        lines.extend(in_vain.map(|what| format!("waited in vain for {what}")));
        lines.push(self.ending.to_string());
        lines
    }

    /// Whether a cell came, to us or to the next hop, whose line contains this.
    pub fn has(&self, part: &str) -> bool {
        self.cells
            .values()
            .flatten()
            .chain(&self.next_hop)
            .any(|line| line.contains(part))
    }

    /// Whether something that the script waits for did not come: then it is the
    /// script that is wrong, or the relay hangs.
    pub fn waited_in_vain(&self) -> bool {
        !self.waited_in_vain.is_empty()
    }

    pub(crate) fn bare(&mut self, bytes: &[u8]) {
        self.bare.extend(bytes);
    }

    pub(crate) fn in_vain(&mut self, what: String) {
        self.waited_in_vain.push(what);
    }

    /// Bytes at the end that are not a whole cell.
    pub(crate) fn rest(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.line(0, format!("{} bytes that are no cell", bytes.len()));
        }
    }

    pub(crate) fn created_fast(&mut self, cell: &Cell, agreed: bool) {
        let keys = match agreed {
            true => "keys agree",
            false => "keys differ",
        };
        let line = format!("CREATED_FAST, {keys}{}", filling(&cell.body, 40));
        self.line(cell.circ_id, line);
    }

    /// CREATED2 for ntor v3, with the relay's extensions if the keys agree.
    pub(crate) fn created_ntor_v3(&mut self, cell: &Cell, extensions: Option<&[u8]>) {
        let line = match extensions {
            Some(extensions) => format!(
                "CREATED2, keys agree, extensions {}",
                hex::encode(extensions)
            ),
            None => "CREATED2, keys differ".to_owned(),
        };
        self.line(cell.circ_id, line);
    }

    /// EXTENDED2 for ntor v3.
    pub(crate) fn extended_ntor_v3(&mut self, cell: &Cell, agreed: bool) {
        let keys = if agreed { "agree" } else { "differ" };
        self.line(cell.circ_id, format!("RELAY EXTENDED2, keys {keys}"));
    }

    /// AUTHENTICATE, and what is wrong with it.
    pub(crate) fn authenticate(&mut self, wrong: &[&str]) {
        let line = match wrong {
            [] => "AUTHENTICATE, all of it right".to_owned(),
            _ => format!("AUTHENTICATE, wrong: {}", wrong.join(", ")),
        };
        self.line(0, line);
    }

    pub(crate) fn relay(&mut self, cell: &Cell, message: Option<RelayMessage>) {
        let line = match message {
            Some(message) => format!("RELAY {}", describe_message(&message)),
            None => "RELAY from elsewhere".to_owned(),
        };
        self.line(cell.circ_id, line);
    }

    pub(crate) fn cell(&mut self, cell: &Cell) {
        self.line(
            cell.circ_id,
            describe(cell).unwrap_or_else(|| malformed(cell)),
        );
    }

    /// A cell that came to the next hop, of the circuit that was extended or not.
    pub(crate) fn next_hop(&mut self, cell: &Cell, known: bool) {
        let line = match cell.command {
            command::RELAY | command::RELAY_EARLY => format!("command {}", cell.command),
            _ => describe(cell).unwrap_or_else(|| malformed(cell)),
        };
        let elsewhere = if known { "" } else { ", of another circuit" };
        self.next_hop.push(format!("{line}{elsewhere}"));
    }

    fn line(&mut self, circ_id: u32, line: String) {
        self.cells.entry(circ_id).or_default().push(line);
    }
}

impl Display for Ending {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Closed => "closed",
            Ending::HeldOpen => "held open",
        })
    }
}

/// The conversation in one line: what came, shortened, and how it ended.
impl Display for Transcript {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let handshake = ["VERSIONS", "CERTS", "AUTH_CHALLENGE", "NETINFO"];
        let lines = self.lines();
        let answered = handshake.iter().all(|cell| self.has(cell));
        let shown: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| !answered || !handshake.iter().any(|cell| line.starts_with(cell)))
            .collect();
        let (head, tail) = match shown.len() {
            ..=4 => (&shown[..], &[][..]),
            length => (&shown[..2], &shown[length - 1..]),
        };
        f.write_str(if answered { "answered; " } else { "" })?;
        f.write_str(&head.join("; "))?;
        if !tail.is_empty() {
            let left_out = shown.len() - head.len() - tail.len();
            write!(f, "; {left_out} more lines; {}", tail.join("; "))?;
        }
        Ok(())
    }
}

/// `None` when the cell does not have the form that its command asks for.
fn describe(cell: &Cell) -> Option<String> {
    let body = cell.body.as_slice();
    Some(match cell.command {
        command::VERSIONS => {
            let versions = body.chunks(2).map(hex::encode).collect::<Vec<_>>();
            format!("VERSIONS {}", versions.join(" "))
        }
        command::CERTS => format!("CERTS {}", describe_certs(body)?),
        command::AUTH_CHALLENGE => {
            let methods = body.get(32..)?;
            format!("AUTH_CHALLENGE {}", hex::encode(methods))
        }
        command::NETINFO => describe_netinfo(body)?,
        command::CREATE_FAST => format!("CREATE_FAST{}", filling(body, 20)),
        command::CREATED_FAST => format!("CREATED_FAST, unasked for{}", filling(body, 40)),
        command::CREATE2 => {
            let length = usize::from(u16::from_be_bytes([body[2], body[3]]));
            let (handshake, content) = (hex::encode(&body[..2]), body.get(4..4 + length)?);
            let content = match content {
                [first, rest @ ..] if rest.iter().all(|byte| byte == first) => {
                    format!("{first:02x}, {length} times")
                }
                _ => hex::encode(content),
            };
            format!(
                "CREATE2 {handshake}: {content}{}",
                filling(body, 4 + length)
            )
        }
        command::CREATED2 => {
            let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
            format!("CREATED2 of {length} bytes{}", filling(body, 2 + length))
        }
        command::DESTROY => format!("DESTROY reason {}{}", body[0], filling(body, 1)),
        command::RELAY => "RELAY, unasked for".to_owned(),
        _ => return None,
    })
}

fn malformed(cell: &Cell) -> String {
    format!(
        "command {}, {} bytes: {}",
        cell.command,
        cell.body.len(),
        hex::encode(&cell.body[..cell.body.len().min(32)])
    )
}

/// What is behind the end of a fixed-length cell's content has to be zero:
/// anything else is memory that leaked.
fn filling(body: &[u8], from: usize) -> &'static str {
    match body.get(from..) {
        Some(rest) if rest.iter().all(|byte| *byte == 0) => "",
        Some(_) => ", not filled up with zeros",
        None => ", too long",
    }
}

/// CERTS (tor-spec): types 1 to 3 are X.509, with names and serial numbers of
/// random length.
fn describe_certs(body: &[u8]) -> Option<String> {
    let (count, mut rest) = body.split_first()?;
    let mut certs = vec![format!("{count}:")];
    while let [cert_type, high, low, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest = rest.get(3 + length..)?;
        certs.push(match cert_type {
            1..=3 => format!("type {cert_type}"),
            _ => format!("type {cert_type} of {length} bytes"),
        });
    }
    rest.is_empty().then(|| certs.join(" "))
}

/// NETINFO (tor-spec): timestamp, other address, number of addresses, addresses.
fn describe_netinfo(body: &[u8]) -> Option<String> {
    let (other, rest) = address(body.get(4..)?)?;
    let (count, mut rest) = rest.split_first()?;
    let mut own = Vec::new();
    for _ in 0..*count {
        let (one, behind) = address(rest)?;
        own.push(one);
        rest = behind;
    }
    let filling = filling(rest, 0);
    Some(format!(
        "NETINFO to {other} from {}{filling}",
        own.join(" ")
    ))
}

/// An address, its type and length in front, and what stands behind it.
fn address(bytes: &[u8]) -> Option<(String, &[u8])> {
    let length = usize::from(*bytes.get(1)?);
    let (address, rest) = bytes.split_at_checked(2 + length)?;
    Some((hex::encode(address), rest))
}

fn describe_message(message: &RelayMessage) -> String {
    let RelayMessage {
        command,
        stream_id,
        length,
        body,
    } = message;
    let content = match *command {
        relay::DATA => {
            // The status line of a directory's answer; dates come after it.
            let line = body.split(|byte| *byte == b'\r').next().unwrap_or(body);
            format!("begins {:?}", String::from_utf8_lossy(line))
        }
        relay::SENDME => format!(
            "{}, {length} bytes",
            hex::encode(&body[..body.len().min(3)])
        ),
        relay::EXTENDED2 => format!("{length} bytes"),
        _ => hex::encode(body),
    };
    format!("{} stream {stream_id}: {content}", message_name(*command))
}

fn message_name(command: u8) -> String {
    let name = match command {
        relay::DATA => "DATA",
        relay::END => "END",
        relay::CONNECTED => "CONNECTED",
        relay::SENDME => "SENDME",
        relay::TRUNCATED => "TRUNCATED",
        relay::RESOLVED => "RESOLVED",
        relay::EXTENDED2 => "EXTENDED2",
        relay::CONFLUX_LINKED => "CONFLUX_LINKED",
        relay::INTRODUCE_ACK => "INTRODUCE_ACK",
        relay::PADDING_NEGOTIATED => "PADDING_NEGOTIATED",
        _ => return format!("command {command}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRC: u32 = 0x8000_0001;

    fn transcript(cells: &[Cell]) -> Transcript {
        let mut transcript = Transcript::default();
        cells.iter().for_each(|cell| transcript.cell(cell));
        transcript
    }

    fn fixed(circ_id: u32, command: u8, start: &[u8]) -> Cell {
        let mut body = start.to_vec();
        body.resize(509, 0);
        Cell::new(circ_id, command, body)
    }

    #[test]
    fn what_a_peer_must_not_rely_on_makes_no_difference() {
        let netinfo = |time: u8| {
            let body = [&[time; 4][..], &[4, 4, 127, 0, 0, 1, 1, 4, 4, 127, 0, 0, 1]].concat();
            fixed(0, command::NETINFO, &body)
        };
        let challenge = |nonce: u8| {
            let body = [&[nonce; 32][..], &[0, 1, 0, 3]].concat();
            Cell::new(0, command::AUTH_CHALLENGE, body)
        };
        let certs = |x509: &[u8]| {
            let body = [&[1, 2, 0, x509.len() as u8], x509].concat();
            Cell::new(0, command::CERTS, body)
        };
        let created = |y: u8| fixed(CIRC, command::CREATED2, &[0, 2, y, y]);
        let destroy = || fixed(7, command::DESTROY, &[1]);
        let one = [certs(&[1]), challenge(1), netinfo(1), created(1), destroy()];
        let other = [
            certs(&[2, 2]),
            challenge(2),
            netinfo(2),
            destroy(),
            created(2),
        ];
        assert_eq!(transcript(&one), transcript(&other));
        assert!(transcript(&one).has("NETINFO to 04047f000001 from 04047f000001"));
    }

    #[test]
    fn everything_else_makes_a_difference() {
        let good = fixed(CIRC, command::DESTROY, &[1]);
        let expected = transcript(std::slice::from_ref(&good));
        let mut leaking = good.clone();
        leaking.body[508] = 1;
        let (mut at_next_hop, mut elsewhere) = (expected.clone(), expected.clone());
        at_next_hop.next_hop(&leaking, true);
        elsewhere.next_hop(&leaking, false);
        assert_ne!(at_next_hop, elsewhere);
        let others = [
            at_next_hop,
            elsewhere,
            transcript(&[]),
            transcript(&[good.clone(), good]),
            transcript(&[fixed(CIRC, command::DESTROY, &[2])]),
            transcript(&[fixed(CIRC + 1, command::DESTROY, &[1])]),
            transcript(&[fixed(CIRC, 99, &[1])]),
            transcript(&[leaking]),
            Transcript {
                ending: Ending::Closed,
                ..expected.clone()
            },
        ];
        for other in others {
            assert_ne!(expected, other);
            assert_ne!(expected.lines(), other.lines());
        }
    }
}
