//! What a relay counts, read from its MetricsPort: HTTP, and in it Prometheus'
//! text format, one number a line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{ensure, Context, Result};

/// Circuit handshakes that other relays have passed on to a relay since it started.
/// Those of clients that are its neighbours tor does not count, nor any CREATE_FAST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handshakes {
    /// ntor.
    pub ntor: u64,
    /// ntor v3.
    pub ntor_v3: u64,
}

impl Handshakes {
    /// What was added since `earlier`.
    pub fn since(self, earlier: Handshakes) -> Handshakes {
        Handshakes {
            ntor: self.ntor - earlier.ntor,
            ntor_v3: self.ntor_v3 - earlier.ntor_v3,
        }
    }

    pub(crate) fn ask(metrics_port: SocketAddr) -> Result<Handshakes> {
        Handshakes::parse(&get(metrics_port)?)
    }

    fn parse(metrics: &str) -> Result<Handshakes> {
        let count = |kind: &str| -> Result<u64> {
            let name =
                format!("tor_relay_load_onionskins_total{{type=\"{kind}\",action=\"processed\"}} ");
            let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
            let count = count.with_context(|| format!("no count of {kind} handshakes"))?;
            Ok(count.trim().parse()?)
        };
        Ok(Handshakes {
            ntor: count("ntor")?,
            ntor_v3: count("ntor_v3")?,
        })
    }
}

/// Reads the page of all metrics. Tor leaves the connection open after it, so the
/// length that it announces counts.
fn get(metrics_port: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(metrics_port)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "the answer breaks off");
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = Some(value.trim().parse()?);
        }
    }
    let length = length.context("the answer does not say how long it is")?;
    let mut page = String::new();
    reader.take(length).read_to_string(&mut page)?;
    Ok(page)
}

/// Tor answers at once; this only ends the wait for one that hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_read_from_among_other_metrics() {
        let page = "# TYPE tor_relay_load_onionskins_total counter\n\
            tor_relay_load_onionskins_total{type=\"ntor\",action=\"processed\"} 5\n\
            tor_relay_load_onionskins_total{type=\"ntor\",action=\"dropped\"} 1\n\
            tor_relay_load_onionskins_total{type=\"ntor_v3\",action=\"processed\"} 7\n";
        let read = Handshakes::parse(page).unwrap();
        assert_eq!((read.ntor, read.ntor_v3), (5, 7));
        assert!(Handshakes::parse("").is_err());
    }
}
