//! Component `link`: C's side of the link handshake.
//!
//! Glue (`c-glue/link.c`) says what a link has come to, and does what is to be
//! done. C keeps that in bits of its own, which its unit tests set as they like;
//! here they become a state that the protocol has. What is to be done, and what only C
//! can say, goes through functions that glue gives with each call: in tor's testing
//! build they lead to what is mocked there.

use core::ffi::{c_char, c_int, CStr};
use core::net::IpAddr;
use std::ffi::CString;

use ::link::action::{Action, Attempt, Counter, Outgoing};
use ::link::authenticate::{Authenticator, PeerKeys, RANDOM_LEN};
use ::link::certs::{CertType, Proven};
use ::link::line::{self, Domain, Line, Severity};
use ::link::netinfo::RelayAddresses;
use ::link::{
    auth_challenge, authenticate, certs, command, netinfo, versions, Event, Facts, Initiator, Link,
    LinkProtocol, Responder, Role, State, Surroundings, VarCell,
};
use wire::format::Error;
use wire::CELL_BODY_LEN;

use crate::host::{
    self, tor_addr_t, TORRS_LD_CHANNEL, TORRS_LD_HANDSHAKE, TORRS_LD_OR, TORRS_LD_PROTOCOL,
    TORRS_LOG_DEBUG, TORRS_LOG_INFO, TORRS_LOG_WARN,
};

/// A connection in a link handshake, as C knows it.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_link_t {
    /// What C does.
    pub calls: *const torrs_link_calls_t,
    /// One of `TORRS_LINK_`: what the connection is doing.
    pub phase: c_int,
    /// The link protocol, or 0.
    pub link_proto: u16,
    /// Whether we opened the connection.
    pub started_here: bool,
    /// Whether a CERTS cell has come.
    pub received_certs: bool,
    /// Whether an AUTH_CHALLENGE cell has come.
    pub received_auth_challenge: bool,
    /// Whether an AUTHENTICATE cell has come.
    pub received_authenticate: bool,
    /// Whether the peer is known.
    pub authenticated: bool,
    /// Whether we are a public relay.
    pub public_relay: bool,
}

/// Before the first cell, of a connection that has TLS.
pub const TORRS_LINK_SILENT: c_int = 0;
/// In the handshake.
pub const TORRS_LINK_HANDSHAKING: c_int = 1;
/// After it.
pub const TORRS_LINK_OPEN: c_int = 2;
/// Anything else.
pub const TORRS_LINK_ELSEWHERE: c_int = 3;

/// What C does for a link handshake.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_link_calls_t {
    /// Does something. Returns 0, or -1 if that failed.
    pub act: unsafe extern "C" fn(
        link: *const torrs_link_t,
        action: *const torrs_link_action_t,
    ) -> c_int,
    /// Keeps a certificate of a CERTS cell, of the type with that number, until all
    /// are to be kept. Returns 0, or -1 if it cannot be decoded.
    pub decode_certificate: unsafe extern "C" fn(
        link: *const torrs_link_t,
        cert_type: u8,
        certificate: *const u8,
        len: usize,
    ) -> c_int,
    /// What an AUTHENTICATE cell has to say: `*len` bytes that live until this is asked
    /// again; null if that cannot be told.
    pub expected_authenticator: unsafe extern "C" fn(
        link: *const torrs_link_t,
        auth_type: u16,
        len: *mut usize,
    ) -> *const u8,
    /// Says what the peer's CERTS cell had.
    pub peer_keys: unsafe extern "C" fn(link: *const torrs_link_t, keys: *mut torrs_peer_keys_t),
    /// Says what time it is, and where we are.
    pub surroundings:
        unsafe extern "C" fn(link: *const torrs_link_t, around: *mut torrs_surroundings_t),
    /// One of `TORRS_NAME_`, in words.
    pub name: unsafe extern "C" fn(link: *const torrs_link_t, what: c_int) -> *const c_char,
}

/// What a peer's CERTS cell had.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_peer_keys_t {
    /// Whether it had an RSA identity certificate.
    pub has_rsa_id: bool,
    /// Whether it had an Ed25519 signing key's certificate.
    pub has_ed_id: bool,
    /// The Ed25519 key to authenticate with, or null.
    pub auth_key: *const u8,
}

