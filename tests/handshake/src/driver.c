/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file driver.c
 * @brief Plays link handshakes to the tor that it is linked with, and prints
 *   all that can be seen of what that tor does.
 *
 * It is compiled once for each build of tor, as one of tor's unit tests would
 * be, and knows nothing of how that build handles a handshake. Connection and
 * channel are tor's own, in a process of their own for each script, so that a
 * script behaves the same alone and among others, and one that crashes costs
 * itself only. What reaches out of the handshake is noted, then done; TLS,
 * time, randomness and the network are stood in for.
 *
 * Scripts come on stdin, traces leave on stdout: README.md beside this folder
 * describes both.
 **/

#define CHANNELTLS_PRIVATE
#define CHANNEL_OBJECT_PRIVATE
#define CHANNEL_FILE_PRIVATE
#define CONNECTION_PRIVATE
#define CONNECTION_OR_PRIVATE
#define ENTRYNODES_PRIVATE
#define LOG_PRIVATE
#define MAINLOOP_PRIVATE
#define ORCONN_EVENT_PRIVATE
#define TOR_X509_PRIVATE
#define TORTLS_PRIVATE

#include "orconfig.h"
#include "core/or/or.h"
#include "app/config/config.h"
#include "app/main/main.h"
#include "app/main/subsysmgr.h"
#include "core/mainloop/connection.h"
#include "core/mainloop/mainloop.h"
#include "core/mainloop/mainloop_pubsub.h"
#include "core/or/cell_st.h"
#include "core/or/channel.h"
#include "core/or/channelpadding.h"
#include "core/or/channeltls.h"
#include "core/or/command.h"
#include "core/or/connection_or.h"
#include "core/or/or_connection_st.h"
#include "core/or/or_handshake_certs_st.h"
#include "core/or/or_handshake_state_st.h"
#include "core/or/orconn_event.h"
#include "core/or/scheduler.h"
#include "core/or/var_cell_st.h"
#include "feature/client/bridges.h"
#include "feature/client/entrynodes.h"
#include "feature/control/control.h"
#include "feature/control/control_events.h"
#include "feature/dirauth/reachability.h"
#include "feature/nodelist/dirlist.h"
#include "feature/nodelist/networkstatus.h"
#include "feature/nodelist/node_st.h"
#include "feature/nodelist/nodelist.h"
#include "feature/nodelist/routerinfo_st.h"
#include "feature/nodelist/routerstatus_st.h"
#include "feature/nodelist/torcert.h"
#include "feature/relay/relay_find_addr.h"
#include "feature/relay/relay_handshake.h"
#include "feature/relay/router.h"
#include "feature/relay/routerkeys.h"
#include "feature/stats/bwhist.h"
#include "feature/stats/predict_ports.h"
#include "feature/stats/rephist.h"
#include "lib/buf/buffers.h"
#include "lib/crypt_ops/crypto_init.h"
#include "lib/crypt_ops/crypto_rand.h"
#include "lib/crypt_ops/crypto_rsa.h"
#include "lib/encoding/binascii.h"
#include "lib/evloop/compat_libevent.h"
#include "lib/log/log.h"
#include "lib/time/compat_time.h"
#include "lib/tls/tortls.h"
#include "lib/tls/tortls_internal.h"
#include "lib/tls/tortls_st.h"
#include "lib/tls/x509.h"
#include "lib/wallclock/approx_time.h"
#include "lib/wallclock/tor_gettimeofday.h"
#include "trunnel/channelpadding_negotiation.h"
#ifdef USE_RUST
#include "rust/c-glue/host.h"
#endif

#undef DISABLE_OSSL_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- What is fixed ---- */

/** When every script begins: 17 March 2030. */
#define BEGINNING 1900000000

/** What time it is. */
static time_t the_time = BEGINNING;

/** Stands in for libc's. */
time_t
time(time_t *out)
{
  if (out)
    *out = the_time;
  return the_time;
}

static void
set_time(time_t when)
{
  the_time = when;
  update_approx_time(when);
  monotime_coarse_set_mock_time_nsec((int64_t)(when - BEGINNING + 1000) *
                                     1000000000);
  monotime_set_mock_time_nsec((int64_t)(when - BEGINNING + 1000) *
                              1000000000);
}

static void
mock_gettimeofday(struct timeval *out)
{
  out->tv_sec = the_time;
  out->tv_usec = 0;
}

/** What is drawn depends only on how much is drawn: a draw more or less, whose
 * outcome nobody sees, is no difference. */
static void
mock_crypto_rand(char *to, size_t n)
{
  for (size_t i = 0; i < n; ++i)
    to[i] = (char)(0x10 + 7 * i + n);
}

/** For our Ed25519 keys, of which each is another one. */
static void
mock_strongest_rand(uint8_t *to, size_t n)
{
  static uint8_t drawn = 0;
  memset(to, 0x41 + drawn++, n);
}

/* ---- What a script says ---- */

/** Everything about a script that is not an event. */
typedef struct setting_t {
  int keep_going; /**< Closing is only noted. */
  int trusted; /**< The peer is a directory authority. */
  int known; /**< The peer is in the consensus. */
  int exporter; /**< What the TLS exporter returns. */
  int protocol_warnings; /**< The option ProtocolWarnings. */
  int has_node; /**< The peer is in the node list. */
  int has_node_ed;
  ed25519_public_key_t node_ed;
} setting_t;

static setting_t setting;
static routerinfo_t my_routerinfo;
static const routerinfo_t *me = NULL;
static node_t peer_node;
static routerinfo_t peer_routerinfo;
static routerstatus_t peer_routerstatus;

static uint8_t *peer_cert = NULL; /**< The peer's TLS certificate, DER. */
static size_t peer_cert_len = 0;

static uint8_t *my_link_cert = NULL; /**< Ours. */
static size_t my_link_cert_len = 0;
static uint8_t my_id_digest[DIGEST256_LEN];

static or_connection_t *conn = NULL;
static channel_tls_t *chan = NULL;

/** TLS of a responder and of an initiator, ready for whoever needs it: it takes
 * longer to make than many a script to play. */
static tor_tls_t *tls_of[2] = { NULL, NULL };

/** All that tor has sent, and all that has been played to it, for the digests
 * in AUTHENTICATE. */
static buf_t *all_sent = NULL;
static buf_t *all_received = NULL;

/** A fault to be noticed. */
static const char *fault = "";

/* ---- The trace ---- */

/** The trace of the script that is being played. Not stdio's buffer: a process
 * that dies must still be able to write it. */
static char trace[1 << 24];
static size_t trace_len = 0;

static void
put(char c)
{
  if (trace_len < sizeof(trace))
    trace[trace_len++] = c;
}

static void putv(const char *format, va_list ap) CHECK_PRINTF(1, 0);
static void
putv(const char *format, va_list ap)
{
  size_t left = sizeof(trace) - trace_len;
  int n = vsnprintf(trace + trace_len, left, format, ap);
  tor_assert(n >= 0);
  trace_len += MIN((size_t)n, left);
}

static void putf(const char *format, ...) CHECK_PRINTF(1, 2);
static void
putf(const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  putv(format, ap);
  va_end(ap);
}

/** Writes the trace; fit for a signal handler. */
static void
write_trace(void)
{
  size_t at = 0;
  while (at < trace_len) {
    ssize_t n = write(STDOUT_FILENO, trace + at, trace_len - at);
    if (n <= 0)
      break;
    at += (size_t)n;
  }
  trace_len = 0;
}

