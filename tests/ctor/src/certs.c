/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file certs.c
 * @brief Certificates for comparisons: what is in a structure of C that has
 *   bitfields, and structures filled in. What X.509 and TLS say is scripted
 *   (src/tls.rs): here is only what carries it.
 **/

#define TOR_X509_PRIVATE

#include "orconfig.h"
#include "core/or/or.h"
#include "core/or/or_handshake_certs_st.h"
#include "feature/nodelist/torcert.h"
#include "lib/cc/ctassert.h"
#include "lib/crypt_ops/crypto_ed25519.h"
#include "lib/tls/x509.h"

CTASSERT(sizeof(ed25519_keypair_t) == 32 + 64);
CTASSERT(offsetof(ed25519_keypair_t, seckey) == 32);
CTASSERT(sizeof(time_t) == 8);

/** All that is in a tor_cert_t. */
typedef struct ctor_cert_seen_t {
  uint8_t signed_key[32];
  uint8_t signing_key[32];
  int64_t valid_until;
  const uint8_t *encoded;
  size_t encoded_len;
  uint8_t cert_type;
  uint8_t flags;
} ctor_cert_seen_t;

void ctor_cert_see(const tor_cert_t *cert, ctor_cert_seen_t *seen);
void ctor_cert_cut(tor_cert_t *cert, size_t len);
tor_x509_cert_t *ctor_x509_new(const uint8_t *cert_digest,
                               const uint8_t *id_digest);
void ctor_certs_fill(or_handshake_certs_t *certs, bool started_here,
                     tor_x509_cert_t *const x509[3],
                     tor_cert_t *const ed[3],
                     const uint8_t *crosscert, size_t crosscert_len);
uint8_t ctor_certs_left(const or_handshake_certs_t *certs);

/** Look into <b>cert</b>. */
void
ctor_cert_see(const tor_cert_t *cert, ctor_cert_seen_t *seen)
{
  memset(seen, 0, sizeof(*seen));
  memcpy(seen->signed_key, cert->signed_key.pubkey, 32);
  memcpy(seen->signing_key, cert->signing_key.pubkey, 32);
  seen->valid_until = cert->valid_until;
  seen->encoded = cert->encoded;
  seen->encoded_len = cert->encoded_len;
  seen->cert_type = cert->cert_type;
  seen->flags = cert->signing_key_included | cert->sig_bad << 1 |
    cert->sig_ok << 2 | cert->cert_expired << 3 | cert->cert_valid << 4;
}

/** Forget the end of <b>cert</b>, behind <b>len</b> bytes. */
void
ctor_cert_cut(tor_cert_t *cert, size_t len)
{
  cert->encoded_len = len;
}

/** Make what stands for an X.509 certificate with these SHA-256 digests, of all of
 * it and of its key. */
tor_x509_cert_t *
ctor_x509_new(const uint8_t *cert_digest, const uint8_t *id_digest)
{
  tor_x509_cert_t *cert = tor_malloc_zero(sizeof(*cert));
  memcpy(cert->cert_digests.d[DIGEST_SHA256], cert_digest, DIGEST256_LEN);
  memcpy(cert->pkey_digests.d[DIGEST_SHA256], id_digest, DIGEST256_LEN);
  cert->pkey_digests_set = 1;
  return cert;
}

/** Put certificates into <b>certs</b>, which frees them: those of identity, link
 * and authentication; those that certify the signing key and that it certifies; and
 * a copy of <b>crosscert</b>. Each may be NULL. */
void
ctor_certs_fill(or_handshake_certs_t *certs, bool started_here,
                tor_x509_cert_t *const x509[3], tor_cert_t *const ed[3],
                const uint8_t *crosscert, size_t crosscert_len)
{
  certs->started_here = started_here;
  certs->id_cert = x509[0];
  certs->link_cert = x509[1];
  certs->auth_cert = x509[2];
  certs->ed_id_sign = ed[0];
  certs->ed_sign_link = ed[1];
  certs->ed_sign_auth = ed[2];
  if (crosscert) {
    certs->ed_rsa_crosscert = tor_memdup(crosscert, crosscert_len);
    certs->ed_rsa_crosscert_len = crosscert_len;
  }
}

/** Return which certificates are in <b>certs</b>: a bit each. */
uint8_t
ctor_certs_left(const or_handshake_certs_t *certs)
{
  return !!certs->id_cert | !!certs->link_cert << 1 | !!certs->auth_cert << 2 |
    !!certs->ed_id_sign << 3 | !!certs->ed_sign_link << 4 |
    !!certs->ed_sign_auth << 5 | !!certs->ed_rsa_crosscert << 6;
}
