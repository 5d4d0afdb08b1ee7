//! Objects of either side, and everything that can be seen of one.

use std::ffi::CStr;
use std::ptr;

use super::table::{self, Access, Elements, Functions, Object};
use crate::laboratory::Side;
use crate::observed::Observed;

/// An object of a side; freed when it is dropped.
pub struct Owned {
    side: Side,
    format: usize,
    object: Object,
}

impl Owned {
    /// A new one of the format with that number.
    pub fn new(side: Side, format: usize) -> Self {
        // SAFETY: takes nothing.
        let object = unsafe { (table::of(side)[format].new)() };
        assert!(!object.is_null());
        Owned {
            side,
            format,
            object,
        }
    }

    /// No object.
    pub fn none(side: Side, format: usize) -> Self {
        Owned {
            side,
            format,
            object: ptr::null_mut(),
        }
    }

    /// One that is all zero, as C has some on its stack, or a new one if C knows no
    /// layout for that.
    pub fn zeroed(side: Side, format: usize) -> Self {
        let new = Self::new(side, format);
        let len = new.functions().layout.unwrap_or(0);
        // SAFETY: the structure has that length, and a new one owns nothing.
        unsafe { new.object.cast::<u8>().write_bytes(0, len) };
        new
    }

    /// The return code, and what is in the bytes if that says so.
    pub fn parse(side: Side, format: usize, bytes: &[u8]) -> (isize, Option<Self>) {
        let mut object = ptr::NonNull::dangling().as_ptr();
        let functions = &table::of(side)[format];
        // SAFETY: room for a pointer, and bytes with their length.
        let code = unsafe { (functions.parse)(&mut object, bytes.as_ptr(), bytes.len()) };
        let parsed = !object.is_null();
        let owned = Owned {
            side,
            format,
            object,
        };
        (code, parsed.then_some(owned))
    }

    /// What its side has for it.
    pub fn functions(&self) -> &'static Functions {
        &table::of(self.side)[self.format]
    }

    /// What its side has for the field that C calls `name`.
    pub fn field(&self, name: &str) -> &'static Access {
        let mut fields = self.functions().fields.iter();
        let field = fields.find(|field| field.name == name);
        &field.unwrap_or_else(|| panic!("no field {name}")).access
    }

    /// Complains if one of its strings does not end with a zero, which C that parses
    /// counts on.
    pub fn expect_strings_to_end(&self, seen: &mut Observed) {
        for field in self.functions().fields {
            if let Access::String { elements, .. } = &field.access {
                // SAFETY: a zero is there, or else AddressSanitizer says so.
                let end = unsafe {
                    let end = (elements.all_const)(self.object).add((elements.len)(self.object));
                    end.read()
                };
                seen.note("the end", end);
            }
        }
    }

    /// Where it is.
    pub fn as_ptr(&self) -> Object {
        self.object
    }

    /// Gives it away.
    pub fn release(mut self) -> Object {
        std::mem::replace(&mut self.object, ptr::null_mut())
    }

    /// Notes all that can be seen of it, and of those in it. Positions count from
    /// the beginning of `input`.
    pub fn note(&self, input: &[u8], seen: &mut Observed) {
        // SAFETY: this is an object of that side and format.
        unsafe { note(self.side, self.format, self.object, input, seen) };
    }

    /// Notes whether it is a valid whole, and how it is encoded.
    pub fn note_encoded(&self, seen: &mut Observed) {
        let functions = self.functions();
        // SAFETY: the object is of that format; the answer is null or a string.
        let (len, words) = unsafe {
            let words = (functions.check)(self.object);
            let words = (!words.is_null()).then(|| CStr::from_ptr(words));
            ((functions.encoded_len)(self.object), words)
        };
        seen.note("check", words.map(CStr::to_bytes));
        seen.note("encoded_len", len);
        seen.reach(match words {
            None => "valid",
            Some(words) => match words.to_bytes() {
                b"Integer out of bounds" => "out of bounds",
                b"Object was NULL" => "an object is missing",
                b"A set function failed on this object" => "set has failed",
                b"Bad tag for union" => "bad tag",
                words if words.starts_with(b"Length mismatch") => "length mismatch",
                words if words.starts_with(b"Missing") => "text is missing",
                _ => "other words",
            },
        });
        let len = usize::try_from(len).unwrap_or(8);
        for avail in [len + 3, len, len.saturating_sub(1), len / 2, 0] {
            let mut space = vec![0xa6; avail + 8];
            // SAFETY: that much space, and more.
            let code = unsafe { (functions.encode)(space.as_mut_ptr(), avail, self.object) };
            seen.note("encode", code);
            if space[avail..].iter().any(|byte| *byte != 0xa6) {
                seen.complain(format!("{} wrote too far", functions.name));
            }
            match code {
                -2 => seen.reach("too little space"),
                // What was written then may differ (DIFFERENCES.md,
                // trunnel-no-space).
                -1 => seen.reach("not encoded"),
                written => match space[..avail].get(..written as usize) {
                    Some(written) => {
                        seen.note("encoded", written);
                        seen.reach("encoded");
                    }
                    None => seen.complain(format!("{} wrote too much", functions.name)),
                },
            }
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: null or an object of that format, and nobody has it any more.
        unsafe { (self.functions().free)(self.object) };
    }
}