static void
died(int sig)
{
  write_trace();
  signal(sig, SIG_DFL);
  raise(sig);
}

static char pending[1 << 18];
static size_t pending_len = 0;

/** What is sent in several writes is one line. */
static void
flush_sent(void)
{
  if (!pending_len)
    return;
  putf("sent ");
  for (size_t i = 0; i < pending_len; ++i)
    putf("%02x", (uint8_t)pending[i]);
  put('\n');
  pending_len = 0;
}

static void note(const char *format, ...) CHECK_PRINTF(1, 2);
static void
note(const char *format, ...)
{
  va_list ap;
  flush_sent();
  va_start(ap, format);
  putv(format, ap);
  va_end(ap);
  put('\n');
}

static const char *
hex(const void *bytes, size_t len)
{
  static char out[8][600];
  static int next = 0;
  char *buf = out[next++ % 8];
  tor_assert(len * 2 < sizeof(out[0]));
  base16_encode(buf, sizeof(out[0]), bytes, len);
  return buf;
}

static const char *
addr(const tor_addr_t *address)
{
  static char out[4][TOR_ADDR_BUF_LEN];
  static int next = 0;
  char *buf = out[next++ % 4];
  if (tor_addr_family(address) == AF_UNSPEC)
    return "unspec";
  if (!tor_addr_to_str(buf, address, TOR_ADDR_BUF_LEN, 1))
    return "?";
  return buf;
}

static const char *
severity_name(int severity)
{
  switch (severity) {
    case LOG_ERR: return "err";
    case LOG_WARN: return "warn";
    case LOG_NOTICE: return "notice";
    case LOG_INFO: return "info";
    case LOG_DEBUG: return "debug";
    default: return "?";
  }
}

static const char *
domain_name(log_domain_mask_t domain)
{
  static char out[64];
  domain &= LD_ALL_DOMAINS;
  if (domain == LD_GENERAL) return "GENERAL";
  if (domain == LD_CRYPTO) return "CRYPTO";
  if (domain == LD_NET) return "NET";
  if (domain == LD_PROTOCOL) return "PROTOCOL";
  if (domain == LD_CIRC) return "CIRC";
  if (domain == LD_BUG) return "BUG";
  if (domain == LD_OR) return "OR";
  if (domain == LD_HANDSHAKE) return "HANDSHAKE";
  if (domain == LD_CHANNEL) return "CHANNEL";
  if (domain == LD_SCHED) return "SCHED";
  if (domain == LD_BTRACK) return "BTRACK";
  if (domain == LD_GUARD) return "GUARD";
  if (domain == LD_CONTROL) return "CONTROL";
  tor_snprintf(out, sizeof(out), "%"PRIx64, domain);
  return out;
}

/** Returns the length of the place in a file, "PATH.c:LINE" or "PATH.rs:LINE", that
 * <b>text</b> begins with; 0 if it begins with none. */
static size_t
place_len(const char *text)
{
  const size_t path_len = strcspn(text, ": ");
  const bool is_file = path_len > 2 &&
    (!strncmp(text + path_len - 2, ".c", 2) ||
     !strncmp(text + path_len - 3, ".rs", 3));
  if (!is_file || text[path_len] != ':' || !TOR_ISDIGIT(text[path_len + 1]))
    return 0;
  return path_len + 1 + strspn(text + path_len + 1, "0123456789");
}

/** Writes a message to the trace: one line, without what differs from run to
 * run (addresses) or from build to build (places in files). */
static void
print_message(const char *text)
{
  for (const char *p = text; *p; ++p) {
    const bool word_begins = p == text || p[-1] == ' ';
    const size_t place = word_begins ? place_len(p) : 0;
    if (place) {
      putf("PLACE");
      p += place - 1;
    } else if (p[0] == '0' && p[1] == 'x' &&
               strspn(p + 2, "0123456789abcdef") > 5) {
      putf("PTR");
      p += 1 + strspn(p + 2, "0123456789abcdef");
    } else if (*p == '\n') {
      putf("\\n");
    } else {
      put(*p);
    }
  }
}

static void mock_logv(int severity, log_domain_mask_t domain,
                      const char *funcname, const char *suffix,
                      const char *format, va_list ap) CHECK_PRINTF(5, 0);
static void
mock_logv(int severity, log_domain_mask_t domain, const char *funcname,
          const char *suffix, const char *format, va_list ap)
{
  static char text[10240];
  /* How messages travel inside tor says nothing about handshakes. */
  if (domain & LD_MESG)
    return;
  vsnprintf(text, sizeof(text), format, ap);
  /* Stack traces belong to a build. */
  if (strstr(text, "Stack trace") ||
      ((domain & LD_BUG) && (!strcmpstart(text, "    ") ||
                             strstr(text, "+0x") || strstr(text, "[0x"))))
    return;
  flush_sent();
  if (!funcname)
    funcname = "-";
  /* What can be mocked is called NAME__real in this build, and only there. */
  const char *real = strstr(funcname, "__real");
  putf("log %s %s %.*s: ", severity_name(severity), domain_name(domain),
       (int)(real ? (size_t)(real - funcname) : strlen(funcname)), funcname);
  print_message(text);
  if (suffix)
    print_message(suffix);
  put('\n');
}

/** What has been said of the state after the event before. */
static smartlist_t *known_state = NULL;
static int state_at = 0;

static void is(const char *name, const char *format, ...) CHECK_PRINTF(2, 3);
/** Says what <b>name</b> is now, if it was something else. Must be called for
 * the same names in the same order each time. */
static void
is(const char *name, const char *format, ...)
{
  va_list ap;
  char *value = NULL;
  va_start(ap, format);
  tor_vasprintf(&value, format, ap);
  va_end(ap);
  if (state_at == smartlist_len(known_state))
    smartlist_add(known_state, tor_strdup("0"));
  char *before = smartlist_get(known_state, state_at);
  if (strcmp(before, value)) {
    note("= %s %s", name, value);
    tor_free(before);
    smartlist_set(known_state, state_at, value);
  } else {
    tor_free(value);
  }
  ++state_at;
}

static const char *
digest_so_far(crypto_digest_t *digest)
{
  char out[DIGEST256_LEN];
  if (!digest)
    return "0";
  crypto_digest_get_digest(digest, out, sizeof(out));
  return hex(out, sizeof(out));
}

static const char *
x509_seen(const tor_x509_cert_t *cert)
{
  if (!cert)
    return "0";
  return hex(tor_x509_cert_get_cert_digests(cert)->d[DIGEST_SHA256], 8);
}

static const char *
ed_cert_seen(const tor_cert_t *cert)
{
  static char out[6][200];
  static int next = 0;
  char *buf = out[next++ % 6];
  if (!cert)
    return "0";
  tor_snprintf(buf, sizeof(out[0]), "type=%d key=%s signer=%s until=%ld"
               " sig_bad=%d sig_ok=%d expired=%d len=%u",
               cert->cert_type, hex(cert->signed_key.pubkey, 8),
               cert->signing_key_included ?
                 hex(cert->signing_key.pubkey, 8) : "-",
               (long)cert->valid_until, cert->sig_bad, cert->sig_ok,
               cert->cert_expired, (unsigned)cert->encoded_len);
  return buf;
}

