//! `src/trunnel/ed25519_cert.h`: certificates, and the cells that make and extend
//! circuits, which share the link specifiers with INTRODUCE1.

describe! {
    /// The body of a CREATE2 cell, and the end of an EXTEND2 message (tor-spec,
    /// "CREATE and CREATED cells").
    #[c_layout]
    struct create2_cell_body as Create2 {
        handshake_type: u16,
        handshake_len: u16,
        handshake_data: [u8; handshake_len],
    }

    /// An extension of an Ed25519 certificate (cert-spec).
    #[c_layout]
    struct ed25519_cert_extension as CertExtension {
        ext_length: u16,
        ext_type: u8,
        /// Bit 0: who does not know the type must refuse the certificate.
        ext_flags: u8,
        un as content: match ext_type within ext_length as ExtensionContent {
            4 => SigningKey { un_signing_key as key: [u8; 32] },
            _ => Unparsed { un_unparsed as bytes: [u8; ..] },
        },
    }

    /// An EXTEND message, obsolete (tor-spec, "EXTEND and EXTENDED messages").
    struct extend1_cell_body as Extend1 {
        ipv4addr: u32,
        port: u16,
        onionskin: [u8; 186],
        identity: [u8; 20],
    }

    /// One way to say which relay is meant (tor-spec, "EXTEND2").
    #[c_layout]
    struct link_specifier as LinkSpecifier {
        ls_type: u8,
        ls_len: u8,
        un as specifier: match ls_type within ls_len as Specifier {
            0 => Ipv4 { un_ipv4_addr as addr: u32, un_ipv4_port as port: u16 },
            1 => Ipv6 { un_ipv6_addr as addr: [u8; 16], un_ipv6_port as port: u16 },
            2 => LegacyId { un_legacy_id as id: [u8; 20] },
            3 => Ed25519Id { un_ed25519_id as id: [u8; 32] },
            _ => Unrecognized { un_unrecognized as bytes: [u8; ..] },
        },
    }

    /// An Ed25519 certificate (cert-spec).
    #[c_layout]
    struct ed25519_cert as Ed25519Cert {
        version: u8 in [1],
        cert_type: u8,
        /// When it expires, in hours since 1970.
        exp_field: u32,
        cert_key_type: u8,
        certified_key: [u8; 32],
        n_extensions: u8,
        ext: [ed25519_cert_extension; n_extensions],
        signature: [u8; 64],
    }

    /// An EXTEND2 message (tor-spec, "EXTEND and EXTENDED messages").
    #[c_layout]
    struct extend2_cell_body as Extend2 {
        n_spec: u8,
        ls as specifiers: [link_specifier; n_spec],
        create2: create2_cell_body,
    }

    /// Link specifiers, as onion service descriptors have them.
    struct link_specifier_list as LinkSpecifierList {
        n_spec: u8,
        spec as specifiers: [link_specifier; n_spec],
    }
}