/// Times and addresses around a link.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_surroundings_t {
    /// Seconds since 1970.
    pub now: i64,
    /// When we sent our VERSIONS cell, in seconds since 1970.
    pub sent_versions_at: i64,
    /// Whether we have sent our NETINFO cell.
    pub sent_netinfo: bool,
    /// Whether we are a bridge.
    pub bridge: bool,
    /// Our addresses if we are a relay, else null.
    pub ipv4: *const tor_addr_t,
    /// Null as the other one.
    pub ipv6: *const tor_addr_t,
    /// The peer's address.
    pub peer: *const tor_addr_t,
}

/// What the connection is called.
pub const TORRS_NAME_CONNECTION: c_int = 0;
/// What it is doing.
pub const TORRS_NAME_CONNECTION_STATE: c_int = 1;
/// What it is doing, as a number.
pub const TORRS_NAME_CONNECTION_STATE_NUMBER: c_int = 2;
/// What its channel is doing.
pub const TORRS_NAME_CHANNEL_STATE: c_int = 3;
/// What its channel is doing, as a number.
pub const TORRS_NAME_CHANNEL_STATE_NUMBER: c_int = 4;

/// Something that C is to do.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_link_action_t {
    /// One of `TORRS_DO_`.
    pub kind: c_int,
    /// What it says of this kind.
    pub number: i64,
    /// The lowest timeout for padding, in milliseconds.
    pub low: u16,
    /// The highest one.
    pub high: u16,
    /// An address.
    pub addr: tor_addr_t,
}

/// Close the link.
pub const TORRS_DO_CLOSE: c_int = 0;
/// Begin the handshake. May fail.
pub const TORRS_DO_BEGIN: c_int = 1;
/// Record the cell.
pub const TORRS_DO_RECORD: c_int = 2;
/// Note that the network is there.
pub const TORRS_DO_NOTE_INTERNET: c_int = 3;
/// The same, and count a cell for padding.
pub const TORRS_DO_NOTE_CELL: c_int = 4;
/// Count a cell: the number is its command.
pub const TORRS_DO_COUNT: c_int = 5;
/// The number is the link protocol.
pub const TORRS_DO_NEGOTIATED: c_int = 6;
/// The number is the link protocol whose layout cells have.
pub const TORRS_DO_USE_LAYOUT: c_int = 7;
/// Send a VERSIONS cell. May fail.
pub const TORRS_DO_SEND_VERSIONS: c_int = 8;
/// Send a CERTS cell. May fail.
pub const TORRS_DO_SEND_CERTS: c_int = 9;
/// Send an AUTH_CHALLENGE cell. May fail.
pub const TORRS_DO_SEND_AUTH_CHALLENGE: c_int = 10;
/// Send an AUTHENTICATE cell: the number is its type. May fail.
pub const TORRS_DO_SEND_AUTHENTICATE: c_int = 11;
/// Send a NETINFO cell. May fail.
pub const TORRS_DO_SEND_NETINFO: c_int = 12;
/// Keep the certificates that were decoded.
pub const TORRS_DO_KEEP_CERTIFICATES: c_int = 13;
/// Judge them, and call [`torrs_link_certificates_checked`].
pub const TORRS_DO_CHECK_CERTIFICATES: c_int = 14;
/// Take the identities that were proven. May fail.
pub const TORRS_DO_TAKE_IDENTITY: c_int = 15;
/// Compare them with what was wanted. May fail.
pub const TORRS_DO_LEARN_PEER: c_int = 16;
/// A CERTS cell has come.
pub const TORRS_DO_RECEIVED_CERTS: c_int = 17;
/// An AUTH_CHALLENGE cell has come.
pub const TORRS_DO_RECEIVED_AUTH_CHALLENGE: c_int = 18;
/// The peer has authenticated.
pub const TORRS_DO_AUTHENTICATED: c_int = 19;
/// The peer is a client.
pub const TORRS_DO_MARK_CLIENT: c_int = 20;
/// The peer knows us by our address.
pub const TORRS_DO_CANONICAL_TO_PEER: c_int = 21;
/// The peer sees us at `addr`.
pub const TORRS_DO_ADDRESS_ACCORDING_TO_PEER: c_int = 22;
/// The peer is where it says that it is.
pub const TORRS_DO_CANONICAL: c_int = 23;
/// Log it if the link is canonical for us, but not for the peer.
pub const TORRS_DO_REPORT_ONE_SIDED: c_int = 24;
/// The peer's clock is that many seconds behind.
pub const TORRS_DO_CLOCK_SKEW: c_int = 25;
/// `addr` may be our address.
pub const TORRS_DO_SUGGEST_ADDRESS: c_int = 26;
/// Open the link. May fail.
pub const TORRS_DO_OPEN: c_int = 27;
/// Pad the link, or do not: the number is what PADDING_NEGOTIATE says.
pub const TORRS_DO_PAD: c_int = 28;

