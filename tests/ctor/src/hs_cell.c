/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file hs_cell.c
 * @brief Calls both sides of hs_cell.c and of hs_intropoint.c's parsers with
 *   tor's own objects, which Rust does not know; and verifies proofs of work.
 *
 * Rust's side is hs_cell.c as it is patched, with its glue.
 **/

#include "orconfig.h"
#include "core/or/or.h"
#include "app/config/config.h"
#include "core/crypto/hs_ntor.h"
#include "core/or/congestion_control_common.h"
#include "core/or/origin_circuit_st.h"
#include "feature/hs/hs_cell.h"
#include "feature/hs/hs_service.h"
#include "feature/hs_common/replaycache.h"
#include "lib/crypt_ops/crypto_cipher.h"
#include "lib/crypt_ops/crypto_util.h"
#include "trunnel/ed25519_cert.h"
#include "trunnel/extension.h"
#include "trunnel/hs/cell_establish_intro.h"
#include "trunnel/hs/cell_introduce1.h"

#include "rust/c-glue/hs_intropoint.h"
#undef trn_cell_establish_intro_parse
#undef trn_cell_extension_dos_parse
#undef trn_cell_introduce1_parse

/* C's side. */
#define C_SIDE(name) extern __typeof__(name) c_##name
C_SIDE(hs_cell_build_establish_intro);
C_SIDE(hs_cell_build_introduce1);
C_SIDE(hs_cell_introduce1_data_clear);
C_SIDE(hs_cell_parse_introduce2);
C_SIDE(hs_ntor_client_get_introduce1_keys);
C_SIDE(link_specifier_encode);
C_SIDE(link_specifier_free);
C_SIDE(link_specifier_parse);
C_SIDE(trn_cell_establish_intro_encode);
C_SIDE(trn_cell_establish_intro_free);
C_SIDE(trn_cell_establish_intro_parse);
C_SIDE(trn_cell_extension_dos_encode);
C_SIDE(trn_cell_extension_dos_free);
C_SIDE(trn_cell_extension_dos_parse);
C_SIDE(trn_cell_introduce1_encode);
C_SIDE(trn_cell_introduce1_free);
C_SIDE(trn_cell_introduce1_parse);

/** The function of this name on a side: an object is its side's own. */
#define OF_SIDE(name) (rust ? name : c_##name)

void ctor_always_congestion_control(bool choice);
const char *ctor_safe_str_client_opts(const or_options_t *options,
                                      const char *text);

/** What C Tor's code calls in place of safe_str_client_opts(). */
const char *
ctor_safe_str_client_opts(const or_options_t *options, const char *text)
{
  (void) options;
  return text;
}

/** The solutions that this thread was last asked about, one after the other. */
static _Thread_local hs_pow_solution_t asked[256];
static _Thread_local size_t n_asked;

/** Proofs with an even first byte are good. */
int
hs_pow_verify(const ed25519_public_key_t *service_blinded_id,
              const hs_pow_service_state_t *pow_state,
              const hs_pow_solution_t *pow_solution)
{
  (void) service_blinded_id;
  (void) pow_state;
  if (n_asked < ARRAY_LENGTH(asked))
    asked[n_asked++] = *pow_solution;
  return pow_solution->nonce[0] % 2 ? -1 : 0;
}

/** All keys of an introduction point, of a service and of a client. */
struct ctor_keys_t {
  ed25519_keypair_t auth;
  curve25519_keypair_t enc;
  curve25519_keypair_t client;
  hs_subcredential_t subcredentials[3];
};

void ctor_keys(struct ctor_keys_t *out);

