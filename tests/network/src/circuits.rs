//! A client's circuits and streams as its control port reports them: which
//! circuit a stream went to, what its path was, how full its cells were; and
//! the attaching of streams to circuits of our own.
//!
//! The client runs with `__LeaveStreamsUnattached 1`. One thread reads the
//! events CIRC, STREAM and CIRC_BW; a new stream goes to the circuit that was
//! assigned to its source port, any other to the circuit that tor chooses.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, Context, Result};

use crate::control::{CircuitId, Control, Ender, StreamId};
use crate::process::lock;

/// The relay crypto between a client and the hop that its stream ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelayCrypto {
    /// tor1, or on an onion service's circuit its variant with AES-256 and SHA3.
    Tor1,
    /// Counter Galois Onion (proposal 359).
    Cgo,
}

impl std::fmt::Display for RelayCrypto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RelayCrypto::Tor1 => "tor1",
            RelayCrypto::Cgo => "CGO",
        })
    }
}

/// What a circuit has carried, from the client's CIRC_BW events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCounts {
    /// Relay cells received.
    pub cells_read: u64,
    /// Bytes in the bodies of received relay messages.
    pub body_read: u64,
    /// Relay cells sent.
    pub cells_written: u64,
    /// Bytes in the bodies of sent relay messages.
    pub body_written: u64,
}

impl CellCounts {
    /// What was added since `earlier`.
    pub(crate) fn since(self, earlier: CellCounts) -> CellCounts {
        CellCounts {
            cells_read: self.cells_read - earlier.cells_read,
            body_read: self.body_read - earlier.body_read,
            cells_written: self.cells_written - earlier.cells_written,
            body_written: self.body_written - earlier.body_written,
        }
    }

    /// Which relay crypto filled these cells. Tor says it nowhere, but relay
    /// crypto and relay cell format are negotiated as one: CGO comes with format
    /// 1, whose DATA messages carry at most 488 bytes, tor1 with format 0 and at
    /// most 498. A bulk transfer fills all cells but a few, so the average tells
    /// them apart; `None` when too few cells were full to say.
    pub fn relay_crypto(self) -> Option<RelayCrypto> {
        [
            (self.cells_read, self.body_read),
            (self.cells_written, self.body_written),
        ]
        .into_iter()
        .filter(|(cells, _)| *cells >= FEWEST_CELLS)
        .map(|(cells, body)| body as f64 / cells as f64)
        .max_by(f64::total_cmp)
        .and_then(|average| match average {
            average if average > MOST_IN_CGO_CELL => Some(RelayCrypto::Tor1),
            average if average > NEARLY_FULL_CGO_CELL => Some(RelayCrypto::Cgo),
            _ => None,
        })
    }
}

/// 509 bytes less tag 16, command 1, length 2 and stream 2.
const MOST_IN_CGO_CELL: f64 = 488.0;
/// Tor1 cells of this average would have to be partly empty nearly all of them.
const NEARLY_FULL_CGO_CELL: f64 = 474.0;
const FEWEST_CELLS: u64 = 500;
/// The bytes of a cell that CIRC_BW counts in READ and WRITTEN.
const CELL_PAYLOAD_SIZE: u64 = 509;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Building,
    Built,
    Closed,
}

#[derive(Clone, Debug)]
struct Record {
    state: State,
    path: Vec<String>,
    reason: String,
    counts: CellCounts,
}

/// Where a stream belongs: on a circuit, up to a hop or to its end, or wherever
/// tor puts it.
pub(crate) type Place = Option<(CircuitId, Option<usize>)>;

/// A stream of ours, known by its source port.
#[derive(Clone, Debug, Default)]
struct Stream {
    place: Place,
    circuit: Option<CircuitId>,
    failure: Option<String>,
}

#[derive(Default)]
struct Known {
    circuits: BTreeMap<CircuitId, Record>,
    streams: HashMap<u16, Stream>,
    /// Streams that we attach, with their source ports when they are ours.
    attached: HashMap<StreamId, Option<u16>>,
    ended: Option<String>,
}

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    changed: Condvar,
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// Waits until `ready` has an answer, or the limit passes, or events end.
    fn wait<T>(
        &self,
        limit: Duration,
        mut ready: impl FnMut(&Known) -> Option<T>,
    ) -> Result<Option<T>> {
        let deadline = Instant::now() + limit;
        let mut known = self.known();
        loop {
            if let Some(value) = ready(&known) {
                return Ok(Some(value));
            }
            if let Some(reason) = &known.ended {
                bail!("the client's control port has ended: {reason}");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            known = self
                .changed
                .wait_timeout(known, left)
                .map_err(|_| anyhow!("the thread that reads events has panicked"))?
                .0;
        }
    }
}

