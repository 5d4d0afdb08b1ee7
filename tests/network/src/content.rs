//! What travels through the network: bytes that both ends derive from a seed,
//! and the server on loopback that exits and onion services lead to.
//!
//! A request is one line, `get SEED BYTES` or `put SEED BYTES`. After `get` the
//! server sends the content; after `put` it reads it and answers with the
//! SHA-256 of what arrived, in hexadecimal, and a line feed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::Result;
use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// A SHA-256.
pub(crate) type Checksum = [u8; 32];

/// Deterministic pseudo-random bytes: a reader that ends after the agreed
/// number of them.
pub struct Content {
    generator: Xoshiro256PlusPlus,
    left: u64,
}

impl Content {
    /// The content of `bytes` bytes that belongs to `seed`.
    pub fn new(seed: u64, bytes: u64) -> Content {
        Content {
            generator: Xoshiro256PlusPlus::seed_from_u64(seed),
            left: bytes,
        }
    }

    /// The SHA-256 of this content.
    pub fn sha256(mut self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut block = vec![0; BLOCK];
        loop {
            let read = self.fill(&mut block);
            if read == 0 {
                return hash.finalize().into();
            }
            hash.update(&block[..read]);
        }
    }

    /// Whole words are drawn except at the end, so that the bytes do not depend
    /// on the size of the pieces; every piece but the last is a multiple of 8.
    fn fill(&mut self, block: &mut [u8]) -> usize {
        let wanted = (block.len() as u64).min(self.left) as usize;
        self.generator.fill_bytes(&mut block[..wanted]);
        self.left -= wanted as u64;
        wanted
    }

    /// Writes all of it, reporting how much is written after each piece.
    pub(crate) fn write_to(
        mut self,
        to: &mut impl Write,
        written: &mut dyn FnMut(u64),
    ) -> io::Result<()> {
        let mut block = vec![0; BLOCK];
        let mut total = 0;
        loop {
            let read = self.fill(&mut block);
            if read == 0 {
                return to.flush();
            }
            to.write_all(&block[..read])?;
            total += read as u64;
            written(total);
        }
    }
}

/// Reads exactly `bytes` bytes and returns their SHA-256, reporting how much has
/// arrived after each piece.
pub(crate) fn read_checksum(
    from: &mut impl Read,
    bytes: u64,
    arrived: &mut dyn FnMut(u64),
) -> io::Result<Checksum> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut total = 0;
    while total < bytes {
        let wanted = (BLOCK as u64).min(bytes - total) as usize;
        let read = match from.read(&mut block[..wanted]) {
            Ok(0) => {
                let message = format!("the stream ended after {total} of {bytes} bytes");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&block[..read]);
        total += read as u64;
        arrived(total);
    }
    Ok(hash.finalize().into())
}

/// What a client asks the server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Get { seed: u64, bytes: u64 },
    Put { seed: u64, bytes: u64 },
}

impl Request {
    pub(crate) fn line(self) -> String {
        match self {
            Request::Get { seed, bytes } => format!("get {seed} {bytes}\n"),
            Request::Put { seed, bytes } => format!("put {seed} {bytes}\n"),
        }
    }

    fn parse(line: &str) -> Option<Request> {
        let mut words = line.trim_end().split(' ');
        let (verb, seed, bytes) = (words.next()?, words.next()?, words.next()?);
        let (seed, bytes) = (seed.parse().ok()?, bytes.parse().ok()?);
        match verb {
            "get" => Some(Request::Get { seed, bytes }),
            "put" => Some(Request::Put { seed, bytes }),
            _ => None,
        }
    }
}

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    ending: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let ending = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ending);
        let accepting = thread::Builder::new()
            .name("content server".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if told.load(Ordering::Acquire) {
                        return;
                    }
                    // A connection that fails is the client's to report.
                    if let Ok(stream) = stream {
                        thread::spawn(move || serve(stream));
                    }
                }
            })?;
        Ok(Server {
            address,
            ending,
            accepting: Some(accepting),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // Wakes the thread, which is waiting for a connection.
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(accepting)) = (woken, self.accepting.take()) {
            let _ended = accepting.join();
        }
    }
}

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.by_ref().take(64).read_line(&mut line)?;
    match Request::parse(&line) {
        Some(Request::Get { seed, bytes }) => {
            Content::new(seed, bytes).write_to(&mut writer, &mut |_| {})?;
        }
        Some(Request::Put { bytes, .. }) => {
            let checksum = read_checksum(&mut reader, bytes, &mut |_| {})?;
            writer.write_all(hex::encode(checksum).as_bytes())?;
            writer.write_all(b"\n")?;
        }
        None => {}
    }
    writer.shutdown(Shutdown::Write)
}

/// A multiple of 8 (see [`Content::fill`]).
const BLOCK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_sends_and_checks_the_content_of_a_seed() {
        let server = Server::start().unwrap();
        for bytes in [0, 1, 9, BLOCK as u64, 3 * BLOCK as u64 + 5] {
            let request = Request::Get { seed: 7, bytes };
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(request.line().as_bytes()).unwrap();
            let got = read_checksum(&mut stream, bytes, &mut |_| {}).unwrap();
            assert_eq!(got, Content::new(7, bytes).sha256());
            assert_eq!(stream.read(&mut [0]).unwrap(), 0, "nothing follows");

            let request = Request::Put { seed: 8, bytes };
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(request.line().as_bytes()).unwrap();
            Content::new(8, bytes)
                .write_to(&mut stream, &mut |_| {})
                .unwrap();
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).unwrap();
            assert_eq!(
                answer.trim_end(),
                hex::encode(Content::new(8, bytes).sha256())
            );
        }
    }

    #[test]
    fn other_seeds_have_other_content() {
        assert_ne!(Content::new(1, 9).sha256(), Content::new(2, 9).sha256());
    }

    #[test]
    fn a_stream_that_ends_early_is_an_error() {
        let short = read_checksum(&mut &b"four"[..], 5, &mut |_| {});
        assert!(short.unwrap_err().to_string().contains("4 of 5"));
    }
}