impl torrs_link_action_t {
    fn new(kind: c_int) -> Self {
        torrs_link_action_t {
            kind,
            number: 0,
            low: 0,
            high: 0,
            addr: tor_addr_t::UNSPECIFIED,
        }
    }

    fn number(kind: c_int, number: impl Into<i64>) -> Self {
        torrs_link_action_t {
            number: number.into(),
            ..Self::new(kind)
        }
    }

    fn addr(kind: c_int, addr: IpAddr) -> Self {
        torrs_link_action_t {
            addr: host::get().addr_from_ip(addr),
            ..Self::new(kind)
        }
    }

    /// C's form of an action. Nothing of a line for the log: those are written here.
    fn of(action: &Action) -> Option<Self> {
        Some(match action {
            Action::Log(_) => return None,
            Action::Close => Self::new(TORRS_DO_CLOSE),
            Action::Attempt(attempt, _) => Self::attempt(attempt),
            Action::Record => Self::new(TORRS_DO_RECORD),
            Action::NoteInternet => Self::new(TORRS_DO_NOTE_INTERNET),
            Action::NoteCell => Self::new(TORRS_DO_NOTE_CELL),
            Action::Count(counter) => Self::number(
                TORRS_DO_COUNT,
                match counter {
                    Counter::Versions => command::VERSIONS,
                    Counter::Netinfo => command::NETINFO,
                    Counter::Vpadding => command::VPADDING,
                    Counter::Certs => command::CERTS,
                    Counter::AuthChallenge => command::AUTH_CHALLENGE,
                    Counter::Authenticate => command::AUTHENTICATE,
                    Counter::Authorize => command::AUTHORIZE,
                },
            ),
            Action::Negotiated(protocol) => Self::number(TORRS_DO_NEGOTIATED, protocol.number()),
            Action::UseLayout(protocol) => Self::number(TORRS_DO_USE_LAYOUT, protocol.number()),
            Action::KeepCertificates => Self::new(TORRS_DO_KEEP_CERTIFICATES),
            Action::CheckCertificates => Self::new(TORRS_DO_CHECK_CERTIFICATES),
            Action::ReceivedCerts => Self::new(TORRS_DO_RECEIVED_CERTS),
            Action::ReceivedAuthChallenge => Self::new(TORRS_DO_RECEIVED_AUTH_CHALLENGE),
            Action::Authenticated => Self::new(TORRS_DO_AUTHENTICATED),
            Action::MarkClient => Self::new(TORRS_DO_MARK_CLIENT),
            Action::CanonicalToPeer => Self::new(TORRS_DO_CANONICAL_TO_PEER),
            Action::AddressAccordingToPeer(addr) => {
                Self::addr(TORRS_DO_ADDRESS_ACCORDING_TO_PEER, *addr)
            }
            Action::Canonical => Self::new(TORRS_DO_CANONICAL),
            Action::ReportOneSided(addr) => Self::addr(TORRS_DO_REPORT_ONE_SIDED, *addr),
            Action::ClockSkew(seconds) => Self::number(TORRS_DO_CLOCK_SKEW, *seconds),
            Action::SuggestAddress(addr) => Self::addr(TORRS_DO_SUGGEST_ADDRESS, *addr),
            Action::Pad(padding) => torrs_link_action_t {
                low: padding.ito_low_ms,
                high: padding.ito_high_ms,
                ..Self::number(TORRS_DO_PAD, padding.command)
            },
        })
    }

