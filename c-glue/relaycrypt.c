/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file relaycrypt.c
 * @brief Beside relay cell encryption in Rust (rust/ffi/relaycrypt.rs): proof
 *   that C and Rust mean the same types, the question whether a state is lost,
 *   and in the testing build the parts of CGO under the names that its
 *   white-box tests call.
 **/

#ifdef TOR_UNIT_TESTS
#define RELAY_CRYPTO_CGO_PRIVATE
#define USE_AES_RAW
#endif

#include "orconfig.h"
#include "core/or/or.h"
#include "core/crypto/relay_crypto.h"
#include "core/crypto/relay_crypto_st.h"
#include "core/crypto/relay_crypto_tor1.h"
#include "core/or/cell_st.h"
#include "ext/polyval/polyval.h"
#include "lib/cc/ctassert.h"
#include "lib/crypt_ops/aes.h"
#include "lib/crypt_ops/crypto_util.h"

#include "rust/c-glue/relaycrypt.h"

/* Declared twice on purpose: the compiler compares Rust's signatures with those
 * of tor's headers. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"

CTASSERT(sizeof(cell_t) == TORRS_CELL_SIZE);
CTASSERT(offsetof(cell_t, command) == TORRS_CELL_COMMAND);
CTASSERT(offsetof(cell_t, payload) == TORRS_CELL_PAYLOAD);
CTASSERT(offsetof(tor1_crypt_t, sendme_digest) == 2 * sizeof(void *));
CTASSERT(offsetof(tor1_crypt_t, lost) ==
         offsetof(tor1_crypt_t, sendme_digest) + TORRS_TOR1_LOST);

/** Return true if a panic has cost <b>crypto</b> its state, so that its circuit
 * must be closed. */
bool
torrs_relay_crypto_is_lost(const relay_crypto_t *crypto)
{
  switch (crypto->kind) {
    case RCK_TOR1:
      return crypto->c.tor1.lost;
    case RCK_CGO:
      return torrs_cgo_is_lost(crypto->c.cgo.fwd) ||
        torrs_cgo_is_lost(crypto->c.cgo.back);
  }
  return true;
}

#ifdef TOR_UNIT_TESTS

CTASSERT(sizeof(cgo_crypt_t) == TORRS_CGO_SIZE);
CTASSERT(offsetof(cgo_crypt_t, nonce) == TORRS_CGO_NONCE);
CTASSERT(offsetof(cgo_crypt_t, tprime) == TORRS_CGO_TPRIME);
CTASSERT(offsetof(cgo_crypt_t, uiv.uiv_keys_) == TORRS_CGO_KEYS);

/** Length of the keys of ET or of the PRF, in bytes. */
static size_t
key_pair_len(int aesbits)
{
  return aesbits / 8 + POLYVAL_KEY_LEN;
}

STATIC int
cgo_et_init(cgo_et_t *et, int aesbits, bool encrypt, const uint8_t *key)
{
  (void)encrypt;
  et->aesbits = aesbits;
  memcpy(et->keys, key, key_pair_len(aesbits));
  return 0;
}

STATIC void
cgo_et_encrypt(cgo_et_t *et, const et_tweak_t tweak, uint8_t *block)
{
  torrs_cgo_et(et->aesbits, true, et->keys, tweak.uiv.h, tweak.uiv.cmd,
               tweak.x_r, block);
}

STATIC void
cgo_et_decrypt(cgo_et_t *et, const et_tweak_t tweak, uint8_t *block)
{
  torrs_cgo_et(et->aesbits, false, et->keys, tweak.uiv.h, tweak.uiv.cmd,
               tweak.x_r, block);
}

STATIC void
cgo_et_clear(cgo_et_t *et)
{
  memwipe(et, 0, sizeof(*et));
}

STATIC int
cgo_prf_init(cgo_prf_t *prf, int aesbits, const uint8_t *key)
{
  prf->aesbits = aesbits;
  memcpy(prf->keys, key, key_pair_len(aesbits));
  return 0;
}

STATIC void
cgo_prf_xor_t0(cgo_prf_t *prf, const uint8_t *input, uint8_t *data)
{
  torrs_cgo_prf(prf->aesbits, prf->keys, input, 0, data, PRF_T0_DATA_LEN);
}

STATIC void
cgo_prf_gen_t1(cgo_prf_t *prf, const uint8_t *input, uint8_t *buf, size_t n)
{
  memset(buf, 0, n);
  torrs_cgo_prf(prf->aesbits, prf->keys, input, 1, buf, n);
}

STATIC void
cgo_prf_clear(cgo_prf_t *prf)
{
  memwipe(prf, 0, sizeof(*prf));
}

STATIC int
cgo_uiv_init(cgo_uiv_t *uiv, int aesbits, bool encrypt, const uint8_t *key)
{
  (void)encrypt;
  uiv->aes_bytes = aesbits / 8;
  memcpy(uiv->uiv_keys_, key, 2 * key_pair_len(aesbits));
  return 0;
}

STATIC void
cgo_uiv_encrypt(cgo_uiv_t *uiv, const uiv_tweak_t tweak, uint8_t *cell_body)
{
  torrs_cgo_uiv(uiv->aes_bytes * 8, true, uiv->uiv_keys_, tweak.h, tweak.cmd,
                cell_body);
}

STATIC void
cgo_uiv_decrypt(cgo_uiv_t *uiv, const uiv_tweak_t tweak, uint8_t *cell_body)
{
  torrs_cgo_uiv(uiv->aes_bytes * 8, false, uiv->uiv_keys_, tweak.h, tweak.cmd,
                cell_body);
}

STATIC void
cgo_uiv_update(cgo_uiv_t *uiv, int aesbits, bool encrypt, uint8_t *nonce)
{
  (void)encrypt;
  torrs_cgo_uiv_update(aesbits, uiv->uiv_keys_, nonce);
}

STATIC void
cgo_uiv_clear(cgo_uiv_t *uiv)
{
  memwipe(uiv, 0, sizeof(*uiv));
}

#endif /* defined(TOR_UNIT_TESTS) */
