//! `src/trunnel/subproto_request.h`.

describe! {
    /// One capability that a client asks a relay to use (proposal 346).
    #[c_layout]
    struct trn_subproto_request as SubprotoRequest {
        protocol_id: u8,
        proto_cap_number: u8,
    }

    /// The extension that asks for capabilities (proposal 346).
    struct trn_subproto_request_ext as SubprotoRequests {
        reqs: [trn_subproto_request; ..],
    }
}