    fn attempt(attempt: &Attempt) -> Self {
        match *attempt {
            Attempt::Begin => Self::new(TORRS_DO_BEGIN),
            Attempt::Send(Outgoing::Versions) => Self::new(TORRS_DO_SEND_VERSIONS),
            Attempt::Send(Outgoing::Certs) => Self::new(TORRS_DO_SEND_CERTS),
            Attempt::Send(Outgoing::AuthChallenge) => Self::new(TORRS_DO_SEND_AUTH_CHALLENGE),
            Attempt::Send(Outgoing::Authenticate(auth_type)) => {
                Self::number(TORRS_DO_SEND_AUTHENTICATE, auth_type)
            }
            Attempt::Send(Outgoing::Netinfo) => Self::new(TORRS_DO_SEND_NETINFO),
            Attempt::TakeIdentity => Self::new(TORRS_DO_TAKE_IDENTITY),
            Attempt::LearnPeer => Self::new(TORRS_DO_LEARN_PEER),
            Attempt::Open(addr) => Self::addr(TORRS_DO_OPEN, addr),
        }
    }
}

/// A link for as long as an export lasts.
struct Connection {
    link: *const torrs_link_t,
}

impl Connection {
    /// # Safety
    /// `link` is valid while this lives, with functions that may be called with it.
    unsafe fn new(link: *const torrs_link_t) -> Self {
        Connection { link }
    }

    fn snapshot(&self) -> &torrs_link_t {
        // SAFETY: `new`'s contract. What C changes meanwhile is not in it.
        unsafe { &*self.link }
    }

    fn calls(&self) -> &torrs_link_calls_t {
        // SAFETY: `new`'s contract.
        unsafe { &*self.snapshot().calls }
    }

    fn role(&self) -> Role {
        match self.snapshot().started_here {
            true => Role::Initiator,
            false => Role::Responder,
        }
    }

    /// What the link has come to, as the cell with this command is judged.
    ///
    /// C keeps several bits that say the same; its unit tests set one without the
    /// other, so that those count which C looks at for this cell.
    fn state(&self, command: u8) -> State {
        let link = self.snapshot();
        let negotiated = LinkProtocol::from_number(link.link_proto).is_some();
        match link.phase {
            TORRS_LINK_SILENT => State::Silent(self.role()),
            TORRS_LINK_OPEN => State::Open,
            TORRS_LINK_HANDSHAKING if !negotiated => State::begun(self.role()),
            TORRS_LINK_HANDSHAKING => match self.role() {
                Role::Initiator => State::Initiator(self.initiator(command)),
                Role::Responder => State::Responder(self.responder(command)),
            },
            _ => State::Elsewhere,
        }
    }

    fn initiator(&self, command: u8) -> Initiator {
        let link = self.snapshot();
        let certified = match command {
            command::NETINFO => link.authenticated,
            _ => link.received_certs,
        };
        match (certified, link.received_auth_challenge) {
            (false, true) if command == command::AUTH_CHALLENGE => Initiator::AwaitsNetinfo,
            (false, _) => Initiator::AwaitsCerts,
            (true, false) => Initiator::AwaitsAuthChallenge,
            (true, true) => Initiator::AwaitsNetinfo,
        }
    }

    fn responder(&self, command: u8) -> Responder {
        let link = self.snapshot();
        let authenticated = match command {
            command::NETINFO => link.authenticated,
            command::CERTS => false,
            _ => link.received_authenticate,
        };
        match (authenticated, link.received_certs) {
            (true, _) => Responder::AwaitsNetinfo,
            (false, true) => Responder::AwaitsAuthenticate,
            (false, false) => Responder::AwaitsCerts,
        }
    }

    /// The link, as a cell with this command is judged.
    fn link(&self, command: u8) -> Link {
        let link = self.snapshot();
        let proof = match command {
            command::CERTS => link.received_certs,
            _ => link.received_authenticate,
        };
        Link {
            state: self.state(command),
            link_protocol: link.link_proto,
            known_without_proof: link.authenticated && !proof,
            public_relay: link.public_relay,
        }
    }

    /// Answers an event that has to do with cells of this command.
    fn handle(&mut self, command: u8, event: Event<'_>) {
        let actions = self.link(command).handle(event, self);
        self.act_on(&actions);
    }

    /// Answers a variable-length cell as if it were in its place.
    fn process(&mut self, cell: &VarCell<'_>) {
        let link = self.link(cell.command);
        let actions = match cell.command {
            command::CERTS => link.certs(cell, self),
            command::AUTH_CHALLENGE => link.auth_challenge(cell),
            command::AUTHENTICATE => link.authenticate(cell, self),
            _ => Vec::new(),
        };
        self.act_on(&actions);
    }

