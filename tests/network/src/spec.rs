//! What a private network consists of: how many nodes of each role, which tor
//! each of them runs, and what else is set for some of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{ensure, Context, Result};

/// One built tor: the two programs that a network needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// How reports name this build, for instance `C` or `Rust`.
    pub label: String,
    /// The `tor` program.
    pub tor: PathBuf,
    /// The `tor-gencert` program, which makes an authority's long-term keys.
    pub gencert: PathBuf,
}

impl Binary {
    /// Takes both programs from a tor build directory (`src/app/tor` and
    /// `src/tools/tor-gencert`); an error names the one that is not there.
    pub fn from_build(label: impl Into<String>, build: impl AsRef<Path>) -> Result<Binary> {
        let program = |path: &str, target: &str| -> Result<PathBuf> {
            let program = build.as_ref().join(path);
            ensure!(
                program.is_file(),
                "{} does not exist: build it with `make {target}` in the tor build directory",
                program.display()
            );
            Ok(std::path::absolute(program)?)
        };
        Ok(Binary {
            label: label.into(),
            tor: program("src/app/tor", "src/app/tor")?,
            gencert: program("src/tools/tor-gencert", "src/tools/tor-gencert")?,
        })
    }

    /// The same from the build directory that an environment variable names, as
    /// the tests get it.
    pub fn from_variable(label: &str, variable: &str) -> Result<Binary> {
        let build = std::env::var_os(variable).with_context(|| {
            format!("{variable} is not set: name the build directory of the {label} tor in it")
        })?;
        Binary::from_build(label, build)
    }

    /// The components that it has in Rust, by what it says of itself.
    pub fn components(&self) -> Result<Vec<String>> {
        let output = Command::new(&self.tor)
            .arg("--list-modules")
            .output()
            .with_context(|| format!("cannot run {}", self.tor.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = text.lines().find_map(|line| line.strip_prefix("rust: "));
        Ok(names
            .unwrap_or_default()
            .split_whitespace()
            .map(String::from)
            .collect())
    }
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A directory authority; it relays too, as every authority does.
    Authority,
    /// A relay that does not exit.
    Relay,
    /// A relay that exits to anywhere, loopback included.
    Exit,
    /// A client with a SOCKS port.
    Client,
    /// An onion service whose port leads to the network's content server.
    Onion,
}

impl Role {
    /// Nodes are named by this and a number from 1: `authority1`, `exit2`.
    pub fn prefix(self) -> &'static str {
        match self {
            Role::Authority => "authority",
            Role::Relay => "relay",
            Role::Exit => "exit",
            Role::Client => "client",
            Role::Onion => "onion",
        }
    }

    /// Whether nodes of this role carry other people's circuits.
    pub fn relays(self) -> bool {
        matches!(self, Role::Authority | Role::Relay | Role::Exit)
    }
}

/// Which nodes a [`Setting`] is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// All of them.
    All,
    /// Those of one role.
    Role(Role),
    /// The one of this name.
    Node(String),
}

/// Something that differs from node to node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The tor to run; the last one that applies wins.
    Binary(Binary),
    /// One more line for the torrc; lines add up.
    Torrc(String),
    /// An environment variable for the process; the last one of a name wins.
    Env(String, String),
}

/// A network to start.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Where everything is kept, one folder a node. Created when missing; it
    /// may not hold a network already.
    pub folder: PathBuf,
    /// Directory authorities; at least 1, usually 3.
    pub authorities: usize,
    /// Relays that do not exit.
    pub relays: usize,
    /// Relays that exit. Relays and exits together: at least 4.
    pub exits: usize,
    /// Clients; at least 1.
    pub clients: usize,
    /// Onion services.
    pub onions: usize,
    /// Consensus parameters on which all authorities vote, such as
    /// `("cc_alg", 0)`, which keeps every circuit on tor1.
    pub consensus_params: Vec<(String, i64)>,
    /// What differs from node to node, in order.
    pub settings: Vec<(Select, Setting)>,
    /// The tor of every node for which no setting chooses another.
    pub binary: Binary,
    /// The content of every transfer derives from it: equal seeds, equal bytes.
    pub seed: u64,
    /// How long the start may take before it is given up. It only ends a start
    /// that hangs: an ordinary one takes 16 s.
    pub patience: Duration,
}

