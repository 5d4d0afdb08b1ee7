//! Cells that make a circuit's first hop (tor-spec, "CREATE and CREATED cells").
//!
//! Replaces, with [`crate::extend`], C Tor's `onion.c`. CREATE and CREATED, of the
//! TAP handshake, are obsolete and refused. What handshake data say is the
//! handshake's affair; DESTROY has a reason and no format.

use crate::format::{Format, Reader, Writer};
use crate::formats::ed25519_cert::Create2;
use crate::{CellBody, CELL_BODY_LEN, RELAY_DATA_LEN};

/// Cell commands.
const CREATED: u8 = 2;
/// Cell command of [`Create::Fast`].
pub const CREATE_FAST: u8 = 5;
/// Cell command of [`Created::Fast`].
pub const CREATED_FAST: u8 = 6;
/// Cell command of [`Create::Create2`].
pub const CREATE2: u8 = 10;
/// Cell command of [`Created::Created2`].
pub const CREATED2: u8 = 11;

/// Handshake types.
const TAP: u16 = 0;
/// Handshake type of CREATE_FAST; a CREATE2 cell that arrives may not have it.
pub const FAST: u16 = 1;
const NTOR: u16 = 2;
const NTOR_V3: u16 = 3;

/// Length of a client's message in CREATE_FAST, in bytes.
pub const CREATE_FAST_LEN: usize = 20;
/// Length of a relay's answer in CREATED_FAST, in bytes.
pub const CREATED_FAST_LEN: usize = 40;
/// Length of a client's message of ntor, in bytes.
const NTOR_LEN: usize = 84;

/// Longest handshake data of CREATE2, in bytes.
pub const MAX_CREATE_LEN: usize = CELL_BODY_LEN - 4;
/// Longest answer that is accepted, in bytes: with its length before it, it has to
/// fit into EXTENDED2.
pub const MAX_REPLY_LEN: usize = RELAY_DATA_LEN - 2;

/// Why a cell or message of these is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its command is obsolete, or none of theirs.
    Command,
    /// It is too long, or ends before what it contains.
    Length,
    /// Nobody does this handshake any more, or nobody knows it, or it has no place
    /// there.
    Handshake,
    /// The handshake's data have another length.
    HandshakeLength,
    /// It does not name a relay, or not only one, or has a specifier in it that is
    /// not what it says.
    Relay,
    /// It does not say where the relay is.
    Address,
}

/// What begins a handshake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Create<'a> {
    /// CREATE_FAST: the client's message.
    Fast(&'a [u8; CREATE_FAST_LEN]),
    /// CREATE2.
    Create2(Create2<'a>),
}

/// Who asks for a handshake with another relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// We do.
    Here,
    /// A client, who may know handshakes that we do not.
    Client,
}

impl<'a> Create<'a> {
    /// Reads what a cell with this command and body asks for.
    ///
    /// # Errors
    /// If it is not one of these cells, or nobody here can answer it.
    #[inline]
    pub fn parse(command: u8, body: &'a CellBody) -> Result<Self, Refused> {
        match command {
            CREATE_FAST => match body.first_chunk() {
                Some(message) => Ok(Create::Fast(message)),
                None => Err(Refused::Length),
            },
            CREATE2 => {
                let (create2, _) = Create2::parse(body).map_err(|_| Refused::Length)?;
                if create2.handshake_type == FAST {
                    return Err(Refused::Handshake);
                }
                let len = create2.handshake_data.len();
                check(create2.handshake_type, len, Origin::Here)?;
                Ok(Create::Create2(create2))
            }
            _ => Err(Refused::Command),
        }
    }

    /// Whether it may be sent.
    ///
    /// # Errors
    /// If nobody would answer it, or its cell is too short.
    #[inline]
    pub fn check(&self, origin: Origin) -> Result<(), Refused> {
        match self {
            Create::Fast(_) => Ok(()),
            Create::Create2(create2) => {
                let len = create2.handshake_data.len();
                check(create2.handshake_type, len, origin)
            }
        }
    }

    /// Writes it into the body of a cell, which is all zero.
    ///
    /// # Errors
    /// If the cell is too short.
    #[inline]
    pub fn encode(&self, body: &mut CellBody) -> Result<(), Refused> {
        let mut writer = Writer::new(body);
        let written = match self {
            Create::Fast(message) => writer.put(*message),
            Create::Create2(create2) => create2.write(&mut writer),
        };
        written.map_err(|_| Refused::Length)
    }
}

