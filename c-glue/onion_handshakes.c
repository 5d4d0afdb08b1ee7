/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file onion_handshakes.c
 * @brief Beside the circuit handshakes in Rust (rust/ffi/onion.rs): proof that
 *   C and Rust mean the same functions and types.
 **/

#define ONION_NTOR_PRIVATE
#ifdef TOR_UNIT_TESTS
#define ONION_NTOR_V3_PRIVATE
#endif

#include "orconfig.h"
#include "core/or/or.h"
#include "core/crypto/hs_ntor.h"
#include "core/crypto/onion_fast.h"
#include "core/crypto/onion_ntor.h"
#include "core/crypto/onion_ntor_v3.h"
#include "lib/cc/ctassert.h"
#include "lib/crypt_ops/crypto_curve25519.h"
#include "lib/crypt_ops/crypto_ed25519.h"

/* Declared twice on purpose: the compiler compares Rust's signatures with those
 * of tor's headers. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"

CTASSERT(sizeof(curve25519_public_key_t) == CURVE25519_PUBKEY_LEN);
CTASSERT(sizeof(curve25519_keypair_t) == TORRS_KEYPAIR_SIZE);
CTASSERT(offsetof(curve25519_keypair_t, seckey) == TORRS_KEYPAIR_SECRET);
CTASSERT(sizeof(ed25519_public_key_t) == ED25519_PUBKEY_LEN);
CTASSERT(sizeof(hs_subcredential_t) == SUBCRED_LEN);

CTASSERT(sizeof(fast_handshake_state_t) == TORRS_FAST_STATE_SIZE);
CTASSERT(sizeof(ntor_handshake_state_t) == TORRS_NTOR_STATE_SIZE);

CTASSERT(sizeof(hs_ntor_intro_cell_keys_t) == TORRS_HS_INTRO_KEYS_SIZE);
CTASSERT(offsetof(hs_ntor_intro_cell_keys_t, mac_key) == TORRS_HS_SECOND_KEY);
CTASSERT(sizeof(hs_ntor_rend_cell_keys_t) == TORRS_HS_REND_KEYS_SIZE);
CTASSERT(offsetof(hs_ntor_rend_cell_keys_t, ntor_key_seed) ==
         TORRS_HS_SECOND_KEY);

#ifdef TOR_UNIT_TESTS
CTASSERT(sizeof(ntor3_handshake_state_t) == TORRS_NTOR3_STATE_SIZE);
CTASSERT(sizeof(ntor3_server_handshake_state_t) ==
         TORRS_NTOR3_SERVER_STATE_SIZE);
#endif
