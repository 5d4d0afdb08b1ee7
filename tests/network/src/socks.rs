//! The client side of SOCKS 5 (RFC 1928, with user name and password after RFC
//! 1929, which tor takes as the stream's isolation; socks-extensions.txt). Our
//! own few lines, because the caller needs the connection's local port before
//! the request is sent: tor's control port names a stream by it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{bail, ensure, Result};

/// Where a stream leads.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    Address(SocketAddr),
    Name(String, u16),
}

/// Asks the SOCKS port at the other end of `stream` for a connection; when this
/// returns, the stream leads to `destination`.
pub(crate) fn connect(
    stream: &mut TcpStream,
    isolation: &str,
    destination: &Destination,
) -> Result<()> {
    ensure!(
        (1..=255).contains(&isolation.len()),
        "an isolation name has 1 to 255 bytes, this one has {}",
        isolation.len()
    );
    stream.write_all(&[5, 1, 2])?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen)?;
    ensure!(chosen == [5, 2], "the SOCKS port refused a user name");

    let mut login = vec![1, isolation.len() as u8];
    login.extend(isolation.as_bytes());
    login.extend([1, b'x']);
    stream.write_all(&login)?;
    let mut accepted = [0; 2];
    stream.read_exact(&mut accepted)?;
    ensure!(accepted == [1, 0], "the SOCKS port refused the user name");

    let mut request = vec![5, 1, 0];
    match destination {
        Destination::Address(SocketAddr::V4(address)) => {
            request.push(1);
            request.extend(address.ip().octets());
            request.extend(address.port().to_be_bytes());
        }
        Destination::Address(SocketAddr::V6(address)) => {
            request.push(4);
            request.extend(address.ip().octets());
            request.extend(address.port().to_be_bytes());
        }
        Destination::Name(name, port) => {
            ensure!(name.len() <= 255, "the host name {name} is too long");
            request.extend([3, name.len() as u8]);
            request.extend(name.as_bytes());
            request.extend(port.to_be_bytes());
        }
    }
    stream.write_all(&request)?;

    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    ensure!(answer[0] == 5, "the SOCKS port does not speak SOCKS 5");
    ensure!(
        answer[1] == 0,
        "tor could not connect: {}",
        failure(answer[1])
    );
    let bound = match answer[3] {
        1 => 4,
        4 => 16,
        3 => {
            let mut length = [0; 1];
            stream.read_exact(&mut length)?;
            usize::from(length[0])
        }
        other => bail!("the SOCKS answer has an unknown address type {other}"),
    };
    stream.read_exact(&mut vec![0; bound + 2])?;
    Ok(())
}

fn failure(code: u8) -> &'static str {
    match code {
        1 => "general failure (SOCKS 1)",
        2 => "not allowed (SOCKS 2)",
        3 => "network unreachable (SOCKS 3)",
        4 => "host unreachable (SOCKS 4)",
        5 => "connection refused (SOCKS 5)",
        6 => "TTL expired (SOCKS 6)",
        _ => "an unknown SOCKS failure",
    }
}
