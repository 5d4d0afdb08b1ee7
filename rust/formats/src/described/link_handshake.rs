//! `src/trunnel/link_handshake.h`.

describe! {
    /// The body of an AUTHENTICATE cell (tor-spec, "AUTHENTICATE cells").
    #[c_layout]
    struct auth1 as Auth1 {
        type as auth_type: [u8; 8],
        cid: [u8; 32],
        sid: [u8; 32],
        cid_ed: [u8; 32],
        sid_ed: [u8; 32],
        slog: [u8; 32],
        clog: [u8; 32],
        scert: [u8; 32],
        tlssecrets: [u8; 32],
        end_of_fixed_part: position,
        rand: [u8; 24],
        end_of_signed: position,
        sig: [u8; ..],
    }

    /// An AUTH_CHALLENGE cell (tor-spec).
    #[c_layout]
    struct auth_challenge_cell as AuthChallenge {
        challenge: [u8; 32],
        n_methods: u16,
        methods: [u16; n_methods],
    }

    /// A certificate in a CERTS cell.
    #[c_layout]
    struct certs_cell_cert as CertsCert {
        cert_type: u8,
        cert_len: u16,
        body: [u8; cert_len],
    }

    /// An RSA→Ed25519 cross-certificate (cert-spec).
    #[c_layout]
    struct rsa_ed_crosscert as RsaEdCrosscert {
        ed_key: [u8; 32],
        /// When it expires, in hours since 1970.
        expiration: u32,
        end_of_signed: position,
        sig_len: u8,
        sig: [u8; sig_len],
    }

    /// A CERTS cell (tor-spec, "CERTS cells").
    #[c_layout]
    struct certs_cell as Certs {
        n_certs: u8,
        certs: [certs_cell_cert; n_certs],
    }
}
