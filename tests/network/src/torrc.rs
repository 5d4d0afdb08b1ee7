//! The configuration of each node. Together these lines make a network usable
//! 16 seconds after its start: every interval is at the least that tor accepts,
//! the first vote comes as soon as all relays can have published, and nothing
//! has to be learnt about a relay before it gets its flags.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::spec::{NodeSpec, Role, Spec};

/// Seconds between consensuses, and between the steps of a vote.
const VOTING_INTERVAL_S: u64 = 20;
const VOTE_STEP_S: u64 = 2;

/// Seconds from the start of the relays to the first consensus. Voting begins two
/// steps earlier; a relay that has not published by then is missed by the first
/// consensus, which costs 20 s or more. Nine seconds are enough on a machine that
/// makes all keys in 3 s; one that took longer, being slow or busy or having many
/// relays to start, gets more in proportion.
pub(crate) fn first_consensus_s(keys_took: Duration) -> u64 {
    (keys_took.as_secs_f64() * 2.5).round().clamp(9.0, 19.0) as u64
}

/// What all nodes of one network agree on.
pub(crate) struct Shared {
    /// The `DirAuthority` lines.
    pub(crate) authorities: Vec<String>,
    /// Seconds since the epoch when the nodes start.
    pub(crate) start: u64,
    /// Seconds from then to the first consensus.
    pub(crate) first_consensus_s: u64,
    /// The bandwidth file that the authorities vote on.
    pub(crate) bandwidths: PathBuf,
    /// The process without which no node goes on living.
    pub(crate) owner: u32,
    /// Where the content server listens, for onion services.
    pub(crate) content_port: u16,
}

/// The ports of one node; zero for those that its role has not.
#[derive(Clone, Copy, Default)]
pub(crate) struct NodePorts {
    pub(crate) or: u16,
    pub(crate) dir: u16,
    pub(crate) socks: u16,
    pub(crate) metrics: u16,
}

/// How other nodes are told about an authority.
pub(crate) fn dir_authority_line(
    name: &str,
    ports: NodePorts,
    v3_identity: &str,
    fingerprint: &str,
) -> String {
    format!(
        "DirAuthority {name} orport={} no-v2 v3ident={v3_identity} 127.0.0.1:{} {fingerprint}",
        ports.or, ports.dir
    )
}

/// A bandwidth file (bandwidth-file-spec) that gives all relays the same weight;
/// the authorities get none, as in the public network. Without it a new network
/// weighs its authorities 1 and all others 0, so that many a client picks its own
/// guard as rendezvous point again and again: the one middle between them refuses
/// to extend back, and after a few such failures the client pauses for up to a
/// minute.
pub(crate) fn bandwidth_file<'a>(
    now: u64,
    fingerprints: impl Iterator<Item = &'a String>,
) -> String {
    let relays = fingerprints.map(|fingerprint| format!("node_id=${fingerprint} bw=1000\n"));
    std::iter::once(format!("{now}\n")).chain(relays).collect()
}