/** Always the same keys. */
void
ctor_keys(struct ctor_keys_t *out)
{
  uint8_t seed[32];

  memset(out, 0, sizeof(*out));
  memset(seed, 1, sizeof(seed));
  ed25519_secret_key_from_seed(&out->auth.seckey, seed);
  ed25519_public_key_generate(&out->auth.pubkey, &out->auth.seckey);
  memset(&out->enc.seckey, 2, sizeof(out->enc.seckey));
  curve25519_public_key_generate(&out->enc.pubkey, &out->enc.seckey);
  memset(&out->client.seckey, 3, sizeof(out->client.seckey));
  curve25519_public_key_generate(&out->client.pubkey, &out->client.seckey);
  for (int i = 0; i < 3; ++i)
    memset(&out->subcredentials[i], 4 + i, sizeof(hs_subcredential_t));
}

size_t ctor_seal(const struct ctor_keys_t *keys, int subcredential,
                 uint8_t *cell, size_t outer_len, const uint8_t *inner,
                 size_t inner_len);

/** Put an encrypted section behind the <b>outer_len</b> bytes that are in
 * <b>cell</b>. Return the length of both. */
size_t
ctor_seal(const struct ctor_keys_t *keys, int subcredential, uint8_t *cell,
          size_t outer_len, const uint8_t *inner, size_t inner_len)
{
  hs_ntor_intro_cell_keys_t derived;
  uint8_t *at = cell + outer_len;

  c_hs_ntor_client_get_introduce1_keys(&keys->auth.pubkey,
                                       &keys->enc.pubkey, &keys->client,
                                       &keys->subcredentials[subcredential],
                                       &derived);
  memcpy(at, keys->client.pubkey.public_key, CURVE25519_PUBKEY_LEN);
  at += CURVE25519_PUBKEY_LEN;
  crypto_cipher_t *cipher =
    crypto_cipher_new_with_bits((const char *) derived.enc_key, 256);
  if (inner_len > 0)
    crypto_cipher_encrypt(cipher, (char *) at, (const char *) inner,
                          inner_len);
  crypto_cipher_free(cipher);
  at += inner_len;
  crypto_mac_sha3_256(at, DIGEST256_LEN, derived.mac_key,
                      sizeof(derived.mac_key), cell, at - cell);
  return at + DIGEST256_LEN - cell;
}

/** What a service has learned. */
struct ctor_introduced_t {
  int64_t status;
  uint8_t onion_pk[32];
  uint8_t client_pk[32];
  uint8_t rend_cookie[20];
  uint8_t cc_enabled;
  uint8_t protocols_known;
  uint8_t supports_cc;
  uint32_t pow_effort;
  uint32_t n_specifiers;
  uint32_t specifiers_len;
  uint8_t specifiers[1024];
  uint32_t n_asked;
  hs_pow_solution_t asked[16];
};

void ctor_introduce2(int rust, const struct ctor_keys_t *keys,
                     size_t n_subcredentials, const uint8_t *payload,
                     size_t payload_len, int cc, int pow,
                     struct ctor_introduced_t *out);

/** Give an INTRODUCE2 to a service of one side. */
void
ctor_introduce2(int rust, const struct ctor_keys_t *keys,
                size_t n_subcredentials, const uint8_t *payload,
                size_t payload_len, int cc, int pow,
                struct ctor_introduced_t *out)
{
  static const char address[] = "an onion address";
  hs_service_t *service = tor_malloc_zero(sizeof(*service));
  hs_service_intro_point_t *ip = tor_malloc_zero(sizeof(*ip));
  origin_circuit_t *circ = tor_malloc_zero(sizeof(*circ));
  hs_pow_service_state_t *state = tor_malloc_zero(sizeof(*state));
  hs_cell_introduce2_data_t data;

  memset(out, 0, sizeof(*out));
  memcpy(service->onion_address, address, sizeof(address));
  service->state.pow_state = pow ? state : NULL;
  circ->base_.magic = ORIGIN_CIRCUIT_MAGIC;
  circ->base_.n_circ_id = 7;