/** Everything that a handshake changes. */
static void
note_state(void)
{
  channel_t *base = TLS_CHAN_TO_BASE(chan);
  const or_handshake_state_t *h = conn->handshake_state;
  const guard_selection_t *gs = get_guard_selection_info();
  state_at = 0;
  is("state", "%d", conn->base_.state);
  is("channel_state", "%d", base->state);
  is("reason_for_closing", "%d", base->reason_for_closing);
  is("marked_for_close", "%d", !!conn->base_.marked_for_close);
  is("link_proto", "%d", conn->link_proto);
  is("conn.wide_circ_ids", "%d", conn->wide_circ_ids);
  is("chan.wide_circ_ids", "%d", base->wide_circ_ids);
  is("padding_enabled", "%d", base->padding_enabled);
  is("padding_timeout", "%d-%d", base->padding_timeout_low_ms,
     base->padding_timeout_high_ms);
  is("currently_padding", "%d", base->currently_padding);
  is("is_client", "%d", base->is_client);
  is("is_canonical", "%d", conn->is_canonical);
  is("is_canonical_to_peer", "%d", base->is_canonical_to_peer);
  is("addr_according_to_peer", "%s", addr(&base->addr_according_to_peer));
  is("addr", "%s:%d", addr(&conn->base_.addr), conn->base_.port);
  is("address", "%s", conn->base_.address ? conn->base_.address : "-");
  is("canonical_orport", "%s:%d", addr(&conn->canonical_orport.addr),
     conn->canonical_orport.port);
  is("nickname", "%s", conn->nickname ? conn->nickname : "-");
  is("idle_timeout", "%d", conn->idle_timeout);
  is("bucket", "%u/%u", conn->bucket.cfg.rate, conn->bucket.cfg.burst);
  is("conn.identity", "%s", hex(conn->identity_digest, DIGEST_LEN));
  is("chan.identity", "%s", hex(base->identity_digest, DIGEST_LEN));
  is("chan.ed25519_identity", "%s",
     hex(base->ed25519_identity.pubkey, ED25519_PUBKEY_LEN));
  is("circ_id_type", "%d", base->circ_id_type);
  is("is_local", "%d", base->is_local);
  is("has_been_open", "%d", base->has_been_open);
  is("tls_error", "%d", conn->tls_error);
  is("handshake_state", "%d", !!h);
  is("sent_versions_at", "%ld", h ? (long)h->sent_versions_at : 0);
  is("started_here", "%d", h ? h->started_here : 0);
  is("received_versions", "%d", h ? h->received_versions : 0);
  is("received_auth_challenge", "%d", h ? h->received_auth_challenge : 0);
  is("received_certs_cell", "%d", h ? h->received_certs_cell : 0);
  is("received_authenticate", "%d", h ? h->received_authenticate : 0);
  is("authenticated", "%d", h ? h->authenticated : 0);
  is("authenticated_rsa", "%d", h ? h->authenticated_rsa : 0);
  is("authenticated_ed25519", "%d", h ? h->authenticated_ed25519 : 0);
  is("sent_netinfo", "%d", h ? h->sent_netinfo : 0);
  is("own_link_cert", "%d", h ? !!h->own_link_cert : 0);
  is("digest_sent_data", "%d", h ? h->digest_sent_data : 0);
  is("digest_received_data", "%d", h ? h->digest_received_data : 0);
  is("rsa_peer_id", "%s",
     h ? hex(h->authenticated_rsa_peer_id, DIGEST_LEN) : "0");
  is("ed25519_peer_id", "%s",
     h ? hex(h->authenticated_ed25519_peer_id.pubkey, ED25519_PUBKEY_LEN)
       : "0");
  is("digest_sent", "%s", h ? digest_so_far(h->digest_sent) : "0");
  is("digest_received", "%s", h ? digest_so_far(h->digest_received) : "0");
  const or_handshake_certs_t *c = h ? h->certs : NULL;
  is("certs", "%d", !!c);
  is("certs.started_here", "%d", c ? c->started_here : 0);
  is("auth_cert", "%s", c ? x509_seen(c->auth_cert) : "0");
  is("link_cert", "%s", c ? x509_seen(c->link_cert) : "0");
  is("id_cert", "%s", c ? x509_seen(c->id_cert) : "0");
  is("ed_id_sign", "%s", c ? ed_cert_seen(c->ed_id_sign) : "0");
  is("ed_sign_link", "%s", c ? ed_cert_seen(c->ed_sign_link) : "0");
  is("ed_sign_auth", "%s", c ? ed_cert_seen(c->ed_sign_auth) : "0");
  is("ed_rsa_crosscert", "%d %u", c ? !!c->ed_rsa_crosscert : 0,
     c ? (unsigned)c->ed_rsa_crosscert_len : 0);
  is("stats.versions", "%"PRIu64, stats_n_versions_cells_processed);
  is("stats.netinfo", "%"PRIu64, stats_n_netinfo_cells_processed);
  is("stats.vpadding", "%"PRIu64, stats_n_vpadding_cells_processed);
  is("stats.certs", "%"PRIu64, stats_n_certs_cells_processed);
  is("stats.auth_challenge", "%"PRIu64,
     stats_n_auth_challenge_cells_processed);
  is("stats.authenticate", "%"PRIu64, stats_n_authenticate_cells_processed);
  is("stats.authorize", "%"PRIu64, stats_n_authorize_cells_processed);
  is("stats.padding", "%"PRIu64, stats_n_padding_cells_processed);
  is("timestamp_active", "%ld", (long)base->timestamp_active);
  is("timestamp_recv", "%ld", (long)base->timestamp_recv);
  is("n_cells_recved", "%"PRIu64, base->n_cells_recved);
  is("on_internet", "%ld", (long)gs->last_time_on_internet);
  is("inbuf", "%u", (unsigned)buf_datalen(conn->base_.inbuf));
  flush_sent();
}

/* ---- What reaches out: stood in for ---- */

static void
mock_write_to_buf(const char *string, size_t len, connection_t *c, int zlib)
{
  (void)zlib;
  tor_assert(c == TO_CONN(conn));
  tor_assert(pending_len + len <= sizeof(pending));
  memcpy(pending + pending_len, string, len);
  if (len > 100 && !strcmp(fault, "sent-byte"))
    pending[pending_len + 50] ^= 1;
  pending_len += len;
  buf_add(all_sent, string, len);
}

static void
mock_start_reading(connection_t *c)
{
  (void)c;
  note("call connection_start_reading");
}

static void
mock_stop_reading(connection_t *c)
{
  (void)c;
  note("call connection_stop_reading");
}

static void
mock_start_writing(connection_t *c)
{
  (void)c;
  note("call connection_start_writing");
}

static void
mock_stop_writing(connection_t *c)
{
  (void)c;
  note("call connection_stop_writing");
}

static void
mock_mark_for_close(connection_t *c, int line, const char *file)
{
  (void)line;
  (void)file;
  note("call connection_mark_for_close%s",
       c->marked_for_close ? " again" : "");
  c->marked_for_close = 1;
  c->marked_for_close_file = "driver";
}

static tor_x509_cert_t *
mock_get_peer_cert(tor_tls_t *tls)
{
  tor_assert(tls == conn->tls);
  return peer_cert ? tor_x509_cert_decode(peer_cert, peer_cert_len) : NULL;
}

static tor_x509_cert_t *
mock_get_own_cert(tor_tls_t *tls)
{
  tor_assert(tls == conn->tls);
  return tor_x509_cert_decode(my_link_cert, my_link_cert_len);
}

/** The same comparison as tor's, with the certificate of a TLS connection that
 * does not exist. */
