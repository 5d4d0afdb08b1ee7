//! What can be done with every structure of C's: make, parse, check, encode and
//! free it.

use core::ffi::{c_char, c_int, CStr};
use core::mem::MaybeUninit;
use core::ptr;

use wire::format::{Error, Format};

use crate::host;

/// Why a structure is no valid whole, in C's words.
pub(crate) type Unfit = &'static CStr;

/// There is no structure.
pub(crate) const NO_OBJECT: Unfit = c"Object was NULL";
/// An earlier `set` or `add` failed.
pub(crate) const SET_FAILED: Unfit = c"A set function failed on this object";
/// An integer has a value that the format does not allow.
pub(crate) const OUT_OF_BOUNDS: Unfit = c"Integer out of bounds";
/// There is no layout for the tag of a union.
pub(crate) const BAD_TAG: Unfit = c"Bad tag for union";

/// A structure of C's.
pub(crate) trait Object: Sized {
    /// What it is if it is valid.
    type Strict<'a>: Format<'a>
    where
        Self: 'a;

    /// A new one.
    const NEW: Self;

    /// Whether a `set` or `add` failed: not 0.
    fn error(&mut self) -> &mut u8;

    /// What it is.
    ///
    /// # Errors
    /// If it is not valid: the first rule that it breaks. What is in its arrays may
    /// break others, unless `ALL` is to be looked at.
    fn view<const ALL: bool>(&self) -> Result<Self::Strict<'_>, Unfit>;

