//! The life of a private network: start it step by step until every part is
//! usable, look after it, take it down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{bail, ensure, Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::circuits::Circuits;
use crate::client::{Client, Directory, Target, Transfer};
use crate::content::Server;
use crate::control::Control;
use crate::keys;
use crate::metrics::Handshakes;
use crate::ports::Reserved;
use crate::process::{Cause, Ended, Node, Usage};
use crate::spec::{NodeSpec, Role, Spec};
use crate::torrc::{self, NodePorts, Shared};

/// The steps of a start, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Identity keys of authorities and relays.
    Keys,
    /// Authorities and relays answer on their control ports.
    Relays,
    /// The consensus lists every relay, and each relay has fetched it.
    Consensus,
    /// Clients and onion services can build circuits.
    Clients,
    /// Onion services have published their descriptors.
    OnionServices,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Keys => "keys",
            Step::Relays => "authorities and relays",
            Step::Consensus => "consensus",
            Step::Clients => "clients",
            Step::OnionServices => "onion services",
        })
    }
}

/// Whoever wants to see how the start goes on. All calls come from the thread
/// that called [`Network::start`].
pub trait Observer {
    /// A step begins.
    fn started(&self, step: Step);
    /// How far the step is, in percent, and its part that is furthest behind.
    fn progress(&self, step: Step, percent: u8, detail: &str);
    /// A step is done, this long after the start of the network.
    fn finished(&self, step: Step, elapsed: Duration);
}

/// An observer that looks away.
pub struct Quiet;

impl Observer for Quiet {
    fn started(&self, _: Step) {}
    fn progress(&self, _: Step, _: u8, _: &str) {}
    fn finished(&self, _: Step, _: Duration) {}
}

/// A running network. It ends when it is dropped; [`Network::stop`] also says
/// how each node ended.
pub struct Network {
    // Clients watch their tor's control port: they go first.
    clients: Vec<Client>,
    nodes: Vec<Node>,
    folder: PathBuf,
    ready_after: Duration,
    directory: Directory,
    server: Server,
    // Control sockets, when the folder's path is too long for them.
    _sockets: Option<TempDir>,
}

impl Network {
    /// Starts a network and returns when everything in it is usable. On failure
    /// nothing is left running, and the error names the node and its last lines.
    pub fn start(spec: Spec, observer: &dyn Observer) -> Result<Network> {
        spec.check()?;
        let mut start = Start::prepare(spec, observer)?;
        start.make_keys()?;
        start.start_relays()?;
        start.await_consensus()?;
        start.start_clients()?;
        start.watch_clients()?;
        start.network.ready_after = start.began.elapsed();
        Ok(start.network)
    }

    /// Starts relays and clients that belong to no network: the directory authority
    /// that they are told of does not exist. Returns when all of them answer on their
    /// control ports, which takes a second or two. For tests of links; clients cannot
    /// carry anything.
    pub fn start_without_authorities(spec: Spec) -> Result<Network> {
        ensure!(
            spec.authorities == 0,
            "authorities would make it a network that can be waited for"
        );
        let mut start = Start::prepare(spec, &Quiet)?;
        start.make_keys()?;
        start.authorities = vec![format!("DirAuthority {}", keys::NO_AUTHORITY)];
        start.spawn(|_| true)?;
        start.controls(Step::Relays, |_| true)?;
        start.network.ready_after = start.began.elapsed();
        Ok(start.network)
    }

    /// The folder that holds a folder for each node.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How long the start took, keys included.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The first client.
    pub fn client(&self) -> &Client {
        &self.clients[0]
    }

