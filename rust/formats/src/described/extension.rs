//! `src/trunnel/extension.h`.

describe! {
    /// One extension of a message or a handshake.
    struct trn_extension_field as ExtensionField {
        field_type: u8,
        field_len: u8,
        field as body: [u8; field_len],
    }

    /// The extensions of a message or a handshake (tor-spec, "ntor-v3 handshake").
    struct trn_extension as Extensions {
        num: u8,
        fields: [trn_extension_field; num],
    }
}
