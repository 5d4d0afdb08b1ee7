//! A small client of tor's control protocol (control-spec) over a node's unix
//! socket: one command at a time, and the events that arrive in between.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};

/// A circuit's identifier on a control port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CircuitId(pub u64);

/// A stream's identifier on a control port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What tor answered, or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code of the last line: 250 is success, 650 an event.
    pub code: u16,
    /// The lines without code and separator; the data that follows a `+` line
    /// is part of it, after line feeds.
    pub lines: Vec<String>,
}

impl Reply {
    /// The last line, where tor says what went wrong.
    pub fn message(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }
}

/// A connection to one node's control port.
pub struct Control {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
    events: VecDeque<Reply>,
}

impl Control {
    /// Connects to a control socket and authenticates with nothing, as a node
    /// with `CookieAuthentication 0` accepts it.
    pub fn connect(socket: &Path) -> Result<Control> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("cannot connect to {}", socket.display()))?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        let mut control = Control {
            writer: stream.try_clone()?,
            reader: BufReader::new(stream),
            events: VecDeque::new(),
        };
        control.command("AUTHENTICATE")?;
        Ok(control)
    }

    /// Sends one command line and returns the answer, whatever its code.
    pub fn ask(&mut self, command: &str) -> Result<Reply> {
        ensure!(
            !command.contains(['\r', '\n']),
            "a control command is one line"
        );
        self.writer.write_all(format!("{command}\r\n").as_bytes())?;
        loop {
            let reply = self.read_reply()?;
            if reply.code != EVENT {
                return Ok(reply);
            }
            self.events.push_back(reply);
        }
    }

    /// Sends one command line; an answer other than success is an error.
    pub fn command(&mut self, command: &str) -> Result<Reply> {
        let reply = self.ask(command)?;
        if reply.code != OK {
            let (code, message) = (reply.code, reply.message());
            bail!("tor answered \"{code} {message}\" to {command}");
        }
        Ok(reply)
    }

    /// The value of one GETINFO key; several lines are joined by line feeds.
    pub fn get_info(&mut self, key: &str) -> Result<String> {
        let reply = self.command(&format!("GETINFO {key}"))?;
        let value = reply
            .lines
            .iter()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .with_context(|| format!("tor did not answer GETINFO {key}"))?;
        Ok(value.trim_start_matches('\n').to_owned())
    }

    /// Sets options; an empty value sets an option back to its default.
    pub fn set_conf(&mut self, options: &[(&str, &str)]) -> Result<()> {
        let mut command = String::from("SETCONF");
        for (name, value) in options {
            command += &match value.is_empty() {
                true => format!(" {name}"),
                false => format!(" {name}=\"{value}\""),
            };
        }
        self.command(&command)?;
        Ok(())
    }

    /// Replaces the events that this connection receives.
    pub fn set_events(&mut self, events: &[&str]) -> Result<()> {
        self.command(&format!("SETEVENTS {}", events.join(" ")))?;
        Ok(())
    }

    /// Starts a circuit through the relays with these fingerprints. Tor then
    /// asks every hop for what it would ask an exit, CGO included.
    pub fn extend_circuit(&mut self, fingerprints: &[&str]) -> Result<CircuitId> {
        let hops: Vec<String> = fingerprints.iter().map(|hop| format!("${hop}")).collect();
        let reply = self.command(&format!("EXTENDCIRCUIT 0 {}", hops.join(",")))?;
        let id = reply
            .message()
            .strip_prefix("EXTENDED ")
            .and_then(|id| id.trim().parse().ok())
            .context("tor did not name the circuit that it extends")?;
        Ok(CircuitId(id))
    }

    /// Lets tor choose a circuit for a stream (`None`), or leaves it on a given
    /// circuit: at its last hop, or at an earlier one, counted from 1.
    pub fn attach_stream(
        &mut self,
        stream: StreamId,
        circuit: Option<(CircuitId, Option<usize>)>,
    ) -> Result<()> {
        let place = match circuit {
            None => "0".to_owned(),
            Some((circuit, None)) => circuit.to_string(),
            Some((circuit, Some(hop))) => format!("{circuit} HOP={hop}"),
        };
        self.command(&format!("ATTACHSTREAM {stream} {place}"))?;
        Ok(())
    }

    /// Closes a circuit.
    pub fn close_circuit(&mut self, circuit: CircuitId) -> Result<()> {
        self.command(&format!("CLOSECIRCUIT {circuit}"))?;
        Ok(())
    }

    /// How far a node's bootstrap is, in percent.
    pub fn bootstrap_percent(&mut self) -> Result<u8> {
        let phase = self.get_info("status/bootstrap-phase")?;
        phase
            .split_whitespace()
            .find_map(|word| word.strip_prefix("PROGRESS=")?.parse().ok())
            .with_context(|| format!("cannot read the bootstrap phase {phase}"))
    }

    /// An event that has already arrived while a command was waiting.
    pub fn queued_event(&mut self) -> Option<Reply> {
        self.events.pop_front()
    }

    /// Waits for the next event; `None` when the connection has ended.
    pub(crate) fn next_event(&mut self) -> Result<Option<Reply>> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Some(event));
        }
        self.writer.set_read_timeout(None)?;
        let event = match self.read_reply() {
            Ok(event) => Some(event),
            Err(error) if ended(&error) => None,
            Err(error) => return Err(error),
        };
        self.writer.set_read_timeout(Some(ANSWER_LIMIT))?;
        Ok(event)
    }

    /// A handle with which another thread can end the connection.
    pub(crate) fn ender(&self) -> Result<Ender> {
        Ok(Ender(self.writer.try_clone()?))
    }

    fn read_reply(&mut self) -> Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let line = self.read_line()?;
            let (Some(code), Some(separator), Some(text)) = (
                line.get(..3).and_then(|code| code.parse().ok()),
                line.get(3..4),
                line.get(4..),
            ) else {
                bail!("tor sent a malformed control line: {line}");
            };
            let mut text = text.to_owned();
            if separator == "+" {
                self.read_data(&mut text)?;
            }
            lines.push(text);
            if separator == " " {
                return Ok(Reply { code, lines });
            }
        }
    }

    fn read_data(&mut self, text: &mut String) -> Result<()> {
        loop {
            let line = self.read_line()?;
            if line == "." {
                return Ok(());
            }
            text.push('\n');
            // A dot at the start of a line of data is doubled.
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }

    fn read_line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        self.reader
            .read_until(b'\n', &mut line)
            .context("tor did not answer on its control port")?;
        if line.pop() != Some(b'\n') {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

/// Ends a control connection, so that a thread that waits for its events wakes.
pub(crate) struct Ender(UnixStream);

impl Ender {
    pub(crate) fn end(&self) {
        // It fails only when the other side has already ended it.
        let _ended = self.0.shutdown(Shutdown::Both);
    }
}

fn ended(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
        )
    })
}

