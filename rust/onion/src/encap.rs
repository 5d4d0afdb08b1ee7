//! What proposal 332 and rend-spec hash when several strings must not run into
//! each other: `ENCAP(s)`, the length of `s` as 64 bits in network order, then
//! `s`.

use sha3::digest::Update;

pub(crate) trait Encap: Update + Sized {
    /// With `bytes` behind what was added before.
    fn and(mut self, bytes: &[u8]) -> Self {
        self.update(bytes);
        self
    }

    /// With `ENCAP(bytes)` behind what was added before.
    fn and_encap(self, bytes: &[u8]) -> Self {
        self.and(&(bytes.len() as u64).to_be_bytes()).and(bytes)
    }
}

impl<T: Update> Encap for T {}