/// Whether CREATE2 may have this handshake type, with so many bytes of handshake
/// data.
///
/// # Errors
/// If it may not; [`Refused::Length`] if only its cell is too short.
#[inline]
pub fn check(handshake_type: u16, len: usize, origin: Origin) -> Result<(), Refused> {
    match (handshake_type, len) {
        (TAP, _) => return Err(Refused::Handshake),
        (FAST, CREATE_FAST_LEN) | (NTOR, NTOR_LEN) => {}
        (FAST | NTOR, _) => return Err(Refused::HandshakeLength),
        // Of any length.
        (NTOR_V3, _) => {}
        _ if origin == Origin::Client => {}
        _ => return Err(Refused::Handshake),
    }
    if len > MAX_CREATE_LEN {
        return Err(Refused::Length);
    }
    Ok(())
}

/// What answers a [`Create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created<'a> {
    /// CREATED_FAST: the relay's answer.
    Fast(&'a [u8; CREATED_FAST_LEN]),
    /// CREATED2: the relay's answer.
    Created2(&'a [u8]),
}

impl<'a> Created<'a> {
    /// Reads the answer in a cell with this command and body. Nothing if it is
    /// another cell: C Tor refuses only CREATED, since its caller asks for no other.
    ///
    /// # Errors
    /// If it is CREATED, or the answer is too long.
    #[inline]
    pub fn parse(command: u8, body: &'a CellBody) -> Result<Option<Self>, Refused> {
        match command {
            CREATED => Err(Refused::Command),
            CREATED_FAST => Ok(body.first_chunk().map(Created::Fast)),
            CREATED2 => Ok(Some(Created::Created2(parse_reply(body)?))),
            _ => Ok(None),
        }
    }

    /// Whether it may be sent.
    ///
    /// # Errors
    /// If it is too long.
    #[inline]
    pub fn check(&self) -> Result<(), Refused> {
        match self {
            Created::Created2(reply) if reply.len() > MAX_REPLY_LEN => Err(Refused::Length),
            _ => Ok(()),
        }
    }

    /// Writes it into the body of a cell, which is all zero.
    ///
    /// # Errors
    /// If it is too long.
    #[inline]
    pub fn encode(&self, body: &mut CellBody) -> Result<(), Refused> {
        match self {
            Created::Fast(reply) => Writer::new(body).put(*reply).map_err(|_| Refused::Length),
            Created::Created2(reply) => encode_reply(reply, body).map(drop),
        }
    }
}

/// Reads an answer and its length before it: the body of CREATED2, and that of
/// EXTENDED2.
///
/// # Errors
/// If it is not there, or too long.
#[inline]
pub(crate) fn parse_reply(bytes: &[u8]) -> Result<&[u8], Refused> {
    let mut reader = Reader::new(bytes);
    let reply = u16::read(&mut reader).and_then(|len| reader.take(len.into()));
    reply
        .ok()
        .filter(|reply| reply.len() <= MAX_REPLY_LEN)
        .ok_or(Refused::Length)
}

/// Writes what [`parse_reply`] reads. The number is its length, in bytes.
///
/// # Errors
/// If it is too long; nothing is then written.
#[inline]
pub(crate) fn encode_reply(reply: &[u8], out: &mut [u8]) -> Result<usize, Refused> {
    let len = match u16::try_from(reply.len()) {
        Ok(len) if reply.len() <= MAX_REPLY_LEN => len,
        _ => return Err(Refused::Length),
    };
    let mut writer = Writer::new(out);
    let written = len.write(&mut writer).and_then(|()| writer.put(reply));
    written.map_err(|_| Refused::Length)?;
    Ok(writer.written())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create2(handshake_type: u16, handshake_data: &[u8]) -> Create<'_> {
        Create::Create2(Create2 {
            handshake_type,
            handshake_data,
        })
    }

    /// A body that begins so, and is not zero behind that.
    fn body(beginning: &[u8]) -> CellBody {
        let mut body = [0xee; CELL_BODY_LEN];
        body[..beginning.len()].copy_from_slice(beginning);
        body
    }

    const ZEROS: CellBody = [0; CELL_BODY_LEN];

    #[test]
    fn what_is_encoded_is_parsed() {
        let data = [0x55; MAX_CREATE_LEN];
        let fast = Create::Fast(data.first_chunk().unwrap());
        let mut creates = vec![
            (CREATE_FAST, fast, 20),
            (CREATE2, create2(2, &data[..84]), 88),
        ];
        for len in 0..=MAX_CREATE_LEN {
            creates.push((CREATE2, create2(3, &data[..len]), len + 4));
        }
        for (command, create, len) in creates {
            assert_eq!(create.check(Origin::Here), Ok(()));
            assert_eq!(create.check(Origin::Client), Ok(()));
            let mut cell = ZEROS;
            create.encode(&mut cell).unwrap();
            assert_eq!(Create::parse(command, &cell), Ok(create));
            assert_eq!(cell[len..], ZEROS[len..]);
        }
        let fast = Created::Fast(data.first_chunk().unwrap());
        let mut answers = vec![(CREATED_FAST, fast, 40)];
        for len in 0..=MAX_REPLY_LEN {
            answers.push((CREATED2, Created::Created2(&data[..len]), len + 2));
        }
        for (command, created, len) in answers {
            assert_eq!(created.check(), Ok(()));
            let mut cell = ZEROS;
            created.encode(&mut cell).unwrap();
            assert_eq!(Created::parse(command, &cell), Ok(Some(created)));
            assert_eq!(cell[len..], ZEROS[len..]);
        }
    }

    #[test]
    fn what_is_parsed_is_encoded_as_it_was_but_for_what_followed_it() {
        for length in 0..=MAX_CREATE_LEN {
            let [high, low] = (length as u16).to_be_bytes();
            let cell = body(&[0, 3, high, low]);
            let mut again = ZEROS;
            let create = Create::parse(CREATE2, &cell).unwrap();
            create.encode(&mut again).unwrap();
            assert_eq!(again[..4 + length], cell[..4 + length]);
            if let Ok(Some(created)) = Created::parse(CREATED2, &body(&[high, low])) {
                let mut again = ZEROS;
                created.encode(&mut again).unwrap();
                assert_eq!(again[..2 + length], body(&[high, low])[..2 + length]);
            }
        }
    }

    #[test]
    fn handshakes_that_nobody_knows_are_only_passed_on() {
        for handshake_type in (4..=u16::MAX).chain([TAP]) {
            let [high, low] = handshake_type.to_be_bytes();
            let arrived = body(&[high, low, 0, 7]);
            assert_eq!(Create::parse(CREATE2, &arrived), Err(Refused::Handshake));
            let create = create2(handshake_type, b"unknown");
            assert_eq!(create.check(Origin::Here), Err(Refused::Handshake));
            let passed_on = create.check(Origin::Client);
            assert_eq!(passed_on.is_ok(), handshake_type != TAP);
        }
    }

    #[test]
    fn create_fast_in_create2_is_written_and_not_read() {
        let mut cell = ZEROS;
        let fast = create2(FAST, &[1; CREATE_FAST_LEN]);
        assert_eq!(fast.check(Origin::Here), Ok(()));
        assert_eq!(fast.encode(&mut cell), Ok(()));
        assert_eq!(Create::parse(CREATE2, &cell), Err(Refused::Handshake));
    }

    #[test]
    fn handshake_data_of_another_length_are_refused() {
        for len in 0..=MAX_CREATE_LEN {
            let [high, low] = (len as u16).to_be_bytes();
            let cell = body(&[0, 2, high, low]);
            assert_eq!(Create::parse(CREATE2, &cell).is_ok(), len == 84);
            for (handshake_type, right) in [(FAST, CREATE_FAST_LEN), (NTOR, NTOR_LEN)] {
                let create = create2(handshake_type, &cell[4..4 + len]);
                let checked = create.check(Origin::Client);
                assert_eq!(checked.is_ok(), len == right);
            }
        }
        let long = [0; MAX_CREATE_LEN + 1];
        let create = create2(3, &long);
        assert_eq!(create.check(Origin::Client), Err(Refused::Length));
        assert_eq!(create.encode(&mut [0; CELL_BODY_LEN]), Err(Refused::Length));
    }

    #[test]
    fn what_ends_behind_its_cell_is_refused() {
        for length in 0..=u16::MAX {
            let [high, low] = length.to_be_bytes();
            let create = body(&[0, 3, high, low]);
            let good = usize::from(length) <= MAX_CREATE_LEN;
            assert_eq!(Create::parse(CREATE2, &create).is_ok(), good);
            // Or would not fit into EXTENDED2.
            let created = body(&[high, low]);
            let good = usize::from(length) <= MAX_REPLY_LEN;
            assert_eq!(Created::parse(CREATED2, &created).is_ok(), good);
        }
        let long = [0; MAX_REPLY_LEN + 1];
        let mut cell = ZEROS;
        let created = Created::Created2(&long);
        assert_eq!(created.check(), Err(Refused::Length));
        assert_eq!(created.encode(&mut cell), Err(Refused::Length));
        assert_eq!(cell, ZEROS);
    }

    #[test]
    fn other_cells_are_no_create_and_an_empty_created() {
        let cell = body(b"");
        for command in 0..=u8::MAX {
            if ![CREATE_FAST, CREATE2].contains(&command) {
                assert_eq!(Create::parse(command, &cell), Err(Refused::Command));
            }
            if ![CREATED, CREATED_FAST, CREATED2].contains(&command) {
                assert_eq!(Created::parse(command, &cell), Ok(None));
            }
        }
        assert_eq!(Created::parse(CREATED, &cell), Err(Refused::Command));
    }
}
