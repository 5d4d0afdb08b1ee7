//! Scripts of the link handshake: VERSIONS, CERTS, AUTHENTICATE, NETINFO
//! (tor-spec, "Negotiating and initializing connections").

use peer::{command, Script};

/// CERTS with these certificates, each its type and bytes.
fn certs(certs: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = vec![certs.len() as u8];
    for (cert_type, cert) in certs {
        body.push(*cert_type);
        body.extend((cert.len() as u16).to_be_bytes());
        body.extend(*cert);
    }
    body
}

/// NETINFO with no time, this content, and nothing else.
fn netinfo(content: &[u8]) -> Vec<u8> {
    [&[0; 4], content].concat()
}

pub fn scripts() -> Vec<Script> {
    let mut scripts = versions();
    scripts.extend(early_cells());
    scripts.extend(certs_and_authentication());
    scripts.extend(netinfos());
    scripts
}

fn versions() -> Vec<Script> {
    // The list, and its highest version that tor knows.
    let lists: [(&str, &[u16]); 6] = [
        ("3 alone", &[3]),
        ("4 alone", &[4]),
        ("5 alone", &[5]),
        ("3 to 5, unordered, twice", &[5, 3, 4, 4, 3, 5]),
        ("unknown ones among known", &[0, 1, 2, 6, 0xffff, 4]),
        ("4 two thousand times", &[4; 2000]),
    ];
    let mut scripts: Vec<Script> = lists
        .into_iter()
        .map(|(name, list)| {
            Script::tls(format!("VERSIONS: {name}"))
                .versions(list)
                .wait(4)
                .netinfo()
                .probe()
        })
        .collect();
    let refused: [(&str, &[u16]); 5] = [
        ("none", &[]),
        ("1 alone", &[1]),
        ("2 alone", &[2]),
        ("1 and 2", &[1, 2]),
        ("unknown ones alone", &[0, 6, 7, 0xffff]),
    ];
    scripts.extend(
        refused
            .into_iter()
            .map(|(name, list)| Script::tls(format!("VERSIONS: {name}")).versions(list)),
    );
    scripts.extend([
        Script::tls("VERSIONS: odd length").early_cell(command::VERSIONS, [0, 4, 0]),
        Script::tls("VERSIONS: one byte").early_cell(command::VERSIONS, [4]),
        Script::tls("VERSIONS on circuit 1")
            .bytes([0, 1, 7, 0, 2, 0, 4])
            .wait(4)
            .netinfo()
            .probe(),
        // Read as a fixed-length PADDING, once that is complete.
        Script::tls("VERSIONS with 4-byte circuit id")
            .bytes([0, 0, 0, 0, 7, 0, 2, 0, 4])
            .bytes([0; 503]),
        Script::tls("VERSIONS cut off, then FIN")
            .bytes([0, 0, 7, 0, 4, 0])
            .end_tcp(),
        Script::tls("VERSIONS: 65535 bytes promised, then FIN")
            .bytes([0, 0, 7, 0xff, 0xff, 0, 4])
            .end_tcp(),
        Script::answered("VERSIONS again, before NETINFO", 4)
            .cell(0, command::VERSIONS, [0, 5])
            .netinfo()
            .probe(),
        Script::open("VERSIONS again, link open", 4)
            .cell(0, command::VERSIONS, [0, 5])
            .probe(),
        Script::open("VERSIONS again, odd length", 5).cell(0, command::VERSIONS, [0]),
        Script::answered("VERSIONS again, in 2-byte form", 4).early_cell(command::VERSIONS, [0, 4]),
    ]);
    scripts
}

/// Cells before VERSIONS.
fn early_cells() -> Vec<Script> {
    let mut scripts: Vec<Script> = [
        ("VPADDING", command::VPADDING),
        ("AUTHORIZE", command::AUTHORIZE),
        ("NETINFO", command::NETINFO),
    ]
    .into_iter()
    .map(|(name, command)| {
        Script::tls(format!("{name} before VERSIONS"))
            .early_cell(command, [])
            .versions(&[5])
            .wait(4)
            .netinfo()
            .probe()
    })
    .collect();
    scripts.extend(
        [
            ("PADDING", command::PADDING),
            ("CREATE_FAST", command::CREATE_FAST),
            ("RELAY", command::RELAY),
            ("CERTS", command::CERTS),
            ("AUTH_CHALLENGE", command::AUTH_CHALLENGE),
            ("AUTHENTICATE", command::AUTHENTICATE),
            ("unknown command 99", 99),
            ("unknown variable command 200", 200),
        ]
        .into_iter()
        .map(|(name, command)| {
            Script::tls(format!("{name} before VERSIONS")).early_cell(command, [])
        }),
    );
    scripts.extend(
        [
            ("PADDING", command::PADDING),
            ("CREATE_FAST", command::CREATE_FAST),
            ("RELAY", command::RELAY),
            ("DESTROY", command::DESTROY),
            ("PADDING_NEGOTIATE", command::PADDING_NEGOTIATE),
            ("unknown command 99", 99),
        ]
        .into_iter()
        .map(|(name, command)| {
            Script::answered(format!("{name} before NETINFO"), 5).cell(0, command, [])
        }),
    );
    scripts.push(
        Script::answered("variable-length cells before NETINFO", 5)
            .cell(0, command::VPADDING, [])
            .cell(0, command::VPADDING, [1; 65535])
            .cell(7, command::VPADDING, [1])
            .cell(0, command::AUTHORIZE, [1])
            .cell(0, 200, [1, 2, 3])
            .cell(0, 255, [])
            .netinfo()
            .probe(),
    );
    scripts
}

