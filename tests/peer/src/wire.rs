//! A connection to an ORPort, bare or in TLS. Certificates are not checked: the
//! relay's identity is not what is tested. A send that fails says little; that
//! the peer has gone shows when what it sent before has been received.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use openssl::pkey::{PKeyRef, Private};
use openssl::sha::sha256;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509Ref;

/// What a receive brought.
pub(crate) enum Received {
    Bytes(Vec<u8>),
    /// Nothing within the limit.
    Nothing,
    /// The peer has closed the connection.
    End,
}

/// Our end of the connection.
pub(crate) enum Wire {
    Bare(TcpStream),
    Tls(SslStream<TcpStream>),
}

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> Result<Wire> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("cannot connect to the ORPort {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Wire::Bare(stream))
    }

    /// The same connection in TLS; `None` when the peer ended the handshake.
    pub(crate) fn start_tls(self) -> Result<Option<Wire>> {
        let Wire::Bare(stream) = self else {
            return Ok(Some(self));
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_verify(SslVerifyMode::NONE);
        let ssl = Ssl::new(&context.build())?;
        Ok(ssl.connect(stream).ok().map(Wire::Tls))
    }

    /// A connection that was accepted.
    pub(crate) fn accepted(stream: TcpStream) -> Result<Wire> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Wire::Bare(stream))
    }

    /// The same in TLS under this certificate; `None` when the peer ended the
    /// handshake.
    pub(crate) fn answer_tls(self, cert: &X509Ref, key: &PKeyRef<Private>) -> Result<Option<Wire>> {
        let Wire::Bare(stream) = self else {
            return Ok(Some(self));
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut context = SslContext::builder(SslMethod::tls_server())?;
        context.set_certificate(cert)?;
        context.set_private_key(key)?;
        let ssl = Ssl::new(&context.build())?;
        Ok(ssl.accept(stream).ok().map(Wire::Tls))
    }

    /// False when it is certain that the peer has gone.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = match self {
            Wire::Bare(stream) => stream.write_all(bytes),
            Wire::Tls(stream) => stream.write_all(bytes),
        };
        sent.is_ok()
    }

    /// The digest of the certificate under which the peer is in TLS.
    pub(crate) fn peer_cert_sha256(&self) -> Option<[u8; 32]> {
        let Wire::Tls(stream) = self else { return None };
        let cert = stream.ssl().peer_certificate()?;
        Some(sha256(&cert.to_der().ok()?))
    }

    pub(crate) fn receive(&mut self, limit: Duration) -> Result<Received> {
        let limit = limit.max(Duration::from_millis(1));
        self.tcp().set_read_timeout(Some(limit))?;
        let mut bytes = vec![0; 1 << 14];
        let read = match self {
            Wire::Bare(stream) => stream.read(&mut bytes),
            Wire::Tls(stream) => stream.read(&mut bytes),
        };
        Ok(match read {
            Ok(0) => Received::End,
            Ok(length) => {
                bytes.truncate(length);
                Received::Bytes(bytes)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Received::Nothing
                }
                _ => Received::End,
            },
        })
    }

    /// Says in TLS that nothing more will be sent.
    pub(crate) fn end_tls(&mut self) {
        if let Wire::Tls(stream) = self {
            let _gone = stream.shutdown();
        }
    }

    /// Says in TCP that nothing more will be sent.
    pub(crate) fn end_tcp(&mut self) {
        let _gone = self.tcp().shutdown(Shutdown::Write);
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Wire::Bare(stream) => stream,
            Wire::Tls(stream) => stream.get_ref(),
        }
    }
}

/// How long a peer may take for what it is certain to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
