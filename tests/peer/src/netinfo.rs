//! NETINFO cells, right and wrong.

/// What can follow the time in a NETINFO cell, under a name each. Everybody is at
/// 127.0.0.1.
pub fn netinfos() -> Vec<(&'static str, Vec<u8>)> {
    let local: &[u8] = &[4, 4, 127, 0, 0, 1];
    vec![
        ("time alone", vec![]),
        ("other address of length 0", vec![4, 0, 0]),
        ("other address of unknown type", vec![0xf0, 2, 1, 2, 0]),
        ("other address of type 0", vec![0, 0, 0]),
        ("IPv4 of 5 bytes", vec![4, 5, 127, 0, 0, 1, 9, 0]),
        ("IPv4 of 3 bytes", vec![4, 3, 127, 0, 0, 0]),
        ("IPv6 of 4 bytes", vec![6, 4, 127, 0, 0, 1, 0]),
        ("IPv6", [&[6, 16][..], &[0x20; 16], &[0]].concat()),
        ("other address far away", vec![4, 4, 18, 0, 0, 1, 0]),
        (
            "other address of 255 bytes",
            [&[4, 255][..], &[1; 255], &[0]].concat(),
        ),
        (
            "address of 255 bytes at the end",
            [local, &[1, 4, 255], &[1; 400]].concat(),
        ),
        ("no address of ours", [local, &[0]].concat()),
        ("one address", [local, &[1], local].concat()),
        (
            "an address of ours that cannot be read, and one that is right",
            [local, &[2, 9, 1, 1], local].concat(),
        ),
        ("50 addresses", [local, &[50], &local.repeat(50)].concat()),
        (
            "255 addresses, 82 there",
            [local, &[255], &local.repeat(82)].concat(),
        ),
        ("bytes behind the end", [local, &[0], &[0xee; 400]].concat()),
    ]
}
