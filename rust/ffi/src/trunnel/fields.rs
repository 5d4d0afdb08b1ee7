//! What C's structures are made of, besides integers and bytes.

use core::ffi::{c_char, c_int, CStr};
use core::mem::ManuallyDrop;
use core::ptr;
use std::ffi::CString;

use wire::format::{Held, List};

use super::object::{filled, free, wipe, Object, Unfit, NO_OBJECT};
use crate::host;

/// C's array of changing length. Null until something was put into it.
///
/// # Invariant
/// As a `Vec` of this length and this capacity would have it, which is what it is
/// while it changes.
#[repr(C)]
pub(crate) struct DynArray<T> {
    n_: usize,
    allocated_: usize,
    elts_: *mut T,
}

/// So many elements C's arrays have room for at first.
const FIRST_ALLOCATED: usize = 8;

impl<T> DynArray<T> {
    /// An empty one.
    pub(crate) const EMPTY: Self = DynArray {
        n_: 0,
        allocated_: 0,
        elts_: ptr::null_mut(),
    };

    /// How many elements it has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.n_
    }

    /// The elements.
    #[inline]
    pub(crate) fn items(&self) -> &[T] {
        match self.n_ {
            0 => &[],
            // SAFETY: the type's invariant.
            len => unsafe { core::slice::from_raw_parts(self.elts_, len) },
        }
    }

    /// The elements, to be changed.
    #[inline]
    pub(crate) fn items_mut(&mut self) -> &mut [T] {
        match self.n_ {
            0 => &mut [],
            // SAFETY: the type's invariant.
            len => unsafe { core::slice::from_raw_parts_mut(self.elts_, len) },
        }
    }

    /// Where the elements are.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *const T {
        self.elts_
    }

    /// Where the elements are.
    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.elts_
    }

    /// Takes the elements out.
    #[inline]
    fn take(&mut self) -> Vec<T> {
        let DynArray {
            n_,
            allocated_,
            elts_,
        } = core::mem::replace(self, Self::EMPTY);
        match elts_.is_null() {
            true => Vec::new(),
            // SAFETY: the type's invariant; nobody else has them any more.
            false => unsafe { Vec::from_raw_parts(elts_, n_, allocated_) },
        }
    }

    /// Puts elements in, in place of none.
    #[inline]
    fn put(&mut self, elements: Vec<T>) {
        let mut elements = ManuallyDrop::new(elements);
        *self = DynArray {
            n_: elements.len(),
            allocated_: elements.capacity(),
            elts_: elements.as_mut_ptr(),
        };
    }

    /// Changes what is in it.
    #[inline]
    fn change<R>(&mut self, changing: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let was_null = self.elts_.is_null();
        let mut elements = self.take();
        let answer = changing(&mut elements);
        // What never had an element is still nowhere, as in C.
        if !was_null || elements.capacity() > 0 {
            self.put(elements);
        }
        answer
    }

    /// Makes it, which is empty, these `len` elements.
    #[inline]
    pub(crate) fn fill(&mut self, elements: impl Iterator<Item = T>, len: usize) {
        let mut all = Vec::with_capacity(len);
        all.extend(elements.take(len));
        // Not null, even if there are none, as in C.
        self.put(all);
    }

    /// Adds an element, if it does not have the `most` that it may have.
    #[inline]
    pub(crate) fn add(&mut self, element: T, most: Option<usize>) -> bool {
        let fits = most.is_none_or(|most| self.n_ != most);
        if fits {
            self.change(|elements| {
                if elements.capacity() == 0 {
                    elements.reserve_exact(FIRST_ALLOCATED);
                }
                elements.push(element);
            });
        }
        fits
    }

    /// Wipes and frees the array, not what its elements point to.
    #[inline]
    pub(crate) fn free(&mut self) {
        self.free_wiping_from(0);
    }

    /// The same; the elements before that number are wiped.
    #[inline]
    fn free_wiping_from(&mut self, start: usize) {
        let left = self.allocated_.saturating_sub(start);
        // To overwrite no bytes where there is no memory takes a memset() with AVX-512
        // longer than everything else here.
        if left > 0 {
            // SAFETY: the type's invariant.
            unsafe { wipe(self.elts_.add(start).cast(), left * size_of::<T>()) };
        }
        // So that no element is looked at any more.
        self.n_ = 0;
        drop(self.take());
    }
}

impl<T: Clone + Default> DynArray<T> {
    /// Makes it shorter, or longer with zeros, if it may have so many.
    pub(crate) fn set_len(&mut self, len: usize, most: Option<usize>) -> bool {
        let fits = most.is_none_or(|most| len <= most);
        if fits {
            self.change(|elements| elements.resize(len, T::default()));
        }
        fits
    }
}