    /// Makes it, which is new, `strict`, which was parsed at `start`.
    fn fill(&mut self, strict: &Self::Strict<'_>, start: *const u8);

    /// Wipes and frees what it owns.
    fn clear(&mut self);

    /// Remembers that a `set` failed; -1.
    fn fail(&mut self) -> c_int {
        #[cfg(feature = "fault")]
        if crate::fault::forgotten_error() {
            return -1;
        }
        *self.error() = 1;
        -1
    }

    /// 0 if it is done, else as [`fail`](Self::fail).
    fn done(&mut self, fits: bool) -> c_int {
        match fits {
            true => 0,
            false => self.fail(),
        }
    }
}

/// A new structure that is `strict`, which was parsed at `start`.
// Where it is not inlined, `strict` goes through memory, and is waited for.
#[inline(always)]
pub(crate) fn filled<T: Object>(strict: &T::Strict<'_>, start: *const u8) -> *mut T {
    let mut object = boxed::<T>();
    object.fill(strict, start);
    Box::into_raw(object)
}

/// A new structure.
pub(crate) fn new<T: Object>() -> *mut T {
    Box::into_raw(boxed())
}

#[inline]
fn boxed<T: Object>() -> Box<T> {
    let mut space = space();
    space.write(T::NEW);
    // SAFETY: it was just written.
    unsafe { space.assume_init() }
}

/// Space for a structure.
// Inlined, the compiler would make calloc() of malloc() and a structure that is all
// zero. In glibc that takes twice as long: what free() keeps at hand is malloc()'s.
#[inline(never)]
fn space<T>() -> Box<MaybeUninit<T>> {
    Box::new_uninit()
}

/// Wipes and frees a structure.
///
/// # Safety
/// It is null, or came from [`new`] or [`filled`] and is freed once.
#[inline]
pub(crate) unsafe fn free<T: Object>(victim: *mut T) {
    if victim.is_null() {
        return;
    }
    // SAFETY: not null, and this function's contract.
    unsafe {
        (*victim).clear();
        wipe(victim.cast(), size_of::<T>());
        // What it owned is freed, so that nothing of it has to be dropped.
        drop(Box::from_raw(victim.cast::<MaybeUninit<T>>()));
    }
}

/// Overwrites bytes that will not be read again.
///
/// # Safety
/// `bytes` is valid for writing `len` bytes.
#[inline]
pub(crate) unsafe fn wipe(bytes: *mut u8, len: usize) {
    // SAFETY: this function's contract.
    unsafe { ptr::write_bytes(bytes, 0, len) };
    // The compiler has to believe that somebody looks at them.
    core::hint::black_box(bytes);
}

/// Reads a structure. Gives `failed` if there is none.
///
/// # Safety
/// `inp` is null or valid.
#[inline]
pub(crate) unsafe fn read<T, R>(
    function: &CStr,
    inp: *const T,
    failed: R,
    reading: impl FnOnce(&T) -> R,
) -> R {
    // SAFETY: this function's contract.
    match unsafe { inp.as_ref() } {
        Some(object) => reading(object),
        None => {
            host::get().bug(function, c"inp");
            failed
        }
    }
}

/// Changes a structure. Gives `failed` if there is none.
///
/// # Safety
/// `inp` is null or valid, and nobody else's meanwhile.
#[inline]
pub(crate) unsafe fn change<T, R>(
    function: &CStr,
    inp: *mut T,
    failed: R,
    changing: impl FnOnce(&mut T) -> R,
) -> R {
    // SAFETY: this function's contract.
    match unsafe { inp.as_mut() } {
        Some(object) => changing(object),
        None => {
            host::get().bug(function, c"inp");
            failed
        }
    }
}

/// C's number for an error.
fn code(error: Error) -> isize {
    match error {
        Error::Truncated => -2,
        Error::Invalid => -1,
    }
}

/// Parses a structure: `*output` is a new one and the answer its length; or null
/// and -1 if the bytes are not valid, -2 if they end too early.
///
/// # Safety
/// `output` is valid for writing, and `input` for reading `len_in` bytes.
#[inline]
pub(crate) unsafe fn parse<T: Object>(
    output: *mut *mut T,
    input: *const u8,
    len_in: usize,
) -> isize {
    // A panic leaves this.
    // SAFETY: this function's contract.
    unsafe { output.write(ptr::null_mut()) };
    let bytes = match len_in {
        0 => &[],
        // SAFETY: this function's contract.
        _ => unsafe { core::slice::from_raw_parts(input, len_in) },
    };
    match T::Strict::parse(bytes) {
        Ok((strict, len)) => {
            let object = filled(&strict, input);
            // SAFETY: this function's contract.
            unsafe { output.write(object) };
            #[cfg(feature = "fault")]
            let len = len - usize::from(crate::fault::wrong_consumed());
            len as isize
        }
        Err(error) => code(error),
    }
}

/// The length of a valid structure, in bytes; -1 if it is not.
///
/// # Safety
/// `obj` is null or valid.
pub(crate) unsafe fn encoded_len<T: Object>(obj: *const T) -> isize {
    // SAFETY: this function's contract.
    let Some(object) = (unsafe { obj.as_ref() }) else {
        return -1;
    };
    let len = object.view::<true>().map(|strict| strict.encoded_len());
    match len {
        Ok(Ok(len)) => len as isize,
        Ok(Err(_)) | Err(_) => -1,
    }
}

/// Encodes a structure to the `avail` bytes at `output`. The answer is its length;
/// or -1 if it is not valid, -2 if there is too little space, of which a part is
/// then written.
///
/// # Safety
/// `output` is valid for writing `avail` bytes, `obj` is null or valid.
#[inline]
pub(crate) unsafe fn encode<T: Object>(output: *mut u8, avail: usize, obj: *const T) -> isize {
    // SAFETY: this function's contract.
    let Some(object) = (unsafe { obj.as_ref() }) else {
        return -1;
    };
    // Who is written is looked at then.
    let Ok(strict) = object.view::<false>() else {
        return -1;
    };
    let space = match avail {
        0 => &mut [],
        // SAFETY: this function's contract.
        _ => unsafe { core::slice::from_raw_parts_mut(output, avail) },
    };
    match strict.encode(space) {
        Ok(len) => len as isize,
        // What was not written may be what is not valid: that counts first.
        Err(Error::Truncated) if object.view::<true>().is_err() => -1,
        Err(error) => code(error),
    }
}

/// The first rule that a structure breaks, in words; null if it is valid.
///
/// # Safety
/// `obj` is null or valid.
pub(crate) unsafe fn check<T: Object>(obj: *const T) -> *const c_char {
    // SAFETY: this function's contract.
    let valid = match unsafe { obj.as_ref() } {
        Some(object) => object.view::<true>().map(|_| ()),
        None => Err(NO_OBJECT),
    };
    valid.map_or_else(CStr::as_ptr, |()| ptr::null())
}

/// Forgets that a `set` failed. The answer says whether one had.
///
/// # Safety
/// `obj` is null or valid, and nobody else's meanwhile.
pub(crate) unsafe fn clear_errors<T: Object>(obj: *mut T) -> c_int {
    // SAFETY: this function's contract.
    unsafe {
        change(c"clear_errors", obj, -1, |object| {
            core::mem::take(object.error()).into()
        })
    }
}
