/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file cert.c
 * @brief Beside certificates in Rust (rust/ffi/src/cert.rs): the functions of
 *   torcert.h. Here are the objects, which have bitfields and X.509 certificates,
 *   what must be mockable, and all that signs. Rust reads, checks and decides.
 **/

#include "orconfig.h"
#include "app/config/config.h"
#include "core/or/or.h"
#include "core/or/or_handshake_certs_st.h"
#include "feature/nodelist/torcert.h"
#include "lib/cc/ctassert.h"
#include "lib/crypt_ops/crypto_ed25519.h"
#include "lib/crypt_ops/crypto_rsa.h"
#include "lib/crypt_ops/crypto_util.h"
#include "lib/encoding/binascii.h"
#include "lib/log/log.h"
#include "lib/string/printf.h"
#include "lib/tls/tortls.h"
#include "lib/tls/x509.h"

#include "rust/c-glue/tor_rust.h"

CTASSERT(sizeof(ed25519_public_key_t) == ED25519_PUBKEY_LEN);
CTASSERT(sizeof(ed25519_signature_t) == ED25519_SIG_LEN);
CTASSERT(PK_BYTES == TORRS_RSA_LEN);
CTASSERT(sizeof(time_t) <= sizeof(int64_t));

/* ---- Whether a signature is good ------------------------------------------ */

#ifdef TOR_UNIT_TESTS
/** Say what those functions say with which a test has replaced C's. */
static bool
checksig_of_test(const uint8_t *public_key, const uint8_t *message, size_t len,
                 const uint8_t *signature)
{
  ed25519_checkable_t checkable = {
    .pubkey = (const ed25519_public_key_t *)public_key,
    .msg = message,
    .len = len,
  };
  memcpy(checkable.signature.sig, signature, ED25519_SIG_LEN);
  return ed25519_checksig_batch(NULL, &checkable, 1) == 0;
}

/** Return what checks signatures; NULL if that is Rust. */
static torrs_checksig_fn
checksig(void)
{
  const bool replaced =
    ed25519_checksig_batch != ed25519_checksig_batch__real ||
    ed25519_checksig != ed25519_checksig__real;
  return replaced ? checksig_of_test : NULL;
}
#else /* !defined(TOR_UNIT_TESTS) */
#define checksig() NULL
#endif /* defined(TOR_UNIT_TESTS) */

/* ---- Ed25519 certificates -------------------------------------------------- */

/** Make <b>known</b> what Rust has to know of <b>cert</b>. */
static void
show(const tor_cert_t *cert, struct torrs_cert_t *known)
{
  known->encoded = cert->encoded;
  known->encoded_len = cert->encoded_len;
  known->signed_key = cert->signed_key.pubkey;
  known->signing_key =
    cert->signing_key_included ? cert->signing_key.pubkey : NULL;
  known->valid_until = cert->valid_until;
  known->cert_type = cert->cert_type;
}

/** Read a certificate of <b>len</b> bytes. Return NULL if it is none. */
tor_cert_t *
tor_cert_parse(const uint8_t *encoded, const size_t len)
{
  struct torrs_cert_t read;
  if (torrs_cert_parse(encoded, len, &read) < 0)
    return NULL;

  tor_cert_t *cert = tor_malloc_zero(sizeof(*cert));
  cert->encoded = tor_memdup(read.encoded, read.encoded_len);
  cert->encoded_len = read.encoded_len;
  cert->cert_type = read.cert_type;
  memcpy(cert->signed_key.pubkey, read.signed_key, ED25519_PUBKEY_LEN);
  if (read.signing_key) {
    memcpy(cert->signing_key.pubkey, read.signing_key, ED25519_PUBKEY_LEN);
    cert->signing_key_included = 1;
  }
#if SIZEOF_TIME_T < 8
  if (read.valid_until > TIME_MAX)
    read.valid_until = TIME_MAX - 1;
#endif
  cert->valid_until = (time_t) read.valid_until;
  return cert;
}

/** Fill <b>checkable_out</b> with what it takes to check the signature of
 * <b>cert</b> with <b>pubkey</b>, or if that is NULL with the key in it. Where
 * *<b>expiration_out</b> is later than the certificate's, make it that. Return 0,
 * or -1 if there is no key. */
