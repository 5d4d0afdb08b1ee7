//! Scripts of cells on an open link: circuits made, refused, ended, and cells
//! that no client sends (tor-spec, "Circuit management").

use peer::{command, Script};

/// A circuit id.
const CIRC: u32 = 0x8000_0001;
/// One whose most significant bit a client does not use.
const LOW: u32 = 1;

/// CREATE2 of this handshake type, with a length field that says `claimed`.
fn create2(handshake: u16, claimed: u16, data: &[u8]) -> Vec<u8> {
    let mut body = handshake.to_be_bytes().to_vec();
    body.extend(claimed.to_be_bytes());
    body.extend(data);
    body
}

pub fn scripts() -> Vec<Script> {
    let mut scripts = creates();
    scripts.extend(others());
    scripts.extend(floods());
    scripts
}

fn creates() -> Vec<Script> {
    let mut scripts = vec![
        Script::open("CREATE_FAST, link protocol 3", 3)
            .create_fast(0x8001)
            .wait(1)
            .probe(),
        Script::open("CREATE_FAST, link protocol 4", 4)
            .create_fast(CIRC)
            .wait(1)
            .probe(),
        Script::open("CREATE_FAST, link protocol 5", 5)
            .create_fast(CIRC)
            .wait(1)
            .probe(),
        Script::open("CREATE_FAST with low id", 5)
            .create_fast(LOW)
            .probe(),
        Script::open("CREATE_FAST with low id, link protocol 3", 3)
            .create_fast(LOW)
            .probe(),
        Script::open("CREATE_FAST with highest id", 5)
            .create_fast(0xffff_ffff)
            .wait(1)
            .probe(),
        Script::open("CREATE_FAST on circuit 0", 5)
            .create_fast(0)
            .probe(),
        Script::open("CREATE_FAST twice on one id", 5)
            .create_fast(CIRC)
            .wait(1)
            .create_fast(CIRC)
            .probe(),
        Script::open("CREATE_FAST again after DESTROY", 5)
            .create_fast(CIRC)
            .wait(1)
            .cell(CIRC, command::DESTROY, [9])
            .probe()
            .create_fast(CIRC)
            .wait(1)
            .cell(CIRC, command::DESTROY, [0])
            .probe(),
        Script::open("CREATE (TAP)", 5)
            .cell(CIRC, command::CREATE, [7; 186])
            .probe(),
        Script::open("CREATE with ntor in it", 5)
            .cell(CIRC, command::CREATE, b"ntorNTORntorNTOR".repeat(7))
            .probe(),
    ];
    // Handshake types: 0 TAP, 1 reserved, 2 ntor, 3 ntor v3, others unknown.
    let lengths: [(&str, u16, u16, usize); 11] = [
        ("TAP of 186", 0, 186, 186),
        ("reserved type", 1, 84, 84),
        ("ntor of 83", 2, 83, 83),
        ("ntor of 85", 2, 85, 85),
        ("ntor of 0", 2, 0, 0),
        ("ntor of 506, one more than fits", 2, 506, 505),
        ("ntor of 65535", 2, 65535, 505),
        ("unknown type", 9, 84, 84),
        ("unknown type of 505", 0xffff, 505, 505),
        ("CREATE_FAST as type 5", 5, 20, 20),
        ("type and length 0", 0, 0, 0),
    ];
    scripts.extend(
        lengths
            .into_iter()
            .map(|(name, handshake, claimed, length)| {
                Script::open(format!("CREATE2: {name}"), 5)
                    .cell(
                        CIRC,
                        command::CREATE2,
                        create2(handshake, claimed, &vec![7; length]),
                    )
                    .probe()
            }),
    );
    // These go to a worker, which finds that nothing fits, and say so later.
    let to_worker: [(&str, u16, usize); 4] = [
        ("ntor v3 of 0", 3, 0),
        ("ntor for another relay", 2, 84),
        ("ntor v3 for another relay", 3, 120),
        ("ntor v3 of 505", 3, 505),
    ];
    scripts.extend(to_worker.into_iter().map(|(name, handshake, length)| {
        Script::open(format!("CREATE2: {name}"), 5)
            .cell(
                CIRC,
                command::CREATE2,
                create2(handshake, length as u16, &vec![7; length]),
            )
            .wait(1)
            .probe()
    }));
    scripts
}

