//! HMAC-SHA256 (RFC 2104), and the key material that HKDF (RFC 5869) expands with
//! it. Ours, because ntor's intermediate keys pass through it: nothing of them is
//! left behind.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Length of a MAC, in bytes.
pub(crate) const MAC_LEN: usize = 32;
/// How much key material there can be, in bytes: its blocks are counted in one
/// byte.
pub(crate) const MAX_EXPANDED_LEN: usize = 255 * MAC_LEN;

const BLOCK_LEN: usize = 64;

/// A MAC under way.
#[derive(Clone)]
struct Hmac {
    inner: Sha256,
    outer: Sha256,
}

impl Hmac {
    /// With this key, of which a block is used.
    fn new(key: &[u8]) -> Self {
        debug_assert!(key.len() <= BLOCK_LEN, "such a key would have to be hashed");
        let mut pad = Zeroizing::new([0x36; BLOCK_LEN]);
        for (pad, key) in pad.iter_mut().zip(key) {
            *pad ^= key;
        }
        let inner = Sha256::new_with_prefix(&pad[..]);
        for pad in pad.iter_mut() {
            *pad ^= 0x36 ^ 0x5c;
        }
        let outer = Sha256::new_with_prefix(&pad[..]);
        Hmac { inner, outer }
    }

    fn finish(self, mac: &mut [u8; MAC_LEN]) {
        self.inner.finalize_into(mac.into());
        let mut outer = self.outer;
        outer.update(&mac[..]);
        outer.finalize_into(mac.into());
    }
}

/// The MAC of the strings in `message`, one behind the other, with a key of at most
/// 64 bytes.
pub(crate) fn mac(key: &[u8], message: &[&[u8]]) -> Zeroizing<[u8; MAC_LEN]> {
    let mut hmac = Hmac::new(key);
    for part in message {
        hmac.inner.update(part);
    }
    let mut mac = Zeroizing::new([0; MAC_LEN]);
    hmac.finish(&mut mac);
    mac
}

/// HKDF-Expand: fills `keys` with what follows from the key `prk`, for the use
/// that `info` names.
///
/// # Panics
/// If there is room for more than [`MAX_EXPANDED_LEN`] bytes.
pub(crate) fn expand(prk: &[u8; MAC_LEN], info: &[u8], keys: &mut [u8]) {
    assert!(
        keys.len() <= MAX_EXPANDED_LEN,
        "more than {MAX_EXPANDED_LEN} bytes of keys"
    );
    let with_prk = Hmac::new(prk);
    let mut block = Zeroizing::new([0; MAC_LEN]);
    for (number, part) in (1..=u8::MAX).zip(keys.chunks_mut(MAC_LEN)) {
        let mut hmac = with_prk.clone();
        if number > 1 {
            hmac.inner.update(&block[..]);
        }
        hmac.inner.update(info);
        hmac.inner.update([number]);
        hmac.finish(&mut block);
        part.copy_from_slice(&block[..part.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    /// RFC 4231, sections 4.2 and 4.3.
    #[test]
    fn macs() {
        assert_eq!(
            *mac(&[0x0b; 20], &[b"Hi ", b"There"]),
            hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        );
        assert_eq!(
            *mac(b"Jefe", &[b"what do ya want for nothing?"]),
            hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
    }

    /// RFC 5869, appendix A.1.
    #[test]
    fn key_material() {
        let prk = mac(&hex!("000102030405060708090a0b0c"), &[&[0x0b; 22]]);
        assert_eq!(
            *prk,
            hex!("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        );
        let mut keys = [0; 42];
        expand(&prk, &hex!("f0f1f2f3f4f5f6f7f8f9"), &mut keys);
        assert_eq!(
            keys,
            hex!(
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                "34007208d5b887185865"
            )
        );
    }

    #[test]
    fn the_longest_key_material_has_255_blocks_that_are_all_different() {
        let mut keys = vec![0; MAX_EXPANDED_LEN];
        expand(&[7; MAC_LEN], b"", &mut keys);
        let blocks: std::collections::BTreeSet<_> = keys.chunks(MAC_LEN).collect();
        assert_eq!(blocks.len(), 255);
    }
}
