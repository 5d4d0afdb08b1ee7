//! `src/trunnel/flow_control_cells.h`.

describe! {
    /// An XOFF message (proposal 324).
    #[c_layout]
    struct xoff_cell as Xoff {
        version: u8 in [0],
    }

    /// An XON message (proposal 324).
    #[c_layout]
    struct xon_cell as Xon {
        version: u8 in [0],
        /// The rate at which the stream drains, in kilobytes per second; 0 for no
        /// limit.
        kbps_ewma: u32,
    }
}