    /// Does what is to be done, in order, until something fails.
    fn act_on(&self, actions: &[Action]) {
        for action in actions {
            #[cfg(feature = "fault")]
            if *action == Action::Close && crate::fault::accept() {
                continue;
            }
            if let Action::Log(line) = action {
                self.log(line);
            }
            let Some(for_c) = torrs_link_action_t::of(action) else {
                continue;
            };
            let failed = self.act(&for_c) < 0;
            if *action == Action::Close {
                return;
            }
            if let (Action::Attempt(_, line), true) = (action, failed) {
                if let Some(line) = line {
                    self.log(line);
                }
                self.close();
                return;
            }
        }
    }

    fn act(&self, action: &torrs_link_action_t) -> c_int {
        // SAFETY: `new`'s contract.
        unsafe { (self.calls().act)(self.link, action) }
    }

    fn close(&self) {
        self.act(&torrs_link_action_t::new(TORRS_DO_CLOSE));
    }

    fn log(&self, line: &Line) {
        let domain = match line.domain {
            Domain::Channel => TORRS_LD_CHANNEL,
            Domain::Handshake => TORRS_LD_HANDSHAKE,
            Domain::Or => TORRS_LD_OR,
            Domain::Protocol => TORRS_LD_PROTOCOL,
        };
        let function = CString::new(line.function).unwrap_or_default();
        let text = line.text(|what| self.name(what));
        #[cfg(feature = "fault")]
        let text = match crate::fault::wrong_words() {
            true => text + "!",
            false => text,
        };
        let host = host::get();
        match line.severity {
            Severity::Debug => host.log(TORRS_LOG_DEBUG, domain, &function, &text),
            Severity::Info => host.log(TORRS_LOG_INFO, domain, &function, &text),
            Severity::Warn => host.log(TORRS_LOG_WARN, domain, &function, &text),
            Severity::Protocol => host.log_protocol_warn(domain, &function, &text),
        }
    }

    /// What C calls something.
    fn name(&self, what: &str) -> String {
        let what = match what {
            line::CONNECTION_STATE => TORRS_NAME_CONNECTION_STATE,
            line::CONNECTION_STATE_NUMBER => TORRS_NAME_CONNECTION_STATE_NUMBER,
            line::CHANNEL_STATE => TORRS_NAME_CHANNEL_STATE,
            line::CHANNEL_STATE_NUMBER => TORRS_NAME_CHANNEL_STATE_NUMBER,
            _ => TORRS_NAME_CONNECTION,
        };
        // SAFETY: `new`'s contract; the name lives until C is asked for the next one.
        unsafe { CStr::from_ptr((self.calls().name)(self.link, what)) }
            .to_string_lossy()
            .into_owned()
    }
}

impl Facts for Connection {
    fn decode_certificate(&mut self, cert_type: CertType, certificate: &[u8]) -> bool {
        let (bytes, len) = (certificate.as_ptr(), certificate.len());
        // SAFETY: `new`'s contract; the bytes are only read.
        unsafe { (self.calls().decode_certificate)(self.link, cert_type as u8, bytes, len) == 0 }
    }

    fn log(&mut self, line: &Line) {
        Connection::log(self, line);
    }

    fn expected_authenticator(&mut self, auth_type: u16) -> Option<&[u8]> {
        let mut len = 0;
        // SAFETY: `new`'s contract, and a place for the length.
        unsafe {
            let bytes = (self.calls().expected_authenticator)(self.link, auth_type, &mut len);
            // They live until this is asked again, and then nobody has them any more.
            (!bytes.is_null()).then(|| core::slice::from_raw_parts(bytes, len))
        }
    }