static int
mock_cert_matches_key(const tor_tls_t *tls, const tor_x509_cert_t *cert)
{
  const uint8_t *der, *peer = peer_cert;
  size_t len;
  tor_assert(tls == conn->tls);
  if (!peer_cert)
    return 0;
  tor_x509_cert_get_der(cert, &der, &len);
  X509 *a = d2i_X509(NULL, &der, (long)len);
  X509 *b = d2i_X509(NULL, &peer, (long)peer_cert_len);
  tor_assert(a && b);
  EVP_PKEY *x = X509_get_pubkey(a), *y = X509_get_pubkey(b);
  int equal = x && y && EVP_PKEY_eq(x, y) == 1;
  EVP_PKEY_free(x);
  EVP_PKEY_free(y);
  X509_free(a);
  X509_free(b);
  return equal;
}

/** Depends on what it is asked for. */
static void
exporter(uint8_t *out, const uint8_t *context, size_t len, const char *label)
{
  SHA256_CTX sha;
  SHA256_Init(&sha);
  SHA256_Update(&sha, context, len);
  SHA256_Update(&sha, label, strlen(label));
  SHA256_Final(out, &sha);
}

static int
mock_export_key_material(tor_tls_t *tls, uint8_t *out, const uint8_t *context,
                         size_t len, const char *label)
{
  tor_assert(tls == conn->tls);
  if (setting.exporter)
    return setting.exporter;
  exporter(out, context, len, label);
  return 0;
}

static const routerinfo_t *
mock_get_my_routerinfo(void)
{
  return me;
}

static int
mock_is_trusted_dir_type(const char *digest, dirinfo_type_t type)
{
  (void)digest;
  (void)type;
  return setting.trusted;
}

static const node_t *
mock_node_get_by_id(const char *digest)
{
  if (setting.has_node && tor_memeq(digest, peer_node.identity, DIGEST_LEN))
    return &peer_node;
  return NULL;
}

static bool
mock_node_supports_ed(const node_t *node, bool compatible_with_us)
{
  (void)node;
  (void)compatible_with_us;
  return setting.has_node_ed;
}

static const ed25519_public_key_t *
mock_node_get_ed_id(const node_t *node)
{
  (void)node;
  return setting.has_node_ed ? &setting.node_ed : NULL;
}

/* The linker sends calls of NAME to __wrap_NAME, whoever makes them. */

const routerstatus_t *__wrap_router_get_consensus_status_by_id(const char *);
const routerstatus_t *
__wrap_router_get_consensus_status_by_id(const char *digest)
{
  (void)digest;
  return setting.known ? &peer_routerstatus : NULL;
}

int __wrap_router_addr_is_trusted_dir_type(const tor_addr_t *, dirinfo_type_t);
int
__wrap_router_addr_is_trusted_dir_type(const tor_addr_t *address,
                                       dirinfo_type_t type)
{
  (void)address;
  (void)type;
  return setting.trusted;
}

int __wrap_get_protocol_warning_severity_level(void);
int
__wrap_get_protocol_warning_severity_level(void)
{
  return setting.protocol_warnings ? LOG_WARN : LOG_INFO;
}

/* ---- What reaches out: noted, and done ---- */

static void
mock_close_for_error(or_connection_t *c, int flush)
{
  note("call connection_or_close_for_error flush=%d", flush);
  if (!setting.keep_going)
    connection_or_close_for_error__real(c, flush);
}

static void
mock_change_state(or_connection_t *c, uint8_t state)
{
  note("call connection_or_change_state %d", state);
  connection_or_change_state__real(c, state);
}

static void
mock_set_circid_type(channel_t *c, crypto_pk_t *key, int consider)
{
  char digest[DIGEST_LEN];
  memset(digest, 0, sizeof(digest));
  if (key)
    crypto_pk_get_digest(key, digest);
  note("call channel_set_circid_type key=%s consider_identity=%d",
       key ? hex(digest, sizeof(digest)) : "none", consider);
  channel_set_circid_type__real(c, key, consider);
}

static void
mock_clock_skew_warning(const connection_t *c, long skew, int trusted,
                        log_domain_mask_t domain, const char *received,
                        const char *source)
{
  note("call clock_skew_warning skew=%ld trusted=%d domain=%s received=%s"
       " source=%s", skew, trusted, domain_name(domain), received, source);
  if (!strcmp(fault, "no-skew"))
    return;
  clock_skew_warning__real(c, skew, trusted, domain, received, source);
}

static void
mock_bootstrap_prob_or(const char *warn, int reason, or_connection_t *c)
{
  note("call control_event_bootstrap_prob_or %s reason=%d", warn, reason);
  control_event_bootstrap_prob_or__real(warn, reason, c);
}

static void
cell_arrived(channel_t *c, cell_t *cell)
{
  (void)c;
  note("call cell_handler command=%d circ_id=%u body=%s...", cell->command,
       cell->circ_id, hex(cell->payload, 16));
}

#define WRAP(returns, name, parameters)         \
  returns __real_ ## name parameters;           \
  returns __wrap_ ## name parameters;           \
  returns __wrap_ ## name parameters

WRAP(void, rep_hist_note_negotiated_link_proto, (unsigned proto, int here))
{
  note("call rep_hist_note_negotiated_link_proto %u started_here=%d", proto,
       here);
  __real_rep_hist_note_negotiated_link_proto(proto, here);
}

WRAP(void, rep_hist_padding_count_read, (padding_type_t type))
{
  note("call rep_hist_padding_count_read %d", type);
  __real_rep_hist_padding_count_read(type);
}

WRAP(void, rep_hist_padding_count_write, (padding_type_t type))
{
  note("call rep_hist_padding_count_write %d", type);
  __real_rep_hist_padding_count_write(type);
}

WRAP(void, channel_mark_client, (channel_t *c))
{
  note("call channel_mark_client");
  if (strcmp(fault, "no-client"))
    __real_channel_mark_client(c);
}

WRAP(int, channelpadding_update_padding_for_channel,
     (channel_t *c, const channelpadding_negotiate_t *n))
{
  int r = __real_channelpadding_update_padding_for_channel(c, n);
  note("call channelpadding_update_padding_for_channel version=%d command=%d"
       " ito=%d-%d: %d", n->version, n->command, n->ito_low_ms,
       n->ito_high_ms, r);
  return r;
}

WRAP(void, relay_address_new_suggestion,
     (const tor_addr_t *ours, const tor_addr_t *theirs, const char *id))
{
  note("call relay_address_new_suggestion %s peer=%s id=%s", addr(ours),
       addr(theirs), id ? hex(id, DIGEST_LEN) : "-");
  __real_relay_address_new_suggestion(ours, theirs, id);
}

WRAP(void, learned_router_identity,
     (const tor_addr_t *a, uint16_t port, const char *digest,
      const ed25519_public_key_t *ed))
{
  note("call learned_router_identity %s:%d %s %s", addr(a), port,
       hex(digest, DIGEST_LEN), ed ? hex(ed->pubkey, 32) : "-");
  __real_learned_router_identity(a, port, digest, ed);
}

WRAP(void, entry_guard_chan_failed, (channel_t *c))
{
  note("call entry_guard_chan_failed");
  __real_entry_guard_chan_failed(c);
}

WRAP(void, dirserv_orconn_tls_done,
     (const tor_addr_t *a, uint16_t port, const char *digest,
      const ed25519_public_key_t *ed))
{
  note("call dirserv_orconn_tls_done %s:%d %s %s", addr(a), port,
       hex(digest, DIGEST_LEN), ed ? hex(ed->pubkey, 32) : "-");
  __real_dirserv_orconn_tls_done(a, port, digest, ed);
}

