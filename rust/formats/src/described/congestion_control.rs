//! `src/trunnel/congestion_control.h`.

describe! {
    /// What a relay answers to a request for congestion control (proposal 324).
    struct trn_extension_field_cc as CcResponse {
        /// Cells for each SENDME.
        sendme_inc: u8,
    }
}