int
tor_cert_get_checkable_sig(ed25519_checkable_t *checkable_out,
                           const tor_cert_t *cert,
                           const ed25519_public_key_t *pubkey,
                           time_t *expiration_out)
{
  struct torrs_cert_t known;
  show(cert, &known);
  size_t signed_len = 0;
  const uint8_t *key =
    torrs_cert_checkable(&known, pubkey ? pubkey->pubkey : NULL, &signed_len);
  if (!key)
    return -1;

  checkable_out->pubkey = (const ed25519_public_key_t *)key;
  checkable_out->msg = cert->encoded;
  checkable_out->len = signed_len;
  memcpy(checkable_out->signature.sig, cert->encoded + signed_len,
         ED25519_SIG_LEN);
  if (expiration_out && cert->valid_until < *expiration_out)
    *expiration_out = cert->valid_until;
  return 0;
}

/** Check <b>cert</b> at <b>now</b> (at any time, if that is 0) with <b>pubkey</b>,
 * or if that is NULL with the key in it, and let it remember the answer. Return 0
 * if it is valid, else -1. */
int
tor_cert_checksig(tor_cert_t *cert,
                  const ed25519_public_key_t *pubkey, time_t now)
{
  struct torrs_cert_t known;
  show(cert, &known);
  switch (torrs_cert_checksig(&known, pubkey ? pubkey->pubkey : NULL, now,
                              checksig())) {
    case TORRS_CERT_VALID:
      cert->sig_ok = 1;
      cert->cert_valid = 1;
      if (pubkey && pubkey != &cert->signing_key)
        memcpy(&cert->signing_key, pubkey, sizeof(*pubkey));
      return 0;
    case TORRS_CERT_EXPIRED:
      cert->cert_expired = 1;
      return -1;
    case TORRS_CERT_MIS_SIGNED:
      cert->sig_bad = 1;
      return -1;
    default:
      return -1;
  }
}

/** Return a word for what checking <b>cert</b> has shown, in the log. */
const char *
tor_cert_describe_signature_status(const tor_cert_t *cert)
{
  if (cert->cert_expired)
    return "expired";
  if (cert->sig_bad)
    return "mis-signed";
  return cert->sig_ok ? "okay" : "unchecked";
}

/** Certify the 32 bytes of <b>signed_key_info</b>, which are of
 * <b>signed_key_type</b>, for <b>lifetime</b> seconds from <b>now</b> on. Return
 * NULL if that is not possible. */
tor_cert_t *
tor_cert_create_raw(const ed25519_keypair_t *signing_key,
                    uint8_t cert_type,
                    uint8_t signed_key_type,
                    const uint8_t signed_key_info[32],
                    time_t now, time_t lifetime,
                    uint32_t flags)
{
  const bool include_key = flags & CERT_FLAG_INCLUDE_SIGNING_KEY;
  size_t len = 0;
  uint8_t *encoded =
    torrs_cert_new(cert_type, signed_key_type, signed_key_info,
                   include_key ? signing_key->pubkey.pubkey : NULL,
                   now + lifetime, &len);
  if (!encoded)
    return NULL;

  tor_cert_t *cert = NULL;
  ed25519_signature_t signature;
  const size_t signed_len = len - ED25519_SIG_LEN;
  if (ed25519_sign(&signature, encoded, signed_len, signing_key) < 0) {
    log_warn(LD_BUG, "Can't sign certificate");
    goto done;
  }
  memcpy(encoded + signed_len, signature.sig, ED25519_SIG_LEN);

  cert = tor_cert_parse(encoded, len);
  if (!cert) {
    log_warn(LD_BUG, "Generated a certificate we cannot parse");
    goto done;
  }
  if (tor_cert_checksig(cert, &signing_key->pubkey, now) < 0) {
    log_warn(LD_BUG, "Generated a certificate whose signature we can't "
             "check: %s", tor_cert_describe_signature_status(cert));
    tor_cert_free(cert);
  }

 done:
  tor_free(encoded);
  return cert;
}

/** As tor_cert_create_raw(), for an Ed25519 key. */
tor_cert_t *
tor_cert_create_ed25519(const ed25519_keypair_t *signing_key,
                        uint8_t cert_type,
                        const ed25519_public_key_t *signed_key,
                        time_t now, time_t lifetime,
                        uint32_t flags)
{
  return tor_cert_create_raw(signing_key, cert_type, SIGNED_KEY_TYPE_ED25519,
                             signed_key->pubkey, now, lifetime, flags);
}