WRAP(void, tor_tls_set_logged_address, (tor_tls_t *tls, const char *text))
{
  note("call tor_tls_set_logged_address %s", text);
  __real_tor_tls_set_logged_address(tls, text);
}

WRAP(void, orconn_state_publish, (orconn_state_msg_t *m))
{
  note("call orconn_state_publish state=%d proxy_type=%d", m->state,
       m->proxy_type);
  __real_orconn_state_publish(m);
}

WRAP(void, orconn_status_publish, (orconn_status_msg_t *m))
{
  note("call orconn_status_publish status=%d reason=%d", m->status,
       m->reason);
  __real_orconn_status_publish(m);
}

/* ---- Events ---- */

static void
fail(const char *what, const char *word)
{
  flush_sent();
  write_trace();
  fprintf(stderr, "driver: %s: \"%.60s\"\n", what, word ? word : "");
  exit(2);
}

/** The next word of the line, or NULL. */
static char *
next_word(char **line)
{
  while (*line && **line == ' ')
    ++*line;
  if (!*line || !**line)
    return NULL;
  return strsep(line, " ");
}

static char *
need_word(char **line, const char *what)
{
  char *word = next_word(line);
  if (!word)
    fail("a word is missing", what);
  return word;
}

static long
need_number(char **line, const char *what)
{
  char *end = NULL, *word = need_word(line, what);
  long n = strtol(word, &end, 10);
  if (*end)
    fail("not a number", word);
  return n;
}

/** Bytes of a word in hex, or "-" for none. */
static uint8_t *
unhex(const char *word, size_t *len)
{
  size_t n = strlen(word);
  uint8_t *out = tor_malloc_zero(n / 2 + 1);
  *len = 0;
  if (!strcmp(word, "-"))
    return out;
  if (n % 2 || base16_decode((char *)out, n / 2, word, n) != (int)(n / 2))
    fail("not hex", word);
  *len = n / 2;
  return out;
}

static void
unhex_exactly(const char *word, void *out, size_t len)
{
  size_t n;
  uint8_t *bytes = unhex(word, &n);
  if (n != len)
    fail("of another length", word);
  memcpy(out, bytes, len);
  tor_free(bytes);
}

static void
need_addr(char **line, tor_addr_t *out)
{
  char *word = need_word(line, "address");
  if (tor_addr_parse(out, word) < 0)
    fail("not an address", word);
}

static int
is_variable(uint8_t command)
{
  return command == CELL_VERSIONS || command >= 128;
}

/** Adds the header of a cell to what was played; VERSIONS has a short circuit
 * ID always. */
static void
remember_received(uint32_t circ_id, uint8_t command, const uint8_t *body,
                  size_t len)
{
  uint8_t header[7];
  size_t n = 0;
  if (conn->link_proto >= 4) {
    set_uint32(header, htonl(circ_id));
    n += 4;
  } else {
    set_uint16(header, htons(circ_id));
    n += 2;
  }
  header[n++] = command;
  if (is_variable(command)) {
    set_uint16(header + n, htons(len));
    n += 2;
  }
  buf_add(all_received, (char *)header, n);
  buf_add(all_received, (const char *)body, len);
}

static void
play_cell(char **line)
{
  cell_t cell;
  size_t len;
  memset(&cell, 0, sizeof(cell));
  cell.circ_id = (circid_t)need_number(line, "circuit ID");
  cell.command = (uint8_t)need_number(line, "command");
  uint8_t *body = unhex(need_word(line, "body"), &len);
  if (len > CELL_PAYLOAD_SIZE)
    fail("too long a body", "");
  memcpy(cell.payload, body, len);
  remember_received(cell.circ_id, cell.command, cell.payload,
                    CELL_PAYLOAD_SIZE);
  channel_tls_handle_cell(&cell, conn);
  tor_free(body);
}

/** Hands a variable-length cell to tor: through the front door, or to the one
 * handler that <b>door</b> names. */
static void
hand_over(const char *door, uint32_t circ_id, uint8_t command,
          const uint8_t *body, size_t len)
{
  /* Not tor's var_cell_new(): that may be replaced, too. What is read past the
   * body's end, a memory checker sees. */
  var_cell_t *cell = tor_malloc_zero(offsetof(var_cell_t, payload) + len);
  cell->circ_id = circ_id;
  cell->command = command;
  cell->payload_len = (uint16_t)len;
  memcpy(cell->payload, body, len);
  if (!strcmp(door, "front")) {
    if (command != CELL_AUTHENTICATE)
      remember_received(circ_id, command, body, len);
    channel_tls_handle_var_cell(cell, conn);
  } else if (!strcmp(door, "certs")) {
    channel_tls_process_certs_cell(cell, chan);
  } else if (!strcmp(door, "auth_challenge")) {
    channel_tls_process_auth_challenge_cell(cell, chan);
  } else if (!strcmp(door, "authenticate")) {
    channel_tls_process_authenticate_cell(cell, chan);
  } else {
    fail("no such handler", door);
  }
  tor_free(cell);
}

static void
play_var_cell(char **line)
{
  size_t len;
  uint32_t circ_id = (uint32_t)need_number(line, "circuit ID");
  uint8_t command = (uint8_t)need_number(line, "command");
  uint8_t *body = unhex(need_word(line, "body"), &len);
  hand_over("front", circ_id, command, body, len);
  tor_free(body);
}

static void
play_direct(char **line)
{
  size_t len;
  const char *door = need_word(line, "handler");
  uint32_t circ_id = (uint32_t)need_number(line, "circuit ID");
  uint8_t command = (uint8_t)need_number(line, "command");
  uint8_t *body = unhex(need_word(line, "body"), &len);
  hand_over(door, circ_id, command, body, len);
  tor_free(body);
}

/** The digest of what tor sent before its NETINFO. */
static void
sent_log(uint8_t *out)
{
  size_t len = buf_datalen(all_sent), at = 0;
  uint8_t *bytes = tor_malloc_zero(len + 1);
  int wide = 0;
  buf_peek(all_sent, (char *)bytes, len);
  while (1) {
    /* VERSIONS, which is first, has a short circuit ID. */
    size_t id = wide ? 4 : 2;
    if (at + id + 3 > len || !is_variable(bytes[at + id]))
      break;
    at += id + 3 + ntohs(get_uint16(bytes + at + id + 1));
    wide = conn->link_proto >= 4;
  }
  SHA256(bytes, MIN(at, len), out);
  tor_free(bytes);
}

#define AUTH_BODY_LEN 288
#define AUTH_LEN (AUTH_BODY_LEN + 64)

/** AUTHENTICATE as an honest peer would send it now, changed as the line says:
 *   via=DOOR circ=N      where it goes
 *   cid=HEX              SHA-256 of the peer's RSA identity key
 *   cid_ed=HEX key=HEX   its Ed25519 identity; the seed of its auth key
 *   type=N len=N         other values in its header
 *   flip=AT:XX           a byte of the body, before it is signed
 *   after=AT:XX          a byte of the cell, signed as it is
 *   cut=N more=HEX       without its last bytes, and with others
 */
