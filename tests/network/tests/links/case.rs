//! One thing that a peer of a link does right or wrong.

use anyhow::Result;
use peer::{Identity, Script};

type Make = Box<dyn Fn(&Identity, Script) -> Result<Script> + Send + Sync>;

/// A script that is made anew each time, since our peer is somebody else each time.
pub struct Case {
    /// What is tried, in a few words.
    pub name: String,
    /// Whom a tor that opens the link wants to meet.
    pub wanted: Wanted,
    /// Whether it is for clients too.
    pub clients: bool,
    make: Make,
}

/// The identity that a tor wants of the peer to which it opens a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Ours, both parts of it. (A client that has but a bridge's line knows no
    /// Ed25519 identity.)
    Ours,
    /// Our RSA identity, and no Ed25519 identity in particular.
    OurRsa,
    /// Our RSA identity and somebody else's Ed25519 identity.
    AnotherEd25519,
    /// Somebody else's RSA identity.
    AnotherRsa,
    /// Any, for a client; a relay always wants an RSA identity.
    Any,
}

impl Case {
    /// The script of this case, for a peer with this identity.
    pub fn script(&self, identity: &Identity) -> Result<Script> {
        (self.make)(identity, Script::tcp(&self.name))
    }

    /// For relays alone.
    pub fn of_relays(mut self) -> Case {
        self.clients = false;
        self
    }

    /// The same, but the tor wants to meet somebody else.
    pub fn wanting(mut self, wanted: Wanted) -> Case {
        self.wanted = wanted;
        self
    }
}

/// A case; its script begins with bare TCP.
pub fn case(
    name: impl Into<String>,
    make: impl Fn(&Identity, Script) -> Result<Script> + Send + Sync + 'static,
) -> Case {
    Case {
        name: name.into(),
        wanted: Wanted::Ours,
        clients: true,
        make: Box::new(make),
    }
}