/** Free <b>cert</b>, if there is one. */
void
tor_cert_free_(tor_cert_t *cert)
{
  if (!cert)
    return;
  if (cert->encoded)
    memwipe(cert->encoded, 0, cert->encoded_len);
  tor_free(cert->encoded);
  memwipe(cert, 0, sizeof(*cert));
  tor_free(cert);
}

/** Return a copy of <b>cert</b>. */
MOCK_IMPL(tor_cert_t *,
tor_cert_dup,(const tor_cert_t *cert))
{
  tor_cert_t *copy = tor_memdup(cert, sizeof(*cert));
  if (copy->encoded)
    copy->encoded = tor_memdup(cert->encoded, cert->encoded_len);
  return copy;
}

/** Return true iff both certificates are the same. */
int
tor_cert_eq(const tor_cert_t *cert1, const tor_cert_t *cert2)
{
  tor_assert(cert1);
  tor_assert(cert2);
  const size_t len = cert1->encoded_len;
  return len == cert2->encoded_len &&
    tor_memeq(cert1->encoded, cert2->encoded, len);
}

/** Return true iff both certificates are the same, or neither is there. */
int
tor_cert_opt_eq(const tor_cert_t *cert1, const tor_cert_t *cert2)
{
  if (cert1 && cert2)
    return tor_cert_eq(cert1, cert2);
  return cert1 == cert2;
}

/** Put <b>cert</b> as the text that documents have of it into
 * *<b>cert_str_out</b>. Return 0, or less. */
int
tor_cert_encode_ed22519(const tor_cert_t *cert, char **cert_str_out)
{
  tor_assert(cert);
  tor_assert(cert_str_out);

  const size_t room =
    base64_encode_size(cert->encoded_len, BASE64_ENCODE_MULTILINE) + 1;
  char *text = tor_malloc_zero(room);
  const int len = base64_encode(text, room, (const char *)cert->encoded,
                                cert->encoded_len, BASE64_ENCODE_MULTILINE);
  if (len < 0)
    log_err(LD_BUG, "Couldn't base64-encode ed22519 cert!");
  else
    tor_asprintf(cert_str_out,
                 "-----BEGIN ED25519 CERT-----\n%s-----END ED25519 CERT-----",
                 text);
  tor_free(text);
  return len < 0 ? -1 : 0;
}

/* ---- What an RSA key certifies --------------------------------------------- */

/** Get out of <b>signature</b> what <b>key</b> has signed with it. */
static int
recover(const crypto_pk_t *key, uint8_t *out, size_t out_len,
        const uint8_t *signature, size_t signature_len)
{
  return crypto_pk_public_checksig(key, (char *)out, out_len,
                                   (const char *)signature, signature_len);
}

/** Sign <b>digest</b> with <b>key</b>. */
static int
sign(const crypto_pk_t *key, uint8_t *out, size_t out_len,
     const uint8_t *digest)
{
  return crypto_pk_private_sign(key, (char *)out, out_len,
                                (const char *)digest, DIGEST256_LEN);
}

/** Certify <b>ed_key</b> with <b>rsa_key</b> until <b>expires</b>. Return the
 * length of what is then in *<b>cert</b>, or -1. */
ssize_t
tor_make_rsa_ed25519_crosscert(const ed25519_public_key_t *ed_key,
                               const crypto_pk_t *rsa_key,
                               time_t expires,
                               uint8_t **cert)
{
  /* A clock that shows less is wrong: such an hour would be of no use. */
  tor_assert_nonfatal(expires >= 15 * 365 * 86400);

  size_t len = 0;
  *cert = torrs_crosscert_new(ed_key->pubkey, expires, rsa_key,
                              crypto_pk_keysize(rsa_key), sign, &len);
  if (BUG(!*cert))
    return -1;
  return len;
}

/** Check that <b>crosscert</b> certifies <b>master_key</b> with
 * <b>rsa_id_key</b>, and had not expired before
 * <b>reject_if_expired_before</b>. Return 0 if so, else less. */