static void
play_authenticate(char **line)
{
  uint8_t cell[4 + AUTH_LEN + 1024], *auth = cell + 4;
  uint8_t seed[32];
  const char *door = "front";
  char *word;
  unsigned at, xx;
  long circ_id = 0, type = 3, cut = 0, len = AUTH_LEN;
  size_t n_flips = 0, n_after = 0, cell_len = 4 + AUTH_LEN;
  struct { unsigned at, xx; } flips[16], afters[16];
  char *more = NULL;
  memset(cell, 0, sizeof(cell));
  memset(seed, 0, sizeof(seed));
  memcpy(auth, "AUTH0003", 8);
  while ((word = next_word(line))) {
    char *value = strchr(word, '=');
    if (!value)
      fail("no value", word);
    *value++ = 0;
    if (!strcmp(word, "via"))
      door = value;
    else if (!strcmp(word, "circ"))
      circ_id = atol(value);
    else if (!strcmp(word, "cid"))
      unhex_exactly(value, auth + 8, 32);
    else if (!strcmp(word, "cid_ed"))
      unhex_exactly(value, auth + 72, 32);
    else if (!strcmp(word, "key"))
      unhex_exactly(value, seed, 32);
    else if (!strcmp(word, "type"))
      type = atol(value);
    else if (!strcmp(word, "len"))
      len = atol(value);
    else if (!strcmp(word, "cut"))
      cut = atol(value);
    else if (!strcmp(word, "more"))
      more = value;
    else if (sscanf(value, "%u:%x", &at, &xx) != 2)
      fail("no such change", word);
    else if (!strcmp(word, "flip") && n_flips < 16 && at < AUTH_BODY_LEN) {
      flips[n_flips].at = at;
      flips[n_flips++].xx = xx;
    } else if (!strcmp(word, "after") && n_after < 16 && at < cell_len) {
      afters[n_after].at = at;
      afters[n_after++].xx = xx;
    } else
      fail("no such change", word);
  }
  memcpy(auth + 40, my_id_digest, 32);
  memcpy(auth + 104, get_master_identity_key() ?
           get_master_identity_key()->pubkey : seed, 32);
  sent_log(auth + 136);
  size_t n_received = buf_datalen(all_received);
  char *received = tor_malloc_zero(n_received + 1);
  buf_peek(all_received, received, n_received);
  SHA256((uint8_t *)received, n_received, auth + 168);
  tor_free(received);
  SHA256(my_link_cert, my_link_cert_len, auth + 200);
  exporter(auth + 232, auth + 8, 32,
           "EXPORTER FOR TOR TLS CLIENT BINDING AUTH0003");
  memset(auth + 264, 0x77, 24);
  for (size_t i = 0; i < n_flips; ++i)
    auth[flips[i].at] ^= flips[i].xx;
  /* OpenSSL signs, so that no code of the tor that is looked at does. */
  size_t sig_len = 64;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
                                               sizeof(seed));
  EVP_MD_CTX *sign = EVP_MD_CTX_new();
  tor_assert(key && sign);
  tor_assert(EVP_DigestSignInit(sign, NULL, NULL, NULL, key) == 1);
  tor_assert(EVP_DigestSign(sign, auth + AUTH_BODY_LEN, &sig_len, auth,
                            AUTH_BODY_LEN) == 1);
  EVP_MD_CTX_free(sign);
  EVP_PKEY_free(key);
  set_uint16(cell, htons(type));
  set_uint16(cell + 2, htons(len));
  for (size_t i = 0; i < n_after; ++i)
    cell[afters[i].at] ^= afters[i].xx;
  cell_len -= MIN((size_t)cut, cell_len);
  if (more) {
    size_t n;
    uint8_t *bytes = unhex(more, &n);
    if (n > 1024)
      fail("too much more", "");
    memcpy(cell + cell_len, bytes, n);
    cell_len += n;
    tor_free(bytes);
  }
  hand_over(door, (uint32_t)circ_id, CELL_AUTHENTICATE, cell, cell_len);
}

/** Bytes as they come out of TLS: tor finds the cells. */
static void
play_bytes(char **line)
{
  size_t len;
  uint8_t *bytes = unhex(need_word(line, "bytes"), &len);
  buf_add(conn->base_.inbuf, (char *)bytes, len);
  /* As connection_handle_read() has it. */
  if (!conn->base_.marked_for_close) {
    int r = connection_or_process_inbuf(conn);
    note("call connection_or_process_inbuf: %d", r);
  }
  tor_free(bytes);
}

/** Puts the connection into a state that no cell led to. */
static void
poke(char **line)
{
  const char *field = need_word(line, "field");
  long n = need_number(line, field);
  or_handshake_state_t *h = conn->handshake_state;
  if (!strcmp(field, "state")) {
    conn->base_.state = n;
    if (n == OR_CONN_STATE_OPEN)
      TLS_CHAN_TO_BASE(chan)->state = CHANNEL_STATE_OPEN;
  } else if (!strcmp(field, "link_proto")) {
    conn->link_proto = n;
    conn->wide_circ_ids = TLS_CHAN_TO_BASE(chan)->wide_circ_ids = n >= 4;
  } else if (!strcmp(field, "channel"))
    conn->chan = n ? chan : NULL;
  else if (!strcmp(field, "is_outgoing"))
    conn->is_outgoing = n;
  else if (!strcmp(field, "marked_for_close"))
    conn->base_.marked_for_close = n;
  else if (!strcmp(field, "handshake")) {
    int r = connection_init_or_handshake_state(conn, (int)n);
    note("call connection_init_or_handshake_state %ld: %d", n, r);
  } else if (!h)
    fail("no handshake state for", field);
  else if (!strcmp(field, "received_versions"))
    h->received_versions = n;
  else if (!strcmp(field, "received_auth_challenge"))
    h->received_auth_challenge = n;
  else if (!strcmp(field, "received_certs_cell"))
    h->received_certs_cell = n;
  else if (!strcmp(field, "received_authenticate"))
    h->received_authenticate = n;
  else if (!strcmp(field, "authenticated"))
    h->authenticated = n;
  else if (!strcmp(field, "sent_netinfo"))
    h->sent_netinfo = n;
  else
    fail("no such field", field);
}

/** What connection_or_connect() does before it connects. */
static or_connection_t *
mock_connect(const tor_addr_t *address, uint16_t port, const char *id_digest,
             const ed25519_public_key_t *ed_id, channel_tls_t *c)
{
  conn = or_connection_new(CONN_TYPE_OR, tor_addr_family(address));
  conn->chan = chan = c;
  c->conn = conn;
  connection_or_init_conn_from_address(conn, address, port, id_digest, ed_id,
                                       1);
  conn->is_outgoing = 1;
  connection_or_change_state(conn, OR_CONN_STATE_CONNECTING);
  return conn;
}

/** A connection and its channel, after the TLS handshake. */
static void
connect_now(char **line)
{
  tor_addr_t address;
  char rsa[DIGEST_LEN];
  ed25519_public_key_t ed;
  channel_t *base;
  char *word, *role = need_word(line, "role");
  int started_here = !strcmp(role, "initiator");
  if (!started_here && strcmp(role, "responder"))
    fail("no such role", role);
  memset(rsa, 0, sizeof(rsa));
  memset(&ed, 0, sizeof(ed));
  need_addr(line, &address);
  while ((word = next_word(line))) {
    if (!strcmpstart(word, "rsa="))
      unhex_exactly(word + 4, rsa, sizeof(rsa));
    else if (!strcmpstart(word, "ed="))
      unhex_exactly(word + 3, ed.pubkey, sizeof(ed.pubkey));
    else
      fail("no such option", word);
  }
  if (started_here) {
    base = channel_tls_connect(&address, 9001, rsa, &ed);
  } else {
    conn = or_connection_new(CONN_TYPE_OR, tor_addr_family(&address));
    tor_addr_copy(&conn->base_.addr, &address);
    conn->base_.port = 40000;
    conn->base_.address = tor_addr_to_str_dup(&address);
    base = channel_tls_handle_incoming(conn);
    chan = BASE_CHAN_TO_TLS(base);
    channel_register(base);
  }
  tor_assert(base && chan && conn);
  channel_set_cell_handlers(base, cell_arrived);
  connection_or_change_state(conn, OR_CONN_STATE_TLS_HANDSHAKING);
  conn->tls = tls_of[started_here];
}

