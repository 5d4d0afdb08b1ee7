//! Messages in relay cells (tor-spec, "Relay cells"; proposal 359 for version 1).
//!
//! Replaces C Tor's `relay_msg.c`. Where relay cell encryption puts its fields
//! (`recognized` and `digest` of version 0, the tag of version 1), this neither
//! reads nor writes.

use crate::{CellBody, CELL_BODY_LEN};

/// Length of the header of version 0: command, recognized, stream ID, digest,
/// length; in bytes.
pub const V0_HEADER_LEN: usize = 11;
/// Length of the header of version 1 without a stream ID: tag, command, length;
/// in bytes.
pub const V1_HEADER_LEN: usize = 19;
/// Length of the header of version 1 with a stream ID, in bytes.
pub const V1_STREAM_HEADER_LEN: usize = V1_HEADER_LEN + 2;

/// Zeros that follow a message before its padding is random: a later version of
/// the format may put something there.
const ZEROS: usize = 4;

/// The version of the relay cell format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// That of tor1.
    V0,
    /// That of Counter Galois Onion.
    V1,
}

/// A message. Its data are where the cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayMsg<'a> {
    /// What it is: a relay command.
    pub command: u8,
    /// The stream that it is for, or 0.
    pub stream_id: u16,
    /// What it says.
    pub data: &'a [u8],
}

/// A cell has no message in it: a length beyond the cell's end or, in version 1,
/// a command that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Why a message cannot go into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is too long for the format.
    TooLong,
    /// Its command wants a stream in version 1, and it names none.
    NoStream,
    /// It names a stream, and its command does not have one in version 1.
    Stream,
}

/// Reads the message in a cell.
///
/// # Errors
/// If there is none.
#[inline]
pub fn decode(format: Format, body: &CellBody) -> Result<RelayMsg<'_>, Malformed> {
    let (command, stream_id, length, header) = match format {
        Format::V0 => {
            let [command, _, _, s0, s1, _, _, _, _, l0, l1, ..] = *body;
            let stream_id = u16::from_be_bytes([s0, s1]);
            (
                command,
                stream_id,
                u16::from_be_bytes([l0, l1]),
                V0_HEADER_LEN,
            )
        }
        Format::V1 => {
            let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, command, l0, l1, s0, s1, ..] =
                *body;
            let header = match usize::from(V1_HEADER_LENS[usize::from(command)]) {
                0 => return Err(Malformed),
                header => header,
            };
            let stream_id = match header {
                V1_STREAM_HEADER_LEN => u16::from_be_bytes([s0, s1]),
                _ => 0,
            };
            (command, stream_id, u16::from_be_bytes([l0, l1]), header)
        }
    };
    let data = body.get(header..);
    let data = data.and_then(|rest| rest.get(..usize::from(length)));
    Ok(RelayMsg {
        command,
        stream_id,
        data: data.ok_or(Malformed)?,
    })
}

/// Makes a cell of a message. What relay cell encryption writes is zero. `pad` fills
/// what remains with randomness, so that nobody can foresee a whole cell (proposal
/// 289).
///
/// # Errors
/// If the message does not fit the format; the cell is then as it was.
#[inline]
pub fn encode(
    format: Format,
    message: &RelayMsg<'_>,
    body: &mut CellBody,
    pad: impl FnOnce(&mut [u8]),
) -> Result<(), Unfit> {
    let &RelayMsg {
        command,
        stream_id,
        data,
    } = message;
    let header = header_len(format, command);
    let length = match u16::try_from(data.len()) {
        Ok(length) if data.len() <= CELL_BODY_LEN - header => length.to_be_bytes(),
        _ => return Err(Unfit::TooLong),
    };
    let [s0, s1] = stream_id.to_be_bytes();
    let [l0, l1] = length;
    match format {
        Format::V0 => {
            body[..V0_HEADER_LEN].copy_from_slice(&[command, 0, 0, s0, s1, 0, 0, 0, 0, l0, l1])
        }
        Format::V1 => {
            let wants_stream = has_stream_in_v1(command);
            match (wants_stream, stream_id) {
                (true, 0) => return Err(Unfit::NoStream),
                (false, 1..) => return Err(Unfit::Stream),
                _ => {}
            }
            body[..16].fill(0);
            // Where there is no stream ID, data come over it, or zeros.
            body[16..V1_STREAM_HEADER_LEN].copy_from_slice(&[command, l0, l1, s0, s1]);
        }
    }
    // Data come over these too, where fewer remain.
    body[CELL_BODY_LEN - ZEROS..].fill(0);
    let (data_at, rest) = body[header..].split_at_mut(data.len());
    data_at.copy_from_slice(data);
    if let Some((zeros, padding)) = rest.split_first_chunk_mut() {
        *zeros = [0; ZEROS];
        if !padding.is_empty() {
            pad(padding);
        }
    }
    Ok(())
}