const OK: u16 = 250;
const EVENT: u16 = 650;
/// Tor answers at once; this only ends the wait for one that hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    fn control(answers: &str) -> (Control, UnixStream) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(answers.as_bytes()).unwrap();
        let control = Control {
            writer: ours.try_clone().unwrap(),
            reader: BufReader::new(ours),
            events: VecDeque::new(),
        };
        (control, theirs)
    }

    #[test]
    fn data_lines_are_joined_and_their_dots_undoubled() {
        let (mut control, _tor) = control(
            "250+ns/all=\r\nr a\r\n..dot\r\n.\r\n250 OK\r\n250-version=0.4.9.11\r\n250 OK\r\n",
        );
        assert_eq!(control.get_info("ns/all").unwrap(), "r a\n.dot");
        assert_eq!(control.get_info("version").unwrap(), "0.4.9.11");
    }

    #[test]
    fn events_between_command_and_answer_are_kept_in_order() {
        let (mut control, tor) =
            control("650 CIRC 1 BUILT\r\n650 CIRC 2 BUILT\r\n250 EXTENDED 7\r\n");
        let id = control.extend_circuit(&["AA", "BB"]).unwrap();
        assert_eq!(id, CircuitId(7));
        assert_eq!(control.queued_event().unwrap().message(), "CIRC 1 BUILT");
        assert_eq!(
            control.next_event().unwrap().unwrap().message(),
            "CIRC 2 BUILT"
        );
        drop(tor);
        assert_eq!(control.next_event().unwrap(), None);
    }

    #[test]
    fn a_refusal_is_an_error_that_repeats_tors_words() {
        let (mut control, _tor) = control("552 Unrecognized option: x\r\n");
        let error = control.set_conf(&[("x", "1")]).unwrap_err().to_string();
        assert!(error.contains("552 Unrecognized option: x"), "{error}");
    }
}