/** What an initiator does when its TLS handshake is done. */
static void
launch(void)
{
  connection_or_change_state(conn, OR_CONN_STATE_OR_HANDSHAKING_V3);
  int a = connection_init_or_handshake_state(conn, 1);
  int b = connection_or_send_versions(conn, 1);
  note("call launched: %d %d", a, b);
}

static void
choose_mode(const char *mode)
{
  or_options_t *options = get_options_mutable();
  me = &my_routerinfo;
  if (!strcmp(mode, "relay")) {
    options->ORPort_set = 1;
  } else if (!strcmp(mode, "bridge")) {
    options->ORPort_set = options->BridgeRelay = 1;
  } else if (!strcmp(mode, "authority")) {
    options->ORPort_set = 1;
    options->AuthoritativeDir = options->V3AuthoritativeDir = 1;
  } else if (!strcmp(mode, "client")) {
    me = NULL;
    routerkeys_free_all();
  } else {
    fail("no such mode", mode);
  }
}

static void
choose_node(char **line)
{
  char *word;
  need_addr(line, &peer_routerinfo.ipv4_addr);
  unhex_exactly(need_word(line, "identity"), peer_node.identity, DIGEST_LEN);
  peer_routerinfo.ipv4_orport = 9001;
  peer_routerinfo.nickname = (char *)"known";
  peer_node.ri = &peer_routerinfo;
  setting.has_node = 1;
  if ((word = next_word(line))) {
    unhex_exactly(word, setting.node_ed.pubkey, ED25519_PUBKEY_LEN);
    setting.has_node_ed = 1;
  }
}

/** Tells Rust of the option ProtocolWarnings: it does not ask. */
static void
tell_rust(void)
{
#ifdef USE_RUST
  torrs_set_protocol_warn(get_protocol_warning_severity_level());
#endif
}

/** Does what a line says. Lines before "conn" say what the world is like. */
static void
play(char *line)
{
  char *word = next_word(&line);
  if (!word)
    return;
  if (!conn) {
    if (!strcmp(word, "mode"))
      choose_mode(need_word(&line, "mode"));
    else if (!strcmp(word, "no-descriptor"))
      me = NULL;
    else if (!strcmp(word, "ipv6"))
      need_addr(&line, &my_routerinfo.ipv6_addr);
    else if (!strcmp(word, "protocol-warnings"))
      setting.protocol_warnings = 1;
    else if (!strcmp(word, "unsafe-log"))
      get_options_mutable()->SafeLogging_ = SAFELOG_SCRUB_NONE;
    else if (!strcmp(word, "no-certificates"))
      server_tls_context = client_tls_context = NULL;
    else if (!strcmp(word, "keep-going"))
      setting.keep_going = 1;
    else if (!strcmp(word, "trusted"))
      setting.trusted = 1;
    else if (!strcmp(word, "known"))
      setting.known = 1;
    else if (!strcmp(word, "exporter"))
      setting.exporter = (int)need_number(&line, "exporter");
    else if (!strcmp(word, "node"))
      choose_node(&line);
    else if (!strcmp(word, "peer-cert"))
      peer_cert = unhex(need_word(&line, "certificate"), &peer_cert_len);
    else if (!strcmp(word, "conn")) {
      note("> conn");
      tell_rust();
      connect_now(&line);
      note_state();
    } else
      fail("no such line before conn", word);
    return;
  }
  note("> %s %.40s", word, line ? line : "");
  if (!strcmp(word, "launch"))
    launch();
  else if (!strcmp(word, "wait"))
    connection_or_change_state(conn, OR_CONN_STATE_SERVER_VERSIONS_WAIT);
  else if (!strcmp(word, "set"))
    poke(&line);
  else if (!strcmp(word, "time"))
    set_time(BEGINNING + need_number(&line, "seconds"));
  else if (!strcmp(word, "cell"))
    play_cell(&line);
  else if (!strcmp(word, "var"))
    play_var_cell(&line);
  else if (!strcmp(word, "direct"))
    play_direct(&line);
  else if (!strcmp(word, "authenticate"))
    play_authenticate(&line);
  else if (!strcmp(word, "bytes"))
    play_bytes(&line);
  else
    fail("no such event", word);
  note_state();
}

/* ---- The beginning ---- */

static void
ignore_message(int severity, log_domain_mask_t domain, const char *text)
{
  (void)severity;
  (void)domain;
  (void)text;
}

/** As the unit tests begin, in a folder that does not exist. */
static void
begin_tor(void)
{
  char *errmsg = NULL;
  struct tor_libevent_cfg_t cfg;
  log_severity_list_t all;
  MOCK(tor_gettimeofday, mock_gettimeofday);
  subsystems_init();
  or_options_t *options = options_new();
  memset(&cfg, 0, sizeof(cfg));
  tor_libevent_initialize(&cfg);
  control_initialize_event_queue();
  quiet_level = QUIET_SILENT;
  memset(&all, 0, sizeof(all));
  set_log_severity_config(LOG_ERR, LOG_ERR, &all);
  add_callback_log(&all, ignore_message);
  flush_log_messages_from_startup();
  init_protocol_warning_severity_level();
  options->command = CMD_RUN_UNITTESTS;
  if (crypto_global_init(0, NULL, NULL) || crypto_seed_rng() < 0)
    fail("no cryptography", "");
  rep_hist_init();
  bwhist_init();
  initialize_mainloop_events();
  options_init(options);
  options->DataDirectory = tor_strdup("/nonexistent");
  options->DataDirectory_option = tor_strdup("/nonexistent");
  options->KeyDirectory = tor_strdup("/nonexistent/keys");
  options->CacheDirectory = tor_strdup("/nonexistent");
  if (set_options(options, &errmsg) < 0)
    fail("options were refused", errmsg);
  channelpadding_new_consensus_params(NULL);
  predicted_ports_init();
  scheduler_init();
  control_event_bootstrap(BOOTSTRAP_STATUS_STARTING, 0);
  pubsub_install();
  tor_mainloop_connect_pubsub_events();
  tor_mainloop_set_delivery_strategy("orconn", DELIV_IMMEDIATE);
  tor_mainloop_set_delivery_strategy("ocirc", DELIV_IMMEDIATE);
  monotime_enable_test_mocking();
  set_time(BEGINNING);
}