/// All circuits of one client.
pub(crate) struct Circuits {
    shared: Arc<Shared>,
    commands: Mutex<Control>,
    ender: Ender,
    reader: Option<JoinHandle<()>>,
}

impl Circuits {
    /// Watches a client through two connections to its control port.
    pub(crate) fn watch(commands: Control, mut events: Control) -> Result<Circuits> {
        events.set_events(&["CIRC", "STREAM", "CIRC_BW"])?;
        let shared = Arc::new(Shared::default());
        // Circuits that stood before have no more events until they close.
        for line in events.get_info("circuit-status")?.lines() {
            if let [id, status, rest @ ..] = line.split(' ').collect::<Vec<_>>().as_slice() {
                circuit_event(&shared, id, status, rest);
            }
        }
        let ender = events.ender()?;
        let theirs = Arc::clone(&shared);
        let reader = thread::Builder::new()
            .name("client events".into())
            .spawn(move || {
                let end = read_events(&mut events, &theirs);
                let reason = match end {
                    Ok(()) => "tor closed it".to_owned(),
                    Err(error) => format!("{error:#}"),
                };
                theirs.known().ended = Some(reason);
                theirs.changed.notify_all();
            })?;
        Ok(Circuits {
            shared,
            commands: Mutex::new(commands),
            ender,
            reader: Some(reader),
        })
    }

    /// The connection for commands.
    pub(crate) fn commands(&self) -> MutexGuard<'_, Control> {
        lock(&self.commands)
    }

    /// Says that a stream is about to be asked for from this source port, and
    /// where it shall go: `None` leaves the choice to tor.
    pub(crate) fn expect(&self, port: u16, place: Place) {
        let stream = Stream {
            place,
            ..Stream::default()
        };
        self.shared.known().streams.insert(port, stream);
    }

    /// Forgets the stream of a source port, which may be used again.
    pub(crate) fn forget(&self, port: u16) {
        self.shared.known().streams.remove(&port);
    }

    /// Why the stream of this port could not be attached, if it could not.
    pub(crate) fn failure(&self, port: u16) -> Option<String> {
        let known = self.shared.known();
        known.streams.get(&port)?.failure.clone()
    }

    /// The circuit that the stream of this port went to, with its path; the
    /// event may come a moment after the stream is connected.
    pub(crate) fn circuit_of(&self, port: u16) -> Result<(CircuitId, Vec<String>)> {
        self.shared
            .wait(EVENT_LIMIT, |known| {
                let circuit = known.streams.get(&port)?.circuit?;
                let record = known.circuits.get(&circuit);
                let path = record.map(|record| record.path.clone());
                Some((circuit, path.unwrap_or_default()))
            })?
            .context("tor did not say which circuit a stream went to")
    }

    /// What a circuit has carried so far.
    pub(crate) fn counts(&self, circuit: CircuitId) -> CellCounts {
        let known = self.shared.known();
        let record = known.circuits.get(&circuit);
        record.map(|record| record.counts).unwrap_or_default()
    }

    /// Waits until the circuit's counts satisfy `enough`: tor reports them once
    /// a second.
    pub(crate) fn counts_when(
        &self,
        circuit: CircuitId,
        enough: impl Fn(CellCounts) -> bool,
    ) -> Result<CellCounts> {
        let counts = self.shared.wait(EVENT_LIMIT, |known| {
            let record = known.circuits.get(&circuit)?;
            (enough(record.counts) || record.state == State::Closed).then_some(record.counts)
        })?;
        counts.with_context(|| format!("tor did not report what circuit {circuit} has carried"))
    }

    /// Builds a circuit through the relays with these fingerprints.
    pub(crate) fn build(&self, fingerprints: &[&str]) -> Result<(CircuitId, Vec<String>)> {
        let circuit = self.extend_when_known(fingerprints)?;
        let built = self.shared.wait(BUILD_LIMIT, |known| {
            let record = known.circuits.get(&circuit)?;
            match record.state {
                State::Building => None,
                State::Built => Some(Ok(record.path.clone())),
                State::Closed => Some(Err(record.reason.clone())),
            }
        })?;
        match built {
            Some(Ok(path)) => Ok((circuit, path)),
            Some(Err(reason)) => bail!("circuit {circuit} could not be built: {reason}"),
            None => bail!("circuit {circuit} was neither built nor closed"),
        }
    }

    /// A client calls itself ready when it knows two thirds of the relays; the
    /// descriptors of the others arrive a little later.
    fn extend_when_known(&self, fingerprints: &[&str]) -> Result<CircuitId> {
        let deadline = Instant::now() + BUILD_LIMIT;
        loop {
            let extended = self.commands().extend_circuit(fingerprints);
            match extended {
                Err(error)
                    if error.to_string().contains("No descriptor for")
                        && Instant::now() < deadline =>
                {
                    thread::sleep(Duration::from_millis(100));
                }
                other => return other,
            }
        }
    }
}

