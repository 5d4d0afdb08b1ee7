//! Scripts below the link protocol: bare bytes, TLS begun and not ended, and
//! how a connection is closed.

use std::time::Duration;

use peer::{command, Script};

/// The header of a TLS handshake record and of a ClientHello, which promise
/// more than follows.
const CLIENT_HELLO_BEGINS: [u8; 15] = [
    0x16, 3, 1, 2, 0, // handshake record of 512 bytes
    1, 0, 1, 0xfc, // ClientHello of 508 bytes
    3, 3, 0, 1, 2, 3, // version, first bytes of Random
];

/// Long enough that the pause is one, for a relay on a busy machine too.
const PAUSE: Duration = Duration::from_millis(500);

pub fn scripts() -> Vec<Script> {
    vec![
        Script::tcp("nothing but TCP FIN").end_tcp(),
        Script::tcp("bare: HTTP request").bytes("GET / HTTP/1.0\r\n\r\n"),
        Script::tcp("bare: zeros").bytes([0; 600]),
        Script::tcp("bare: VERSIONS without TLS").versions(&[4, 5]),
        Script::tcp("bare: SSLv2 ClientHello")
            .bytes([0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10])
            .end_tcp(),
        Script::tcp("bare: TLS record longer than any").bytes([0x16, 3, 1, 0xff, 0xff, 1, 0, 0]),
        Script::tcp("bare: TLS alert").bytes([0x15, 3, 3, 0, 2, 2, 40]),
        Script::tcp("bare: TLS application data").bytes([0x17, 3, 3, 0, 2, 0, 0]),
        Script::tcp("ClientHello of no version")
            .bytes([0x16, 3, 1, 0, 9, 1, 0, 0, 5, 0, 0, 0, 0, 0]),
        Script::tcp("ClientHello cut off, then FIN")
            .bytes(CLIENT_HELLO_BEGINS)
            .end_tcp(),
        Script::tcp("ClientHello cut off, one byte at a time")
            .slowly()
            .bytes(CLIENT_HELLO_BEGINS)
            .end_tcp(),
        Script::tcp("TCP, silence, then a client")
            .quiet(PAUSE)
            .start_tls()
            .versions(&[4, 5])
            .wait(4)
            .netinfo()
            .probe(),
        Script::tls("TLS, silence, then a client")
            .quiet(PAUSE)
            .versions(&[4, 5])
            .wait(4)
            .netinfo()
            .probe(),
        Script::answered("answered, silence, then a client", 5)
            .quiet(PAUSE)
            .netinfo()
            .probe(),
        Script::tls("TLS, then close_notify").end_tls(),
        Script::tls("TLS, then FIN").end_tcp(),
        Script::answered("answered, then close_notify", 5).end_tls(),
        Script::open("open, then FIN", 5).end_tcp(),
        Script::open("open with a circuit, then FIN", 5)
            .create_fast(0x8000_0001)
            .wait(1)
            .end_tcp(),
        Script::tls("HTTP in TLS")
            .bytes("GET /tor/status-vote/current/consensus HTTP/1.0\r\n".repeat(12)),
        Script::tls("1 byte in TLS, then FIN").bytes([0]).end_tcp(),
        Script::tls("600 zeros in TLS").bytes([0; 600]),
        Script::tls("600 bytes 0xff in TLS")
            .bytes([0xff; 600])
            .end_tcp(),
        Script::tls("a client, one byte at a time")
            .slowly()
            .versions(&[3, 4, 5])
            .wait(4)
            .cell(0, command::VPADDING, [1, 2, 3])
            .netinfo()
            .create_fast(0x8000_0001)
            .wait(1)
            .probe(),
    ]
}
