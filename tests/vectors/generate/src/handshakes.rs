//! Arti's CREATE_FAST, ntor and ntor v3, as build.rs opened them.

use thiserror::Error;

/// What stands for tor-proto's error, which its own modules alone can make.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot read {object}")]
    BytesErr {
        object: &'static str,
        source: tor_bytes::Error,
    },
    #[error("cannot write {object}")]
    EncodeErr {
        object: &'static str,
        source: tor_bytes::EncodeError,
    },
    #[error("cannot read {object}")]
    CellDecodeErr {
        object: &'static str,
        #[source]
        err: tor_cell::Error,
    },
    #[error("the handshake is not authentic")]
    BadCircHandshakeAuth,
    #[error("more keys than there are")]
    InvalidKDFOutputLength,
    #[error(transparent)]
    Bug(#[from] tor_error::Bug),
}

impl Error {
    fn from_bytes_err(source: tor_bytes::Error, object: &'static str) -> Self {
        Error::BytesErr { object, source }
    }

    fn from_bytes_enc(source: tor_bytes::EncodeError, object: &'static str) -> Self {
        Error::EncodeErr { object, source }
    }
}

type Result<T> = std::result::Result<T, Error>;

// Not our code: our lints are not for it.
#[allow(warnings, clippy::all)]
mod opened {
    use super::{Error, Result};
    include!(concat!(env!("OUT_DIR"), "/handshakes/modules.rs"));
}
pub(crate) use opened::{crypto, util};
