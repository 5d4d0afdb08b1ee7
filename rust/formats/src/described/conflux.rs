//! `src/trunnel/conflux.h`.

describe! {
    /// A CONFLUX_LINK message (proposal 329).
    struct trn_cell_conflux_link as ConfluxLink {
        version: u8 in [1],
        payload: [u8; ..],
    }

    /// What is in a CONFLUX_LINK and in a CONFLUX_LINKED message of version 1.
    struct trn_cell_conflux_link_payload_v1 as ConfluxLinkPayloadV1 {
        nonce: [u8; 32],
        last_seqno_sent: u64,
        last_seqno_recv: u64,
        /// The sender's wish: 0 none, 1 low latency, 2 the same in little memory,
        /// 3 high throughput, 4 the same in little memory.
        desired_ux: u8 in [3, 2, 4, 1, 0],
    }

    /// A CONFLUX_LINKED message (proposal 329).
    struct trn_cell_conflux_linked as ConfluxLinked {
        version: u8 in [1],
        payload: [u8; ..],
    }

    /// A CONFLUX_LINKED_ACK message (proposal 329).
    struct trn_cell_conflux_linked_ack as ConfluxLinkedAck {
        payload: [u8; ..],
    }

    /// A CONFLUX_SWITCH message (proposal 329).
    struct trn_cell_conflux_switch as ConfluxSwitch {
        /// How many cells the other leg is ahead.
        seqnum: u32,
    }
}
