//! PADDING_NEGOTIATE cells (padding-spec, "Connection-level padding").

use wire::format::Format as _;
use wire::formats::channelpadding::PaddingNegotiate;

use crate::action::Action;
use crate::line::Line;
use crate::{Link, LinkProtocol};

const FUNCTION: &str = "channel_tls_process_padding_negotiate_cell";

/// What the peer wants of our padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// 2 starts padding, 1 stops it.
    pub command: u8,
    /// The lowest timeout, in milliseconds.
    pub ito_low_ms: u16,
    /// The highest timeout, in milliseconds.
    pub ito_high_ms: u16,
}

impl Link {
    pub(crate) fn padding_negotiate(&self, body: &[u8]) -> Vec<Action> {
        let number = self.link_protocol;
        if number < LinkProtocol::V5.number() {
            return ignored(format!(
                "Received a PADDING_NEGOTIATE cell on v{number} connection; dropping."
            ));
        }
        match PaddingNegotiate::parse(body) {
            Ok((cell, _)) => vec![Action::Pad(Padding {
                command: cell.command,
                ito_low_ms: cell.ito_low_ms,
                ito_high_ms: cell.ito_high_ms,
            })],
            Err(_) => ignored(format!(
                "Received malformed PADDING_NEGOTIATE cell on v{number} connection; dropping."
            )),
        }
    }
}

fn ignored(text: String) -> Vec<Action> {
    vec![Action::Log(Line::or(FUNCTION, text))]
}