/// # Safety
/// The object is null or one of that side and format.
unsafe fn note(side: Side, format: usize, object: Object, input: &[u8], seen: &mut Observed) {
    let functions = &table::of(side)[format];
    seen.note("an object", !object.is_null());
    if object.is_null() {
        return;
    }
    for field in functions.fields {
        let name = field.name;
        // SAFETY: this function's contract; numbers are below the length.
        unsafe {
            match &field.access {
                Access::Integer { get, .. } => seen.note(name, get(object)),
                Access::Bytes(elements) | Access::Array { elements, .. } => {
                    note_elements(name, elements, object, seen);
                }
                Access::String {
                    elements, get_str, ..
                } => {
                    note_elements(name, elements, object, seen);
                    let text = CStr::from_ptr(get_str(object));
                    seen.note(name, text.to_bytes());
                    note_elements(name, elements, object, seen);
                }
                Access::List {
                    elements, child, ..
                } => {
                    let len = (elements.len)(object);
                    seen.note(name, len);
                    let all = (elements.all)(object).cast::<Object>();
                    seen.note("nowhere", all.is_null());
                    for number in 0..len {
                        let one = *all.add(number);
                        let others = [elements.get, elements.get_const];
                        if others.map(|get| get(object, number)) != [one as usize as u64; 2] {
                            seen.complain(format!("{name}[{number}] is not what it is"));
                        }
                        note(side, *child, one, input, seen);
                    }
                }
                Access::Child {
                    child,
                    get,
                    get_const,
                    ..
                } => {
                    let one = get(object);
                    if get_const(object) != one {
                        seen.complain(format!("{name} is not what it is"));
                    }
                    note(side, *child, one, input, seen);
                }
                Access::Text { get, .. } => {
                    let text = get(object);
                    let text = (!text.is_null()).then(|| CStr::from_ptr(text).to_bytes());
                    seen.note(name, text);
                }
                Access::Position { get } => {
                    let at = get(object);
                    let offset = (at as usize).wrapping_sub(input.as_ptr() as usize);
                    seen.note(name, (!at.is_null()).then_some(offset.to_be_bytes()));
                }
            }
        }
    }
}

/// # Safety
/// As for `elements`.
unsafe fn note_elements(
    name: &'static str,
    elements: &Elements,
    object: Object,
    seen: &mut Observed,
) {
    // SAFETY: this function's contract; as many bytes are there as its length says.
    unsafe {
        let len = (elements.len)(object);
        let all = (elements.all_const)(object);
        seen.note("nowhere", all.is_null());
        if all != (elements.all)(object) {
            seen.complain(format!("{name} is not where it is"));
        }
        if len == 0 {
            seen.note(name, &[][..]);
            return;
        }
        let bytes = std::slice::from_raw_parts(all, len * elements.width);
        seen.note(name, bytes);
        for number in [0, len / 2, len - 1] {
            let of_bytes = match elements.width {
                2 => all.cast::<u16>().add(number).read().into(),
                _ => u64::from(bytes[number]),
            };
            let others = [elements.get, elements.get_const];
            if others.map(|get| get(object, number)) != [of_bytes; 2] {
                seen.complain(format!("{name}[{number}] is not what it is"));
            }
        }
    }
}
