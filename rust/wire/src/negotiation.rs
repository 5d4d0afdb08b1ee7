//! What a client and a relay agree on in an ntor v3 handshake: congestion control
//! and Counter Galois Onion (tor-spec, "ntor-v3 extensions"; proposals 324 and
//! 346).
//!
//! Replaces what C Tor's `onion_crypto.c`, `congestion_control_common.c` and
//! `circuitbuild.c` read and build of it. The handshake carries the two messages
//! as extensions; extensions that nobody here knows mean nothing.

use crate::format::{Error, Format, List};
use crate::formats::congestion_control::CcResponse;
use crate::formats::extension::{ExtensionField, Extensions};
use crate::formats::subproto::{SubprotoRequest, SubprotoRequests};

/// Types of extensions: CC_FIELD_REQUEST, CC_FIELD_RESPONSE, SUBPROTO_REQUEST.
const CC_REQUEST: u8 = 1;
const CC_RESPONSE: u8 = 2;
const SUBPROTO: u8 = 3;

/// Counter Galois Onion as a capability: `Relay=6`.
const CGO: SubprotoRequest = SubprotoRequest {
    protocol_id: 2,
    proto_cap_number: 6,
};

/// Length of the longest request, in bytes: a count, then two extensions, each with
/// type and length, the second with a capability.
pub const LONGEST_REQUEST: usize = 1 + 2 + 2 + 2;
/// Length of the longest answer, in bytes: a count, then an extension with type,
/// length and the number of cells.
pub const LONGEST_RESPONSE: usize = 1 + 2 + 1;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Congestion control.
    pub congestion_control: bool,
    /// Counter Galois Onion.
    pub cgo: bool,
}

impl Request {
    /// Reads one. Bytes after its end mean nothing.
    ///
    /// # Errors
    /// If it is none, or asks for a capability that nobody here knows, which may not
    /// be passed over.
    pub fn parse(message: &[u8]) -> Result<Self, Error> {
        let (extensions, _) = Extensions::parse(message)?;
        let cgo = match find(&extensions, SUBPROTO) {
            Some(capabilities) => wants_cgo(capabilities)?,
            None => false,
        };
        Ok(Request {
            congestion_control: find(&extensions, CC_REQUEST).is_some(),
            cgo,
        })
    }

    /// What of it a relay grants that itself has congestion control, or has not.
    ///
    /// # Errors
    /// If Counter Galois Onion would be without congestion control: its cells cannot
    /// carry the SENDMEs of streams, which that needs.
    pub fn granted(self, congestion_control: bool) -> Result<Self, Error> {
        let congestion_control = self.congestion_control && congestion_control;
        match self.cgo && !congestion_control {
            true => Err(Error::Invalid),
            false => Ok(Request {
                congestion_control,
                ..self
            }),
        }
    }

    /// Writes one to the beginning of `out`. The answer is its length, in bytes.
    ///
    /// # Errors
    /// If there is too little space.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut capability = [0; 2];
        CGO.encode(&mut capability)?;
        let asked: [ExtensionField<'_>; 2] = [
            ExtensionField {
                field_type: CC_REQUEST,
                body: &[],
            },
            ExtensionField {
                field_type: SUBPROTO,
                body: &capability,
            },
        ];
        let asked = match (self.congestion_control, self.cgo) {
            (true, true) => &asked[..],
            (true, false) => &asked[..1],
            (false, true) => &asked[1..],
            (false, false) => &[],
        };
        encode(asked, out)
    }
}

/// What a relay answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// If there will be congestion control: how many cells a SENDME is for.
    pub sendme_inc: Option<u8>,
}

impl Response {
    /// Reads one. Bytes after its end mean nothing.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(message: &[u8]) -> Result<Self, Error> {
        let (extensions, _) = Extensions::parse(message).map_err(|_| Error::Invalid)?;
        let sendme_inc = match find(&extensions, CC_RESPONSE) {
            Some(body) => Some(CcResponse::parse(body)?.0.sendme_inc),
            None => None,
        };
        Ok(Response { sendme_inc })
    }

    /// Writes one to the beginning of `out`. The answer is its length, in bytes.
    ///
    /// # Errors
    /// If there is too little space.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let Some(sendme_inc) = self.sendme_inc else {
            return encode(&[], out);
        };
        let mut body = [0; 1];
        CcResponse { sendme_inc }.encode(&mut body)?;
        let field = ExtensionField {
            field_type: CC_RESPONSE,
            body: &body,
        };
        encode(&[field], out)
    }
}

/// The body of the first extension of this type.
fn find<'a>(extensions: &Extensions<'a>, field_type: u8) -> Option<&'a [u8]> {
    let mut fields = extensions.fields.iter();
    fields
        .find(|field| field.field_type == field_type)
        .map(|field| field.body)
}