impl Spec {
    /// 3 authorities, 2 relays, 3 exits, 1 client, 1 onion service, all of them
    /// running `binary`.
    pub fn new(folder: impl Into<PathBuf>, binary: Binary) -> Spec {
        Spec {
            folder: folder.into(),
            authorities: 3,
            relays: 2,
            exits: 3,
            clients: 1,
            onions: 1,
            consensus_params: Vec::new(),
            settings: Vec::new(),
            binary,
            seed: 1,
            patience: Duration::from_secs(240),
        }
    }

    /// Adds a setting for some of the nodes.
    pub fn with(mut self, select: Select, setting: Setting) -> Spec {
        self.settings.push((select, setting));
        self
    }

    /// Every node, authorities first, with what applies to it.
    pub fn nodes(&self) -> Vec<NodeSpec> {
        [
            (Role::Authority, self.authorities),
            (Role::Relay, self.relays),
            (Role::Exit, self.exits),
            (Role::Client, self.clients),
            (Role::Onion, self.onions),
        ]
        .into_iter()
        .flat_map(|(role, count)| (1..=count).map(move |number| (role, number)))
        .map(|(role, number)| self.node(role, format!("{}{number}", role.prefix())))
        .collect()
    }

    fn node(&self, role: Role, name: String) -> NodeSpec {
        let mut node = NodeSpec {
            folder: self.folder.join(&name),
            name,
            role,
            binary: self.binary.clone(),
            torrc: Vec::new(),
            env: Vec::new(),
        };
        for (select, setting) in &self.settings {
            let applies = match select {
                Select::All => true,
                Select::Role(role) => *role == node.role,
                Select::Node(name) => *name == node.name,
            };
            if !applies {
                continue;
            }
            match setting {
                Setting::Binary(binary) => node.binary = binary.clone(),
                Setting::Torrc(line) => node.torrc.push(line.clone()),
                Setting::Env(name, value) => node.env.push((name.clone(), value.clone())),
            }
        }
        node
    }

    /// Refuses what could never become a usable network.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.authorities >= 1,
            "a network needs at least 1 authority"
        );
        ensure!(self.clients >= 1, "a network needs at least 1 client");
        ensure!(
            self.exits >= 2 && self.relays + self.exits >= 4,
            "a network needs at least 4 relays, 2 of them exits; {} with {} exits were asked for",
            self.relays + self.exits,
            self.exits
        );
        let nodes = self.nodes();
        for (select, _) in &self.settings {
            if let Select::Node(name) = select {
                ensure!(
                    nodes.iter().any(|node| node.name == *name),
                    "a setting names the node {name}, which this network does not have"
                );
            }
        }
        Ok(())
    }
}

/// One node of a [`Spec`], all settings applied.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// Its name in this network, and its nickname in the consensus.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The tor that it runs.
    pub binary: Binary,
    /// Lines at the end of its torrc.
    pub torrc: Vec<String>,
    /// Its environment variables beside those inherited.
    pub env: Vec<(String, String)>,
    /// Where its torrc, data and logs are.
    pub folder: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(label: &str) -> Binary {
        Binary {
            label: label.into(),
            tor: "tor".into(),
            gencert: "tor-gencert".into(),
        }
    }

    #[test]
    fn the_last_binary_that_applies_to_a_node_wins_and_torrc_lines_add_up() {
        let line = |text: &str| Setting::Torrc(text.into());
        let spec = Spec::new("folder", binary("C"))
            .with(Select::All, line("a"))
            .with(Select::Role(Role::Exit), Setting::Binary(binary("Rust")))
            .with(
                Select::Node("exit2".into()),
                Setting::Binary(binary("Fault")),
            )
            .with(Select::Node("exit2".into()), line("b"));
        let nodes = spec.nodes();
        let label = |name: &str| {
            let node = nodes.iter().find(|node| node.name == name);
            node.map(|node| (node.binary.label.clone(), node.torrc.join(" ")))
        };
        assert_eq!(label("relay1"), Some(("C".into(), "a".into())));
        assert_eq!(label("exit1"), Some(("Rust".into(), "a".into())));
        assert_eq!(label("exit2"), Some(("Fault".into(), "a b".into())));
    }

    #[test]
    fn a_network_that_could_never_work_is_refused() {
        let mut spec = Spec::new("folder", binary("C"));
        assert!(spec.check().is_ok());
        spec.exits = 1;
        assert!(spec.check().is_err());
        let spec = Spec::new("folder", binary("C"))
            .with(Select::Node("exit9".into()), Setting::Torrc("x".into()));
        assert!(spec.check().unwrap_err().to_string().contains("exit9"));
    }
}