impl Drop for Circuits {
    fn drop(&mut self) {
        self.ender.end();
        if let Some(reader) = self.reader.take() {
            let _ended = reader.join();
        }
    }
}

fn read_events(events: &mut Control, shared: &Shared) -> Result<()> {
    while let Some(event) = events.next_event()? {
        let words: Vec<&str> = event.message().split(' ').collect();
        match words.as_slice() {
            ["CIRC", id, status, rest @ ..] => circuit_event(shared, id, status, rest),
            ["CIRC_BW", fields @ ..] => bandwidth_event(shared, fields),
            ["STREAM", id, status, circuit, rest @ ..] => {
                stream_event(events, shared, id, status, circuit, rest)?;
            }
            _ => {}
        }
        shared.changed.notify_all();
    }
    Ok(())
}

fn circuit_event(shared: &Shared, id: &str, status: &str, rest: &[&str]) {
    let Ok(id) = id.parse().map(CircuitId) else {
        return;
    };
    let mut known = shared.known();
    let record = known.circuits.entry(id).or_insert_with(|| Record {
        state: State::Building,
        path: Vec::new(),
        reason: String::new(),
        counts: CellCounts::default(),
    });
    match status {
        "BUILT" => record.state = State::Built,
        "FAILED" | "CLOSED" => record.state = State::Closed,
        _ => {}
    }
    if let Some(hops) = rest.first().filter(|hops| hops.starts_with('$')) {
        record.path = hops
            .split(',')
            .map(|hop| hop.rsplit(['~', '=']).next().unwrap_or(hop).to_owned())
            .collect();
    }
    record.reason = reasons(rest);
    // A long run has many circuits; the oldest are of no interest any more.
    if known.circuits.len() > REMEMBERED {
        known.circuits.pop_first();
    }
}

fn bandwidth_event(shared: &Shared, fields: &[&str]) {
    let field = |name: &str| -> Option<u64> {
        fields
            .iter()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .and_then(|value| value.parse().ok())
    };
    let Some(id) = field("ID").map(CircuitId) else {
        return;
    };
    let mut known = shared.known();
    if let Some(record) = known.circuits.get_mut(&id) {
        record.counts.cells_read += field("READ").unwrap_or(0) / CELL_PAYLOAD_SIZE;
        record.counts.cells_written += field("WRITTEN").unwrap_or(0) / CELL_PAYLOAD_SIZE;
        record.counts.body_read += field("DELIVERED_READ").unwrap_or(0);
        record.counts.body_written += field("DELIVERED_WRITTEN").unwrap_or(0);
    }
}

fn stream_event(
    control: &mut Control,
    shared: &Shared,
    id: &str,
    status: &str,
    circuit: &str,
    rest: &[&str],
) -> Result<()> {
    let Ok(id) = id.parse().map(StreamId) else {
        return Ok(());
    };
    match status {
        // Tor attaches its own directory streams.
        "NEW" | "NEWRESOLVE" if rest.iter().any(|word| word.starts_with("PURPOSE=DIR_")) => {}
        "NEW" | "NEWRESOLVE" => {
            let place = shared.new_stream(id, source_port(rest));
            attach(control, shared, id, place)?;
        }
        // Tor gives a stream back when its circuit failed; one that was assigned
        // to a circuit has nowhere else to go.
        "DETACHED" => match shared.place(id) {
            Some(Some(_)) => shared.fail(control, id, &reasons(rest))?,
            Some(None) => attach(control, shared, id, None)?,
            None => {}
        },
        "CLOSED" => {
            shared.known().attached.remove(&id);
        }
        _ => {
            if let Some(circuit) = circuit.parse().ok().filter(|circuit| *circuit != 0) {
                shared.stream_is_on(id, CircuitId(circuit));
            }
        }
    }
    Ok(())
}

