/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file hs_cell.h
 * @brief Inside hs_cell.c, if its messages are read and built in Rust
 *   (rust/ffi/src/cells/hs_cell.rs): what ties them to tor's objects, keys and
 *   log. Functions that log have C's names, which the log shows.
 **/

#ifndef TORRS_HS_CELL_H
#define TORRS_HS_CELL_H

#include "lib/cc/ctassert.h"

/* Declared twice on purpose: the compiler compares Rust's signatures with those
 * of tor's headers. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"
#pragma GCC diagnostic pop

CTASSERT(sizeof(hs_pow_solution_t) == TORRS_POW_SOLUTION_SIZE);
CTASSERT(offsetof(hs_pow_solution_t, effort) == TORRS_POW_SOLUTION_EFFORT);
CTASSERT(offsetof(hs_pow_solution_t, seed_head) == TORRS_POW_SOLUTION_SEED);
CTASSERT(offsetof(hs_pow_solution_t, equix_solution) ==
         TORRS_POW_SOLUTION_EQUIX);

/** Find the encrypted section of an INTRODUCE2. Return 0, or -1 and the others
 * are untouched. <b>service</b> and <b>circ</b> are for the log. */
static int
parse_introduce2_cell(const hs_service_t *service,
                      const origin_circuit_t *circ, const uint8_t *payload,
                      size_t payload_len, const uint8_t **encrypted_out,
                      size_t *encrypted_len_out)
{
  struct torrs_introduce1_t cell;

  tor_assert(payload);
  if (torrs_introduce1_read(payload, payload_len, &cell) < 0) {
    log_info(LD_PROTOCOL, "Unable to parse INTRODUCE2 cell on circuit %u "
                          "for service %s",
             TO_CIRCUIT(circ)->n_circ_id,
             safe_str_client(service->onion_address));
    return -1;
  }
  *encrypted_out = cell.encrypted.at;
  *encrypted_len_out = cell.encrypted.len;
  return 0;
}

/** Read what a client has encrypted for <b>service</b>. Return 0, or -1. */
static int
parse_introduce2_encrypted(const uint8_t *decrypted, size_t decrypted_len,
                           const origin_circuit_t *circ,
                           const hs_service_t *service,
                           struct torrs_introduction_t *out)
{
  switch (torrs_introduction_read(decrypted, decrypted_len, out)) {
  case 0:
    return 0;
  case TORRS_INTRODUCTION_KEY_LEN:
    log_info(LD_REND, "INTRODUCE2 onion key length is invalid. Got %u but "
                      "expected %d on circuit %u for service %s",
             (unsigned) out->onion_key.len, CURVE25519_PUBKEY_LEN,
             TO_CIRCUIT(circ)->n_circ_id,
             safe_str_client(service->onion_address));
    return -1;
  default:
    log_info(LD_REND, "Unable to parse the decrypted ENCRYPTED section of "
                      "the INTRODUCE2 cell on circuit %u for service %s",
             TO_CIRCUIT(circ)->n_circ_id,
             safe_str_client(service->onion_address));
    return -1;
  }
}

/** Return tor's object for a link specifier. */
static link_specifier_t *
link_specifier_of(const struct torrs_link_specifier_t *read)
{
  link_specifier_t *ls = link_specifier_new();
  uint8_t *body = NULL;

  link_specifier_set_ls_type(ls, read->ls_type);
  link_specifier_set_ls_len(ls, read->ls_len);
  switch (read->ls_type) {
  case LS_IPV4:
    link_specifier_set_un_ipv4_addr(ls, read->ipv4);
    link_specifier_set_un_ipv4_port(ls, read->port);
    return ls;
  case LS_IPV6:
    body = link_specifier_getarray_un_ipv6_addr(ls);
    link_specifier_set_un_ipv6_port(ls, read->port);
    break;
  case LS_LEGACY_ID:
    body = link_specifier_getarray_un_legacy_id(ls);
    break;
  case LS_ED25519_ID:
    body = link_specifier_getarray_un_ed25519_id(ls);
    break;
  default:
    link_specifier_setlen_un_unrecognized(ls, read->body.len);
    body = link_specifier_getarray_un_unrecognized(ls);
    break;
  }
  if (read->body.len > 0)
    memcpy(body, read->body.at, read->body.len);
  return ls;
}

/** Verify the proof of work in <b>field</b> and note its effort. Return 0, or -1
 * if there is none that is valid. */
static int
handle_introduce2_encrypted_cell_pow_extension(
                                const hs_service_t *service,
                                const hs_service_intro_point_t *ip,
                                const struct torrs_extension_t *field,
                                hs_cell_introduce2_data_t *data)
{
  hs_pow_solution_t sol;

  tor_assert(ip);
  if (!service->state.pow_state) {
    log_info(LD_REND, "Unsolicited PoW solution in INTRODUCE2 request.");
    return -1;
  }
  if (torrs_pow_read(field->body.at, field->body.len, &sol) < 0)
    return -1;
  if (hs_pow_verify(&ip->blinded_id, service->state.pow_state, &sol)) {
    log_info(LD_REND, "PoW INTRODUCE2 request failed to verify.");
    return -1;
  }
  log_info(LD_REND, "PoW INTRODUCE2 request successfully verified.");
  data->rdv_data.pow_effort = sol.effort;
  return 0;
}

