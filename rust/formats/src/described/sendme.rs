//! `src/trunnel/sendme_cell.h`.

describe! {
    /// A SENDME message (tor-spec, "Circuit-level flow control").
    struct sendme_cell as Sendme {
        version: u8 in [0, 1],
        data_len: u16 in [16, 20],
        data: match version within data_len as SendmeData {
            0 => V0 { skipped },
            1 => V1 { data_v1_digest as digest: [u8; ..] },
            _ => fail,
        },
    }
}