fn others() -> Vec<Script> {
    let mut scripts: Vec<Script> = [
        ("CREATED", command::CREATED),
        ("CREATED_FAST", command::CREATED_FAST),
        ("CREATED2", command::CREATED2),
        ("RELAY", command::RELAY),
        ("RELAY_EARLY", command::RELAY_EARLY),
        ("DESTROY", command::DESTROY),
        ("unknown command 99", 99),
        ("unknown command 127", 127),
        ("unknown variable command 200", 200),
        ("AUTHORIZE", command::AUTHORIZE),
    ]
    .into_iter()
    .flat_map(|(name, command)| {
        [
            Script::open(format!("{name} on circuits unknown and 0"), 5)
                .cell(CIRC, command, [1; 100])
                .cell(0, command, [1; 100])
                .probe(),
            Script::open(format!("{name} on a circuit"), 5)
                .create_fast(CIRC)
                .wait(1)
                .cell(CIRC, command, [1; 100])
                .probe(),
        ]
    })
    .collect();
    let negotiate: [(&str, &[u8]); 7] = [
        ("stop", &[0, 1, 0, 0, 0, 0]),
        ("start, 1 s to 2 s", &[0, 2, 3, 0xe8, 7, 0xd0]),
        ("start, upside down", &[0, 2, 7, 0xd0, 3, 0xe8]),
        ("start, default", &[0, 2, 0, 0, 0, 0]),
        ("unknown version", &[1, 2, 0, 0, 0, 0]),
        ("unknown command", &[0, 9, 0, 0, 0, 0]),
        ("bytes behind", &[0, 1, 0, 0, 0, 0, 0xee, 0xee]),
    ];
    scripts.extend(negotiate.into_iter().map(|(name, body)| {
        Script::open(format!("PADDING_NEGOTIATE: {name}"), 5)
            .cell(0, command::PADDING_NEGOTIATE, body)
            .probe()
    }));
    scripts.extend([
        Script::open("PADDING_NEGOTIATE, link protocol 4", 4)
            .cell(0, command::PADDING_NEGOTIATE, [0, 1])
            .probe(),
        Script::open("PADDING with content, on circuits 0 and 5", 5)
            .cell(0, command::PADDING, [0xaa; 509])
            .cell(5, command::PADDING, [0xaa; 509])
            .probe(),
        Script::open("VPADDING of 0 and of 65535", 5)
            .cell(0, command::VPADDING, [])
            .cell(5, command::VPADDING, [0xaa; 65535])
            .cell(0, command::VPADDING, [0xaa; 65535])
            .probe(),
        Script::open("VPADDING cut off, then FIN", 5)
            .cut_cell(1000, command::VPADDING, [0; 65535])
            .end_tcp(),
        Script::open("fixed cell cut off, then FIN", 5)
            .cut_cell(513, command::CREATE_FAST, [])
            .end_tcp(),
        Script::open("DESTROY while the circuit is made", 5)
            .cell(CIRC, command::CREATE2, create2(2, 84, &[7; 84]))
            .cell(CIRC, command::DESTROY, [9])
            .probe(),
        Script::open("RELAY while the circuit is made", 5)
            .cell(CIRC, command::CREATE2, create2(2, 84, &[7; 84]))
            .cell(CIRC, command::RELAY, [1; 509])
            .wait(1)
            .probe(),
        Script::open("4-byte circuit ids on link protocol 3", 3)
            .bytes([&[0, 0, 0x80, 1, 5][..], &[1; 509]].concat())
            .end_tcp(),
        Script::open("2-byte circuit ids on link protocol 5", 5)
            .bytes([&[0x80, 1, 5][..], &[1; 509]].concat())
            .end_tcp(),
    ]);
    scripts
}

fn floods() -> Vec<Script> {
    vec![
        Script::open("2,000 PADDING", 5)
            .repeat(2000, |script, _| script.cell(0, command::PADDING, []))
            .probe(),
        Script::open("2,000 VPADDING", 5)
            .repeat(2000, |script, _| script.cell(0, command::VPADDING, []))
            .probe(),
        Script::open("1,000 CREATE_FAST", 5)
            .repeat(1000, |script, number| script.create_fast(CIRC + number))
            .wait(1000)
            .probe(),
        // Each answered before its end: what is answered of a circuit that ends
        // meanwhile is a matter of chance.
        Script::open("100 times CREATE_FAST and DESTROY", 5)
            .repeat(100, |script, number| {
                script
                    .create_fast(CIRC + number)
                    .wait(1)
                    .cell(CIRC + number, command::DESTROY, [0])
            })
            .probe(),
        Script::open("2,000 DESTROY for unknown circuits", 5)
            .repeat(2000, |script, number| {
                script.cell(CIRC + number, command::DESTROY, [number as u8])
            })
            .probe(),
        Script::open("200 NETINFO", 5)
            .repeat(200, |script, _| script.netinfo())
            .probe(),
    ]
}