impl Shared {
    /// Takes note of a stream that we have to attach, and tells where.
    fn new_stream(&self, id: StreamId, port: Option<u16>) -> Place {
        let mut known = self.known();
        let ours = port.and_then(|port| Some((port, known.streams.get(&port)?.place)));
        known.attached.insert(id, ours.map(|(port, _)| port));
        ours.and_then(|(_, place)| place)
    }

    /// Where a stream that we attached belongs; `None` when tor attached it.
    fn place(&self, id: StreamId) -> Option<Place> {
        let known = self.known();
        let port = (*known.attached.get(&id)?).and_then(|port| known.streams.get(&port));
        Some(port.and_then(|stream| stream.place))
    }

    /// What is known about a stream, if it is one of ours.
    fn with_stream(&self, id: StreamId, change: impl FnOnce(&mut Stream)) {
        let mut known = self.known();
        let port = known.attached.get(&id).copied().flatten();
        if let Some(stream) = port.and_then(|port| known.streams.get_mut(&port)) {
            change(stream);
        }
    }

    fn stream_is_on(&self, id: StreamId, circuit: CircuitId) {
        self.with_stream(id, |stream| stream.circuit = Some(circuit));
    }

    /// Closes a stream that cannot go where it should, and remembers why.
    fn fail(&self, control: &mut Control, id: StreamId, why: &str) -> Result<()> {
        self.with_stream(id, |stream| stream.failure = Some(why.to_owned()));
        // Reason 1 is MISC; a stream that is gone already is no error.
        control.ask(&format!("CLOSESTREAM {id} 1"))?;
        Ok(())
    }
}

fn attach(control: &mut Control, shared: &Shared, id: StreamId, place: Place) -> Result<()> {
    // A refusal concerns this stream only; the connection's end concerns all.
    match control.attach_stream(id, place) {
        Ok(()) => Ok(()),
        Err(error) => shared.fail(control, id, &format!("{error:#}")),
    }
}

fn reasons(fields: &[&str]) -> String {
    let reasons = fields.iter().filter(|word| word.contains("REASON="));
    reasons.copied().collect::<Vec<_>>().join(" ")
}

fn source_port(fields: &[&str]) -> Option<u16> {
    let address = fields
        .iter()
        .find_map(|word| word.strip_prefix("SOURCE_ADDR="))?;
    address.rsplit(':').next()?.parse().ok()
}

/// These end a wait for a tor that hangs, nothing else.
const EVENT_LIMIT: Duration = Duration::from_secs(30);
const BUILD_LIMIT: Duration = Duration::from_secs(120);
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_body_of_a_bulk_transfer_tells_tor1_from_cgo() {
        let counts = |cells, average: f64| CellCounts {
            cells_read: cells,
            body_read: (cells as f64 * average) as u64,
            cells_written: 40,
            body_written: 40 * 22,
        };
        assert_eq!(counts(4000, 496.5).relay_crypto(), Some(RelayCrypto::Tor1));
        assert_eq!(counts(4000, 486.5).relay_crypto(), Some(RelayCrypto::Cgo));
        assert_eq!(counts(4000, 300.0).relay_crypto(), None);
        assert_eq!(counts(40, 496.5).relay_crypto(), None);
    }

    #[test]
    fn events_tell_a_circuits_path_state_and_counts() {
        let shared = Shared::default();
        circuit_event(&shared, "9", "EXTENDED", &["$AA~relay1", "PURPOSE=GENERAL"]);
        circuit_event(&shared, "9", "BUILT", &["$AA~relay1,$BB~exit1"]);
        let fields = ["ID=9", "READ=1018", "WRITTEN=509", "DELIVERED_READ=996"];
        bandwidth_event(&shared, &fields);
        let record = shared.known().circuits[&CircuitId(9)].clone();
        assert_eq!(record.path, ["relay1", "exit1"]);
        assert_eq!(record.state, State::Built);
        assert_eq!(record.counts.cells_read, 2);
        assert_eq!(record.counts.body_read, 996);
        circuit_event(&shared, "9", "CLOSED", &["$AA~relay1", "REASON=FINISHED"]);
        assert_eq!(
            shared.known().circuits[&CircuitId(9)].reason,
            "REASON=FINISHED"
        );
    }
}
