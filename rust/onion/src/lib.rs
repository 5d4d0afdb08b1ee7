//! Circuit handshakes: how a client and a relay, or a client and an onion
//! service, come to share keys (tor-spec, "Creating circuits"; rend-spec,
//! "The introduction protocol").
//!
//! Replaces C Tor's `onion_fast.c`, `onion_ntor.c`, `onion_ntor_v3.c` and
//! `hs_ntor.c`. Nothing here knows of C: the boundary is in
//! `rust/ffi/src/onion.rs`.
//!
//! * [`fast`]: CREATE_FAST, for a first hop whose onion key is not known.
//! * [`ntor`]: one-way authenticated key exchange over Curve25519.
//! * [`ntor_v3`]: the same with a message in each direction (proposal 332).
//! * [`hs_ntor`]: between a client and an onion service.
//! * [`x25519`]: the group that the last three work in, from whichever
//!   implementation is fastest on this processor.
//!
//! Each party is a state that one call makes and another takes by value: a
//! client cannot finish twice. Its secrets are wiped with it, and do not move
//! while it lives.
//!
//! What depends on a secret is compared in constant time, and everything that can
//! be wrong with it is found before anything is done about it: whether we have the
//! onion key that was asked for, a MAC or AUTH, a shared secret that is zero. What
//! the sender knows anyway is refused at once: an impossible length, another
//! relay's identity in ntor, a point of small order as the key of a relay or a
//! client.
//!
//! Relays run these in worker threads: nothing is shared between calls, but which
//! implementation of X25519 this processor can run.

#![forbid(unsafe_code)]

mod encap;
pub mod fast;
mod hmac;
pub mod hs_ntor;
pub mod ntor;
pub mod ntor_v3;
pub mod x25519;

/// Where fresh secrets come from.
pub trait Randomness {
    /// Fills `out` with bytes that nobody can foresee. Cannot fail: a system
    /// without randomness has no business making circuits.
    fn fill(&mut self, out: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::Randomness;

    /// A stream of bytes that is the same in every run.
    pub(crate) struct Counting(pub(crate) u8);

    impl Randomness for Counting {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_mul(5).wrapping_add(29);
                *byte = self.0;
            }
        }
    }
}
