//! What is made is read as what it was; what is read is, in those parts that a
//! certificate of ours can have, made again as the same bytes; and no bytes do worse
//! than to be refused.

use cert::certificate::{Certificate, Unsigned, LONGEST};
use cert::crosscert;

/// Numbers that look random, and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        [(); N].map(|()| (self.next() >> 24) as u8)
    }
}

#[test]
fn certificates_are_read_as_they_were_made() {
    let mut numbers = Numbers(1);
    for _ in 0..2_000 {
        let (signed_key, key) = (numbers.bytes(), numbers.bytes());
        let [cert_type, key_type, with_key] = numbers.bytes();
        let hour = numbers.next() as u32;
        let unsigned = Unsigned {
            cert_type,
            key_type,
            signed_key: &signed_key,
            signing_key: (with_key % 2 == 1).then_some(&key),
            // Somewhere in the hour that ends then.
            valid_until: i64::from(hour) * 3600 - (numbers.next() % 3600) as i64,
        };
        let mut out = [0; LONGEST];
        let len = unsigned.encode(&mut out).unwrap();
        let read = Certificate::parse(&out[..len]).unwrap();
        assert_eq!(read.cert_type, cert_type);
        assert_eq!(read.signed_key, &signed_key);
        assert_eq!(read.signing_key, unsigned.signing_key);
        assert_eq!(read.valid_until, i64::from(hour) * 3600);
        let checkable = read.checkable(Some(&key)).unwrap();
        assert_eq!(
            [checkable.message, checkable.signature].concat(),
            &out[..len]
        );
    }
}

#[test]
fn bytes_that_are_read_are_made_again_or_have_what_ours_never_have() {
    let mut numbers = Numbers(2);
    let (mut same, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let (signed_key, key) = (numbers.bytes(), numbers.bytes());
        let unsigned = Unsigned {
            cert_type: 4,
            key_type: 1,
            signed_key: &signed_key,
            signing_key: (numbers.next() % 2 == 0).then_some(&key),
            valid_until: 0,
        };
        let mut bytes = [0; LONGEST];
        let len = unsigned.encode(&mut bytes).unwrap();
        let [at, value, cut] = numbers.bytes();
        bytes[usize::from(at) % len] = value % 32;
        let len = if cut < 16 { usize::from(cut) * 9 } else { len };
        let Ok(read) = Certificate::parse(&bytes[..len]) else {
            refused += 1;
            continue;
        };
        let mut again = [0; LONGEST];
        let made = Unsigned {
            cert_type: read.cert_type,
            key_type: bytes[6],
            signed_key: read.signed_key,
            signing_key: read.signing_key,
            valid_until: read.valid_until,
        };
        let again_len = made.encode(&mut again).unwrap();
        let signed = len - 64;
        // Flags of the extension, or another one.
        let other = bytes[40..44] != again[40..44];
        assert!(other || (again_len, &again[..signed]) == (len, &bytes[..signed]));
        same += usize::from(!other);
    }
    assert!(
        same > 5_000 && refused > 500,
        "{same} same, {refused} refused"
    );
}

#[test]
fn cross_certificates_are_good_as_they_were_made_and_for_nobody_else() {
    let mut numbers = Numbers(3);
    for _ in 0..2_000 {
        let (key, other): ([u8; 32], [u8; 32]) = (numbers.bytes(), numbers.bytes());
        let hour = i64::from(numbers.next() as u32);
        let mut out = [0; crosscert::LONGEST];
        let sign = |digest: &[u8; 32], space: &mut [u8]| {
            space[..32].copy_from_slice(digest);
            Some(32)
        };
        let len = crosscert::make(&key, hour * 3600, 128, sign, &mut out).unwrap();
        let recover = |signature: &[u8]| signature.first_chunk().copied();
        let made = &mut out[..len];
        assert_eq!(crosscert::check(made, &key, hour * 3600, recover), Ok(()));
        assert!(crosscert::check(made, &other, 0, recover).is_err());
        made[numbers.next() as usize % 36] ^= 1 << (numbers.next() % 8);
        assert!(crosscert::check(made, &key, 0, recover).is_err());
    }
}