/// Writes extensions to the beginning of `out`.
fn encode(fields: &[ExtensionField<'_>], out: &mut [u8]) -> Result<usize, Error> {
    let fields = List::of(&fields);
    Extensions { fields }.encode(out)
}

/// Whether Counter Galois Onion is among the capabilities that are asked for.
fn wants_cgo(capabilities: &[u8]) -> Result<bool, Error> {
    let (capabilities, _) = SubprotoRequests::parse(capabilities)?;
    let mut last = None;
    for asked in capabilities.reqs.iter() {
        let place = (asked.protocol_id, asked.proto_cap_number);
        // They are in order, each once; and there is only one that we have.
        if last.is_some_and(|last| last >= place) || asked != CGO {
            return Err(Error::Invalid);
        }
        last = Some(place);
    }
    Ok(last.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_REQUEST: [(Request, &[u8]); 4] = {
        const fn request(congestion_control: bool, cgo: bool) -> Request {
            Request {
                congestion_control,
                cgo,
            }
        }
        [
            (request(false, false), b"\0"),
            (request(true, false), b"\x01\x01\0"),
            (request(false, true), b"\x01\x03\x02\x02\x06"),
            (request(true, true), b"\x02\x01\0\x03\x02\x02\x06"),
        ]
    };

    #[test]
    fn requests_are_written_and_read_again() {
        for (request, bytes) in EVERY_REQUEST {
            let mut out = [0; LONGEST_REQUEST];
            assert_eq!(request.encode(&mut out), Ok(bytes.len()));
            assert_eq!(&out[..bytes.len()], bytes);
            assert_eq!(Request::parse(bytes), Ok(request));
            assert_eq!(Request::parse(&[bytes, b"more"].concat()), Ok(request));
            for len in 0..bytes.len() {
                assert_eq!(Request::parse(&bytes[..len]), Err(Error::Truncated));
                assert_eq!(request.encode(&mut out[..len]), Err(Error::Truncated));
            }
        }
    }

    #[test]
    fn what_a_client_asks_for_may_stand_in_any_order_and_beside_other_things() {
        let (both, _) = EVERY_REQUEST[3];
        let bytes = b"\x04\x07\x03abc\x03\x02\x02\x06\x01\x01x\x03\x01z";
        assert_eq!(Request::parse(bytes), Ok(both));
    }

    #[test]
    fn capabilities_that_nobody_has_or_that_are_out_of_order_are_refused() {
        let asks = |capabilities: &[u8]| {
            let extension = [&[1, 3, capabilities.len() as u8], capabilities].concat();
            Request::parse(&extension).map(|request| request.cgo)
        };
        assert_eq!(asks(&[]), Ok(false));
        assert_eq!(asks(&[2, 6]), Ok(true));
        for refused in [
            &[2][..],
            &[2, 6, 2],
            &[2, 6, 2, 6],
            &[2, 5, 2, 6],
            &[2, 6, 2, 7],
        ] {
            assert_eq!(asks(refused), Err(Error::Invalid));
        }
        for protocol in 0..=255 {
            for capability in 0..=255 {
                let known = (protocol, capability) == (2, 6);
                assert_eq!(asks(&[protocol, capability]).is_ok(), known);
            }
        }
    }

    #[test]
    fn counter_galois_onion_is_granted_with_congestion_control_only() {
        for (request, _) in EVERY_REQUEST {
            for ours in [false, true] {
                let granted = request.granted(ours);
                let both = request.congestion_control && ours;
                if request.cgo && !both {
                    assert_eq!(granted, Err(Error::Invalid));
                } else {
                    let expected = Request {
                        congestion_control: both,
                        cgo: request.cgo,
                    };
                    assert_eq!(granted, Ok(expected));
                }
            }
        }
    }

    #[test]
    fn responses_are_written_and_read_again() {
        for sendme_inc in (0..=255).map(Some).chain([None]) {
            let response = Response { sendme_inc };
            let mut out = [0; LONGEST_RESPONSE];
            let len = response.encode(&mut out).unwrap();
            match sendme_inc {
                Some(sendme_inc) => assert_eq!(out, [1, 2, 1, sendme_inc]),
                None => assert_eq!((len, out[0]), (1, 0)),
            }
            assert_eq!(Response::parse(&out[..len]), Ok(response));
            for shorter in 0..len {
                assert_eq!(Response::parse(&out[..shorter]), Err(Error::Invalid));
                let encoded = response.encode(&mut out[..shorter]);
                assert_eq!(encoded, Err(Error::Truncated));
            }
        }
    }

    #[test]
    fn a_response_without_its_number_ends_early() {
        assert_eq!(Response::parse(b"\x01\x02\0"), Err(Error::Truncated));
        let longer = Response {
            sendme_inc: Some(31),
        };
        assert_eq!(Response::parse(b"\x01\x02\x02\x1f\xff"), Ok(longer));
    }
}