  memset(&data, 0, sizeof(data));
  data.auth_pk = &keys->auth.pubkey;
  data.enc_kp = &keys->enc;
  data.n_subcredentials = n_subcredentials;
  data.subcredentials = keys->subcredentials;
  data.payload = payload;
  data.payload_len = payload_len;
  data.replay_cache = replaycache_new(0, 0);
  data.rdv_data.link_specifiers = smartlist_new();

  ctor_always_congestion_control(cc);
  n_asked = 0;
  out->status =
    OF_SIDE(hs_cell_parse_introduce2)(&data, circ, service, ip);
  ctor_always_congestion_control(false);

  memcpy(out->onion_pk, &data.rdv_data.onion_pk, 32);
  memcpy(out->client_pk, &data.rdv_data.client_pk, 32);
  memcpy(out->rend_cookie, data.rdv_data.rendezvous_cookie, 20);
  out->cc_enabled = data.rdv_data.cc_enabled;
  out->protocols_known = data.pv.protocols_known;
  out->supports_cc = data.pv.supports_congestion_control;
  out->pow_effort = data.rdv_data.pow_effort;
  out->n_specifiers = smartlist_len(data.rdv_data.link_specifiers);
  SMARTLIST_FOREACH_BEGIN(data.rdv_data.link_specifiers,
                          link_specifier_t *, ls) {
    const ssize_t len = OF_SIDE(link_specifier_encode)(
      out->specifiers + out->specifiers_len,
      sizeof(out->specifiers) - out->specifiers_len, ls);
    out->specifiers_len += len < 0 ? 1000000 : len;
    OF_SIDE(link_specifier_free)(ls);
  } SMARTLIST_FOREACH_END(ls);
  smartlist_free(data.rdv_data.link_specifiers);
  out->n_asked = n_asked;
  memcpy(out->asked, asked, sizeof(out->asked[0]) * MIN(n_asked, 16));

  replaycache_free(data.replay_cache);
  tor_free(service);
  tor_free(ip);
  tor_free(circ);
  tor_free(state);
}

ssize_t ctor_build_introduce1(int rust, const struct ctor_keys_t *keys,
                              const curve25519_public_key_t *enc_pk,
                              const uint8_t *rend_cookie,
                              const curve25519_public_key_t *onion_pk,
                              const uint8_t *specifiers, size_t specifiers_len,
                              int cc, const hs_pow_solution_t *pow,
                              uint8_t *cell_out);

/** Have a client of one side build an INTRODUCE1. The link specifiers are those
 * at the beginning of <b>specifiers</b>. */
ssize_t
ctor_build_introduce1(int rust, const struct ctor_keys_t *keys,
                      const curve25519_public_key_t *enc_pk,
                      const uint8_t *rend_cookie,
                      const curve25519_public_key_t *onion_pk,
                      const uint8_t *specifiers, size_t specifiers_len,
                      int cc, const hs_pow_solution_t *pow,
                      uint8_t *cell_out)
{
  ssize_t len, used;
  hs_cell_introduce1_data_t data;

  memset(&data, 0, sizeof(data));
  data.auth_pk = &keys->auth.pubkey;
  data.enc_pk = enc_pk;
  data.subcredential = &keys->subcredentials[0];
  data.onion_pk = onion_pk;
  data.rendezvous_cookie = rend_cookie;
  data.client_kp = &keys->client;
  data.link_specifiers = smartlist_new();
  data.cc_enabled = cc;
  data.pow_solution = pow;
  while (specifiers_len > 0) {
    link_specifier_t *ls = NULL;
    used = OF_SIDE(link_specifier_parse)(&ls, specifiers, specifiers_len);
    if (used < 0)
      break;
    smartlist_add(data.link_specifiers, ls);
    specifiers += used;
    specifiers_len -= used;
  }
  len = OF_SIDE(hs_cell_build_introduce1)(&data, cell_out);
  OF_SIDE(hs_cell_introduce1_data_clear)(&data);
  return len;
}

ssize_t ctor_build_establish_intro(int rust, const struct ctor_keys_t *keys,
                                   const char *circ_nonce, int enabled,
                                   int supported, uint32_t rate,
                                   uint32_t burst, uint8_t *cell_out);