/// Length of the header of a message with this command, in bytes.
fn header_len(format: Format, command: u8) -> usize {
    match format {
        Format::V0 => V0_HEADER_LEN,
        Format::V1 if has_stream_in_v1(command) => V1_STREAM_HEADER_LEN,
        Format::V1 => V1_HEADER_LEN,
    }
}

/// Length of the header in version 1, by command; 0 where nobody knows the command.
const V1_HEADER_LENS: [u8; 256] = {
    let mut lens = [0; 256];
    let mut command = 0;
    while command < lens.len() {
        lens[command] = match (is_known(command as u8), has_stream_in_v1(command as u8)) {
            (false, _) => 0,
            (true, false) => V1_HEADER_LEN as u8,
            (true, true) => V1_STREAM_HEADER_LEN as u8,
        };
        command += 1;
    }
    lens
};

/// BEGIN, DATA, END, CONNECTED, RESOLVE, RESOLVED, BEGIN_DIR, XOFF, XON.
const STREAM_COMMANDS: [u8; 9] = [1, 2, 3, 4, 11, 12, 13, 43, 44];

/// Whether messages with this command belong to a stream: in version 1 only these
/// have a stream ID.
pub const fn has_stream_in_v1(command: u8) -> bool {
    bit(bits(&STREAM_COMMANDS), command)
}

/// Whether tor-spec knows this relay command.
pub const fn is_known(command: u8) -> bool {
    const KNOWN: u64 = bits(&STREAM_COMMANDS)
        // SENDME, EXTEND, EXTENDED, TRUNCATE, TRUNCATED, DROP; EXTEND2, EXTENDED2.
        | bits(&[5, 6, 7, 8, 9, 10, 14, 15])
        // CONFLUX_LINK, _LINKED, _LINKED_ACK, _SWITCH.
        | bits(&[19, 20, 21, 22])
        // ESTABLISH_INTRO to INTRODUCE_ACK, PADDING_NEGOTIATE and _NEGOTIATED.
        | bits(&[32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42]);
    bit(KNOWN, command)
}

/// A set of commands, all below 64.
const fn bits(commands: &[u8]) -> u64 {
    let mut set = 0;
    let mut rest = commands;
    while let [command, more @ ..] = rest {
        set |= 1 << *command;
        rest = more;
    }
    set
}

const fn bit(set: u64, command: u8) -> bool {
    command < 64 && set >> command & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: u8 = 2;
    const DROP: u8 = 10;

    fn padded(format: Format, message: &RelayMsg<'_>) -> Result<CellBody, Unfit> {
        let mut body = [0xa6; CELL_BODY_LEN];
        encode(format, message, &mut body, |padding| padding.fill(0xee)).map(|()| body)
    }

    #[test]
    fn what_is_encoded_is_decoded_at_every_length() {
        for format in [Format::V0, Format::V1] {
            for command in (0..=255).filter(|&c| format == Format::V0 || is_known(c)) {
                let most = CELL_BODY_LEN - header_len(format, command);
                for len in [0, 1, 200, most - 5, most - 4, most - 1, most] {
                    let data = vec![0x55; len];
                    let message = RelayMsg {
                        command,
                        stream_id: u16::from(has_stream_in_v1(command)) * 0x1234,
                        data: &data,
                    };
                    let body = padded(format, &message).unwrap();
                    assert_eq!(decode(format, &body), Ok(message));
                    let padding = &body[CELL_BODY_LEN - (most - len)..];
                    let (zeros, random) = padding.split_at(padding.len().min(ZEROS));
                    assert!(zeros.iter().all(|&byte| byte == 0));
                    assert!(random.iter().all(|&byte| byte == 0xee));
                }
                let data = vec![0; most + 1];
                let message = RelayMsg {
                    command,
                    stream_id: 1,
                    data: &data,
                };
                assert_eq!(padded(format, &message), Err(Unfit::TooLong));
            }
        }
    }

    #[test]
    fn version_1_wants_a_stream_where_there_is_one_and_nowhere_else() {
        let message = |command, stream_id| RelayMsg {
            command,
            stream_id,
            data: b"",
        };
        assert_eq!(padded(Format::V1, &message(DATA, 0)), Err(Unfit::NoStream));
        assert_eq!(padded(Format::V1, &message(DROP, 1)), Err(Unfit::Stream));
        assert!(padded(Format::V0, &message(DATA, 0)).is_ok());
        assert!(padded(Format::V0, &message(DROP, 1)).is_ok());
    }

    #[test]
    fn lengths_beyond_the_end_and_in_version_1_unknown_commands_are_malformed() {
        for (format, command_at, length_at) in [(Format::V0, 0, 9), (Format::V1, 16, 17)] {
            for command in 0..=255 {
                let most = CELL_BODY_LEN - header_len(format, command);
                for length in 0..=u16::MAX {
                    let mut body = [0; CELL_BODY_LEN];
                    body[command_at] = command;
                    body[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
                    let known = format == Format::V0 || is_known(command);
                    let good = known && usize::from(length) <= most;
                    assert_eq!(decode(format, &body).is_ok(), good);
                }
            }
        }
    }
}
