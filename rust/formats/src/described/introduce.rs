//! `src/trunnel/hs/cell_introduce1.h`.

describe! {
    /// The proof-of-work extension of INTRODUCE1's encrypted part (rend-spec).
    struct trn_cell_extension_pow as PowExtension {
        pow_version: u8 in [1],
        pow_nonce: [u8; 16],
        pow_effort: u32,
        pow_seed: [u8; 4],
        pow_solution: [u8; 16],
    }

    /// An INTRODUCE1 and an INTRODUCE2 message (rend-spec, "Introduction protocol").
    #[c_layout]
    struct trn_cell_introduce1 as Introduce1 {
        /// All zero: the identifier of a service of version 2 was here.
        legacy_key_id: [u8; 20],
        auth_key_type: u8 in [2, 0, 1],
        auth_key_len: u16,
        auth_key: [u8; auth_key_len],
        extensions: trn_extension,
        encrypted: [u8; ..],
    }

    /// An INTRODUCE_ACK message.
    struct trn_cell_introduce_ack as IntroduceAck {
        status: u16,
        extensions: trn_extension,
    }

    /// What only the service can read of INTRODUCE1.
    struct trn_cell_introduce_encrypted as IntroduceEncrypted {
        rend_cookie: [u8; 20],
        extensions: trn_extension,
        onion_key_type: u8 in [1],
        onion_key_len: u16,
        onion_key: [u8; onion_key_len],
        nspec: u8,
        nspecs as specifiers: [link_specifier; nspec],
        pad: [u8; ..],
    }
}