    /// All clients, in the order of their names.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// All nodes as they were specified.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeSpec> {
        self.nodes.iter().map(|node| &node.spec)
    }

    /// Onion services' names and addresses.
    pub fn onions(&self) -> &BTreeMap<String, String> {
        &self.directory.onions
    }

    /// The content server's port on 127.0.0.1.
    pub fn content_port(&self) -> u16 {
        self.server.address.port()
    }

    /// A new connection to a node's control port.
    pub fn control(&self, node: &str) -> Result<Control> {
        self.node(node)?.control()
    }

    /// Where a relay takes connections of the link protocol.
    pub fn or_port(&self, relay: &str) -> Result<SocketAddr> {
        self.listener(relay, "or")
    }

    /// The handshakes that other relays have passed on to a relay so far.
    pub fn handshakes(&self, relay: &str) -> Result<Handshakes> {
        let asked = Handshakes::ask(self.listener(relay, "metrics")?);
        asked.with_context(|| format!("cannot read the metrics of {relay}"))
    }

    /// Where a node's control socket is.
    pub fn control_socket(&self, node: &str) -> Result<&Path> {
        Ok(&self.node(node)?.control_socket)
    }

    /// The process id of a node.
    pub fn pid(&self, node: &str) -> Result<u32> {
        Ok(self.node(node)?.pid())
    }

    /// Ends a node as a power failure would (SIGKILL). It is not missed until
    /// [`Network::restart`].
    pub fn kill(&self, node: &str) -> Result<()> {
        self.node(node)?.kill()
    }

    /// Starts a node again that was killed, with the keys, data and ports that it
    /// had, and returns when it has bootstrapped; a client can then be used again.
    /// What it logs and prints follows what its earlier process left.
    pub fn restart(&self, name: &str) -> Result<()> {
        let node = self.node(name)?;
        node.restart()?;
        let deadline = Instant::now() + RESTART_LIMIT;
        loop {
            self.alive()?;
            let percent = node
                .control()
                .and_then(|mut control| control.bootstrap_percent())
                .unwrap_or(0);
            if percent == 100 {
                break;
            }
            ensure!(
                Instant::now() < deadline,
                "{name} had bootstrapped {percent} % {} s after it was started again{}",
                RESTART_LIMIT.as_secs(),
                last_lines(node)
            );
            thread::sleep(POLL);
        }
        if let Some(client) = self.clients.iter().find(|client| client.name() == name) {
            client.watch(Circuits::watch(node.control()?, node.control()?)?);
        }
        Ok(())
    }

    /// Lets a node read its configuration again (SIGHUP).
    pub fn reload(&self, node: &str) -> Result<()> {
        self.node(node)?.signal(Signal::HUP)
    }

    /// Stops a node in the middle of whatever it does (SIGSTOP).
    pub fn freeze(&self, node: &str) -> Result<()> {
        self.node(node)?.signal(Signal::STOP)
    }

    /// Lets a frozen node go on (SIGCONT).
    pub fn thaw(&self, node: &str) -> Result<()> {
        self.node(node)?.signal(Signal::CONT)
    }

    /// What a node has consumed so far.
    pub fn usage(&self, node: &str) -> Result<Usage> {
        self.node(node)?.usage()
    }

    /// User and system seconds that a node has consumed so far.
    pub fn cpu_seconds(&self, node: &str) -> Result<f64> {
        Ok(self.usage(node)?.cpu.as_secs_f64())
    }

    /// Everything that a node has logged (notice and above) or printed so far.
    pub fn log_lines(&self, node: &str) -> Result<Vec<String>> {
        Ok(self.node(node)?.log_lines())
    }

    /// All lines of all nodes that report a bug or a panic, with the node's name
    /// in front.
    pub fn bug_lines(&self) -> Vec<String> {
        self.nodes
            .iter()
            .flat_map(|node| {
                let lines = node.log_lines().into_iter();
                let bugs = lines.filter(|line| reports_bug(line));
                bugs.map(|line| format!("{}: {line}", node.name()))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Fails when a node has ended, naming it and its last lines.
    pub fn alive(&self) -> Result<()> {
        for node in &self.nodes {
            if let Some(status) = node.ended()? {
                let ended = Ended {
                    node: node.name().to_owned(),
                    status,
                    cause: Cause::Itself,
                };
                bail!("{ended}{}", last_lines(node));
            }
        }
        Ok(())
    }

    /// Takes the network down and tells how each node ended.
    pub fn stop(mut self) -> Result<Vec<Ended>> {
        self.clients.clear();
        end(&self.nodes)
    }

    /// So many bytes arrive unchanged over a circuit of three hops, and as many from
    /// the first onion service.
    pub fn carries(&self, bytes: u64) -> Result<()> {
        for target in [Target::Exit, Target::Onion("onion1")] {
            let transfer = Transfer::fetch(target, bytes);
            let fetched = self.client().run(&transfer, &mut |_| ())?;
            ensure!(fetched.matches(), "data arrived changed");
        }
        Ok(())
    }

    /// The end of a test: nobody died, no log reports a bug but those that
    /// contain one of `known_bugs`, every node leaves in good order, and the
    /// folder goes. On failure it stays.
    pub fn finish(self, known_bugs: &[&str]) -> Result<()> {
        self.alive()?;
        let folder = self.folder().to_owned();
        let logs = format!("full logs are in {}", folder.display());
        let known = |line: &str| known_bugs.iter().any(|bug| line.contains(bug));
        let mut bugs = self.bug_lines();
        bugs.retain(|line| !known(line));
        ensure!(
            bugs.is_empty(),
            "logs report bugs:\n{}\n{logs}",
            bugs.join("\n")
        );
        let mut ended = self.stop()?;
        ended.retain(|ended| !ended.orderly());
        let disorderly: Vec<_> = ended.iter().map(Ended::to_string).collect();
        ensure!(disorderly.is_empty(), "{}; {logs}", disorderly.join(", "));
        fs::remove_dir_all(folder)?;
        Ok(())
    }

    /// Leaves the nodes running after this process ends. The content server
    /// lives in this process and ends with it, so onion services then lead
    /// nowhere.
    pub fn keep(mut self) -> Result<Kept> {
        for node in &self.nodes {
            let mut control = node.control()?;
            control.command("RESETCONF __OwningControllerProcess")?;
            if node.is(Role::Client) {
                control.command("RESETCONF __LeaveStreamsUnattached")?;
            }
        }
        let sockets = |role: Role| -> BTreeMap<String, PathBuf> {
            let nodes = self.nodes.iter().filter(|node| node.is(role));
            nodes
                .map(|node| (node.name().to_owned(), node.control_socket.clone()))
                .collect()
        };
        let kept = Kept {
            pids: self.nodes.iter().map(Node::pid).collect(),
            socks: self.clients.iter().map(Client::socks).collect(),
            client_control: sockets(Role::Client),
        };
        self.clients.clear();
        self.nodes.clear();
        if let Some(sockets) = self._sockets.take() {
            let _path = sockets.keep();
        }
        Ok(kept)
    }

    fn listener(&self, node: &str, kind: &str) -> Result<SocketAddr> {
        first_listener(&mut self.control(node)?, kind)
            .with_context(|| format!("{node} does not listen as it should"))
    }

    fn node(&self, name: &str) -> Result<&Node> {
        let node = self.nodes.iter().find(|node| node.name() == name);
        node.with_context(|| format!("this network has no node {name}"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.clients.clear();
        if let Err(error) = end(&self.nodes) {
            eprintln!("a node of the private network may still run: {error:#}");
        }
    }
}

/// What is needed to use a network that was left running, and to end it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The nodes' process ids; SIGTERM ends them.
    pub pids: Vec<u32>,
    /// The clients' SOCKS ports.
    pub socks: Vec<std::net::SocketAddr>,
    /// The clients' control sockets by name.
    pub client_control: BTreeMap<String, PathBuf>,
}

/// Asks all nodes to end at once, and waits for each.
fn end(nodes: &[Node]) -> Result<Vec<Ended>> {
    let asked: Vec<_> = nodes.iter().map(Node::ask_to_end).collect();
    let deadline = Instant::now() + GRACE;
    let mut ended = Vec::new();
    let mut failed = None;
    for (node, asked) in nodes.iter().zip(asked) {
        let status = match asked {
            Ok(Some(status)) => Ok((status, Cause::Itself)),
            Ok(None) => node.wait_for_end(deadline),
            Err(error) => Err(error),
        };
        match status {
            Ok((status, cause)) => {
                let node = node.name().to_owned();
                let end = Ended {
                    node,
                    status,
                    cause,
                };
                if cause == Cause::MissedWakeup {
                    println!("{end}: a known fault of C Tor's thread pool");
                }
                ended.push(end);
            }
            Err(error) => failed = Some(error.context(format!("cannot end {}", node.name()))),
        }
    }
    failed.map_or(Ok(ended), Err)
}

/// A network that is being started.
struct Start<'a> {
    spec: Spec,
    observer: &'a dyn Observer,
    began: Instant,
    /// Every node until it is started.
    planned: Vec<Planned>,
    authorities: Vec<String>,
    no_defaults: PathBuf,
    /// Seconds from the relays' start to the first consensus.
    first_consensus_s: u64,
    network: Network,
}

struct Planned {
    node: NodeSpec,
    control_socket: PathBuf,
    fingerprint: Option<String>,
    reserved: Vec<Reserved>,
    ports: NodePorts,
}

impl<'a> Start<'a> {
    fn prepare(mut spec: Spec, observer: &'a dyn Observer) -> Result<Start<'a>> {
        let began = Instant::now();
        make_folder(&spec.folder)?;
        spec.folder = spec.folder.canonicalize()?;
        let no_defaults = spec.folder.join("no-defaults");
        fs::write(&no_defaults, "")?;
        let nodes = spec.nodes();
        let longest = nodes
            .iter()
            .map(|node| node.folder.as_os_str().len() + "/control".len())
            .max()
            .unwrap_or(0);
        let sockets = match longest {
            ..=LONGEST_SOCKET_PATH => None,
            _ => Some(private_folder()?),
        };
        let planned = nodes
            .into_iter()
            .map(|node| plan(node, sockets.as_ref().map(TempDir::path)))
            .collect::<Result<Vec<_>>>()?;
        let server = Server::start().context("cannot start the content server")?;
        let directory = Directory {
            content_port: server.address.port(),
            ..Directory::default()
        };
        let network = Network {
            clients: Vec::new(),
            nodes: Vec::new(),
            folder: spec.folder.clone(),
            ready_after: Duration::ZERO,
            directory,
            server,
            _sockets: sockets,
        };
        Ok(Start {
            spec,
            observer,
            began,
            planned,
            authorities: Vec::new(),
            no_defaults,
            network,
            first_consensus_s: 0,
        })
    }

    fn make_keys(&mut self) -> Result<()> {
        self.observer.started(Step::Keys);
        let no_defaults = self.no_defaults.as_path();
        let relays: Vec<&mut Planned> = self
            .planned
            .iter_mut()
            .filter(|planned| planned.node.role.relays())
            .collect();
        let total = relays.len();
        // Each makes its keys in a process of its own; the processors share them.
        let made: Vec<Result<Option<String>>> = thread::scope(|scope| {
            let threads: Vec<_> = relays
                .into_iter()
                .map(|planned| scope.spawn(move || make_keys(planned, no_defaults)))
                .collect();
            threads
                .into_iter()
                .enumerate()
                .map(|(done, thread)| {
                    let made = join(thread);
                    let percent = percent(done + 1, total);
                    self.observer.progress(Step::Keys, percent, "");
                    made
                })
                .collect()
        });
        for line in made {
            self.authorities.extend(line?);
        }
        for planned in &self.planned {
            if let Some(fingerprint) = &planned.fingerprint {
                let name = planned.node.name.clone();
                let known = &mut self.network.directory.fingerprints;
                known.insert(name, fingerprint.clone());
            }
        }
        self.first_consensus_s = torrc::first_consensus_s(self.began.elapsed());
        self.finished(Step::Keys);
        Ok(())
    }

    fn start_relays(&mut self) -> Result<()> {
        self.observer.started(Step::Relays);
        self.spawn(Role::relays)?;
        self.controls(Step::Relays, Role::relays)?;
        self.finished(Step::Relays);
        Ok(())
    }

    fn await_consensus(&mut self) -> Result<()> {
        self.observer.started(Step::Consensus);
        let mut controls = self.open(Role::relays)?;
        let total = controls.len();
        self.wait(Step::Consensus, |_| {
            let (slowest, name) = least_bootstrapped(&mut controls)?;
            // Each of them has to know all of them: an exit refuses streams that
            // come from a relay which its own consensus does not list.
            let (listed, reader) = fewest_listed(&mut controls)?;
            let done = listed == total && slowest == 100;
            let percent = u8::min(99, percent(listed, total) / 2 + slowest / 2);
            let detail = match listed == total {
                true => format!("{name} at {slowest} %"),
                false => format!("{reader} knows {listed} of {total} relays"),
            };
            Ok((done, percent, detail))
        })?;
        self.finished(Step::Consensus);
        Ok(())
    }

    fn start_clients(&mut self) -> Result<()> {
        self.observer.started(Step::Clients);
        self.spawn(|role| !role.relays())?;
        let mut controls = self.controls(Step::Clients, |role| !role.relays())?;
        let onions: Vec<bool> = self
            .network
            .nodes
            .iter()
            .filter(|node| !node.spec.role.relays())
            .map(|node| node.is(Role::Onion))
            .collect();
        for ((_, control), onion) in controls.iter_mut().zip(&onions) {
            if *onion {
                // The descriptor's upload must not come before someone listens.
                control.set_events(&["HS_DESC"])?;
                // One that its torrc says is not to wait is left alone: in tor's
                // sandbox a new configuration ends a service, which cannot read its
                // keys again.
                if control.ask("GETCONF DisableNetwork")?.message() != "DisableNetwork=0" {
                    control.set_conf(&[("DisableNetwork", "0")])?;
                }
            }
        }
        self.wait(Step::Clients, |_| {
            let (slowest, name) = least_bootstrapped(&mut controls)?;
            let percent = u8::min(99, slowest);
            Ok((slowest == 100, percent, format!("{name} at {slowest} %")))
        })?;
        self.finished(Step::Clients);
        if self.spec.onions == 0 {
            return Ok(());
        }

        self.observer.started(Step::OnionServices);
        let mut services: Vec<(String, Control, Uploads)> = controls
            .into_iter()
            .zip(onions)
            .filter(|(_, onion)| *onion)
            .map(|((name, control), _)| (name, control, Uploads::default()))
            .collect();
        self.wait(Step::OnionServices, |_| {
            let mut slowest = (100, String::new());
            for (name, control, uploads) in &mut services {
                // An answer brings the events before it along.
                control.get_info("version")?;
                while let Some(event) = control.queued_event() {
                    uploads.count(event.message());
                }
                if !uploads.complete() {
                    let percent = u8::min(99, uploads.percent());
                    slowest = slowest.min((percent, format!("{name}: {uploads}")));
                }
            }
            let (percent, detail) = slowest;
            Ok((percent == 100, u8::min(99, percent), detail))
        })?;
        for node in self
            .network
            .nodes
            .iter()
            .filter(|node| node.is(Role::Onion))
        {
            let address = fs::read_to_string(node.spec.folder.join("service/hostname"))
                .with_context(|| format!("{} has no address", node.name()))?;
            let onions = &mut self.network.directory.onions;
            onions.insert(node.name().to_owned(), address.trim().to_owned());
        }
        self.finished(Step::OnionServices);
        Ok(())
    }

    fn watch_clients(&mut self) -> Result<()> {
        let network = &mut self.network;
        let nodes = network.nodes.iter().filter(|node| node.is(Role::Client));
        for (number, node) in nodes.enumerate() {
            let circuits = Circuits::watch(node.control()?, node.control()?)?;
            let socks = first_listener(&mut node.control()?, "socks")?;
            // Clients draw their seeds from ranges far apart.
            let seed = self.spec.seed.wrapping_add((number as u64) << 32);
            let directory = network.directory.clone();
            let client = Client::new(node.name(), socks, directory, circuits, seed);
            network.clients.push(client);
        }
        Ok(())
    }

    /// Starts all planned nodes of some roles at once.
    fn spawn(&mut self, of: impl Fn(Role) -> bool) -> Result<()> {
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.planned)
            .into_iter()
            .partition(|planned| of(planned.node.role));
        self.planned = later;
        let start = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let bandwidths = self.network.folder.join("bandwidths");
        let fingerprints = self.network.directory.fingerprints.values();
        fs::write(&bandwidths, torrc::bandwidth_file(start, fingerprints))?;
        let shared = Shared {
            bandwidths,
            authorities: self.authorities.clone(),
            start,
            first_consensus_s: self.first_consensus_s,
            owner: std::process::id(),
            content_port: self.network.content_port(),
        };
        for planned in now {
            let text = torrc::render(
                &self.spec,
                &planned.node,
                planned.ports,
                &planned.control_socket,
                &shared,
            );
            fs::write(planned.node.folder.join("torrc"), text)?;
            planned.reserved.into_iter().for_each(Reserved::release);
            let node = Node::start(planned.node, planned.control_socket, &self.no_defaults)?;
            self.network.nodes.push(node);
        }
        Ok(())
    }

    /// Waits until all started nodes of some roles answer.
    fn controls(&self, step: Step, of: impl Fn(Role) -> bool) -> Result<Vec<(String, Control)>> {
        let waiting: Vec<&Node> = self.started(&of).collect();
        self.wait(step, |_| {
            let silent = waiting.iter().filter(|node| node.control().is_err());
            let names: Vec<&str> = silent.map(|node| node.name()).collect();
            let done = percent(waiting.len() - names.len(), waiting.len());
            let first = names.first().copied().unwrap_or_default();
            // For clients this is only the beginning of the step.
            let shown = match step {
                Step::Clients => 0,
                _ => done,
            };
            Ok((names.is_empty(), shown, first.to_owned()))
        })?;
        self.open(of)
    }

    fn open(&self, of: impl Fn(Role) -> bool) -> Result<Vec<(String, Control)>> {
        self.started(&of)
            .map(|node| Ok((node.name().to_owned(), node.control()?)))
            .collect()
    }

    fn started<'b>(&'b self, of: &'b impl Fn(Role) -> bool) -> impl Iterator<Item = &'b Node> {
        let nodes = self.network.nodes.iter();
        nodes.filter(move |node| of(node.spec.role))
    }

    /// Asks again and again whether a step is done, as long as all nodes live.
    fn wait(
        &self,
        step: Step,
        mut ask: impl FnMut(&Network) -> Result<(bool, u8, String)>,
    ) -> Result<()> {
        let mut shown = None;
        loop {
            self.network.alive()?;
            let asked = ask(&self.network);
            // A node that has just ended explains more than the broken question.
            self.network.alive()?;
            let (done, percent, detail) = asked?;
            if shown.as_ref() != Some(&(percent, detail.clone())) {
                self.observer.progress(step, percent, &detail);
            }
            if done {
                return Ok(());
            }
            ensure!(
                self.began.elapsed() < self.spec.patience,
                "the network was not ready after {} s; it waited for {step}: {detail}; logs are in {}",
                self.spec.patience.as_secs(),
                self.network.folder.display()
            );
            shown = Some((percent, detail));
            thread::sleep(POLL);
        }
    }

    fn finished(&self, step: Step) {
        self.observer.progress(step, 100, "");
        self.observer.finished(step, self.began.elapsed());
    }
}

/// Descriptor uploads of one onion service, from its HS_DESC events. A service
/// always has two descriptors, one for this and one for the next time period (or
/// the last), and clients may ask for either.
#[derive(Default)]
struct Uploads {
    descriptors: BTreeSet<String>,
    /// Directory and descriptor of uploads under way.
    pending: BTreeSet<(String, String)>,
    done: usize,
}

impl Uploads {
    fn count(&mut self, event: &str) {
        let words: Vec<&str> = event.split(' ').collect();
        let ["HS_DESC", action, _address, _auth, directory, rest @ ..] = words.as_slice() else {
            return;
        };
        match (*action, rest) {
            ("UPLOAD", [descriptor, ..]) => {
                self.descriptors.insert((*descriptor).to_owned());
                let upload = ((*directory).to_owned(), (*descriptor).to_owned());
                self.pending.insert(upload);
            }
            // The end of an upload does not name the descriptor. When both go to
            // one directory it does not matter which of them ended first.
            ("UPLOADED" | "FAILED", _) => {
                let upload = self.pending.iter().find(|(to, _)| to == directory);
                if let Some(upload) = upload.cloned() {
                    self.pending.remove(&upload);
                }
                self.done += usize::from(*action == "UPLOADED");
            }
            _ => {}
        }
    }

    fn complete(&self) -> bool {
        self.descriptors.len() >= 2 && self.pending.is_empty() && self.done > 0
    }

    fn percent(&self) -> u8 {
        percent(self.done, self.done + self.pending.len())
    }
}

impl std::fmt::Display for Uploads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (done, all) = (self.done, self.done + self.pending.len());
        write!(f, "{done} of {all} descriptors uploaded")
    }
}

