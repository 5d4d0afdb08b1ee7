//! Lines for the log.

use std::borrow::Cow;

/// In a line's text: what tor calls the connection.
pub const CONNECTION: &str = "{connection}";
/// In a line's text: the state of tor's connection, in words.
pub const CONNECTION_STATE: &str = "{connection state}";
/// In a line's text: the state of tor's connection, as a number.
pub const CONNECTION_STATE_NUMBER: &str = "{connection state number}";
/// In a line's text: the state of tor's channel, in words.
pub const CHANNEL_STATE: &str = "{channel state}";
/// In a line's text: the state of tor's channel, as a number.
pub const CHANNEL_STATE_NUMBER: &str = "{channel state number}";

const NAMES: [&str; 5] = [
    CONNECTION,
    CONNECTION_STATE,
    CONNECTION_STATE_NUMBER,
    CHANNEL_STATE,
    CHANNEL_STATE_NUMBER,
];

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// For developers.
    Debug,
    /// For who wants to know everything.
    Info,
    /// For everybody.
    Warn,
    /// A peer broke the protocol: who is told depends on tor's options.
    Protocol,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Channels.
    Channel,
    /// Handshakes.
    Handshake,
    /// Connections between relays.
    Or,
    /// The protocol.
    Protocol,
}

/// A line for the log, in C Tor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How loud it is.
    pub severity: Severity,
    /// What it is about.
    pub domain: Domain,
    /// The function of C Tor's that it comes from; part of some lines.
    pub function: &'static str,
    text: Cow<'static, str>,
}

impl Line {
    /// A peer broke the protocol.
    pub(crate) fn protocol(function: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Line {
            severity: Severity::Protocol,
            domain: Domain::Protocol,
            function,
            text: text.into(),
        }
    }

    /// A peer broke the protocol; as C files it, a matter of connections.
    pub(crate) fn or(function: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Line {
            domain: Domain::Or,
            ..Line::protocol(function, text)
        }
    }

    /// A peer broke the protocol; as C files it, a matter of channels.
    pub(crate) fn channel(function: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Line {
            domain: Domain::Channel,
            ..Line::protocol(function, text)
        }
    }

    /// What happens when all goes well.
    pub(crate) fn info(
        domain: Domain,
        function: &'static str,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        Line {
            severity: Severity::Info,
            domain,
            ..Line::protocol(function, text)
        }
    }

    /// Where a handshake is.
    pub(crate) fn debug(function: &'static str, text: &'static str) -> Self {
        Line {
            severity: Severity::Debug,
            ..Line::info(Domain::Handshake, function, text)
        }
    }

    /// We could not do what we wanted to.
    pub(crate) fn warn(function: &'static str, text: &'static str) -> Self {
        Line {
            severity: Severity::Warn,
            domain: Domain::Or,
            ..Line::protocol(function, text)
        }
    }

    /// Its text; `name` says what stands for [`CONNECTION`] and the like.
    pub fn text(&self, mut name: impl FnMut(&str) -> String) -> String {
        let mut text = self.text.clone().into_owned();
        for placeholder in NAMES {
            if text.contains(placeholder) {
                text = text.replace(placeholder, &name(placeholder));
            }
        }
        text
    }
}
