//! The table of functions through which Rust calls tor.
//!
//! Glue (`c-glue/host.c`) hands it over when tor starts. Nothing else of C is
//! known here, so crates, tests and fuzzers link without C; until the table
//! arrives, reports go to standard error.
//!
//! The table also solves a problem of tor's testing build, where a mockable C
//! function is a variable that points to one: glue is compiled for each of the
//! two builds and calls what is right there.

use core::ffi::{c_char, c_int, c_uint, c_void, CStr};
#[cfg(any(feature = "cells", feature = "link"))]
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
#[cfg(feature = "cells")]
use core::sync::atomic::AtomicBool;
#[cfg(any(feature = "cells", feature = "link"))]
use core::sync::atomic::AtomicI32;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::ffi::CString;
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// What tor does for Rust. All strings are NUL-terminated and are not kept.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_host_t {
    /// `sizeof(torrs_host_t)` as C sees it, in bytes.
    pub size: usize,
    /// Reports that `expression` did not hold in `function`, as `BUG()` does; with
    /// `once` it says that it will not be reported again.
    pub bug: unsafe extern "C" fn(
        file: *const c_char,
        line: c_uint,
        function: *const c_char,
        expression: *const c_char,
        once: bool,
    ),
    /// Reports that `function` panicked at `file:line`, saying `message`.
    pub panicked: unsafe extern "C" fn(
        file: *const c_char,
        line: c_uint,
        function: *const c_char,
        message: *const c_char,
    ),
    /// Logs `text` as `log_fn()` does.
    pub log: unsafe extern "C" fn(
        severity: c_int,
        domain: u64,
        function: *const c_char,
        text: *const c_char,
    ),
    /// Fills `out` with `len` fresh random bytes; does not return if it cannot.
    pub random: unsafe extern "C" fn(out: *mut u8, len: usize),
    /// Fills `out` with `len` bytes of this thread's fast generator.
    pub fast_random: unsafe extern "C" fn(out: *mut u8, len: usize),
    /// `len` bytes, for `free` or for C to free; not null.
    pub malloc: unsafe extern "C" fn(len: usize) -> *mut c_void,
    /// Frees what `malloc` gave, or nothing if it is null.
    pub free: unsafe extern "C" fn(bytes: *mut c_void),
    /// A copy of `len` bytes that C frees.
    pub memdup: unsafe extern "C" fn(bytes: *const u8, len: usize) -> *mut u8,
    /// What `map` has for the 32 bytes of `key`, else `other`. Takes the same
    /// time for every key.
    pub dimap_search: unsafe extern "C" fn(
        map: *const di_digest256_map_t,
        key: *const u8,
        other: *mut c_void,
    ) -> *mut c_void,
    /// Makes `addr` this IPv4 address, in network order.
    pub addr_from_ipv4: unsafe extern "C" fn(addr: *mut tor_addr_t, ipv4: u32),
    /// Makes `addr` this IPv6 address, of 16 bytes.
    pub addr_from_ipv6: unsafe extern "C" fn(addr: *mut tor_addr_t, ipv6: *const u8),
    /// Whether something can be at `addr`: not 0 unless it is unspecified or all zero.
    /// With `for_listening`, all zero will do.
    pub addr_is_valid: unsafe extern "C" fn(addr: *const tor_addr_t, for_listening: c_int) -> c_int,
    /// The IPv4 address of `addr` in network order; 0 if it has none.
    pub addr_to_ipv4: unsafe extern "C" fn(addr: *const tor_addr_t) -> u32,
    /// Fills 16 bytes with the IPv6 address of `addr`; with zeros if it has none, which
    /// is a bug.
    pub addr_to_ipv6: unsafe extern "C" fn(ipv6: *mut u8, addr: *const tor_addr_t),
    /// 4 or 6: the version of IP that `addr` is an address of; or 0.
    pub addr_ip_version: unsafe extern "C" fn(addr: *const tor_addr_t) -> c_int,
    /// Splits the text `ADDRESS:PORT`: the address, which C frees, and the port, or 0 if
    /// there is none. Returns 0; or -1, and a line in the log of that severity, if it
    /// is no such text.
    pub addr_port_split: unsafe extern "C" fn(
        severity: c_int,
        address_port: *const c_char,
        address_out: *mut *mut c_char,
        port_out: *mut u16,
    ) -> c_int,
    /// Puts `element` at the end of `list`.
    pub smartlist_add: unsafe extern "C" fn(list: *mut smartlist_t, element: *mut c_void),
}

/// tor's map whose searches tell nothing by the time that they take.
#[repr(C)]
#[derive(Debug)]
pub struct di_digest256_map_t([u8; 0]);

