/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file relaycrypt_cgo_st.h
 * @brief The parts of CGO as tor's unit tests see them when CGO is in Rust.
 *
 * Nothing but tests and the checks in relaycrypt.c includes this. The parts of
 * the cipher are keys only; cgo_crypt_t is the state in Rust, its fields under
 * the names that the tests use.
 **/

#ifndef TORRS_RELAYCRYPT_CGO_ST_H
#define TORRS_RELAYCRYPT_CGO_ST_H

/** Two AES-256 keys and two POLYVAL keys: the most that a UIV+ can have. */
#define TORRS_UIV_KEYS_LEN 96

/** The tweakable block cipher. */
typedef struct cgo_et_t {
  int aesbits;
  uint8_t keys[TORRS_UIV_KEYS_LEN / 2];
} cgo_et_t;

/** The pseudorandom function. */
typedef struct cgo_prf_t {
  int aesbits;
  uint8_t keys[TORRS_UIV_KEYS_LEN / 2];
} cgo_prf_t;

/** UIV+. */
typedef struct cgo_uiv_t {
  /** Length of an AES key, in bytes. */
  uint8_t aes_bytes;
  uint8_t uiv_keys_[TORRS_UIV_KEYS_LEN];
} cgo_uiv_t;

/** One direction of a hop. */
struct cgo_crypt_t {
  bool lost;
  uint8_t nonce[SENDME_TAG_LEN_CGO];
  uint8_t tprime[SENDME_TAG_LEN_CGO];
  uint8_t incoming[SENDME_TAG_LEN_CGO];
  cgo_uiv_t uiv;
};

#endif /* !defined(TORRS_RELAYCRYPT_CGO_ST_H) */