/// The complete torrc of one node.
pub(crate) fn render(
    spec: &Spec,
    node: &NodeSpec,
    ports: NodePorts,
    control_socket: &Path,
    shared: &Shared,
) -> String {
    let folder = node.folder.display();
    let mut lines: Vec<String> = vec![
        format!("DataDirectory \"{folder}\""),
        format!("Log notice file {folder}/notice.log"),
        format!("ControlSocket \"{}\"", control_socket.display()),
        "CookieAuthentication 0".into(),
        // tor leaves within 15 s when this process has gone without stopping it.
        format!("__OwningControllerProcess {}", shared.owner),
        "SafeLogging 0".into(),
        "ProtocolWarnings 1".into(),
        "ShutdownWaitLength 0".into(),
        "DisableDebuggerAttachment 0".into(),
        "TestingTorNetwork 1".into(),
        // Both are on by default in a testing network, and cost 15 % of the CPU
        // time and 0.1 MB of memory a relayed MiB.
        "TestingEnableCellStatsEvent 0".into(),
        "TestingEnableConnBwEvent 0".into(),
        "PathsNeededToBuildCircuits 0.67".into(),
    ];
    lines.extend(shared.authorities.iter().cloned());
    if node.role.relays() {
        lines.extend(relay_lines(node, ports));
    }
    match node.role {
        Role::Authority => lines.extend(authority_lines(spec, ports, shared)),
        Role::Relay => lines.extend(cache_lines(shared)),
        Role::Exit => {
            lines.extend(cache_lines(shared));
            lines.extend(
                [
                    "ExitRelay 1",
                    "ExitPolicyRejectPrivate 0",
                    "ExitPolicy accept *:*",
                ]
                .map(String::from),
            );
        }
        Role::Client => lines.extend([
            format!("SocksPort 127.0.0.1:{}", ports.socks),
            // The network attaches streams itself (see circuits.rs).
            "__LeaveStreamsUnattached 1".into(),
            "ConfluxEnabled 0".into(),
        ]),
        Role::Onion => lines.extend([
            "SocksPort 0".into(),
            "ConfluxEnabled 0".into(),
            format!("HiddenServiceDir \"{folder}/service\""),
            format!("HiddenServicePort 80 127.0.0.1:{}", shared.content_port),
            // Until someone listens for the upload of its descriptor.
            "DisableNetwork 1".into(),
        ]),
    }
    lines.extend(node.torrc.iter().cloned());
    lines.push(String::new());
    lines.join("\n")
}

fn relay_lines(node: &NodeSpec, ports: NodePorts) -> Vec<String> {
    vec![
        format!("Nickname {}", node.name),
        "Address 127.0.0.1".into(),
        format!("ORPort 127.0.0.1:{}", ports.or),
        "SocksPort 0".into(),
        // Publish at once, without testing whether the port can be reached.
        "AssumeReachable 1".into(),
        "ServerDNSDetectHijacking 0".into(),
        "ServerDNSTestAddresses".into(),
        "ServerDNSResolvConfFile /dev/null".into(),
        // Counts of handshakes are told nowhere else (see metrics.rs).
        format!("MetricsPort 127.0.0.1:{}", ports.metrics),
        "MetricsPortPolicy accept 127.0.0.1".into(),
    ]
}

fn cache_lines(shared: &Shared) -> Vec<String> {
    // The first request for a consensus comes when there is one; an earlier one
    // fails and is repeated much later.
    let delay = shared.first_consensus_s + 1;
    vec![format!(
        "TestingServerConsensusDownloadInitialDelay {delay}"
    )]
}

fn authority_lines(spec: &Spec, ports: NodePorts, shared: &Shared) -> Vec<String> {
    let offset = (shared.start + shared.first_consensus_s) % VOTING_INTERVAL_S;
    let mut lines = vec![
        format!("DirPort 127.0.0.1:{}", ports.dir),
        "AuthoritativeDirectory 1".into(),
        "V3AuthoritativeDirectory 1".into(),
        format!("V3AuthVotingInterval {VOTING_INTERVAL_S} seconds"),
        format!("V3AuthVoteDelay {VOTE_STEP_S} seconds"),
        format!("V3AuthDistDelay {VOTE_STEP_S} seconds"),
        format!("TestingV3AuthInitialVotingInterval {VOTING_INTERVAL_S} seconds"),
        format!("TestingV3AuthInitialVoteDelay {VOTE_STEP_S} seconds"),
        format!("TestingV3AuthInitialDistDelay {VOTE_STEP_S} seconds"),
        format!("TestingV3AuthVotingStartOffset {offset} seconds"),
        "V3AuthNIntervalsValid 3".into(),
        format!("V3BandwidthsFile \"{}\"", shared.bandwidths.display()),
        "TestingDirAuthVoteGuard *".into(),
        "TestingDirAuthVoteHSDir *".into(),
        "TestingMinExitFlagThreshold 0".into(),
        // A relay without Stable and Fast cannot be a guard: clients would fail
        // at the first hop.
        "AuthDirVoteStableGuaranteeMinUptime 0".into(),
        "AuthDirVoteStableGuaranteeMTBF 0".into(),
        "AuthDirFastGuarantee 1 byte".into(),
    ];
    if !spec.consensus_params.is_empty() {
        let params: Vec<String> = spec
            .consensus_params
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        lines.push(format!("ConsensusParams {}", params.join(" ")));
    }
    lines
}