fn plan(node: NodeSpec, sockets: Option<&Path>) -> Result<Planned> {
    DirBuilder::new()
        .mode(0o700)
        .create(&node.folder)
        .with_context(|| format!("cannot create {}", node.folder.display()))?;
    let control_socket = match sockets {
        Some(folder) => folder.join(&node.name),
        None => node.folder.join("control"),
    };
    let mut reserved = Vec::new();
    let mut reserve = || -> Result<u16> {
        let port = Reserved::new()?;
        let number = port.port;
        reserved.push(port);
        Ok(number)
    };
    let mut ports = NodePorts::default();
    if node.role.relays() {
        ports.or = reserve()?;
        ports.metrics = reserve()?;
    }
    match node.role {
        Role::Authority => ports.dir = reserve()?,
        Role::Client => ports.socks = reserve()?,
        _ => {}
    }
    Ok(Planned {
        node,
        control_socket,
        fingerprint: None,
        reserved,
        ports,
    })
}

/// Makes a relay's keys; for an authority, also returns its `DirAuthority` line.
fn make_keys(planned: &mut Planned, no_defaults: &Path) -> Result<Option<String>> {
    let node = &planned.node;
    let identity = match node.role {
        Role::Authority => Some(keys::make_authority_keys(node)?),
        _ => None,
    };
    let fingerprint = keys::make_relay_keys(node, no_defaults)?;
    let line = identity.map(|identity| {
        torrc::dir_authority_line(&node.name, planned.ports, &identity, &fingerprint)
    });
    planned.fingerprint = Some(fingerprint);
    Ok(line)
}