impl DynArray<u8> {
    /// The bytes, if there are `count` of them.
    #[inline]
    pub(crate) fn bytes(&self, count: Option<usize>, mismatch: Unfit) -> Result<&[u8], Unfit> {
        match count.is_none_or(|count| count == self.n_) {
            true => Ok(self.items()),
            false => Err(mismatch),
        }
    }

    /// Makes it, which is empty, these bytes.
    #[inline]
    pub(crate) fn fill_bytes(&mut self, bytes: &[u8]) {
        self.put(bytes.to_vec());
    }

    /// Makes it, which is empty, these bytes. C takes the array itself for a string.
    pub(crate) fn fill_string(&mut self, text: &[u8]) {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text);
        self.put(bytes);
        self.terminate();
    }

    /// Puts a zero behind the bytes, so that they are a string.
    pub(crate) fn terminate(&mut self) -> *const c_char {
        self.change(|bytes| {
            bytes.push(0);
            bytes.pop();
            bytes.as_ptr().cast()
        })
    }

    /// As [`set_len`](Self::set_len), and a string afterwards.
    pub(crate) fn set_string_len(&mut self, len: usize, most: Option<usize>) -> bool {
        let fits = self.set_len(len, most);
        if fits {
            self.terminate();
        }
        fits
    }
}

impl DynArray<u16> {
    /// The integers, if there are `count` of them.
    pub(crate) fn integers(
        &self,
        count: Option<usize>,
        mismatch: Unfit,
    ) -> Result<List<'_, u16>, Unfit> {
        match count.is_none_or(|count| count == self.n_) {
            true => Ok(List::of(self)),
            false => Err(mismatch),
        }
    }
}

impl Held<'_, u16> for DynArray<u16> {
    fn count(&self) -> usize {
        self.n_
    }

    fn value(&self, number: usize) -> Option<u16> {
        self.items().get(number).copied()
    }
}

impl<T: Object> DynArray<Child<T>> {
    /// The structures, if there are `count` of them, and if they are valid if `ALL`
    /// is to be looked at.
    #[inline]
    pub(crate) fn children<const ALL: bool>(
        &self,
        count: Option<usize>,
        mismatch: Unfit,
    ) -> Result<List<'_, T::Strict<'_>>, Unfit> {
        if ALL {
            for child in self.items() {
                child.view::<ALL>()?;
            }
        }
        match count.is_none_or(|count| count == self.n_) {
            true => Ok(List::of(self)),
            false => Err(mismatch),
        }
    }

    /// As [`set_len`](Self::set_len); what is cut off is freed.
    pub(crate) fn set_len_freeing(&mut self, len: usize, most: Option<usize>) -> bool {
        let fits = most.is_none_or(|most| len <= most);
        if fits {
            for child in self.items_mut().iter_mut().skip(len) {
                child.free();
            }
            self.set_len(len, None);
        }
        fits
    }

    /// Frees the structures and the array.
    #[inline]
    pub(crate) fn free_all(&mut self) {
        for child in self.items_mut() {
            // Leaves nothing there.
            child.free();
        }
        core::hint::black_box(self.elts_);
        self.free_wiping_from(self.n_);
    }
}

impl<'a, T: Object + 'a> Held<'a, T::Strict<'a>> for DynArray<Child<T>> {
    fn count(&self) -> usize {
        self.n_
    }

    fn value(&'a self, number: usize) -> Option<T::Strict<'a>> {
        self.items().get(number)?.view::<false>().ok()
    }
}

/// Another structure, which belongs to the one that it is in; or none.
///
/// # Invariant
/// It is null or valid, and nobody else frees it.
#[repr(transparent)]
pub(crate) struct Child<T>(*mut T);

impl<T> Clone for Child<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Child<T> {}

impl<T> Default for Child<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T> Child<T> {
    /// None.
    pub(crate) const NONE: Self = Child(ptr::null_mut());

    /// What C gives away.
    ///
    /// # Safety
    /// The type's invariant holds of `child` from now on.
    #[inline]
    pub(crate) unsafe fn given(child: *mut T) -> Self {
        Child(child)
    }

    /// Where it is.
    #[inline]
    pub(crate) fn as_ptr(self) -> *mut T {
        self.0
    }
}

impl<T: Object> Child<T> {
    /// A new one that is `strict`. Only whole messages know where they were parsed.
    // Inlined where a list is gone through, it leaves that too few registers.
    #[inline(never)]
    pub(crate) fn new(strict: &T::Strict<'_>) -> Self {
        Child(filled(strict, ptr::null()))
    }

    /// What it is, if it is valid.
    #[inline]
    pub(crate) fn view<const ALL: bool>(&self) -> Result<T::Strict<'_>, Unfit> {
        // SAFETY: the type's invariant: it is not freed while this is borrowed.
        match unsafe { self.0.as_ref() } {
            Some(child) => child.view::<ALL>(),
            None => Err(NO_OBJECT),
        }
    }

