//! How a described format is read and written.
//!
//! [`Reader`] and [`Writer`] check every length; the types of [`crate::formats`]
//! are [`Format`]s. Nothing is copied: what was read borrows the input.

use core::ffi::CStr;
use core::fmt;

/// Why bytes are not of a format, or a value cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The input ends too early; or there is too little space for the output.
    Truncated,
    /// The format does not allow that.
    Invalid,
}

/// Something that has bytes of its own on the wire.
pub trait Format<'a>: Sized {
    /// Reads one.
    ///
    /// # Errors
    /// If it is not there; the reader is then somewhere in it.
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error>;

    /// Writes one.
    ///
    /// # Errors
    /// If the format does not allow it, or there is too little space; it may
    /// then be written in part.
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error>;

    /// Reads one from the beginning of `input`. The number is its length, in
    /// bytes; more may follow.
    ///
    /// # Errors
    /// If there is none.
    #[inline]
    fn parse(input: &'a [u8]) -> Result<(Self, usize), Error> {
        let mut reader = Reader::new(input);
        let value = Self::read(&mut reader)?;
        Ok((value, input.len() - reader.len()))
    }

    /// Writes one to the beginning of `out`. The answer is its length, in bytes.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    #[inline]
    fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        self.write(&mut writer)?;
        Ok(writer.written())
    }

    /// Its length, in bytes.
    ///
    /// # Errors
    /// If the format does not allow it.
    fn encoded_len(&self) -> Result<usize, Error> {
        let mut writer = Writer::counting();
        self.write(&mut writer)?;
        Ok(writer.written())
    }
}

/// Bytes that are being read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins to read `bytes`.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// How many bytes are left.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// If there are fewer.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// If there are fewer.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// All that is left.
    #[inline]
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// All that is left, but for the last `len` bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn all_but(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let most = self.rest.len().checked_sub(len).ok_or(Error::Truncated)?;
        self.take(most)
    }

    /// The bytes up to a zero, which is part of them.
    ///
    /// # Errors
    /// If there is no zero.
    pub fn text(&mut self) -> Result<&'a CStr, Error> {
        let text = CStr::from_bytes_until_nul(self.rest).map_err(|_| Error::Truncated)?;
        self.take(text.count_bytes() + 1)?;
        Ok(text)
    }
}

/// Space that is being written to.
#[derive(Debug)]
pub struct Writer<'o> {
    /// What is not written yet; nothing if the bytes are only counted.
    space: Option<&'o mut [u8]>,
    written: usize,
}

impl<'o> Writer<'o> {
    /// Begins to write to `out`.
    #[inline]
    pub fn new(out: &'o mut [u8]) -> Self {
        Writer {
            space: Some(out),
            written: 0,
        }
    }

    /// Only counts.
    #[inline]
    pub(crate) fn counting() -> Self {
        Writer {
            space: None,
            written: 0,
        }
    }

    /// How many bytes are written.
    #[inline]
    pub fn written(&self) -> usize {
        self.written
    }

    /// Writes `bytes`.
    ///
    /// # Errors
    /// If there is too little space; nothing of them is then written, nor of what
    /// comes later.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(space) = &mut self.space {
            let (here, rest) = core::mem::take(space)
                .split_at_mut_checked(bytes.len())
                .ok_or(Error::Truncated)?;
            here.copy_from_slice(bytes);
            *space = rest;
        }
        self.written += bytes.len();
        Ok(())
    }

    /// Writes `N` zeros: the place where [`put_len`](Self::put_len) writes a length that
    /// is known later. No place if the bytes are only counted.
    ///
    /// # Errors
    /// If there is too little space.
    #[inline]
    pub fn leave<const N: usize>(&mut self) -> Result<Option<&'o mut [u8; N]>, Error> {
        let mut place = None;
        if let Some(space) = &mut self.space {
            let (here, rest) = core::mem::take(space)
                .split_first_chunk_mut()
                .ok_or(Error::Truncated)?;
            *here = [0; N];
            place = Some(here);
            *space = rest;
        }
        self.written += N;
        Ok(place)
    }

    /// Writes to `place`, which was left, how many bytes came after `start`.
    ///
    /// # Errors
    /// If that is more than the place can say. Where bytes are only counted, they are
    /// counted nevertheless.
    #[inline]
    pub fn put_len<const N: usize>(
        &self,
        place: Option<&'o mut [u8; N]>,
        start: usize,
    ) -> Result<(), Error> {
        let Some(place) = place else {
            return Ok(());
        };
        let len = self.written.saturating_sub(start) as u64;
        match len.to_be_bytes().split_last_chunk::<N>() {
            Some((high, low)) if high.iter().all(|byte| *byte == 0) => {
                *place = *low;
                Ok(())
            }
            _ => Err(Error::Invalid),
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl<'a> Format<'a> for $integer {
            #[inline]
            fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
                reader.array().map(|bytes| Self::from_be_bytes(*bytes))
            }

            #[inline]
            fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
                writer.put(&self.to_be_bytes())
            }
        }
    )*};
}

integers!(u8, u16, u32, u64);

/// Values one after the other: as they came, or as they are to be sent.
pub struct List<'a, T> {
    len: usize,
    values: Values<'a, T>,
}

enum Values<'a, T> {
    /// Valid when they were read first.
    Read(&'a [u8]),
    Held(&'a dyn Held<'a, T>),
}