/** Do what the client asks for in <b>field</b>. Return 0, or -1 if it is
 * malformed. */
static int
parse_introduce_cell_extension(const hs_service_t *service,
                               const hs_service_intro_point_t *ip,
                               hs_cell_introduce2_data_t *data,
                               const struct torrs_extension_t *field)
{
  switch (field->ext_type) {
  case TRUNNEL_EXT_TYPE_CC_REQUEST:
    data->rdv_data.cc_enabled = 1;
    data->pv.protocols_known = 1;
    data->pv.supports_congestion_control = 1;
    return 0;
  case TRUNNEL_EXT_TYPE_POW:
    if (handle_introduce2_encrypted_cell_pow_extension(service, ip,
                                                       field, data) < 0) {
      log_fn(LOG_PROTOCOL_WARN, LD_REND, "Invalid PoW cell extension.");
      return -1;
    }
    return 0;
  default:
    return 0;
  }
}

/** Put all that a client has encrypted for <b>service</b> into <b>data</b>, and
 * wipe <b>decrypted</b>, from which it is read. Return 0, or -1. */
static int
take_introduce2_encrypted(hs_cell_introduce2_data_t *data,
                          uint8_t *decrypted, size_t decrypted_len,
                          const origin_circuit_t *circ,
                          const hs_service_t *service,
                          const hs_service_intro_point_t *ip)
{
  int ret = -1;
  struct torrs_introduction_t read;
  struct torrs_link_specifier_t specifier;
  struct torrs_extension_t field;

  if (parse_introduce2_encrypted(decrypted, decrypted_len, circ, service,
                                 &read) < 0)
    goto done;

  memcpy(data->rdv_data.onion_pk.public_key, read.onion_key.at,
         CURVE25519_PUBKEY_LEN);
  memcpy(data->rdv_data.rendezvous_cookie, read.rend_cookie.at,
         REND_COOKIE_LEN);
  while (torrs_link_specifier_next(&read.specifiers, &specifier)) {
    smartlist_add(data->rdv_data.link_specifiers,
                  link_specifier_of(&specifier));
  }
  while (torrs_extension_next(&read.extensions, &field)) {
    if (parse_introduce_cell_extension(service, ip, data, &field) < 0)
      goto done;
  }
  /* Something is left only if Rust has given up. */
  if (read.specifiers.count == 0 && read.extensions.count == 0)
    ret = 0;

 done:
  memwipe(decrypted, 0, decrypted_len);
  return ret;
}

/** Build an ESTABLISH_INTRO without MAC and signature in <b>cell_out</b>, which
 * has room for RELAY_PAYLOAD_SIZE_MAX bytes. Return its length, or a negative
 * value. */
static ssize_t
build_unsigned_establish_intro(const hs_service_config_t *service_config,
                               const hs_service_intro_point_t *ip,
                               uint8_t *cell_out)
{
  const struct torrs_intro_rate_t rate = {
    .per_second = service_config->intro_dos_rate_per_sec,
    .burst = service_config->intro_dos_burst_per_sec,
  };
  const bool has_rate = service_config->has_dos_defense_enabled &&
                        ip->support_intro2_dos_defense;
  return torrs_establish_intro_build(ip->auth_key_kp.pubkey.pubkey,
                                     has_rate ? &rate : NULL, cell_out);
}

#ifdef TOR_UNIT_TESTS
/** Return the extensions of an ESTABLISH_INTRO, which a test looks at. */
STATIC trn_extension_t *
build_establish_intro_extensions(const hs_service_config_t *service_config,
                                 const hs_service_intro_point_t *ip)
{
  uint8_t encoded[RELAY_PAYLOAD_SIZE_MAX];
  trn_cell_establish_intro_t *cell = NULL;
  trn_extension_t *extensions;
  ssize_t len = build_unsigned_establish_intro(service_config, ip, encoded);

  tor_assert(len > 0);
  len = trn_cell_establish_intro_parse(&cell, encoded, len);
  tor_assert(len > 0);
  extensions = trn_cell_establish_intro_get_extensions(cell);
  trn_cell_establish_intro_set0_extensions(cell, NULL);
  trn_cell_establish_intro_free(cell);
  return extensions;
}
#endif /* defined(TOR_UNIT_TESTS) */

/** Build an ESTABLISH_INTRO in <b>cell_out</b>. Return its length; or a negative
 * value, and <b>cell_out</b> is untouched. */