fn certs_and_authentication() -> Vec<Script> {
    let garbage: &[u8] = &[0x30, 3, 1, 2, 3];
    let one = certs(&[(1, garbage)]);
    let bodies: [(&str, Vec<u8>); 15] = [
        ("no body", vec![]),
        ("no certificates", vec![0]),
        ("garbage for X.509", certs(&[(1, garbage), (2, garbage)])),
        ("garbage for Ed25519", certs(&[(4, garbage), (5, garbage)])),
        ("garbage for RSA to Ed25519", certs(&[(7, garbage)])),
        ("RSA to Ed25519 twice", certs(&[(7, garbage), (7, garbage)])),
        ("empty certificates", certs(&[(1, &[]), (4, &[]), (7, &[])])),
        (
            "unknown types",
            certs(&[(0, garbage), (8, garbage), (255, &[1; 1000])]),
        ),
        (
            "an unknown type twice",
            certs(&[(99, garbage), (99, garbage)]),
        ),
        (
            "255 empty ones of unknown type",
            certs(&[(99, &[][..]); 255]),
        ),
        ("count too high", [&[2], &one[1..]].concat()),
        ("count too low", [&[0], &one[1..]].concat()),
        ("certificate cut off", one[..one.len() - 1].to_vec()),
        (
            "certificate's length beyond the cell",
            vec![1, 1, 0xff, 0xff, 0x30],
        ),
        ("bytes behind the last", [&one[..], &[1, 2, 3]].concat()),
    ];
    let mut scripts: Vec<Script> = bodies
        .into_iter()
        .map(|(name, body)| {
            Script::answered(format!("CERTS: {name}"), 5)
                .cell(0, command::CERTS, body)
                .netinfo()
                .probe()
        })
        .collect();
    let authenticate: [(&str, Vec<u8>); 6] = [
        ("no body", vec![]),
        ("type cut off", vec![0]),
        ("Ed25519, empty", vec![0, 3, 0, 0]),
        ("Ed25519, garbage", [&[0, 3, 1, 0][..], &[9; 256]].concat()),
        ("RSA, garbage", [&[0, 1, 1, 0][..], &[9; 256]].concat()),
        ("length beyond the cell", vec![0, 3, 0xff, 0xff, 1]),
    ];
    scripts.extend(authenticate.into_iter().map(|(name, body)| {
        Script::answered(format!("AUTHENTICATE without CERTS: {name}"), 5)
            .cell(0, command::AUTHENTICATE, body)
            .netinfo()
            .probe()
    }));
    let challenge = [&[1; 32][..], &[0, 1, 0, 3]].concat();
    scripts.extend([
        Script::answered("CERTS on circuit 1", 5).cell(1, command::CERTS, one.clone()),
        Script::open("CERTS, link open", 5)
            .cell(0, command::CERTS, one)
            .probe(),
        Script::open("AUTHENTICATE, link open", 5)
            .cell(0, command::AUTHENTICATE, [0, 3, 0, 0])
            .probe(),
        Script::answered("AUTH_CHALLENGE from the initiator", 5)
            .cell(0, command::AUTH_CHALLENGE, challenge.clone())
            .netinfo()
            .probe(),
        Script::open("AUTH_CHALLENGE, link open", 5)
            .cell(0, command::AUTH_CHALLENGE, challenge)
            .probe(),
        Script::answered("CERTS cut off, then FIN", 5)
            .cut_cell(20, command::CERTS, [0; 200])
            .end_tcp(),
    ]);
    scripts
}

fn netinfos() -> Vec<Script> {
    let mut scripts: Vec<Script> = peer::netinfos()
        .into_iter()
        .map(|(name, content)| {
            Script::answered(format!("NETINFO: {name}"), 5)
                .cell(0, command::NETINFO, netinfo(&content))
                .probe()
        })
        .collect();
    let far = [&[0xff; 4], &[4, 4, 127, 0, 0, 1, 0][..]].concat();
    scripts.extend([
        Script::answered("NETINFO: a time far off", 5)
            .cell(0, command::NETINFO, far)
            .probe(),
        Script::answered("NETINFO on circuit 1", 5)
            .cell(1, command::NETINFO, netinfo(&[4, 4, 127, 0, 0, 1, 0]))
            .probe(),
        Script::answered("NETINFO on circuit 1, link protocol 3", 3)
            .cell(1, command::NETINFO, netinfo(&[4, 4, 127, 0, 0, 1, 0]))
            .probe(),
        Script::open("NETINFO again", 5).netinfo().probe(),
        Script::answered("NETINFO cut off, then FIN", 5)
            .cut_cell(100, command::NETINFO, [])
            .end_tcp(),
    ]);
    scripts
}