/// Values that somebody holds, to be written.
pub trait Held<'a, T> {
    /// How many there are.
    fn count(&self) -> usize;

    /// The value with that number, counted from 0.
    fn value(&'a self, number: usize) -> Option<T>;

    /// Writes the values.
    ///
    /// # Errors
    /// That of the first that cannot be written, or is not there.
    fn write(&'a self, writer: &mut Writer<'_>) -> Result<(), Error>
    where
        T: Format<'a>,
    {
        (0..self.count()).try_for_each(|number| {
            let value = self.value(number).ok_or(Error::Invalid)?;
            value.write(writer)
        })
    }
}

impl<'a, T: Copy> Held<'a, T> for &[T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn value(&'a self, number: usize) -> Option<T> {
        self.get(number).copied()
    }
}

impl<'a, T: Copy, const N: usize> Held<'a, T> for [T; N] {
    fn count(&self) -> usize {
        N
    }

    fn value(&'a self, number: usize) -> Option<T> {
        self.get(number).copied()
    }
}

impl<'a, T: Format<'a>> List<'a, T> {
    /// Reads `len` values.
    ///
    /// # Errors
    /// That of the first value that is not there.
    #[inline]
    pub fn read(reader: &mut Reader<'a>, len: usize) -> Result<Self, Error> {
        let before = reader.rest;
        for _ in 0..len {
            T::read(reader)?;
        }
        let bytes = Reader { rest: before }.take(before.len() - reader.len())?;
        let values = Values::Read(bytes);
        Ok(List { len, values })
    }

    /// Reads values up to the end.
    ///
    /// # Errors
    /// If something else is there.
    pub fn read_all(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let bytes = reader.rest();
        let mut each = Reader::new(bytes);
        let mut len = 0;
        while each.len() > 0 {
            // A value that has no end is not there.
            T::read(&mut each).map_err(|_| Error::Invalid)?;
            len += 1;
        }
        let values = Values::Read(bytes);
        Ok(List { len, values })
    }

    /// A list of the values that `held` holds.
    pub fn of(held: &'a dyn Held<'a, T>) -> Self {
        List {
            len: held.count(),
            values: Values::Held(held),
        }
    }

    /// How many values it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What it was read from; nothing if somebody holds the values.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        match self.values {
            Values::Read(bytes) => bytes,
            Values::Held(_) => &[],
        }
    }

    /// The values.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let values = self.values;
        let mut reader = Reader::new(self.bytes());
        (0..self.len).map_while(move |number| match values {
            Values::Read(_) => T::read(&mut reader).ok(),
            Values::Held(held) => held.value(number),
        })
    }

    /// Writes the values.
    ///
    /// # Errors
    /// That of the first that cannot be written.
    #[inline]
    pub fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        match self.values {
            Values::Read(bytes) => writer.put(bytes),
            Values::Held(held) => held.write(writer),
        }
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Clone for Values<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Values<'_, T> {}

impl<'a, T: Format<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Format<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ed25519_cert::{Create2, Extend2, LinkSpecifier, Specifier};
    use crate::formats::establish_intro::EstablishIntro;
    use crate::formats::netinfo::{Address, NetinfoAddr};

    const EXTEND2: &[u8] = b"\x02\x00\x06\x7f\0\0\x01\x23\x29\x63\x02ab\0\x02\0\x03key";

    #[test]
    fn a_format_is_read_and_written_again() {
        let (extend, len) = Extend2::parse(EXTEND2).unwrap();
        assert_eq!(len, EXTEND2.len());
        let specifiers = [
            LinkSpecifier {
                specifier: Specifier::Ipv4 {
                    addr: 0x7f00_0001,
                    port: 9001,
                },
            },
            LinkSpecifier {
                specifier: Specifier::Unrecognized {
                    ls_type: 0x63,
                    bytes: b"ab",
                },
            },
        ];
        let made = Extend2 {
            specifiers: List::of(&specifiers),
            create2: Create2 {
                handshake_type: 2,
                handshake_data: b"key",
            },
        };
        assert_eq!(extend, made);
        for value in [extend, made] {
            assert_eq!(value.encoded_len(), Ok(len));
            let mut out = [0; 64];
            assert_eq!(value.encode(&mut out), Ok(len));
            assert_eq!(&out[..len], EXTEND2);
            assert_eq!(value.encode(&mut out[..len - 1]), Err(Error::Truncated));
        }
    }

    #[test]
    fn a_format_that_ends_early_is_truncated_and_one_whose_length_lies_invalid() {
        for len in 0..EXTEND2.len() {
            assert_eq!(Extend2::parse(&EXTEND2[..len]), Err(Error::Truncated));
        }
        for lie in [5, 7] {
            let mut lying = EXTEND2.to_owned();
            lying[2] = lie;
            assert_eq!(Extend2::parse(&lying), Err(Error::Invalid));
        }
    }

    #[test]
    fn what_no_variant_is_for_is_kept_with_its_tag() {
        let bytes = b"\x05\x02hi";
        let (addr, len) = NetinfoAddr::parse(bytes).unwrap();
        let other = Address::Other {
            addr_type: 5,
            skipped: b"hi",
        };
        assert_eq!((addr.addr, len), (other, 4));
        let lying = Address::Other {
            addr_type: 4,
            skipped: b"hi",
        };
        assert_eq!(
            NetinfoAddr { addr: lying }.encoded_len(),
            Err(Error::Invalid)
        );
    }

    #[test]
    fn positions_count_from_the_beginning_of_the_format() {
        let mut bytes = vec![2, 0, 1, 9, 0];
        bytes.extend([7; 32]);
        bytes.extend([0, 1, 8]);
        let (intro, _) = EstablishIntro::parse(&bytes).unwrap();
        assert_eq!(intro.start_cell, 0);
        assert_eq!(intro.end_mac_fields, 5);
        assert_eq!(intro.end_sig_fields, 37);
    }
}
