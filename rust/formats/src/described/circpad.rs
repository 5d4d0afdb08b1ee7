//! `src/trunnel/circpad_negotiation.h`.

describe! {
    /// A PADDING_NEGOTIATE message (padding-spec, "Circuit-level padding").
    #[c_layout]
    struct circpad_negotiate as PaddingNegotiate {
        version: u8 in [0],
        /// 2 starts a padding machine, 1 stops it.
        command: u8 in [2, 1],
        machine_type: u8,
        /// Whether an answer is wanted: 1 or 0.
        echo_request: u8 in [0, 1],
        /// Which of the machines of this type it is: they are counted.
        machine_ctr: u32,
    }

    /// A PADDING_NEGOTIATED message (padding-spec, "Circuit-level padding").
    #[c_layout]
    struct circpad_negotiated as PaddingNegotiated {
        version: u8 in [0],
        /// The command that it answers.
        command: u8 in [2, 1],
        /// 2 is an error, 1 is agreement.
        response: u8 in [2, 1],
        machine_type: u8,
        machine_ctr: u32,
    }
}
