//! Messages of onion services on both sides: C's own, under C's names, and what
//! calls either side with tor's objects (src/hs_cell.c).

use std::ffi::{c_char, c_int};
use std::sync::OnceLock;

use ffi::cells::hs_cell::hs_pow_solution_t;

renamed! {
    fn hs_cell_build_establish_rendezvous(
        rendezvous_cookie: *const u8,
        cell_out: *mut u8,
    ) -> isize;
    fn hs_cell_build_rendezvous1(
        rendezvous_cookie: *const u8,
        rendezvous_cookie_len: usize,
        rendezvous_handshake_info: *const u8,
        rendezvous_handshake_info_len: usize,
        cell_out: *mut u8,
    ) -> isize;
    fn hs_cell_parse_intro_established(payload: *const u8, payload_len: usize) -> isize;
    fn hs_cell_parse_introduce_ack(payload: *const u8, payload_len: usize) -> c_int;
    fn hs_cell_parse_rendezvous2(
        payload: *const u8,
        payload_len: usize,
        handshake_info: *mut u8,
        handshake_info_len: usize,
    ) -> c_int;
}

/// All keys of an introduction point, of a service and of a client.
#[repr(C)]
pub struct Keys {
    auth_secret_and_public: [u8; 96],
    enc: [u8; 64],
    client: [u8; 64],
    subcredentials: [[u8; 32]; 3],
}

/// What a service has learned of an INTRODUCE2.
#[repr(C)]
pub struct Introduced {
    /// The return code.
    pub status: i64,
    /// The rendezvous point's onion key.
    pub onion_pk: [u8; 32],
    /// The client's key.
    pub client_pk: [u8; 32],
    /// The rendezvous cookie.
    pub rend_cookie: [u8; 20],
    /// Whether there is to be congestion control.
    pub cc_enabled: u8,
    /// Whether it is known what the client can do.
    pub protocols_known: u8,
    /// Whether it can do congestion control.
    pub supports_cc: u8,
    /// How much the client has worked.
    pub pow_effort: u32,
    /// Number of link specifiers.
    pub n_specifiers: u32,
    /// Their length, encoded, in bytes.
    pub specifiers_len: u32,
    /// The link specifiers.
    pub specifiers: [u8; 1024],
    /// How many proofs of work were to be verified.
    pub n_asked: u32,
    /// The first of them.
    pub asked: [hs_pow_solution_t; 16],
}

/// What a relay has read, written again.
#[repr(C)]
pub struct Read {
    /// The return code.
    pub status: i64,
    /// Length of what is written, in bytes, or the return code.
    pub encoded_len: i64,
    /// Length of what the MAC is of, in bytes.
    pub mac_fields_len: i64,
    /// Length of what the signature is of, in bytes.
    pub sig_fields_len: i64,
    /// What is written.
    pub encoded: [u8; 2048],
}

extern "C" {
    fn congestion_control_enabled() -> bool;
    fn ctor_keys(out: *mut Keys);
    fn ctor_seal(
        keys: *const Keys,
        subcredential: c_int,
        cell: *mut u8,
        outer_len: usize,
        inner: *const u8,
        inner_len: usize,
    ) -> usize;
    fn ctor_introduce2(
        rust: c_int,
        keys: *const Keys,
        n_subcredentials: usize,
        payload: *const u8,
        payload_len: usize,
        cc: c_int,
        pow: c_int,
        out: *mut Introduced,
    );
    fn ctor_build_introduce1(
        rust: c_int,
        keys: *const Keys,
        enc_pk: *const [u8; 32],
        rend_cookie: *const u8,
        onion_pk: *const [u8; 32],
        specifiers: *const u8,
        specifiers_len: usize,
        cc: c_int,
        pow: *const hs_pow_solution_t,
        cell_out: *mut u8,
    ) -> isize;
    fn ctor_build_establish_intro(
        rust: c_int,
        keys: *const Keys,
        circ_nonce: *const c_char,
        enabled: c_int,
        supported: c_int,
        rate: u32,
        burst: u32,
        cell_out: *mut u8,
    ) -> isize;
    fn ctor_read_establish_intro(rust: c_int, payload: *const u8, len: usize, out: *mut Read);
    fn ctor_read_dos(rust: c_int, payload: *const u8, len: usize, out: *mut Read);
    fn ctor_read_introduce1(rust: c_int, payload: *const u8, len: usize, out: *mut Read);
}

/// A message that a relay reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ForRelays {
    EstablishIntro,
    DosExtension,
    Introduce1,
}

/// Room for a message that is built, in bytes.
pub const ROOM: usize = 498;

