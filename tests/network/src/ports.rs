//! TCP ports on 127.0.0.1 that nobody else uses, for nodes whose configuration
//! has to name them before they start.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{bail, Result};

/// A port that stays ours until [`Reserved::release`], which the caller does
/// just before the node that binds it starts.
pub(crate) struct Reserved {
    listener: TcpListener,
    pub(crate) port: u16,
}

impl Reserved {
    /// Ports are drawn at random from below the range that the kernel hands to
    /// outgoing connections: a released port from inside that range can be taken
    /// by any connection in the moment before its node binds it.
    pub(crate) fn new() -> Result<Reserved> {
        let first_outgoing = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
            .ok()
            .and_then(|range| range.split_whitespace().next()?.parse().ok())
            .unwrap_or(32768u16);
        let range = match first_outgoing {
            ..=12000 => 12000..=u16::MAX,
            _ => 10000..=first_outgoing - 1,
        };
        for _ in 0..1000 {
            let port = fastrand::u16(range.clone());
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                return Ok(Reserved { listener, port });
            }
        }
        bail!("no free port on 127.0.0.1 in {range:?}: stop what occupies them")
    }

    pub(crate) fn release(self) {
        drop(self.listener);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_taken_until_it_is_released() {
        let reserved = Reserved::new().unwrap();
        let port = reserved.port;
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err());
        reserved.release();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