    fn peer_keys(&self) -> PeerKeys<'_> {
        let mut keys = torrs_peer_keys_t {
            has_rsa_id: false,
            has_ed_id: false,
            auth_key: core::ptr::null(),
        };
        // SAFETY: `new`'s contract, and a place for the answer. The key has its
        // length, and C keeps it until it does something that is asked of it.
        unsafe {
            (self.calls().peer_keys)(self.link, &mut keys);
            PeerKeys {
                has_rsa_id: keys.has_rsa_id,
                has_ed_id: keys.has_ed_id,
                auth_key: keys.auth_key.cast::<[u8; 32]>().as_ref(),
            }
        }
    }

    fn surroundings(&self) -> Surroundings {
        let mut around = torrs_surroundings_t {
            now: 0,
            sent_versions_at: 0,
            sent_netinfo: false,
            bridge: false,
            ipv4: core::ptr::null(),
            ipv6: core::ptr::null(),
            peer: core::ptr::null(),
        };
        // SAFETY: `new`'s contract, and a place for the answer.
        unsafe { (self.calls().surroundings)(self.link, &mut around) };
        let ip = |addr: *const tor_addr_t| {
            // SAFETY: null, or an address that C keeps meanwhile.
            unsafe { addr.as_ref() }.and_then(|addr| host::get().addr_to_ip(addr))
        };
        let relay = || RelayAddresses {
            ipv4: match ip(around.ipv4) {
                Some(IpAddr::V4(ip)) => Some(ip),
                _ => None,
            },
            ipv6: match ip(around.ipv6) {
                Some(IpAddr::V6(ip)) => Some(ip),
                _ => None,
            },
        };
        Surroundings {
            now: around.now,
            sent_versions_at: around.sent_versions_at,
            sent_netinfo: around.sent_netinfo,
            bridge: around.bridge,
            relay: (!around.ipv4.is_null()).then(relay),
            peer: ip(around.peer),
        }
    }
}

/// A body of C's. Null will do for none.
///
/// # Safety
/// `body` is null or has `len` bytes, which nobody writes meanwhile.
unsafe fn bytes<'a>(body: *const u8, len: usize) -> &'a [u8] {
    match body.is_null() || len == 0 {
        true => &[],
        // SAFETY: this function's contract.
        false => unsafe { core::slice::from_raw_parts(body, len) },
    }
}

/// Gives up a link in whose handling something panicked.
///
/// # Safety
/// As for [`torrs_link_cell`].
unsafe fn give_up(link: *const torrs_link_t) {
    // SAFETY: this function's contract.
    unsafe { Connection::new(link) }.close();
}

/// A fixed-length cell has come, of `CELL_PAYLOAD_SIZE` bytes: on a link that is
/// not open, or one that is of the handshake.
///
/// # Safety
/// `link` is valid, with functions that may be called with it; `body` has its bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_cell(link: *const torrs_link_t, command: u8, body: *const u8) {
    // SAFETY: this function's contract.
    export!(torrs_link_cell, on panic => unsafe { give_up(link) }, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_link_cell");
        // SAFETY: this function's contract.
        let (mut connection, body) =
            unsafe { (Connection::new(link), bytes(body, CELL_BODY_LEN)) };
        connection.handle(command, Event::Cell { command, body });
    })
}

/// A variable-length cell has come.
///
/// # Safety
/// `link` is valid, with functions that may be called with it; `body` has `len` bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_var_cell(
    link: *const torrs_link_t,
    command: u8,
    circ_id: u32,
    body: *const u8,
    len: usize,
) {
    // SAFETY: this function's contract.
    export!(torrs_link_var_cell, on panic => unsafe { give_up(link) }, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_link_var_cell");
        // SAFETY: this function's contract.
        let (mut connection, body) = unsafe { (Connection::new(link), bytes(body, len)) };
        let cell = VarCell { command, circ_id, body };
        connection.handle(command, Event::VarCell(cell));
    })
}

/// A CERTS, AUTH_CHALLENGE or AUTHENTICATE cell is to be answered, and nothing else to be
/// done about it. Only C's unit tests come this way.
///
/// # Safety
/// As for [`torrs_link_var_cell`].
#[no_mangle]
pub unsafe extern "C" fn torrs_link_process(
    link: *const torrs_link_t,
    command: u8,
    circ_id: u32,
    body: *const u8,
    len: usize,
) {
    // SAFETY: this function's contract.
    export!(torrs_link_process, on panic => unsafe { give_up(link) }, {
        // SAFETY: this function's contract.
        let (mut connection, body) = unsafe { (Connection::new(link), bytes(body, len)) };
        connection.process(&VarCell { command, circ_id, body });
    })
}