ssize_t
hs_cell_build_establish_intro(const char *circ_nonce,
                              const hs_service_config_t *service_config,
                              const hs_service_intro_point_t *ip,
                              uint8_t *cell_out)
{
  uint8_t cell[RELAY_PAYLOAD_SIZE_MAX] = {0};
  ed25519_signature_t sig;
  ssize_t len;

  tor_assert(circ_nonce);
  tor_assert(service_config);
  tor_assert(ip);

  len = build_unsigned_establish_intro(service_config, ip, cell);
  if (BUG(len < TORRS_ESTABLISH_INTRO_MAC))
    return -1;

  const size_t mac_at = len - TORRS_ESTABLISH_INTRO_MAC;
  crypto_mac_sha3_256(cell + mac_at, TRUNNEL_SHA3_256_LEN,
                      (const uint8_t *) circ_nonce, DIGEST_LEN,
                      cell, mac_at);
  if (ed25519_sign_prefixed(&sig, cell, len - TORRS_ESTABLISH_INTRO_SIG,
                            ESTABLISH_INTRO_SIG_PREFIX, &ip->auth_key_kp)) {
    log_warn(LD_BUG, "Unable to make signature for ESTABLISH_INTRO cell.");
    len = -1;
  } else {
    memcpy(cell + len - ED25519_SIG_LEN, sig.sig, ED25519_SIG_LEN);
    memcpy(cell_out, cell, len);
  }
  memwipe(cell, 0, sizeof(cell));
  return len;
}

/** Write the link specifiers of <b>data</b> to <b>out</b>, which has room for
 * RELAY_PAYLOAD_SIZE_MAX bytes, and free them: they are ours. Return their
 * length, or a negative value. */
static ssize_t
introduce1_take_link_specifiers(const hs_cell_introduce1_data_t *data,
                                uint8_t *out)
{
  ssize_t len = 0;

  SMARTLIST_FOREACH_BEGIN(data->link_specifiers, link_specifier_t *, ls) {
    if (len >= 0) {
      const ssize_t more =
        link_specifier_encode(out + len, RELAY_PAYLOAD_SIZE_MAX - len, ls);
      len = more < 0 ? more : len + more;
    }
    link_specifier_free(ls);
  } SMARTLIST_FOREACH_END(ls);
  return len;
}

/** Build an INTRODUCE1 in <b>cell_out</b>, which has room for
 * RELAY_PAYLOAD_SIZE_MAX bytes. Return its length; or a negative value, and what
 * <b>cell_out</b> has is of no use. */
ssize_t
hs_cell_build_introduce1(const hs_cell_introduce1_data_t *data,
                         uint8_t *cell_out)
{
  ssize_t len = -1;
  uint8_t specifiers[RELAY_PAYLOAD_SIZE_MAX];
  hs_ntor_intro_cell_keys_t keys;
  crypto_cipher_t *cipher;

  tor_assert(data);
  tor_assert(cell_out);

  const int specifier_count = smartlist_len(data->link_specifiers);
  const ssize_t specifiers_len =
    introduce1_take_link_specifiers(data, specifiers);
  if (BUG(specifier_count == 0) || BUG(specifier_count > UINT8_MAX) ||
      BUG(specifiers_len < 0))
    return -1;

  const struct torrs_introduce1_plan_t plan = {
    .auth_key = &data->auth_pk->pubkey,
    .client_key = &data->client_kp->pubkey.public_key,
    .rend_cookie = (const uint8_t (*)[REND_COOKIE_LEN])
                   data->rendezvous_cookie,
    .onion_key = &data->onion_pk->public_key,
    .specifiers = { .at = specifiers, .len = specifiers_len },
    .specifier_count = (uint8_t) specifier_count,
    .congestion_control = data->cc_enabled,
    .pow = data->pow_solution,
  };
  /* Can fail: a service may have given us a key that is all zero. */
  if (hs_ntor_client_get_introduce1_keys(data->auth_pk, data->enc_pk,
                                         data->client_kp,
                                         data->subcredential, &keys) < 0)
    return -1;

  len = torrs_introduce1_build(&plan, cell_out);
  if (len < 0)
    goto done;

  const size_t encrypted_len = len - TORRS_INTRODUCE1_ENCRYPTED;
  uint8_t *mac = cell_out + len - DIGEST256_LEN;
  uint8_t *inner = cell_out + TORRS_INTRODUCE1_INNER;
  cipher = crypto_cipher_new_with_bits((const char *) keys.enc_key,
                                       sizeof(keys.enc_key) * 8);
  crypto_cipher_crypt_inplace(cipher, (char *) inner, mac - inner);
  crypto_cipher_free(cipher);
  compute_introduce_mac(cell_out, TORRS_INTRODUCE1_ENCRYPTED,
                        cell_out + TORRS_INTRODUCE1_ENCRYPTED, encrypted_len,
                        keys.mac_key, sizeof(keys.mac_key),
                        mac, DIGEST256_LEN);

 done:
  memwipe(&keys, 0, sizeof(keys));
  return len;
}

#endif /* !defined(TORRS_HS_CELL_H) */