MOCK_IMPL(int,
rsa_ed25519_crosscert_check, (const uint8_t *crosscert,
                              const size_t crosscert_len,
                              const crypto_pk_t *rsa_id_key,
                              const ed25519_public_key_t *master_key,
                              const time_t reject_if_expired_before))
{
  if (BUG(crypto_pk_keysize(rsa_id_key) > PK_BYTES))
    return -1;
  if (BUG(!crosscert))
    return -1;
  return torrs_crosscert_check(LOG_PROTOCOL_WARN, crosscert, crosscert_len,
                               master_key->pubkey, reject_if_expired_before,
                               rsa_id_key, recover);
}

/** Check that the TAP onion key <b>onion_pkey</b> has signed the identities of
 * its relay. Return 0 if so, else -1. */
MOCK_IMPL(int,
check_tap_onion_key_crosscert,(const uint8_t *crosscert,
                               int crosscert_len,
                               const crypto_pk_t *onion_pkey,
                               const ed25519_public_key_t *master_id_pkey,
                               const uint8_t *rsa_id_digest))
{
  const size_t room = crypto_pk_keysize(onion_pkey);
  uint8_t *signed_ = tor_malloc(room);
  const int len = recover(onion_pkey, signed_, room, crosscert, crosscert_len);
  const int rv = len < 0 ? -1 :
    torrs_onion_key_crosscert_check(signed_, len, rsa_id_digest,
                                    master_id_pkey->pubkey);
  tor_free(signed_);
  return rv;
}

/* ---- The certificates of a CERTS cell -------------------------------------- */

/** Return an object without certificates. */
or_handshake_certs_t *
or_handshake_certs_new(void)
{
  return tor_malloc_zero(sizeof(or_handshake_certs_t));
}

/** Free <b>certs</b>, if there are any. */
void
or_handshake_certs_free_(or_handshake_certs_t *certs)
{
  if (!certs)
    return;
  tor_x509_cert_free(certs->id_cert);
  tor_x509_cert_free(certs->link_cert);
  tor_x509_cert_free(certs->auth_cert);
  tor_cert_free(certs->ed_id_sign);
  tor_cert_free(certs->ed_sign_link);
  tor_cert_free(certs->ed_sign_auth);
  tor_free(certs->ed_rsa_crosscert);
  memwipe(certs, 0xBD, sizeof(*certs));
  tor_free(certs);
}

/** The link whose certificates are checked. */
typedef struct checked_link_t {
  const or_handshake_certs_t *certs;
  tor_tls_t *tls;
  time_t now;
  int severity;
} checked_link_t;

/** What torrs_link_peer_t says. */
static bool
link_is_of_tls(void *link_)
{
  const checked_link_t *link = link_;
  return tor_tls_cert_matches_key(link->tls, link->certs->link_cert);
}

/** What torrs_link_peer_t says. */
static bool
x509_is_valid(void *link_, int which, bool as_protocol, bool check_rsa_1024)
{
  const checked_link_t *link = link_;
  const or_handshake_certs_t *certs = link->certs;
  const tor_x509_cert_t *cert =
    which == TORRS_X509_ID ? certs->id_cert :
    which == TORRS_X509_LINK ? certs->link_cert : certs->auth_cert;
  return tor_tls_cert_is_valid(as_protocol ? LOG_PROTOCOL_WARN : link->severity,
                               cert, certs->id_cert, link->now,
                               check_rsa_1024);
}

/** What torrs_link_peer_t says. */
static bool
tls_cert_digest(void *link_, uint8_t *digest_out)
{
  const checked_link_t *link = link_;
  tor_x509_cert_t *cert = tor_tls_get_peer_cert(link->tls);
  if (!cert)
    return false;
  const common_digests_t *digests = tor_x509_cert_get_cert_digests(cert);
  memcpy(digest_out, digests->d[DIGEST_SHA256], DIGEST256_LEN);
  tor_x509_cert_free(cert);
  return true;
}

/** What torrs_link_peer_t says. */
static int
crosscert(void *link_, const uint8_t *ed_id)
{
  const checked_link_t *link = link_;
  const or_handshake_certs_t *certs = link->certs;
  crypto_pk_t *rsa_id = tor_tls_cert_get_key(certs->id_cert);
  if (!rsa_id)
    return TORRS_CROSSCERT_NO_KEY;
  const int rv = rsa_ed25519_crosscert_check(certs->ed_rsa_crosscert,
                                             certs->ed_rsa_crosscert_len,
                                             rsa_id,
                                          (const ed25519_public_key_t *)ed_id,
                                             link->now);
  crypto_pk_free(rsa_id);
  return rv < 0 ? TORRS_CROSSCERT_BAD : TORRS_CROSSCERT_GOOD;
}