/// The certificates of a CERTS cell have been judged.
///
/// # Safety
/// `link` is valid, with functions that may be called with it.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_certificates_checked(
    link: *const torrs_link_t,
    rsa: bool,
    ed25519: bool,
) {
    // SAFETY: this function's contract.
    export!(torrs_link_certificates_checked, on panic => unsafe { give_up(link) }, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_link_certificates_checked");
        let proven = match (rsa, ed25519) {
            (false, _) => Proven::Nothing,
            (true, false) => Proven::Rsa,
            (true, true) => Proven::RsaAndEd25519,
        };
        // SAFETY: this function's contract.
        let mut connection = unsafe { Connection::new(link) };
        connection.handle(command::CERTS, Event::CertificatesChecked(proven));
    })
}

/// Whether we speak the link protocol with that number.
#[no_mangle]
pub extern "C" fn is_or_protocol_version_known(v: u16) -> c_int {
    export!(is_or_protocol_version_known, on panic => 0, {
        LinkProtocol::from_number(v).is_some().into()
    })
}

/// Whether AUTHENTICATE cells of this type are ever sent or taken.
#[no_mangle]
pub extern "C" fn torrs_auth_type_is_supported(auth_type: u16) -> c_int {
    export!(torrs_auth_type_is_supported, on panic => 0, {
        authenticate::is_supported(auth_type).into()
    })
}

/// Whether the type `a` is one that we would rather use than `b`.
#[no_mangle]
pub extern "C" fn torrs_auth_type_is_better(a: u16, b: u16) -> c_int {
    export!(torrs_auth_type_is_better, on panic => 0, authenticate::is_better(a, b).into())
}

/// Length of the body of our VERSIONS cells, in bytes.
pub const TORRS_VERSIONS_LEN: usize = 6;
/// Length of the body of our AUTH_CHALLENGE cells, in bytes.
pub const TORRS_AUTH_CHALLENGE_LEN: usize = 36;
/// Length of what an authenticator's signature covers, in bytes.
pub const TORRS_AUTH_SIGNED_LEN: usize = 288;
const _: () = {
    assert!(TORRS_VERSIONS_LEN == versions::LEN);
    assert!(TORRS_AUTH_CHALLENGE_LEN == auth_challenge::LEN);
    assert!(TORRS_AUTH_SIGNED_LEN == authenticate::SIGNED_LEN);
};

/// Makes the `TORRS_VERSIONS_LEN` bytes at `out` the body of a VERSIONS cell. Returns 0;
/// -1 after a panic.
///
/// # Safety
/// `out` is valid for writing them.
#[no_mangle]
pub unsafe extern "C" fn torrs_versions_encode(out: *mut u8) -> c_int {
    export!(torrs_versions_encode, on panic => -1, {
        // SAFETY: this function's contract.
        unsafe { out.cast::<[u8; versions::LEN]>().write(versions::encode()) };
        0
    })
}

/// A certificate for a CERTS cell.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_certificate_t {
    /// The number of its type.
    pub cert_type: u8,
    /// The certificate.
    pub body: *const u8,
    /// Its length, in bytes.
    pub len: usize,
}

/// Writes the body of a CERTS cell to the `avail` bytes at `out`. Returns its length;
/// -1 if there is too little space.
///
/// # Safety
/// `out` is valid for writing `avail` bytes, `certificates` has `n` of them, and each
/// its bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_certs_encode(
    out: *mut u8,
    avail: usize,
    certificates: *const torrs_certificate_t,
    n: usize,
) -> isize {
    export!(torrs_certs_encode, on panic => -1, {
        // SAFETY: this function's contract.
        let certificates: Vec<_> = unsafe { core::slice::from_raw_parts(certificates, n) }
            .iter()
            // SAFETY: the same.
            .map(|one| (one.cert_type, unsafe { bytes(one.body, one.len) }))
            .collect();
        // SAFETY: this function's contract.
        length(certs::encode(&certificates, unsafe { space(out, avail) }))
    })
}

/// Writes the body of an AUTH_CHALLENGE cell, of `TORRS_AUTH_CHALLENGE_LEN` bytes, to
/// the `avail` bytes at `out`. Returns its length; -1 if there is too little space.
///
/// # Safety
/// `out` is valid for writing `avail` bytes, `challenge` has 32.
#[no_mangle]
pub unsafe extern "C" fn torrs_auth_challenge_encode(
    out: *mut u8,
    avail: usize,
    challenge: *const u8,
) -> isize {
    export!(torrs_auth_challenge_encode, on panic => -1, {
        // SAFETY: this function's contract.
        let (challenge, out) = unsafe { (&*challenge.cast(), space(out, avail)) };
        length(auth_challenge::encode(challenge, out))
    })
}