/// Tor refuses a control socket in a folder that others can read.
fn private_folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("tor-network-").tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700))?;
    Ok(folder)
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    ensure!(
        fs::read_dir(folder)?.next().is_none(),
        "{} is not empty: name a new folder for the network",
        folder.display()
    );
    Ok(())
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn percent(done: usize, total: usize) -> u8 {
    (done * 100 / total.max(1)) as u8
}

fn least_bootstrapped(controls: &mut [(String, Control)]) -> Result<(u8, String)> {
    let mut least = (100, String::new());
    for (name, control) in controls {
        let percent = control.bootstrap_percent()?;
        if percent < least.0 {
            least = (percent, name.clone());
        }
    }
    Ok(least)
}

/// Who has the consensus with the fewest running relays, and how many it lists.
fn fewest_listed(controls: &mut [(String, Control)]) -> Result<(usize, String)> {
    let mut fewest = (usize::MAX, String::new());
    for (name, control) in controls {
        let listed = running_relays(&control.get_info("ns/all")?);
        if listed < fewest.0 {
            fewest = (listed, name.clone());
        }
    }
    Ok(fewest)
}

/// How many relays a consensus calls Running (dir-spec, `r` and `s` lines).
fn running_relays(consensus: &str) -> usize {
    let flags = consensus.lines().filter_map(|line| line.strip_prefix("s "));
    flags
        .filter(|flags| flags.split(' ').any(|flag| flag == "Running"))
        .count()
}