/// tor's address, of any family. What is in it only tor knows.
#[repr(C, align(4))]
#[derive(Clone, Copy, Debug)]
pub struct tor_addr_t([u8; TORRS_ADDR_SIZE]);

/// `sizeof(tor_addr_t)`, in bytes.
pub const TORRS_ADDR_SIZE: usize = 20;

#[cfg(any(feature = "cells", feature = "link"))]
impl tor_addr_t {
    /// No address, of no family.
    pub const UNSPECIFIED: Self = tor_addr_t([0; TORRS_ADDR_SIZE]);
}

/// tor's list of pointers.
#[repr(C)]
#[derive(Debug)]
pub struct smartlist_t([u8; 0]);

/// `LOG_WARN`.
pub const TORRS_LOG_WARN: c_int = 4;
/// `LOG_INFO`.
pub const TORRS_LOG_INFO: c_int = 6;
/// `LOG_DEBUG`.
pub const TORRS_LOG_DEBUG: c_int = 7;
/// `LD_PROTOCOL`.
pub const TORRS_LD_PROTOCOL: u64 = 1 << 5;
/// `LD_CIRC`.
pub const TORRS_LD_CIRC: u64 = 1 << 10;
/// `LD_BUG`.
pub const TORRS_LD_BUG: u64 = 1 << 12;
/// `LD_DIR`.
pub const TORRS_LD_DIR: u64 = 1 << 13;
/// `LD_REND`.
pub const TORRS_LD_REND: u64 = 1 << 11;
/// `LD_OR`.
pub const TORRS_LD_OR: u64 = 1 << 15;
/// `LD_HANDSHAKE`.
pub const TORRS_LD_HANDSHAKE: u64 = 1 << 19;
/// `LD_CHANNEL`.
pub const TORRS_LD_CHANNEL: u64 = 1 << 21;

/// `LOG_PROTOCOL_WARN`, as tor said last.
#[cfg(any(feature = "cells", feature = "link"))]
static PROTOCOL_WARN: AtomicI32 = AtomicI32::new(TORRS_LOG_WARN);

/// Takes the severity of a warning that a peer broke the protocol: it depends on
/// tor's options.
#[no_mangle]
pub extern "C" fn torrs_set_protocol_warn(severity: c_int) {
    export!(torrs_set_protocol_warn, on panic => (), {
        #[cfg(any(feature = "cells", feature = "link"))]
        PROTOCOL_WARN.store(severity, Ordering::Relaxed);
        let _ = severity;
    });
}

static HOST: AtomicPtr<torrs_host_t> = AtomicPtr::new(core::ptr::null_mut());

/// Takes the table, unless it is null or one that this archive was not built
/// for.
///
/// # Safety
/// `table` is null or points to a table that lives for ever, whose first field
/// is its size.
pub(crate) unsafe fn set(table: *const torrs_host_t) -> bool {
    // SAFETY: not null, and then the size is there. The rest of a table of
    // another size is not looked at.
    let ours = !table.is_null() && unsafe { (*table).size } == size_of::<torrs_host_t>();
    if ours {
        HOST.store(table.cast_mut(), Ordering::Release);
    }
    ours
}