/// The keys; always the same.
pub fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut keys = Keys {
            auth_secret_and_public: [0; 96],
            enc: [0; 64],
            client: [0; 64],
            subcredentials: [[0; 32]; 3],
        };
        // SAFETY: room for the keys, which C lays out as we do.
        unsafe { ctor_keys(&mut keys) };
        // That only one thread asks about congestion control is what C Tor says
        // otherwise, once a process.
        // SAFETY: no arguments.
        let asked = std::thread::spawn(|| unsafe { congestion_control_enabled() });
        asked.join().expect("C does not panic");
        keys
    })
}

impl Keys {
    /// B of the introduction point.
    pub fn enc_public(&self) -> [u8; 32] {
        *self.enc.first_chunk().unwrap_or(&[0; 32])
    }
}

/// An INTRODUCE2: `outer`, and `inner` encrypted for the service's subcredential of
/// that number (below 3).
pub fn seal(subcredential: usize, outer: &[u8], inner: &[u8]) -> Vec<u8> {
    let mut cell = outer.to_vec();
    cell.resize(outer.len() + 32 + inner.len() + 32, 0);
    // SAFETY: the cell has room for the outer part, a key, the inner part and a MAC.
    let len = unsafe {
        ctor_seal(
            keys(),
            subcredential as c_int % 3,
            cell.as_mut_ptr(),
            outer.len(),
            inner.as_ptr(),
            inner.len(),
        )
    };
    assert_eq!(len, cell.len());
    cell
}

/// A service with `n_subcredentials` (1 to 3) reads an INTRODUCE2; it does
/// congestion control or not, and has asked for proofs of work or not.
pub fn introduce2(
    rust: bool,
    n_subcredentials: usize,
    payload: &[u8],
    congestion_control: bool,
    pow: bool,
) -> Box<Introduced> {
    let mut out = Box::<Introduced>::new_uninit();
    // SAFETY: bytes with their length; C fills all of the answer.
    unsafe {
        ctor_introduce2(
            rust.into(),
            keys(),
            n_subcredentials.clamp(1, 3),
            payload.as_ptr(),
            payload.len(),
            congestion_control.into(),
            pow.into(),
            out.as_mut_ptr(),
        );
        out.assume_init()
    }
}

/// What a client puts into INTRODUCE1.
pub struct Introduce1<'a> {
    /// The introduction point's key as the client knows it.
    pub enc_pk: [u8; 32],
    /// The rendezvous cookie.
    pub rend_cookie: [u8; 20],
    /// The rendezvous point's onion key.
    pub onion_pk: [u8; 32],
    /// Link specifiers, encoded; C takes those that it can read.
    pub specifiers: &'a [u8],
    /// Whether it wants congestion control.
    pub congestion_control: bool,
    /// What it has worked out.
    pub pow: Option<hs_pow_solution_t>,
}

/// A client builds an INTRODUCE1: the return code, and the room.
pub fn build_introduce1(rust: bool, plan: &Introduce1<'_>) -> (isize, [u8; ROOM]) {
    let mut cell = [0xa6; ROOM];
    let pow = plan
        .pow
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: keys, bytes with their length, a solution or null, and room.
    let len = unsafe {
        ctor_build_introduce1(
            rust.into(),
            keys(),
            &plan.enc_pk,
            plan.rend_cookie.as_ptr(),
            &plan.onion_pk,
            plan.specifiers.as_ptr(),
            plan.specifiers.len(),
            plan.congestion_control.into(),
            pow,
            cell.as_mut_ptr(),
        )
    };
    (len, cell)
}

/// A service builds an ESTABLISH_INTRO: the return code, and the room. `defences`
/// are whether the operator wants them and whether the relay has them; `limits` are
/// rate and burst.
pub fn build_establish_intro(
    rust: bool,
    nonce: &[u8; 20],
    defences: [bool; 2],
    limits: [u32; 2],
) -> (isize, [u8; ROOM]) {
    let mut cell = [0xa6; ROOM];
    let [enabled, supported] = defences.map(c_int::from);
    let [rate, burst] = limits;
    // SAFETY: keys, a nonce of 20 bytes, and room.
    let len = unsafe {
        ctor_build_establish_intro(
            rust.into(),
            keys(),
            nonce.as_ptr().cast(),
            enabled,
            supported,
            rate,
            burst,
            cell.as_mut_ptr(),
        )
    };
    (len, cell)
}

/// A relay reads a message.
pub fn read(rust: bool, what: ForRelays, payload: &[u8]) -> Box<Read> {
    let read = match what {
        ForRelays::EstablishIntro => ctor_read_establish_intro,
        ForRelays::DosExtension => ctor_read_dos,
        ForRelays::Introduce1 => ctor_read_introduce1,
    };
    let mut out = Box::<Read>::new_uninit();
    // SAFETY: bytes with their length; C fills all of the answer.
    unsafe {
        read(
            rust.into(),
            payload.as_ptr(),
            payload.len(),
            out.as_mut_ptr(),
        );
        out.assume_init()
    }
}