    /// Takes `child` in place of this one, which is freed if it is another.
    ///
    /// # Safety
    /// As for [`given`](Self::given); it may be the one that is here.
    pub(crate) unsafe fn set(&mut self, child: *mut T) -> c_int {
        if self.0 != child {
            self.free();
        }
        self.0 = child;
        0
    }

    /// Frees it, if there is one.
    #[inline]
    pub(crate) fn free(&mut self) {
        // SAFETY: the type's invariant.
        unsafe { free(self.0) };
        self.0 = ptr::null_mut();
    }
}

/// A string that belongs to the structure that it is in; or none.
pub(crate) struct Text(Option<CString>);

impl Text {
    /// None.
    pub(crate) const NONE: Self = Text(None);

    pub(crate) fn new(text: &CStr) -> Self {
        Text(Some(text.to_owned()))
    }

    /// Where it is, or null.
    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ref().map_or(ptr::null(), |text| text.as_ptr())
    }

    /// The string, if there is one.
    pub(crate) fn view(&self, missing: Unfit) -> Result<&CStr, Unfit> {
        self.0.as_deref().ok_or(missing)
    }

    /// Makes it a copy of `text`; a bug and -1 if there is none.
    ///
    /// # Safety
    /// `text` is null or a string.
    pub(crate) unsafe fn set(&mut self, function: &CStr, text: *const c_char) -> c_int {
        if text.is_null() {
            host::get().bug(function, c"val");
            return -1;
        }
        // SAFETY: not null, and this function's contract.
        self.0 = Some(unsafe { CStr::from_ptr(text) }.to_owned());
        0
    }

    /// Wipes and frees it.
    pub(crate) fn free(&mut self) {
        if let Some(text) = self.0.take() {
            let mut bytes = text.into_bytes();
            // SAFETY: they are ours.
            unsafe { wipe(bytes.as_mut_ptr(), bytes.len()) };
        }
    }
}

/// Where parsing was, in the bytes that C gave; or nowhere.
#[repr(transparent)]
pub(crate) struct Position(*const u8);

impl Position {
    /// Nowhere.
    pub(crate) const NONE: Self = Position(ptr::null());

    #[inline]
    pub(crate) fn new(start: *const u8, offset: usize) -> Self {
        Position(start.wrapping_add(offset))
    }

    /// The place.
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.0
    }
}

/// The element with that number; a bug and nothing if it is beyond the end.
#[inline]
pub(crate) fn element<T: Clone + Default>(function: &CStr, items: &[T], number: usize) -> T {
    match items.get(number) {
        Some(element) => element.clone(),
        None => {
            beyond_the_end(function);
            T::default()
        }
    }
}

/// Changes the element with that number; a bug and -1 if it is beyond the end.
#[inline]
pub(crate) fn set_element<T>(function: &CStr, items: &mut [T], number: usize, element: T) -> c_int {
    match items.get_mut(number) {
        Some(place) => {
            *place = element;
            0
        }
        None => beyond_the_end(function),
    }
}

/// As [`set_element`]; the structure that was there is freed if it is another.
///
/// # Safety
/// As for [`Child::set`].
pub(crate) unsafe fn set_child<T: Object>(
    function: &CStr,
    items: &mut [Child<T>],
    number: usize,
    child: *mut T,
) -> c_int {
    match items.get_mut(number) {
        // SAFETY: this function's contract.
        Some(place) => unsafe { place.set(child) },
        None => beyond_the_end(function),
    }
}

#[cold]
fn beyond_the_end(function: &CStr) -> c_int {
    host::get().bug(function, c"idx < n");
    -1
}

/// Makes an array of bytes the `len` bytes at `text`, or all of that string, if it
/// may have so many. A bug if there is no text.
///
/// # Safety
/// `text` is null, or valid for reading `len` bytes or a string.
pub(crate) unsafe fn set_string(
    function: &CStr,
    bytes: &mut DynArray<u8>,
    text: *const c_char,
    len: Option<usize>,
    most: Option<usize>,
) -> bool {
    let text = match len {
        Some(0) => &[],
        _ if text.is_null() => {
            host::get().bug(function, c"val");
            return false;
        }
        // SAFETY: not null, and this function's contract.
        Some(len) => unsafe { core::slice::from_raw_parts(text.cast::<u8>(), len) },
        // SAFETY: the same.
        None => unsafe { CStr::from_ptr(text) }.to_bytes(),
    };
    if most.is_some_and(|most| text.len() > most) {
        return false;
    }
    // The text may be what is there now.
    let mut copy = DynArray::EMPTY;
    copy.fill_string(text);
    bytes.free();
    *bytes = copy;
    true
}