/** Have a service of one side build an ESTABLISH_INTRO. */
ssize_t
ctor_build_establish_intro(int rust, const struct ctor_keys_t *keys,
                           const char *circ_nonce, int enabled,
                           int supported, uint32_t rate, uint32_t burst,
                           uint8_t *cell_out)
{
  hs_service_config_t *config = tor_malloc_zero(sizeof(*config));
  hs_service_intro_point_t *ip = tor_malloc_zero(sizeof(*ip));

  memcpy(&ip->auth_key_kp, &keys->auth, sizeof(keys->auth));
  ip->support_intro2_dos_defense = supported;
  config->has_dos_defense_enabled = enabled;
  config->intro_dos_rate_per_sec = rate;
  config->intro_dos_burst_per_sec = burst;
  const ssize_t len =
    OF_SIDE(hs_cell_build_establish_intro)(circ_nonce, config, ip, cell_out);
  tor_free(config);
  tor_free(ip);
  return len;
}

/** What was read, written again; and where its parts are. */
struct ctor_read_t {
  int64_t status;
  int64_t encoded_len;
  int64_t mac_fields_len;
  int64_t sig_fields_len;
  uint8_t encoded[2048];
};

void ctor_read_establish_intro(int rust, const uint8_t *payload, size_t len,
                               struct ctor_read_t *out);
void ctor_read_dos(int rust, const uint8_t *payload, size_t len,
                   struct ctor_read_t *out);
void ctor_read_introduce1(int rust, const uint8_t *payload, size_t len,
                          struct ctor_read_t *out);

/** Have a relay of one side read an ESTABLISH_INTRO. */
void
ctor_read_establish_intro(int rust, const uint8_t *payload, size_t len,
                          struct ctor_read_t *out)
{
  trn_cell_establish_intro_t *cell = NULL;

  memset(out, 0, sizeof(*out));
  out->status =
    rust ? torrs_cell_establish_intro_parse(&cell, payload, len)
         : c_trn_cell_establish_intro_parse(&cell, payload, len);
  if (cell) {
    out->mac_fields_len = cell->end_mac_fields - cell->start_cell;
    out->sig_fields_len = cell->end_sig_fields - cell->start_cell;
    out->encoded_len =
      OF_SIDE(trn_cell_establish_intro_encode)(
        out->encoded, sizeof(out->encoded), cell);
  }
  OF_SIDE(trn_cell_establish_intro_free)(cell);
}

/** Have a relay of one side read ESTABLISH_INTRO's DoS extension. */
void
ctor_read_dos(int rust, const uint8_t *payload, size_t len,
              struct ctor_read_t *out)
{
  trn_cell_extension_dos_t *dos = NULL;

  memset(out, 0, sizeof(*out));
  out->status =
    rust ? torrs_cell_extension_dos_parse(&dos, payload, len)
         : c_trn_cell_extension_dos_parse(&dos, payload, len);
  if (dos)
    out->encoded_len =
      OF_SIDE(trn_cell_extension_dos_encode)(
        out->encoded, sizeof(out->encoded), dos);
  OF_SIDE(trn_cell_extension_dos_free)(dos);
}

/** Have a relay of one side read an INTRODUCE1. */
void
ctor_read_introduce1(int rust, const uint8_t *payload, size_t len,
                     struct ctor_read_t *out)
{
  trn_cell_introduce1_t *cell = NULL;

  memset(out, 0, sizeof(*out));
  out->status =
    rust ? torrs_cell_introduce1_parse(&cell, payload, len)
         : c_trn_cell_introduce1_parse(&cell, payload, len);
  if (cell)
    out->encoded_len =
      OF_SIDE(trn_cell_introduce1_encode)(
        out->encoded, sizeof(out->encoded), cell);
  OF_SIDE(trn_cell_introduce1_free)(cell);
}