/// The first listener of a kind that control-spec names (`net/listeners/`); a torrc
/// line of the caller may have moved it.
fn first_listener(control: &mut Control, kind: &str) -> Result<SocketAddr> {
    let listeners = control.get_info(&format!("net/listeners/{kind}"))?;
    listeners
        .split(' ')
        .find_map(|listener| listener.trim_matches('"').parse().ok())
        .with_context(|| format!("no listener for {kind}: {listeners}"))
}

fn last_lines(node: &Node) -> String {
    let lines = node.log_lines();
    let from = lines.len().saturating_sub(12);
    let mut text = format!("; logs are in {}", node.spec.folder.display());
    for line in &lines[from..] {
        text += "\n    ";
        text += line;
    }
    text
}

/// Whether a line of a log reports a bug. A mark inside of a word is none: keys in
/// base 64 can contain anything.
fn reports_bug(line: &str) -> bool {
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    BUG_MARKS.iter().any(|mark| {
        line.match_indices(mark).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + mark.len()..].chars().next();
            !before.is_some_and(in_word) && !after.is_some_and(in_word)
        })
    })
}

/// How tor, and Rust, announce what should never happen.
const BUG_MARKS: [&str; 4] = ["Bug:", "BUG", "panicked at", "Assertion"];
/// A unix socket's path has room for 107 bytes.
const LONGEST_SOCKET_PATH: usize = 107;
const POLL: Duration = Duration::from_millis(100);
/// A tor that knows its network is back within seconds.
const RESTART_LIMIT: Duration = Duration::from_secs(120);
/// A tor that is asked to end does so in milliseconds; after this one it is made to.
const GRACE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relays_with_the_running_flag_count() {
        let consensus = "r a\ns Fast Running Valid\nw Bandwidth=1\nr b\ns Fast Valid\n";
        assert_eq!(running_relays(consensus), 1);
    }

    #[test]
    fn bugs_are_reported_in_words_of_their_own() {
        assert!(reports_bug("[warn] tor_bug_occurred_(): Bug: x.c:1"));
        assert!(reports_bug("[err] BUG: panic in f"));
        assert!(reports_bug("thread 'main' panicked at x.rs:1"));
        assert!(reports_bug("Assertion x failed"));
        assert!(!reports_bug("[warn] Received ID=ApBUGu5xrT37 RSA_ID=00"));
        assert!(!reports_bug("[warn] Received ID=BUGu5xrT37 RSA_ID=00"));
    }

    #[test]
    fn a_service_is_published_when_no_upload_is_under_way() {
        let mut uploads = Uploads::default();
        let mut event = |event: &str| {
            uploads.count(event);
            uploads.complete()
        };
        assert!(!event("HS_DESC UPLOAD x UNKNOWN $A~a first HSDIR_INDEX=1"));
        assert!(!event("HS_DESC UPLOADED x UNKNOWN $A~a"), "only one of two");
        assert!(!event("HS_DESC UPLOAD x UNKNOWN $A~a second HSDIR_INDEX=2"));
        assert!(!event("HS_DESC UPLOAD x UNKNOWN $B~b second HSDIR_INDEX=2"));
        assert!(!event("HS_DESC UPLOADED x UNKNOWN $A~a"));
        assert!(event(
            "HS_DESC FAILED x UNKNOWN $B~b REASON=UPLOAD_REJECTED"
        ));
    }

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(make_folder(folder.path()).is_ok());
        fs::write(folder.path().join("x"), "").unwrap();
        assert!(make_folder(folder.path()).is_err());
    }
}
