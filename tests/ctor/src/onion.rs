//! C Tor's own circuit handshakes, under C's names: onion_fast.h, onion_ntor.h,
//! onion_ntor_v3.h and hs_ntor.h; and the curve and the map that they use.
//!
//! The states and keys are the same bytes on both sides, which the glue checks;
//! so the types are those of the boundary. What is declared here is called as
//! what has the same name there.

use std::ffi::{c_char, c_int, c_void};

use ffi::host::di_digest256_map_t;
use ffi::onion::{
    curve25519_keypair_t, curve25519_public_key_t, ed25519_public_key_t, fast_handshake_state_t,
    hs_ntor_intro_cell_keys_t, hs_ntor_rend_cell_keys_t, hs_subcredential_t,
    ntor3_handshake_state_t, ntor3_server_handshake_state_t, ntor_handshake_state_t,
};

renamed! {
    fn fast_handshake_state_free_(victim: *mut fast_handshake_state_t);
    fn fast_onionskin_create(
        handshake_state_out: *mut *mut fast_handshake_state_t,
        handshake_out: *mut u8,
    ) -> c_int;
    fn fast_server_handshake(
        message_in: *const u8,
        handshake_reply_out: *mut u8,
        key_out: *mut u8,
        key_out_len: usize,
    ) -> c_int;
    fn fast_client_handshake(
        handshake_state: *const fast_handshake_state_t,
        handshake_reply_out: *const u8,
        key_out: *mut u8,
        key_out_len: usize,
        msg_out: *mut *const c_char,
    ) -> c_int;

    fn ntor_handshake_state_free_(state: *mut ntor_handshake_state_t);
    fn onion_skin_ntor_create(
        router_id: *const u8,
        router_key: *const curve25519_public_key_t,
        handshake_state_out: *mut *mut ntor_handshake_state_t,
        onion_skin_out: *mut u8,
    ) -> c_int;
    fn onion_skin_ntor_server_handshake(
        onion_skin: *const u8,
        private_keys: *const di_digest256_map_t,
        junk_keys: *const curve25519_keypair_t,
        my_node_id: *const u8,
        handshake_reply_out: *mut u8,
        key_out: *mut u8,
        key_out_len: usize,
    ) -> c_int;
    fn onion_skin_ntor_client_handshake(
        handshake_state: *const ntor_handshake_state_t,
        handshake_reply: *const u8,
        key_out: *mut u8,
        key_out_len: usize,
        msg_out: *mut *const c_char,
    ) -> c_int;

    fn ntor3_handshake_state_free_(st: *mut ntor3_handshake_state_t);
    fn ntor3_server_handshake_state_free_(st: *mut ntor3_server_handshake_state_t);
    fn onion_skin_ntor3_create(
        relay_id: *const ed25519_public_key_t,
        relay_key: *const curve25519_public_key_t,
        verification: *const u8,
        verification_len: usize,
        message: *const u8,
        message_len: usize,
        handshake_state_out: *mut *mut ntor3_handshake_state_t,
        onion_skin_out: *mut *mut u8,
        onion_skin_len_out: *mut usize,
    ) -> c_int;
    fn onion_ntor3_client_handshake(
        handshake_state: *const ntor3_handshake_state_t,
        handshake_reply: *const u8,
        reply_len: usize,
        verification: *const u8,
        verification_len: usize,
        keys_out: *mut u8,
        keys_out_len: usize,
        message_out: *mut *mut u8,
        message_len_out: *mut usize,
    ) -> c_int;
    fn onion_skin_ntor3_server_handshake_part1(
        private_keys: *const di_digest256_map_t,
        junk_key: *const curve25519_keypair_t,
        my_id: *const ed25519_public_key_t,
        client_handshake: *const u8,
        client_handshake_len: usize,
        verification: *const u8,
        verification_len: usize,
        client_message_out: *mut *mut u8,
        client_message_len_out: *mut usize,
        state_out: *mut *mut ntor3_server_handshake_state_t,
    ) -> c_int;
    fn onion_skin_ntor3_server_handshake_part2(
        state: *const ntor3_server_handshake_state_t,
        verification: *const u8,
        verification_len: usize,
        server_message: *const u8,
        server_message_len: usize,
        handshake_out: *mut *mut u8,
        handshake_len_out: *mut usize,
        keys_out: *mut u8,
        keys_out_len: usize,
    ) -> c_int;

    fn hs_ntor_client_get_introduce1_keys(
        intro_auth_pubkey: *const ed25519_public_key_t,
        intro_enc_pubkey: *const curve25519_public_key_t,
        client_ephemeral_enc_keypair: *const curve25519_keypair_t,
        subcredential: *const hs_subcredential_t,
        hs_ntor_intro_cell_keys_out: *mut hs_ntor_intro_cell_keys_t,
    ) -> c_int;
    fn hs_ntor_client_get_rendezvous1_keys(
        intro_auth_pubkey: *const ed25519_public_key_t,
        client_ephemeral_enc_keypair: *const curve25519_keypair_t,
        intro_enc_pubkey: *const curve25519_public_key_t,
        service_ephemeral_rend_pubkey: *const curve25519_public_key_t,
        hs_ntor_rend_cell_keys_out: *mut hs_ntor_rend_cell_keys_t,
    ) -> c_int;
    fn hs_ntor_service_get_introduce1_keys(
        intro_auth_pubkey: *const ed25519_public_key_t,
        intro_enc_keypair: *const curve25519_keypair_t,
        client_ephemeral_enc_pubkey: *const curve25519_public_key_t,
        subcredential: *const hs_subcredential_t,
        hs_ntor_intro_cell_keys_out: *mut hs_ntor_intro_cell_keys_t,
    ) -> c_int;
    fn hs_ntor_service_get_introduce1_keys_multi(
        intro_auth_pubkey: *const ed25519_public_key_t,
        intro_enc_keypair: *const curve25519_keypair_t,
        client_ephemeral_enc_pubkey: *const curve25519_public_key_t,
        n_subcredentials: usize,
        subcredentials: *const hs_subcredential_t,
        hs_ntor_intro_cell_keys_out: *mut hs_ntor_intro_cell_keys_t,
    ) -> c_int;
    fn hs_ntor_service_get_rendezvous1_keys(
        intro_auth_pubkey: *const ed25519_public_key_t,
        intro_enc_keypair: *const curve25519_keypair_t,
        service_ephemeral_rend_keypair: *const curve25519_keypair_t,
        client_ephemeral_enc_pubkey: *const curve25519_public_key_t,
        hs_ntor_rend_cell_keys_out: *mut hs_ntor_rend_cell_keys_t,
    ) -> c_int;
    fn hs_ntor_client_rendezvous2_mac_is_good(
        hs_ntor_rend_cell_keys: *const hs_ntor_rend_cell_keys_t,
        rcvd_mac: *const u8,
    ) -> c_int;
    fn hs_ntor_circuit_key_expansion(
        ntor_key_seed: *const u8,
        seed_len: usize,
        keys_out: *mut u8,
        keys_out_len: usize,
    ) -> c_int;
}

extern "C" {
    /// X25519 of C Tor: 32 bytes of secret key, point and output.
    pub fn curve25519_handshake(output: *mut u8, secret: *const u8, point: *const u8);
    /// The public key of a secret key.
    pub fn curve25519_public_key_generate(public: *mut u8, secret: *const u8);
    /// Puts a value into a map, which comes to be if it is null.
    pub fn dimap_add_entry(map: *mut *mut di_digest256_map_t, key: *const u8, value: *mut c_void);
    /// Frees a map, and each value with the function.
    pub fn dimap_free_(
        map: *mut di_digest256_map_t,
        free: Option<unsafe extern "C" fn(*mut c_void)>,
    );
    /// `tor_free()`, of anything that C Tor allocated.
    pub fn tor_free_(bytes: *mut c_void);
}