/** Our identity, with the keys and certificates that stdin begins with. */
static void
begin_identity(crypto_pk_t *rsa, const uint8_t *id_cert, size_t id_len,
               const uint8_t *auth_cert, size_t auth_len)
{
  if (tor_tls_context_init(TOR_TLS_CTX_IS_PUBLIC_SERVER, rsa, rsa, 86400) < 0)
    fail("no TLS", "");
  tor_tls_context_t *contexts[] = { server_tls_context, client_tls_context };
  for (int i = 0; i < 2; ++i) {
    tor_x509_cert_free(contexts[i]->my_link_cert);
    tor_x509_cert_free(contexts[i]->my_id_cert);
    tor_x509_cert_free(contexts[i]->my_auth_cert);
    contexts[i]->my_link_cert =
      tor_x509_cert_decode(my_link_cert, my_link_cert_len);
    contexts[i]->my_id_cert = tor_x509_cert_decode(id_cert, id_len);
    contexts[i]->my_auth_cert = tor_x509_cert_decode(auth_cert, auth_len);
    if (!contexts[i]->my_link_cert || !contexts[i]->my_id_cert ||
        !contexts[i]->my_auth_cert)
      fail("a certificate of ours is none", "");
  }
  memcpy(my_id_digest,
         tor_x509_cert_get_id_digests(server_tls_context->my_id_cert)
           ->d[DIGEST_SHA256], DIGEST256_LEN);
  set_client_identity_key(crypto_pk_dup_key(rsa));
  set_server_identity_key(crypto_pk_dup_key(rsa));
  MOCK(crypto_rand, mock_crypto_rand);
  MOCK(crypto_strongest_rand_, mock_strongest_rand);
  init_mock_ed_keys(rsa);
  if (!get_current_link_cert_cert())
    fail("no Ed25519 keys", "");
  tor_addr_from_ipv4h(&my_routerinfo.ipv4_addr, 0xc0000201); /* 192.0.2.1 */
  my_routerinfo.ipv4_orport = 9001;
  tor_addr_make_null(&my_routerinfo.ipv6_addr, AF_INET6);
  tor_addr_make_null(&peer_routerinfo.ipv6_addr, AF_INET6);
  tls_of[0] = tor_tls_new(-1, 1);
  tls_of[1] = tor_tls_new(-1, 0);
  tor_assert(tls_of[0] && tls_of[1]);
  all_sent = buf_new();
  all_received = buf_new();
  known_state = smartlist_new();
}

static void
begin_mocks(void)
{
  log_severity_list_t all;
  memset(&all, 0, sizeof(all));
  set_log_severity_config(LOG_DEBUG, LOG_ERR, &all);
  add_callback_log(&all, ignore_message);
  MOCK(logv, mock_logv);
  MOCK(connection_write_to_buf_impl_, mock_write_to_buf);
  MOCK(connection_start_reading, mock_start_reading);
  MOCK(connection_stop_reading, mock_stop_reading);
  MOCK(connection_start_writing, mock_start_writing);
  MOCK(connection_stop_writing, mock_stop_writing);
  MOCK(connection_mark_for_close_internal_, mock_mark_for_close);
  MOCK(connection_or_close_for_error, mock_close_for_error);
  MOCK(connection_or_change_state, mock_change_state);
  MOCK(connection_or_connect, mock_connect);
  MOCK(channel_set_circid_type, mock_set_circid_type);
  MOCK(clock_skew_warning, mock_clock_skew_warning);
  MOCK(control_event_bootstrap_prob_or, mock_bootstrap_prob_or);
  MOCK(tor_tls_get_peer_cert, mock_get_peer_cert);
  MOCK(tor_tls_get_own_cert, mock_get_own_cert);
  MOCK(tor_tls_cert_matches_key, mock_cert_matches_key);
  MOCK(tor_tls_export_key_material, mock_export_key_material);
  MOCK(router_get_my_routerinfo, mock_get_my_routerinfo);
  MOCK(router_digest_is_trusted_dir_type, mock_is_trusted_dir_type);
  MOCK(node_get_by_id, mock_node_get_by_id);
  MOCK(node_supports_ed25519_link_authentication, mock_node_supports_ed);
  MOCK(node_get_ed25519_id, mock_node_get_ed_id);
}

/** A line of stdin, without its end, or NULL. */
static char *
read_line(void)
{
  static char *line = NULL;
  static size_t size = 0;
  ssize_t n = getline(&line, &size, stdin);
  if (n < 0)
    return NULL;
  if (n && line[n - 1] == '\n')
    line[n - 1] = 0;
  return line;
}

/** Plays the lines of a script in a process of its own, or, to be looked at by
 * a debugger, in this one. */
static void
run(smartlist_t *lines, int alone)
{
  int status = 0;
  fflush(stdout);
  pid_t child = alone ? 0 : fork();
  if (child < 0)
    fail("cannot fork", "");
  if (!child) {
    /* Or what ends us might put back what the parent has read of a file. */
    if (!alone)
      close(STDIN_FILENO);
    begin_mocks();
    signal(SIGABRT, died);
    signal(SIGSEGV, died);
    signal(SIGBUS, died);
    SMARTLIST_FOREACH(lines, char *, line, play(line));
    if (conn && conn->handshake_state) {
      /* Freed as tor frees it: whatever was moved must be free of doubt. */
      note("> free");
      or_handshake_state_free(conn->handshake_state);
      conn->handshake_state = NULL;
    }
    flush_sent();
    write_trace();
    if (alone)
      return;
    _exit(0);
  }
  if (waitpid(child, &status, 0) < 0)
    fail("lost a child", "");
  if (WIFSIGNALED(status))
    printf("! died of signal %d\n", WTERMSIG(status));
  else if (WEXITSTATUS(status))
    printf("! ended with %d\n", WEXITSTATUS(status));
}

int
main(int argc, char **argv)
{
  crypto_pk_t *rsa = NULL;
  uint8_t *id_cert = NULL, *auth_cert = NULL;
  size_t id_len = 0, auth_len = 0, n;
  int alone = 0, ready = 0;
  char *line;
  smartlist_t *lines = smartlist_new();
  for (int i = 1; i < argc; ++i) {
    if (!strcmp(argv[i], "--alone"))
      alone = 1;
    else if (!strcmp(argv[i], "--fault") && i + 1 < argc)
      fault = argv[++i];
    else
      fail("no such argument", argv[i]);
  }
  begin_tor();
  while ((line = read_line())) {
    if (!*line || *line == '#')
      continue;
    char *rest = line;
    if (!strcmpstart(line, "key ")) {
      next_word(&rest);
      const char *name = need_word(&rest, "name");
      uint8_t *bytes = unhex(need_word(&rest, "bytes"), &n);
      if (!strcmp(name, "rsa")) {
        rsa = crypto_pk_new();
        if (crypto_pk_read_private_key_from_string(rsa, (char *)bytes,
                                                   (ssize_t)n) < 0)
          fail("not a key", name);
        tor_free(bytes);
      } else if (!strcmp(name, "link")) {
        my_link_cert = bytes;
        my_link_cert_len = n;
      } else if (!strcmp(name, "id")) {
        id_cert = bytes;
        id_len = n;
      } else if (!strcmp(name, "auth")) {
        auth_cert = bytes;
        auth_len = n;
      } else {
        fail("no such key", name);
      }
    } else if (!strcmpstart(line, "script")) {
      if (!ready) {
        if (!rsa || !my_link_cert || !id_cert || !auth_cert)
          fail("keys are missing before", line);
        begin_identity(rsa, id_cert, id_len, auth_cert, auth_len);
        ready = 1;
      }
      printf("# %s\n", line + strlen("script"));
    } else if (!strcmp(line, "end")) {
      run(lines, alone);
      printf(".\n");
      fflush(stdout);
      if (alone)
        return 0;
      SMARTLIST_FOREACH(lines, char *, l, tor_free(l));
      smartlist_clear(lines);
    } else {
      smartlist_add(lines, tor_strdup(line));
    }
  }
  return 0;
}
