//! `src/trunnel/hs/cell_rendezvous.h`.

describe! {
    /// A RENDEZVOUS1 message (rend-spec, "The rendezvous protocol").
    struct trn_cell_rendezvous1 as Rendezvous1 {
        rendezvous_cookie: [u8; 20],
        handshake_info: [u8; ..],
    }

    /// A RENDEZVOUS2 message.
    struct trn_cell_rendezvous2 as Rendezvous2 {
        handshake_info: [u8; 64],
    }
}