/// The table, or nothing yet.
#[derive(Clone, Copy)]
pub(crate) struct Host(Option<&'static torrs_host_t>);

pub(crate) fn get() -> Host {
    // SAFETY: null, or what `set` was given, which lives for ever.
    Host(unsafe { HOST.load(Ordering::Acquire).as_ref() })
}

impl Host {
    /// Reports that `expression` did not hold; for what C calls `BUG()`.
    // An archive without components has nothing to report.
    #[allow(dead_code)]
    #[cold]
    #[track_caller]
    pub(crate) fn bug(self, function: &CStr, expression: &CStr) {
        self.report_bug(function, expression, false);
    }

    /// The same, the first time that it is called with this `reported`; for what C
    /// calls `IF_BUG_ONCE()`.
    #[cfg(feature = "cells")]
    #[cold]
    #[track_caller]
    pub(crate) fn bug_once(self, reported: &AtomicBool, function: &CStr, expression: &CStr) {
        if !reported.swap(true, Ordering::Relaxed) {
            self.report_bug(function, expression, true);
        }
    }

    #[allow(dead_code)]
    #[cold]
    #[track_caller]
    fn report_bug(self, function: &CStr, expression: &CStr, once: bool) {
        let at = core::panic::Location::caller();
        match self.0 {
            Some(table) => {
                let file = c_string(at.file());
                // SAFETY: the strings are NUL-terminated and outlive the call.
                unsafe {
                    (table.bug)(
                        file.as_ptr(),
                        at.line(),
                        function.as_ptr(),
                        expression.as_ptr(),
                        once,
                    );
                }
            }
            None => say(format_args!(
                "{expression:?} failed in {function:?} at {at}"
            )),
        }
    }

    /// Logs `text` for `function`.
    #[cfg(any(
        feature = "cells",
        feature = "cert",
        feature = "link",
        feature = "onion"
    ))]
    #[cold]
    pub(crate) fn log(self, severity: c_int, domain: u64, function: &CStr, text: &str) {
        match self.0 {
            Some(table) => {
                let text = c_string(text);
                // SAFETY: the strings are NUL-terminated and outlive the call.
                unsafe { (table.log)(severity, domain, function.as_ptr(), text.as_ptr()) }
            }
            None => say(format_args!("{function:?}: {text}")),
        }
    }

    /// Logs what only a peer that breaks the protocol can cause; for what C logs as
    /// `LOG_PROTOCOL_WARN`.
    #[cfg(any(feature = "cells", feature = "link"))]
    #[cold]
    pub(crate) fn log_protocol_warn(self, domain: u64, function: &CStr, text: &str) {
        let severity = PROTOCOL_WARN.load(Ordering::Relaxed);
        self.log(severity, domain, function, text);
    }

    /// Fills `out` from this thread's fast generator.
    #[cfg(feature = "cells")]
    pub(crate) fn fast_random(self, out: &mut [u8]) {
        // SAFETY: a slice, which is only written.
        unsafe { (self.table().fast_random)(out.as_mut_ptr(), out.len()) }
    }

    /// `len` bytes as C allocates them.
    #[cfg(feature = "cells")]
    pub(crate) fn malloc(self, len: usize) -> *mut c_void {
        // SAFETY: any length will do; without memory tor aborts.
        unsafe { (self.table().malloc)(len) }
    }

    /// Frees such bytes.
    ///
    /// # Safety
    /// `bytes` is null or came from [`Host::malloc`] or from C, and is freed once.
    #[cfg(feature = "cells")]
    pub(crate) unsafe fn free(self, bytes: *mut c_void) {
        // SAFETY: this function's contract.
        unsafe { (self.table().free)(bytes) }
    }

    /// What tor may free: a copy of `bytes`.
    #[cfg(any(feature = "cells", feature = "cert", feature = "onion"))]
    pub(crate) fn memdup(self, bytes: &[u8]) -> *mut u8 {
        // SAFETY: a slice, which is only read.
        unsafe { (self.table().memdup)(bytes.as_ptr(), bytes.len()) }
    }

    /// What `map` has for `key`, else `other`. Takes the same time for every key.
    ///
    /// # Safety
    /// `map` is null, which is an empty one, or valid.
    #[cfg(feature = "onion")]
    pub(crate) unsafe fn dimap_search<T>(
        self,
        map: *const di_digest256_map_t,
        key: &[u8; 32],
        other: *const T,
    ) -> *const T {
        let other = other.cast_mut().cast();
        // SAFETY: this function's contract; the key has its 32 bytes, and
        // `other` is not looked at.
        let found = unsafe { (self.table().dimap_search)(map, key.as_ptr(), other) };
        found.cast_const().cast()
    }

    /// Makes `addr` an IPv4 address.
    #[cfg(any(feature = "cells", feature = "link"))]
    pub(crate) fn addr_from_ipv4(self, addr: &mut tor_addr_t, ipv4: Ipv4Addr) {
        // SAFETY: an address, which is only written.
        unsafe { (self.table().addr_from_ipv4)(addr, ipv4.to_bits().to_be()) }
    }

    /// Makes `addr` an IPv6 address.
    #[cfg(any(feature = "cells", feature = "link"))]
    pub(crate) fn addr_from_ipv6(self, addr: &mut tor_addr_t, ipv6: Ipv6Addr) {
        // SAFETY: an address, which is only written, and 16 bytes.
        unsafe { (self.table().addr_from_ipv6)(addr, ipv6.octets().as_ptr()) }
    }

    /// Whether something can be at `addr`.
    #[cfg(feature = "cells")]
    pub(crate) fn addr_is_valid(self, addr: &tor_addr_t) -> bool {
        // SAFETY: an address, which is only read.
        unsafe { (self.table().addr_is_valid)(addr, 0) != 0 }
    }

    /// The IPv4 address of `addr`; 0.0.0.0 if it has none.
    #[cfg(any(feature = "cells", feature = "link"))]
    pub(crate) fn addr_to_ipv4(self, addr: &tor_addr_t) -> Ipv4Addr {
        // SAFETY: an address, which is only read.
        let ipv4 = unsafe { (self.table().addr_to_ipv4)(addr) };
        Ipv4Addr::from_bits(u32::from_be(ipv4))
    }

    /// The IPv6 address of `addr`; `::` if it has none, which tor reports.
    #[cfg(any(feature = "cells", feature = "link"))]
    pub(crate) fn addr_to_ipv6(self, addr: &tor_addr_t) -> Ipv6Addr {
        let mut ipv6 = [0; 16];
        // SAFETY: an address, which is only read, and 16 bytes.
        unsafe { (self.table().addr_to_ipv6)(ipv6.as_mut_ptr(), addr) };
        ipv6.into()
    }

    /// tor's form of an IP address.
    #[cfg(any(feature = "cells", feature = "link"))]
    pub(crate) fn addr_from_ip(self, ip: IpAddr) -> tor_addr_t {
        let mut addr = tor_addr_t::UNSPECIFIED;
        match ip {
            IpAddr::V4(ipv4) => self.addr_from_ipv4(&mut addr, ipv4),
            IpAddr::V6(ipv6) => self.addr_from_ipv6(&mut addr, ipv6),
        }
        addr
    }

    /// The IP address that `addr` is, if it is one.
    #[cfg(any(feature = "cells", feature = "link"))]
    pub(crate) fn addr_to_ip(self, addr: &tor_addr_t) -> Option<IpAddr> {
        // SAFETY: an address, which is only read.
        match unsafe { (self.table().addr_ip_version)(addr) } {
            4 => Some(self.addr_to_ipv4(addr).into()),
            6 => Some(self.addr_to_ipv6(addr).into()),
            _ => None,
        }
    }

    /// The address, which C frees, and the port, or 0, of the text `ADDRESS:PORT`.
    /// Nothing, and a line in the log as of a peer that breaks the protocol, if it is
    /// no such text.
    #[cfg(feature = "cells")]
    pub(crate) fn addr_port_split(self, address_port: &CStr) -> Option<(*mut c_char, u16)> {
        let (mut address, mut port) = (core::ptr::null_mut(), 0);
        let table = self.table();
        let severity = PROTOCOL_WARN.load(Ordering::Relaxed);
        // SAFETY: a NUL-terminated text, which is only read, and places for the
        // address and the port.
        let status = unsafe {
            (table.addr_port_split)(severity, address_port.as_ptr(), &mut address, &mut port)
        };
        // C takes any but a negative one as success.
        (status >= 0).then_some((address, port))
    }

    /// Puts `element` at the end of `list`.
    ///
    /// # Safety
    /// `list` is valid, and nobody else uses it meanwhile.
    #[cfg(feature = "cells")]
    pub(crate) unsafe fn smartlist_add<T>(self, list: *mut smartlist_t, element: *mut T) {
        // SAFETY: this function's contract; the element is only kept.
        unsafe { (self.table().smartlist_add)(list, element.cast()) }
    }

    /// The table, where nothing can be done without one.
    ///
    /// # Panics
    /// If there is none yet.
    #[cfg(any(
        feature = "cells",
        feature = "cert",
        feature = "link",
        feature = "onion"
    ))]
    fn table(self) -> &'static torrs_host_t {
        match self.0 {
            Some(table) => table,
            None => panic!("tor has not called torrs_init"),
        }
    }

    /// Reports a panic that was caught in `export`.
    #[cold]
    pub(crate) fn panicked(self, export: &str, panic: &Panic) {
        match self.0 {
            Some(table) => {
                let function = c_string(export);
                // SAFETY: the strings are NUL-terminated and outlive the call.
                unsafe {
                    (table.panicked)(
                        panic.file.as_ptr(),
                        panic.line,
                        function.as_ptr(),
                        panic.message.as_ptr(),
                    );
                }
            }
            None => say(format_args!("panic in {export}: {panic:?}")),
        }
    }
}

/// tor's source of secrets.
#[cfg(feature = "onion")]
impl onion::Randomness for Host {
    fn fill(&mut self, out: &mut [u8]) {
        // SAFETY: a slice, which is only written.
        unsafe { (self.table().random)(out.as_mut_ptr(), out.len()) }
    }
}

/// A report while there is no table; whether anybody reads it is not our affair.
fn say(report: std::fmt::Arguments<'_>) {
    let _unread = writeln!(std::io::stderr(), "Bug: {report}");
}

/// Where a panic was, and what it said.
#[derive(Debug, Default)]
pub(crate) struct Panic {
    file: CString,
    line: u32,
    message: CString,
}

impl Panic {
    pub(crate) fn new(info: &PanicHookInfo<'_>) -> Self {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("(no message)");
        Panic {
            file: info
                .location()
                .map(|at| c_string(at.file()))
                .unwrap_or_default(),
            line: info.location().map_or(0, |at| at.line()),
            message: c_string(message),
        }
    }
}

/// `text` up to its first NUL.
fn c_string(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}
