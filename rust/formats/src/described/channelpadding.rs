//! `src/trunnel/channelpadding_negotiation.h`.

describe! {
    /// A PADDING_NEGOTIATE cell (padding-spec, "Connection-level padding").
    #[c_layout]
    struct channelpadding_negotiate as PaddingNegotiate {
        version: u8 in [0],
        /// 2 starts padding, 1 stops it.
        command: u8 in [2, 1],
        /// The lowest and the highest timeout, in milliseconds.
        ito_low_ms: u16,
        ito_high_ms: u16,
    }
}