/** Which of the three functions below is asked. */
typedef enum { ASK_RSA, ASK_ED25519, ASK_BOTH } asked_t;

/** Ask it of Rust. */
static int
ask(asked_t asked, int severity, const or_handshake_certs_t *certs,
    tor_tls_t *tls, time_t now)
{
  const tor_cert_t *const ed[3] =
    { certs->ed_id_sign, certs->ed_sign_link, certs->ed_sign_auth };
  struct torrs_cert_t known[3];
  for (int i = 0; i < 3; ++i) {
    if (ed[i])
      show(ed[i], &known[i]);
  }
  const struct torrs_link_certs_t presented = {
    .started_here = certs->started_here,
    .has_id = certs->id_cert,
    .has_link = certs->link_cert,
    .has_auth = certs->auth_cert,
    .has_crosscert = certs->ed_rsa_crosscert,
    .id_signing = ed[0] ? &known[0] : NULL,
    .signing_link = ed[1] ? &known[1] : NULL,
    .signing_auth = ed[2] ? &known[2] : NULL,
  };
  checked_link_t link = {
    .certs = certs,
    .tls = tls,
    .now = now,
    .severity = severity,
  };
  const struct torrs_link_peer_t peer = {
    .link = &link,
    .link_is_of_tls = link_is_of_tls,
    .x509_is_valid = x509_is_valid,
    .tls_cert_digest = tls_cert_digest,
    .crosscert = crosscert,
    .checksig = checksig(),
  };
  switch (asked) {
    case ASK_RSA:
      return torrs_link_certs_rsa_ok(severity, &presented, &peer);
    case ASK_ED25519:
      return torrs_link_certs_ed25519_ok(severity, &presented, &peer, now);
    case ASK_BOTH:
    default:
      return torrs_link_certs_check(severity, &presented, &peer, now);
  }
}

/** Return 1 if the RSA certificates in <b>certs</b> prove who is at the other end
 * of <b>tls</b>. Otherwise log why not, with <b>severity</b>, and return 0. */
int
or_handshake_certs_rsa_ok(int severity,
                          or_handshake_certs_t *certs,
                          tor_tls_t *tls,
                          time_t now)
{
  return ask(ASK_RSA, severity, certs, tls, now);
}

/** Return 1 if the Ed25519 certificates in <b>certs</b> prove who is at the other
 * end of <b>tls</b>, and that the RSA identity is the same one's. Otherwise log
 * why not, with <b>severity</b>, and return 0. */
int
or_handshake_certs_ed25519_ok(int severity,
                              or_handshake_certs_t *certs,
                              tor_tls_t *tls,
                              time_t now)
{
  return ask(ASK_ED25519, severity, certs, tls, now);
}

/** Put the identities that <b>certs</b> prove at the other end of <b>tls</b> into
 * *<b>ed_id_out</b> and *<b>rsa_id_out</b>, NULL for one that they do not, and log
 * with <b>severity</b> why there is none. */
void
or_handshake_certs_check_both(int severity,
                              or_handshake_certs_t *certs,
                              tor_tls_t *tls,
                              time_t now,
                              const ed25519_public_key_t **ed_id_out,
                              const common_digests_t **rsa_id_out)
{
  tor_assert(ed_id_out);
  tor_assert(rsa_id_out);
  *ed_id_out = NULL;
  *rsa_id_out = NULL;

  switch (ask(ASK_BOTH, severity, certs, tls, now)) {
    case TORRS_PROVEN_BOTH:
      *ed_id_out = &certs->ed_id_sign->signing_key;
      *rsa_id_out = tor_x509_cert_get_id_digests(certs->id_cert);
      /* Nobody has looked at these: nobody else shall. */
      tor_x509_cert_free(certs->link_cert);
      tor_x509_cert_free(certs->auth_cert);
      break;
    case TORRS_PROVEN_RSA:
      *rsa_id_out = tor_x509_cert_get_id_digests(certs->id_cert);
      break;
    default:
      break;
  }
}
