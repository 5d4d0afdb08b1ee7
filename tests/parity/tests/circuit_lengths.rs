//! Each length that a CREATED2 cell, an EXTEND2 or an EXTENDED2 message can say it
//! has. C Tor once believed two of them that were wrong (tests/regressions.rs).

use std::cell::RefCell;
use std::ffi::c_void;
use std::{ptr, slice};

use ffi::cells::extend::{extend_cell_t, extended_cell_t};
use parity::cells::extend::Written;
use parity::cells::{create, extend, painted, PAINT};
use parity::laboratory::Side;
use wire::create::CREATED2;
use wire::extend::{EXTEND2, EXTENDED2};

/// Both sides' answer, which has to be the same.
fn answer<T: PartialEq + std::fmt::Debug>(of: impl Fn(Side) -> T) -> T {
    ctor::init();
    let [c, rust] = [Side::C, Side::Rust].map(&of);
    assert_eq!(c, rust);
    rust
}

/// TROVE-2026-003: what the next relay answered, up to 507 bytes, was put where
/// EXTENDED2 has room for 496.
#[test]
fn created2_is_refused_if_it_does_not_fit_into_extended2() {
    for len in 0..=u16::MAX {
        let mut body = [1; 509];
        body[..2].copy_from_slice(&len.to_be_bytes());
        let cell = create::cell_of(CREATED2, &body);
        let status = answer(|side| create::parse_created(side, &cell, &mut painted()));
        assert_eq!(status, if len <= 496 { 0 } else { -1 }, "{len} bytes");
    }
}

#[test]
fn extended2_ends_where_its_space_ends() {
    for len in 0..=u16::MAX {
        let mut extended: extended_cell_t = painted();
        extended.cell_type = EXTENDED2;
        extended.created_cell.cell_type = CREATED2;
        extended.created_cell.handshake_len = len;
        let status = answer(|side| {
            let mut out = Written::nothing();
            let status = extend::format_extended(side, &extended, &mut out);
            assert_eq!(out.behind, [PAINT; 16], "{len} bytes");
            status
        });
        assert_eq!(status, if len <= 496 { 0 } else { -1 }, "{len} bytes");
    }
}

/// TROVE-2025-016: a message in a cell of version 1 is shorter than one of version 0,
/// and was read as if it were not. Who reads behind these messages crashes.
#[test]
fn extend2_is_not_read_behind_its_end() {
    const SPECIFIERS: &[u8] = b"\x02\x00\x06\x12\xf4\x00\x01\xf0\xf1\x02\x14anthropomorphization";
    // What fits into a cell of version 1, and a little less and more.
    for len in [SPECIFIERS.len() + 4, 200, 486, 487, 488, 489, 497, 498] {
        let room = (len - SPECIFIERS.len() - 4) as u16;
        for said in (0..=509).chain([0x7fff, 0xffff]) {
            let mut data = SPECIFIERS.to_vec();
            data.extend([0xff, 0xff]);
            data.extend(u16::to_be_bytes(said));
            data.resize(len, 1);
            let status = read_at_the_edge(&data);
            assert_eq!(
                status,
                if said <= room { 0 } else { -1 },
                "{said} of {room}"
            );
        }
    }
}

#[test]
fn extend2_that_is_cut_anywhere_is_refused() {
    ctor::init();
    let mut out = Written::nothing();
    let extend: extend_cell_t = extend::message(&[1; 300]);
    ctor::cells::set_extend_by_ed25519_id(1);
    assert_eq!(extend::format(Side::Rust, &extend, &mut out), 0);
    let data = &out.data[..out.len.into()];
    assert_eq!(read_at_the_edge(data), 0);
    for len in 0..data.len() {
        assert_eq!(read_at_the_edge(&data[..len]), -1, "{len} bytes");
    }
}

/// Both sides' return code for an EXTEND2 message behind which is no memory.
fn read_at_the_edge(data: &[u8]) -> i32 {
    thread_local! {
        static EDGE: RefCell<Edge> = RefCell::new(Edge::new());
    }
    EDGE.with_borrow_mut(|edge| {
        let data = edge.put(data);
        answer(|side| extend::parse(side, EXTEND2, data, &mut painted()))
    })
}

/// A page of memory with nothing behind it.
struct Edge {
    page: *mut c_void,
}

const PAGE: usize = 4096;

impl Edge {
    fn new() -> Self {
        // SAFETY: new memory, whose second page nobody will touch.
        unsafe {
            let (readable, private) = (
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            );
            let page = libc::mmap(ptr::null_mut(), 2 * PAGE, readable, private, -1, 0);
            assert_ne!(page, libc::MAP_FAILED);
            let behind = page.byte_add(PAGE);
            assert_eq!(libc::mprotect(behind, PAGE, libc::PROT_NONE), 0);
            Edge { page }
        }
    }

    /// Copies bytes to the end of the page.
    fn put(&mut self, data: &[u8]) -> &[u8] {
        // SAFETY: a page of ours.
        unsafe {
            let page = slice::from_raw_parts_mut(self.page.cast::<u8>(), PAGE);
            let end = &mut page[PAGE - data.len()..];
            end.copy_from_slice(data);
            end
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SAFETY: the memory of `new`.
        unsafe { libc::munmap(self.page, 2 * PAGE) };
    }
}
