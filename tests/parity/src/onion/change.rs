//! What happens to a message on its way, and points worth trying.

use arbitrary::{Result, Unstructured};
use onion::x25519::{PublicKey, KEY_LEN};

/// One change of a message. Half of those that are made of random bytes do
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It arrives as it was sent.
    None,
    /// This bit is inverted, counted from the front and around.
    Bit(u16),
    /// Its point is replaced by [`special_point`] number so and so.
    Point(u8),
    /// It ends after so many bytes, counted around.
    Cut(u16),
    /// So many bytes, at least one, come after it.
    Longer(u8),
}

impl Change {
    /// Takes one or three bytes.
    ///
    /// # Errors
    /// If there are too few.
    pub fn read(bytes: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match byte(bytes)? {
            0..128 => Change::None,
            128..192 => Change::Bit(bytes.arbitrary()?),
            192..224 => Change::Point(byte(bytes)?),
            224..240 => Change::Cut(bytes.arbitrary()?),
            240..=255 => Change::Longer(byte(bytes)?),
        })
    }

    /// Changes a message whose point stands at `point_at`.
    pub fn apply(self, message: &mut Vec<u8>, point_at: usize) {
        match self {
            Change::None => {}
            Change::Bit(bit) => {
                let bit = usize::from(bit) % (8 * message.len());
                message[bit / 8] ^= 1 << (bit % 8);
            }
            Change::Point(number) => {
                let point = &mut message[point_at..][..KEY_LEN];
                point.copy_from_slice(&special_point(number).0);
            }
            Change::Cut(len) => message.truncate(usize::from(len) % message.len()),
            Change::Longer(more) => {
                message.extend((0..=more).map(|i| i.wrapping_mul(more)));
            }
        }
    }

    /// A changed message of a handshake whose messages have one length: what is
    /// cut off is zero.
    pub fn apply_to_fixed<const N: usize>(self, message: &[u8; N], point_at: usize) -> [u8; N] {
        let mut changed = message.to_vec();
        self.apply(&mut changed, point_at);
        changed.resize(N, 0);
        let mut fixed = [0; N];
        fixed.copy_from_slice(&changed);
        fixed
    }
}

/// A point where implementations of X25519 have gone wrong: of small order, or not
/// below p, or with the high bit set. `number` counts around.
pub fn special_point(number: u8) -> PublicKey {
    const P_MINUS_ONE: u8 = 0xec;
    const ORDER_8: [[u8; KEY_LEN]; 2] = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    let mut point = match number % 32 {
        // 0, 1, a few others, of which 9 is the base point.
        small @ 0..10 => {
            let mut point = [0; KEY_LEN];
            point[0] = small;
            point
        }
        order_8 @ (10 | 11) => ORDER_8[usize::from(order_8 - 10)],
        // p - 1 up to 2^255 - 1.
        near @ 12..32 => {
            let mut point = [0xff; KEY_LEN];
            point[0] = P_MINUS_ONE + (near - 12);
            point[KEY_LEN - 1] = 0x7f;
            point
        }
        _ => unreachable!("a remainder of 32"),
    };
    point[KEY_LEN - 1] |= number & 0x80;
    PublicKey(point)
}

/// The next byte.
///
/// # Errors
/// If there is none.
pub fn byte(bytes: &mut Unstructured<'_>) -> Result<u8> {
    Ok(bytes.bytes(1)?[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_points_are_all_different() {
        let points: std::collections::BTreeSet<_> =
            (0..=255).map(|number| special_point(number).0).collect();
        assert_eq!(points.len(), 64);
    }
}