/// What an authenticator proves to have seen; see tor-spec, "AUTHENTICATE cells".
#[repr(C)]
#[derive(Debug)]
pub struct torrs_authenticator_t {
    /// CID, 32 bytes.
    pub cid: *const u8,
    /// SID, 32 bytes.
    pub sid: *const u8,
    /// CID_ED, 32 bytes.
    pub cid_ed: *const u8,
    /// SID_ED, 32 bytes.
    pub sid_ed: *const u8,
    /// SLOG.
    pub slog: [u8; 32],
    /// CLOG.
    pub clog: [u8; 32],
    /// SCERT.
    pub scert: [u8; 32],
    /// TLSSECRETS.
    pub tlssecrets: [u8; 32],
    /// RAND.
    pub rand: [u8; 24],
}

/// Writes what of an authenticator is signed, `TORRS_AUTH_SIGNED_LEN` bytes, to the
/// `avail` bytes at `out`. Returns its length; -1 if there is too little space.
///
/// # Safety
/// `out` is valid for writing `avail` bytes; `auth` is valid, and its pointers are.
#[no_mangle]
pub unsafe extern "C" fn torrs_authenticator_encode(
    out: *mut u8,
    avail: usize,
    auth: *const torrs_authenticator_t,
) -> isize {
    const { assert!(RANDOM_LEN == 24) };
    export!(torrs_authenticator_encode, on panic => -1, {
        // SAFETY: this function's contract.
        let (auth, out) = unsafe { (&*auth, space(out, avail)) };
        // SAFETY: the same.
        let key = |bytes: *const u8| unsafe { &*bytes.cast::<[u8; 32]>() };
        let authenticator = Authenticator {
            cid: key(auth.cid),
            sid: key(auth.sid),
            cid_ed: key(auth.cid_ed),
            sid_ed: key(auth.sid_ed),
            slog: &auth.slog,
            clog: &auth.clog,
            scert: &auth.scert,
            tlssecrets: &auth.tlssecrets,
            rand: &auth.rand,
        };
        length(authenticator.encode(out))
    })
}

/// An address is none of IP.
pub const TORRS_NO_IP_ADDRESS: isize = -2;

/// Writes the body of a NETINFO cell to the `avail` bytes at `out`. Returns its
/// length; -1 if there is too little space, `TORRS_NO_IP_ADDRESS` if an address is none
/// of IP.
///
/// # Safety
/// `out` is valid for writing `avail` bytes, the addresses are valid; there are `n` of
/// ours.
#[no_mangle]
pub unsafe extern "C" fn torrs_netinfo_encode(
    out: *mut u8,
    avail: usize,
    timestamp: u32,
    peer: *const tor_addr_t,
    ours: *const *const tor_addr_t,
    n: usize,
) -> isize {
    export!(torrs_netinfo_encode, on panic => -1, {
        // SAFETY: this function's contract.
        let ip = |addr: *const tor_addr_t| host::get().addr_to_ip(unsafe { &*addr });
        let ours = match n {
            0 => &[],
            // SAFETY: this function's contract.
            n => unsafe { core::slice::from_raw_parts(ours, n) },
        };
        let ours: Option<Vec<_>> = ours.iter().map(|addr| ip(*addr)).collect();
        let (Some(peer), Some(ours)) = (ip(peer), ours) else {
            return TORRS_NO_IP_ADDRESS;
        };
        // SAFETY: this function's contract.
        length(netinfo::encode(timestamp, peer, &ours, unsafe { space(out, avail) }))
    })
}

/// Space of C's.
///
/// # Safety
/// `out` is valid for writing `avail` bytes, and nobody else uses them meanwhile.
unsafe fn space<'a>(out: *mut u8, avail: usize) -> &'a mut [u8] {
    match avail {
        0 => &mut [],
        // SAFETY: this function's contract.
        _ => unsafe { core::slice::from_raw_parts_mut(out, avail) },
    }
}

fn length(encoded: Result<usize, Error>) -> isize {
    encoded.map_or(-1, |len| len as isize)
}
