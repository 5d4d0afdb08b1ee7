/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file link.c
 * @brief Beside the link handshake in Rust (rust/ffi/src/link.rs): what a link
 *   has come to, for Rust to judge; what Rust wants done, done; and the cells that
 *   we send, whose contents only tor knows.
 *
 * The handshake's state stays in or_handshake_state_t, since everything else in
 * tor looks for it there. RSA, X.509 and TLS are C's.
 **/

#define CHANNEL_OBJECT_PRIVATE
#ifdef TOR_UNIT_TESTS
#define CHANNELTLS_PRIVATE
#endif

#include "orconfig.h"
#include "core/or/or.h"
#include "app/config/config.h"
#include "core/mainloop/connection.h"
#include "core/or/channel.h"
#include "core/or/channelpadding.h"
#include "core/or/channeltls.h"
#include "core/or/connection_or.h"
#include "feature/client/entrynodes.h"
#include "feature/nodelist/dirlist.h"
#include "feature/nodelist/torcert.h"
#include "feature/relay/relay_find_addr.h"
#include "feature/relay/relay_handshake.h"
#include "feature/relay/router.h"
#include "feature/relay/routerkeys.h"
#include "feature/relay/routermode.h"
#include "feature/stats/rephist.h"
#include "lib/cc/ctassert.h"
#include "lib/crypt_ops/crypto_rand.h"
#include "lib/crypt_ops/crypto_util.h"
#include "lib/tls/tortls.h"
#include "lib/tls/x509.h"
#include "trunnel/channelpadding_negotiation.h"
#include "trunnel/link_handshake.h"

#include "core/or/cell_st.h"
#include "core/or/or_connection_st.h"
#include "core/or/or_handshake_certs_st.h"
#include "core/or/or_handshake_state_st.h"
#include "core/or/var_cell_st.h"
#include "feature/nodelist/routerinfo_st.h"

#include "rust/c-glue/link.h"

/* Declared twice on purpose: the compiler compares Rust's signatures with those
 * of tor's headers. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"

CTASSERT(sizeof(ed25519_public_key_t) == ED25519_PUBKEY_LEN);

/** Certificates of CERTS cells have types up to this one. */
#define MAX_CERT_TYPE CERTTYPE_RSA1024_ID_EDID

/** A cell that has come, while it is looked at. */
typedef struct link_event_t {
  /** What Rust knows of the link. The first, so that Rust can hand back the
   * whole. */
  struct torrs_link_t link;
  or_connection_t *conn;
  /** The cell: one of them, or neither. */
  const cell_t *cell;
  const var_cell_t *var_cell;
  /** The certificates of a CERTS cell, until they are kept. */
  tor_x509_cert_t *x509[MAX_CERT_TYPE + 1];
  tor_cert_t *ed25519[MAX_CERT_TYPE + 1];
  uint8_t *crosscert;
  size_t crosscert_len;
  /** Whom they name. */
  const ed25519_public_key_t *ed25519_id;
  const common_digests_t *rsa_id;
  /** What an AUTHENTICATE cell has to say. */
  var_cell_t *expected;
  /** Room for a number in words. */
  char number[12];
} link_event_t;

/** Return the event that Rust calls <b>link</b>. */
static link_event_t *
event_of(const struct torrs_link_t *link)
{
  return (link_event_t *)link;
}

/** Log at <b>severity</b> for <b>function</b>, which it was in C. */
#define LOG_FOR(severity, domain, function, ...) STMT_BEGIN             \
    if ((severity) != LOG_DEBUG || debug_logging_enabled())             \
      log_fn_((severity), (domain), (function), __VA_ARGS__);           \
  STMT_END

/* ---- What has come -------------------------------------------------------- */

/** Take the certificates of <b>ev</b> over into its connection's handshake. */
static void
keep_certificates(link_event_t *ev)
{
  or_handshake_certs_t *certs = ev->conn->handshake_state->certs;

  certs->auth_cert = ev->x509[CERTTYPE_RSA1024_ID_AUTH];
  certs->link_cert = ev->x509[CERTTYPE_RSA1024_ID_LINK];
  certs->id_cert = ev->x509[CERTTYPE_RSA1024_ID_ID];
  certs->ed_id_sign = ev->ed25519[CERTTYPE_ED_ID_SIGN];
  certs->ed_sign_link = ev->ed25519[CERTTYPE_ED_SIGN_LINK];
  certs->ed_sign_auth = ev->ed25519[CERTTYPE_ED_SIGN_AUTH];
  certs->ed_rsa_crosscert = ev->crosscert;
  certs->ed_rsa_crosscert_len = ev->crosscert_len;
  memset(ev->x509, 0, sizeof(ev->x509));
  memset(ev->ed25519, 0, sizeof(ev->ed25519));
  ev->crosscert = NULL;
}

/** Judge the certificates that were kept, and tell Rust. */
static void
check_certificates(link_event_t *ev)
{
  or_connection_t *conn = ev->conn;
  /* Who wanted to reach an authority is told louder, whoever answered. */
  const int severity =
    conn->handshake_state->started_here &&
    router_digest_is_trusted_dir(TLS_CHAN_TO_BASE(conn->chan)->identity_digest)
    ? LOG_WARN : LOG_PROTOCOL_WARN;

  or_handshake_certs_check_both(severity, conn->handshake_state->certs,
                                conn->tls, time(NULL),
                                &ev->ed25519_id, &ev->rsa_id);
  torrs_link_certificates_checked(&ev->link, ev->rsa_id != NULL,
                                  ev->ed25519_id != NULL);
}

/** Set what kind of circuit IDs the peer with the identity key <b>key</b>, if it
 * has one, uses. */
static void
set_circid_type(or_connection_t *conn, crypto_pk_t *key)
{
  channel_set_circid_type(TLS_CHAN_TO_BASE(conn->chan), key,
                          conn->link_proto < MIN_LINK_PROTO_FOR_WIDE_CIRC_IDS);
}

/** The server has proven to be whom its certificates name. Return 0; or -1 if
 * its RSA key cannot be had. */
static int
take_identity(link_event_t *ev)
{
  or_handshake_state_t *hs = ev->conn->handshake_state;

  hs->authenticated = 1;
  hs->authenticated_rsa = 1;
  crypto_pk_t *key = tor_tls_cert_get_key(hs->certs->id_cert);
  if (!key)
    return -1;
  memcpy(hs->authenticated_rsa_peer_id, ev->rsa_id->d[DIGEST_SHA1],
         DIGEST_LEN);
  set_circid_type(ev->conn, key);
  crypto_pk_free(key);
  if (ev->ed25519_id) {
    hs->authenticated_ed25519 = 1;
    memcpy(&hs->authenticated_ed25519_peer_id, ev->ed25519_id,
           sizeof(ed25519_public_key_t));
  }
  return 0;
}

/** Remember that the peer of <b>conn</b> is the one with these identities, or is
 * nobody if <b>rsa_id</b> is all zero. */
static void
init_conn(or_connection_t *conn, const uint8_t *rsa_id,
          const ed25519_public_key_t *ed25519_id)
{
  connection_or_init_conn_from_address(conn, &conn->base_.addr,
                                       conn->base_.port,
                                       (const char *)rsa_id, ed25519_id, 0);
}

/** The function of C's that AUTHENTICATE's lines in the log name. */
static const char authenticate_function[] =
  "channel_tls_process_authenticate_cell";

/** The client has proven to be the relay that its certificates name. */
static void
take_authenticated(or_connection_t *conn)
{
  or_handshake_state_t *hs = conn->handshake_state;
  const ed25519_public_key_t *ed25519_id = &hs->certs->ed_id_sign->signing_key;
  const common_digests_t *digests =
    tor_x509_cert_get_id_digests(hs->certs->id_cert);

  hs->received_authenticate = 1;
  hs->authenticated = 1;
  hs->authenticated_rsa = 1;
  hs->digest_received_data = 0;
  hs->authenticated_ed25519 = 1;
  crypto_pk_t *key = tor_tls_cert_get_key(hs->certs->id_cert);
  memcpy(&hs->authenticated_ed25519_peer_id, ed25519_id,
         sizeof(ed25519_public_key_t));
  tor_assert(digests);
  memcpy(hs->authenticated_rsa_peer_id, digests->d[DIGEST_SHA1], DIGEST_LEN);
  set_circid_type(conn, key);
  crypto_pk_free(key);
  LOG_FOR(LOG_DEBUG, LD_HANDSHAKE, authenticate_function,
          "Calling connection_or_init_conn_from_address on %s "
          " from %s, with%s ed25519 id.",
          connection_describe(TO_CONN(conn)), authenticate_function, "");
  init_conn(conn, hs->authenticated_rsa_peer_id, ed25519_id);
  LOG_FOR(LOG_DEBUG, LD_HANDSHAKE, authenticate_function,
          "Got an AUTHENTICATE cell on %s, type %d: Looks good.",
          connection_describe(TO_CONN(conn)),
          AUTHTYPE_ED25519_SHA256_RFC5705);
}

/** The peer of <b>conn</b> has not said who it is: it is a client, or a bridge
 * that does not want to be known. */
static void
mark_client(or_connection_t *conn)
{
  or_handshake_state_t *hs = conn->handshake_state;

  if (BUG(hs->authenticated))
    return;
  tor_assert(tor_digest_is_zero((const char *)hs->authenticated_rsa_peer_id));
  tor_assert(fast_mem_is_zero(
               (const char *)hs->authenticated_ed25519_peer_id.pubkey,
               ED25519_PUBKEY_LEN));
  channel_mark_client(TLS_CHAN_TO_BASE(conn->chan));
  set_circid_type(conn, NULL);
  init_conn(conn, hs->authenticated_rsa_peer_id, NULL);
}

/** The function of C's that NETINFO's lines in the log name. */
static const char netinfo_function[] = "channel_tls_process_netinfo_cell";

/** Log it if we find the link of <b>conn</b> canonical, and the peer, which sees
 * us at <b>addr</b>, does not. */
static void
report_one_sided(or_connection_t *conn, const tor_addr_t *addr)
{
  channel_t *chan = TLS_CHAN_TO_BASE(conn->chan);
  const routerinfo_t *me = router_get_my_routerinfo();

  if (!me || chan->is_canonical_to_peer || !channel_is_canonical(chan))
    return;
  LOG_FOR(LOG_INFO, LD_OR, netinfo_function,
          "We made a connection to a relay at %s (fp=%s) but we think "
          "they will not consider this connection canonical. They "
          "think we are at %s, but we think its %s.",
          safe_str(channel_describe_peer(chan)),
          safe_str(hex_str(conn->identity_digest, DIGEST_LEN)),
          safe_str(tor_addr_is_null(addr) ?
                   "<none>" : fmt_and_decorate_addr(addr)),
          safe_str(fmt_addr(&me->ipv4_addr)));
}

/** Warn that the clock of <b>conn</b>'s peer is <b>seconds</b> behind ours, unless
 * the peer may be anybody. */
static void
warn_of_skew(or_connection_t *conn, time_t seconds)
{
  if (!conn->handshake_state->started_here &&
      !connection_or_digest_is_known_relay(conn->identity_digest))
    return;
  clock_skew_warning(TO_CONN(conn), (long)seconds,
                     router_digest_is_trusted_dir(conn->identity_digest),
                     LD_GENERAL, "NETINFO cell", "OR");
}

/** Open the link of <b>conn</b>, whose peer sees us at <b>addr</b>. Return 0, or
 * -1 if it cannot be opened. */
static int
open_link(or_connection_t *conn, const tor_addr_t *addr)
{
  if (connection_or_set_state_open(conn) < 0)
    return -1;
  LOG_FOR(LOG_INFO, LD_OR, netinfo_function,
          "Got good NETINFO cell on %s; OR connection is now "
          "open, using protocol version %d. Its ID digest is %s. "
          "Our address is apparently %s.",
          connection_describe(TO_CONN(conn)), (int)conn->link_proto,
          hex_str(conn->identity_digest, DIGEST_LEN),
          tor_addr_is_null(addr) ?
            "<none>" : safe_str_client(fmt_and_decorate_addr(addr)));
  assert_connection_ok(TO_CONN(conn), time(NULL));
  return 0;
}

/** Count a cell of the handshake, of that command. */
static void
count_cell(int64_t command)
{
  switch (command) {
    case CELL_VERSIONS: ++stats_n_versions_cells_processed; break;
    case CELL_NETINFO: ++stats_n_netinfo_cells_processed; break;
    case CELL_VPADDING: ++stats_n_vpadding_cells_processed; break;
    case CELL_CERTS: ++stats_n_certs_cells_processed; break;
    case CELL_AUTH_CHALLENGE: ++stats_n_auth_challenge_cells_processed; break;
    case CELL_AUTHENTICATE: ++stats_n_authenticate_cells_processed; break;
    case CELL_AUTHORIZE: ++stats_n_authorize_cells_processed; break;
    default: tor_assert_nonfatal_unreached(); break;
  }
}

/** Remember that the network is there, and count a cell for padding. */
static void
note_cell(const channel_t *chan)
{
  entry_guards_note_internet_connectivity(get_guard_selection_info());
  rep_hist_padding_count_read(PADDING_TYPE_TOTAL);
  if (chan->padding_enabled)
    rep_hist_padding_count_read(PADDING_TYPE_ENABLED_TOTAL);
}

/** Pad <b>chan</b> as a PADDING_NEGOTIATE cell wants it. */
static void
pad(channel_t *chan, const struct torrs_link_action_t *action)
{
  channelpadding_negotiate_t *wanted = channelpadding_negotiate_new();

  channelpadding_negotiate_set_command(wanted, (uint8_t)action->number);
  channelpadding_negotiate_set_ito_low_ms(wanted, action->low);
  channelpadding_negotiate_set_ito_high_ms(wanted, action->high);
  channelpadding_update_padding_for_channel(chan, wanted);
  channelpadding_negotiate_free(wanted);
}

/** Do what Rust wants done. */
static int
link_act(const struct torrs_link_t *link,
         const struct torrs_link_action_t *action)
{
  link_event_t *ev = event_of(link);
  or_connection_t *conn = ev->conn;
  channel_t *chan = TLS_CHAN_TO_BASE(conn->chan);
  or_handshake_state_t *hs = conn->handshake_state;

  switch (action->kind) {
    case TORRS_DO_CLOSE:
      connection_or_close_for_error(conn, 0);
      break;
    case TORRS_DO_BEGIN:
      connection_or_change_state(conn, OR_CONN_STATE_OR_HANDSHAKING_V3);
      return connection_init_or_handshake_state(conn, link->started_here);
    case TORRS_DO_RECORD:
      if (ev->var_cell)
        or_handshake_state_record_var_cell(conn, hs, ev->var_cell, 1);
      else
        or_handshake_state_record_cell(conn, hs, ev->cell, 1);
      break;
    case TORRS_DO_NOTE_INTERNET:
      entry_guards_note_internet_connectivity(get_guard_selection_info());
      break;
    case TORRS_DO_NOTE_CELL:
      note_cell(chan);
      break;
    case TORRS_DO_COUNT:
      count_cell(action->number);
      break;

    case TORRS_DO_NEGOTIATED:
      rep_hist_note_negotiated_link_proto((unsigned)action->number,
                                          hs->started_here);
      conn->link_proto = (uint16_t)action->number;
      hs->received_versions = 1;
      break;
    case TORRS_DO_USE_LAYOUT:
      chan->wide_circ_ids =
        action->number >= MIN_LINK_PROTO_FOR_WIDE_CIRC_IDS;
      conn->wide_circ_ids = chan->wide_circ_ids;
      chan->padding_enabled =
        action->number >= MIN_LINK_PROTO_FOR_CHANNEL_PADDING;
      break;
    case TORRS_DO_SEND_VERSIONS:
      return connection_or_send_versions(conn, 1);
    case TORRS_DO_SEND_CERTS:
      return connection_or_send_certs_cell(conn);
    case TORRS_DO_SEND_AUTH_CHALLENGE:
      return connection_or_send_auth_challenge_cell(conn);
    case TORRS_DO_SEND_AUTHENTICATE:
      return connection_or_send_authenticate_cell(conn, (int)action->number);
    case TORRS_DO_SEND_NETINFO:
      return connection_or_send_netinfo(conn);

    case TORRS_DO_KEEP_CERTIFICATES:
      keep_certificates(ev);
      break;
    case TORRS_DO_CHECK_CERTIFICATES:
      check_certificates(ev);
      break;
    case TORRS_DO_TAKE_IDENTITY:
      return take_identity(ev);
    case TORRS_DO_LEARN_PEER:
      return connection_or_client_learned_peer_id(conn,
                                                  hs->authenticated_rsa_peer_id,
                                                  ev->ed25519_id);
    case TORRS_DO_RECEIVED_CERTS:
      hs->received_certs_cell = 1;
      break;
    case TORRS_DO_RECEIVED_AUTH_CHALLENGE:
      hs->received_auth_challenge = 1;
      break;
    case TORRS_DO_AUTHENTICATED:
      take_authenticated(conn);
      break;
    case TORRS_DO_MARK_CLIENT:
      mark_client(conn);
      break;

    case TORRS_DO_CANONICAL_TO_PEER:
      chan->is_canonical_to_peer = 1;
      break;
    case TORRS_DO_ADDRESS_ACCORDING_TO_PEER:
      tor_addr_copy(&chan->addr_according_to_peer, &action->addr);
      break;
    case TORRS_DO_CANONICAL:
      connection_or_set_canonical(conn, 1);
      break;
    case TORRS_DO_REPORT_ONE_SIDED:
      report_one_sided(conn, &action->addr);
      break;
    case TORRS_DO_CLOCK_SKEW:
      warn_of_skew(conn, (time_t)action->number);
      break;
    case TORRS_DO_SUGGEST_ADDRESS:
      relay_address_new_suggestion(&action->addr, &conn->base_.addr,
                                   conn->identity_digest);
      break;
    case TORRS_DO_OPEN:
      return open_link(conn, &action->addr);

    case TORRS_DO_PAD:
      pad(chan, action);
      break;
    default:
      tor_assert_nonfatal_unreached();
      break;
  }
  return 0;
}

/* ---- What Rust asks ------------------------------------------------------- */

/** Keep a certificate of a CERTS cell until all are to be kept. Return -1 if it
 * cannot be decoded. Of two with a type the first is kept. */
static int
link_decode_certificate(const struct torrs_link_t *link, uint8_t cert_type,
                        const uint8_t *certificate, size_t len)
{
  link_event_t *ev = event_of(link);

  switch (cert_type) {
    case CERTTYPE_RSA1024_ID_LINK:
    case CERTTYPE_RSA1024_ID_ID:
    case CERTTYPE_RSA1024_ID_AUTH: {
      tor_x509_cert_t *cert = tor_x509_cert_decode(certificate, len);
      if (!cert)
        return -1;
      if (ev->x509[cert_type])
        tor_x509_cert_free(cert);
      else
        ev->x509[cert_type] = cert;
      return 0;
    }
    case CERTTYPE_ED_ID_SIGN:
    case CERTTYPE_ED_SIGN_LINK:
    case CERTTYPE_ED_SIGN_AUTH: {
      tor_cert_t *cert = tor_cert_parse(certificate, len);
      if (!cert)
        return -1;
      if (ev->ed25519[cert_type])
        tor_cert_free(cert);
      else
        ev->ed25519[cert_type] = cert;
      return 0;
    }
    case CERTTYPE_RSA1024_ID_EDID:
      if (!ev->crosscert) {
        ev->crosscert = tor_memdup(certificate, len);
        ev->crosscert_len = len;
      }
      return 0;
    default:
      return -1;
  }
}

/** Return what an AUTHENTICATE cell of this type has to say, and its length. */
static const uint8_t *
link_expected_authenticator(const struct torrs_link_t *link,
                            uint16_t auth_type, size_t *len)
{
  const size_t header_len = 4;
  link_event_t *ev = event_of(link);

  var_cell_free(ev->expected);
  ev->expected =
    connection_or_compute_authenticate_cell_body(ev->conn, auth_type, NULL, 1);
  if (!ev->expected || BUG(ev->expected->payload_len < header_len))
    return NULL;
  *len = ev->expected->payload_len - header_len;
  return ev->expected->payload + header_len;
}

/** Say what the peer's CERTS cell had. */
static void
link_peer_keys(const struct torrs_link_t *link, struct torrs_peer_keys_t *keys)
{
  const or_handshake_certs_t *certs =
    event_of(link)->conn->handshake_state->certs;

  keys->has_rsa_id = certs->id_cert != NULL;
  keys->has_ed_id = certs->ed_id_sign != NULL;
  keys->auth_key = certs->ed_sign_auth ?
    certs->ed_sign_auth->signed_key.pubkey : NULL;
}

/** Say what time it is, and where we are. */
static void
link_surroundings(const struct torrs_link_t *link,
                  struct torrs_surroundings_t *around)
{
  const or_connection_t *conn = event_of(link)->conn;
  const routerinfo_t *me = router_get_my_routerinfo();

  around->now = time(NULL);
  around->sent_versions_at = conn->handshake_state->sent_versions_at;
  around->sent_netinfo = conn->handshake_state->sent_netinfo;
  around->bridge = get_options()->BridgeRelay;
  around->ipv4 = me ? &me->ipv4_addr : NULL;
  around->ipv6 = me ? &me->ipv6_addr : NULL;
  around->peer = &conn->base_.addr;
}

/** Return what something is called. */
static const char *
link_name(const struct torrs_link_t *link, int what)
{
  link_event_t *ev = event_of(link);
  const connection_t *conn = TO_CONN(ev->conn);
  const channel_t *chan = TLS_CHAN_TO_BASE(ev->conn->chan);

  switch (what) {
    case TORRS_NAME_CONNECTION:
      return connection_describe(conn);
    case TORRS_NAME_CONNECTION_STATE:
      return conn_state_to_string(CONN_TYPE_OR, conn->state);
    case TORRS_NAME_CHANNEL_STATE:
      return channel_state_to_string(chan->state);
    case TORRS_NAME_CONNECTION_STATE_NUMBER:
      tor_snprintf(ev->number, sizeof(ev->number), "%d", (int)conn->state);
      return ev->number;
    case TORRS_NAME_CHANNEL_STATE_NUMBER:
      tor_snprintf(ev->number, sizeof(ev->number), "%d", (int)chan->state);
      return ev->number;
    default:
      return "";
  }
}

static const struct torrs_link_calls_t link_calls = {
  .act = link_act,
  .decode_certificate = link_decode_certificate,
  .expected_authenticator = link_expected_authenticator,
  .peer_keys = link_peer_keys,
  .surroundings = link_surroundings,
  .name = link_name,
};

/* ---- Cells that come ------------------------------------------------------ */

/** Make <b>ev</b>, which is all zero, say what the link of <b>conn</b> has come
 * to. */
static void
link_event_init(link_event_t *ev, or_connection_t *conn)
{
  struct torrs_link_t *link = &ev->link;

  ev->conn = conn;
  link->calls = &link_calls;
  link->link_proto = conn->link_proto;
  link->started_here = connection_or_nonopen_was_started_here(conn);
  link->public_relay = public_server_mode(get_options());
  switch (conn->base_.state) {
    case OR_CONN_STATE_TLS_HANDSHAKING:
    case OR_CONN_STATE_SERVER_VERSIONS_WAIT:
      link->phase = TORRS_LINK_SILENT;
      break;
    case OR_CONN_STATE_OR_HANDSHAKING_V3:
      link->phase = TORRS_LINK_HANDSHAKING;
      break;
    case OR_CONN_STATE_OPEN:
      link->phase = TORRS_LINK_OPEN;
      break;
    default:
      link->phase = TORRS_LINK_ELSEWHERE;
      break;
  }
  if (conn->handshake_state) {
    const or_handshake_state_t *hs = conn->handshake_state;
    link->started_here = hs->started_here;
    link->received_certs = hs->received_certs_cell;
    link->received_auth_challenge = hs->received_auth_challenge;
    link->received_authenticate = hs->received_authenticate;
    link->authenticated = hs->authenticated;
  }
}

/** Free what is left of <b>ev</b>. */
static void
link_event_clear(link_event_t *ev)
{
  for (unsigned i = 0; i <= MAX_CERT_TYPE; ++i) {
    tor_x509_cert_free(ev->x509[i]);
    tor_cert_free(ev->ed25519[i]);
  }
  tor_free(ev->crosscert);
  var_cell_free(ev->expected);
}

/** Return true, and report a bug of <b>function</b>, if the handshake of
 * <b>conn</b> has no state. */
static bool
handshake_state_is_missing(const or_connection_t *conn, const char *function)
{
  if (conn->base_.state != OR_CONN_STATE_OR_HANDSHAKING_V3 ||
      conn->handshake_state)
    return false;
  tor_bug_occurred_(SHORT_FILE__, __LINE__, function,
                    "!(!chan->conn->handshake_state)", 0, NULL);
  return true;
}

/** The same, before a cell is looked at, which closes <b>conn</b>. */
static bool
is_closed_without_state(or_connection_t *conn, const char *function,
                        const char *what)
{
  if (!handshake_state_is_missing(conn, function))
    return false;
  LOG_FOR(LOG_PROTOCOL_WARN, LD_PROTOCOL, function,
          "Received a %s but handshake state is missing on %s",
          what, connection_describe(TO_CONN(conn)));
  connection_or_close_for_error(conn, 0);
  return true;
}

/** The same, where C looks for the state only when it answers a cell. */
static bool
is_refused_without_state(or_connection_t *conn, const char *function,
                         const char *name)
{
  if (!handshake_state_is_missing(conn, function))
    return false;
  LOG_FOR(LOG_PROTOCOL_WARN, LD_PROTOCOL, function,
          "Received a bad %s cell on %s: Handshake state not present.",
          name, connection_describe(TO_CONN(conn)));
  connection_or_close_for_error(conn, 0);
  return true;
}

/** Handle a fixed-length cell on a link that is not open, or one that
 * link_takes_cell(). channel_tls_handle_cell() has looked at the connection. */
void
link_handle_cell(const cell_t *cell, or_connection_t *conn)
{
  /* Others are refused whatever there is. */
  const bool expected =
    cell->command == CELL_VERSIONS || cell->command == CELL_NETINFO;
  if (expected &&
      is_closed_without_state(conn, "channel_tls_handle_cell", "cell"))
    return;
  link_event_t ev = { .cell = cell };
  link_event_init(&ev, conn);
  torrs_link_cell(&ev.link, cell->command, cell->payload);
  link_event_clear(&ev);
}

/** Handle a variable-length cell. All of them are of the link handshake. */
void
channel_tls_handle_var_cell(var_cell_t *var_cell, or_connection_t *conn)
{
  tor_assert(var_cell);
  tor_assert(conn);

  if (!conn->chan) {
    log_warn(LD_CHANNEL,
             "Got a var_cell_t on an OR connection with no channel");
    return;
  }
  if (conn->base_.marked_for_close)
    return;
  if (conn->base_.state == OR_CONN_STATE_TLS_HANDSHAKING)
    tor_assert_nonfatal_unreached_once();
  if (var_cell->command != CELL_AUTHENTICATE) {
    if (is_closed_without_state(conn, __func__, "var cell"))
      return;
  } else if (conn->link_proto >= 3 && !conn->handshake_state &&
             conn->base_.state == OR_CONN_STATE_OR_HANDSHAKING_V3) {
    entry_guards_note_internet_connectivity(get_guard_selection_info());
    count_cell(CELL_AUTHENTICATE);
    is_refused_without_state(conn, authenticate_function, "AUTHENTICATE");
    return;
  }
  link_event_t ev = { .var_cell = var_cell };
  link_event_init(&ev, conn);
  torrs_link_var_cell(&ev.link, var_cell->command, var_cell->circ_id,
                      var_cell->payload, var_cell->payload_len);
  link_event_clear(&ev);
}

#ifdef TOR_UNIT_TESTS
/** Answer <b>cell</b> as if it were one with this command. */
static void
process_cell(uint8_t command, const var_cell_t *cell, channel_tls_t *chan)
{
  link_event_t ev = { .var_cell = cell };
  link_event_init(&ev, chan->conn);
  torrs_link_process(&ev.link, command, cell->circ_id,
                     cell->payload, cell->payload_len);
  link_event_clear(&ev);
}

void
channel_tls_process_certs_cell(var_cell_t *cell, channel_tls_t *chan)
{
  if (!is_refused_without_state(chan->conn, __func__, "CERTS"))
    process_cell(CELL_CERTS, cell, chan);
}

void
channel_tls_process_auth_challenge_cell(var_cell_t *cell, channel_tls_t *chan)
{
  if (chan->conn->link_proto < 3 ||
      !is_refused_without_state(chan->conn, __func__, "AUTH_CHALLENGE"))
    process_cell(CELL_AUTH_CHALLENGE, cell, chan);
}

void
channel_tls_process_authenticate_cell(var_cell_t *cell, channel_tls_t *chan)
{
  if (chan->conn->link_proto < 3 ||
      !is_refused_without_state(chan->conn, __func__, "AUTHENTICATE"))
    process_cell(CELL_AUTHENTICATE, cell, chan);
}
#endif /* defined(TOR_UNIT_TESTS) */

/* ---- Cells that we send: connection_or.h ----------------------------------- */

/** Send the link protocols that we speak to the peer of <b>conn</b>. Those before
 * version 3, which is what is wanted if not <b>v3_plus</b>, we do not speak. */
int
connection_or_send_versions(or_connection_t *conn, int v3_plus)
{
  tor_assert(conn->handshake_state &&
             !conn->handshake_state->sent_versions_at);
  var_cell_t *cell = var_cell_new(TORRS_VERSIONS_LEN);
  cell->command = CELL_VERSIONS;
  if (torrs_versions_encode(cell->payload) < 0) {
    var_cell_free(cell);
    return -1;
  }
  if (!v3_plus)
    cell->payload_len = 0;
  connection_or_write_var_cell_to_buf(cell, conn);
  conn->handshake_state->sent_versions_at = time(NULL);
  var_cell_free(cell);
  return 0;
}

/** Send a NETINFO cell to the peer of <b>conn</b>: where we see it; and the time
 * and our addresses, unless we are to it no more than a client. */
MOCK_IMPL(int,
connection_or_send_netinfo,(or_connection_t *conn))
{
  cell_t cell = { .command = CELL_NETINFO };
  const bool as_relay =
    public_server_mode(get_options()) || !conn->is_outgoing;
  const routerinfo_t *me = NULL;
  const tor_addr_t *ours[2];
  size_t n = 0;

  tor_assert(conn->handshake_state);
  if (conn->handshake_state->sent_netinfo) {
    log_warn(LD_BUG, "Attempted to send an extra netinfo cell on a connection "
             "where we already sent one.");
    return 0;
  }

  const uint32_t timestamp = as_relay ? (uint32_t)time(NULL) : 0;
  if (as_relay && (me = router_get_my_routerinfo())) {
    ours[n++] = &me->ipv4_addr;
    if (!tor_addr_is_null(&me->ipv6_addr))
      ours[n++] = &me->ipv6_addr;
  }
  const ssize_t encoded =
    torrs_netinfo_encode(cell.payload, CELL_PAYLOAD_SIZE, timestamp,
                         &conn->base_.addr, ours, n);
  if (BUG(encoded == TORRS_NO_IP_ADDRESS)) {
    log_warn(LD_OR, "Failed to validate NETINFO cell with error: %s",
             "Object was NULL");
    return -1;
  }
  if (encoded < 0) {
    log_warn(LD_OR, "Failed generating NETINFO cell");
    return -1;
  }
  conn->handshake_state->digest_sent_data = 0;
  conn->handshake_state->sent_netinfo = 1;
  connection_or_write_cell_to_buf(&cell, conn);
  return 0;
}

/* ---- Cells that only relays send: relay_handshake.h ------------------------ */

#ifdef HAVE_MODULE_RELAY

#ifdef TOR_UNIT_TESTS
int certs_cell_ed25519_disabled_for_testing = 0;
#else
#define certs_cell_ed25519_disabled_for_testing 0
#endif

/** Room for the certificates that we send. */
typedef struct certificates_t {
  struct torrs_certificate_t all[5];
  size_t n;
  /** Length of the cell's body with them, in bytes. */
  size_t len;
} certificates_t;

static void
add_certificate(certificates_t *certs, uint8_t cert_type,
                const uint8_t *body, size_t len)
{
  tor_assert(certs->n < ARRAY_LENGTH(certs->all));
  certs->all[certs->n++] =
    (struct torrs_certificate_t) { cert_type, body, len };
  certs->len += 1 + 2 + len;
}

static void
add_x509(certificates_t *certs, uint8_t cert_type,
         const tor_x509_cert_t *cert)
{
  const uint8_t *der = NULL;
  size_t len;

  if (!cert)
    return;
  tor_x509_cert_get_der(cert, &der, &len);
  add_certificate(certs, cert_type, der, len);
}

static void
add_ed25519(certificates_t *certs, uint8_t cert_type, const tor_cert_t *cert)
{
  if (cert)
    add_certificate(certs, cert_type, cert->encoded, cert->encoded_len);
}

/** Send our certificates to the peer of <b>conn</b>. Return 0, or -1 if we have
 * none. */
int
connection_or_send_certs_cell(or_connection_t *conn)
{
  const tor_x509_cert_t *link_cert = NULL, *id_cert = NULL;
  tor_x509_cert_t *own_link_cert = NULL;
  certificates_t certs = { .len = 1 };

  tor_assert(conn->base_.state == OR_CONN_STATE_OR_HANDSHAKING_V3);
  if (!conn->handshake_state)
    return -1;
  const int responder = !conn->handshake_state->started_here;
  if (tor_tls_get_my_certs(responder, &link_cert, &id_cert) < 0)
    return -1;
  tor_assert(id_cert);

  if (responder) {
    own_link_cert = tor_tls_get_own_cert(conn->tls);
    tor_assert_nonfatal(own_link_cert);
    add_x509(&certs, CERTTYPE_RSA1024_ID_LINK, own_link_cert);
  } else {
    tor_assert(link_cert);
    add_x509(&certs, CERTTYPE_RSA1024_ID_AUTH, link_cert);
  }
  add_x509(&certs, CERTTYPE_RSA1024_ID_ID, id_cert);
  add_ed25519(&certs, CERTTYPE_ED_ID_SIGN, get_master_signing_key_cert());
  if (responder) {
    tor_assert_nonfatal(conn->handshake_state->own_link_cert ||
                        certs_cell_ed25519_disabled_for_testing);
    add_ed25519(&certs, CERTTYPE_ED_SIGN_LINK,
                conn->handshake_state->own_link_cert);
  } else {
    add_ed25519(&certs, CERTTYPE_ED_SIGN_AUTH, get_current_auth_key_cert());
  }
  const uint8_t *crosscert = NULL;
  size_t crosscert_len;
  get_master_rsa_crosscert(&crosscert, &crosscert_len);
  if (crosscert)
    add_certificate(&certs, CERTTYPE_RSA1024_ID_EDID, crosscert,
                    crosscert_len);

  int r = -1;
  tor_assert(certs.len <= UINT16_MAX);
  var_cell_t *cell = var_cell_new((uint16_t)certs.len);
  cell->command = CELL_CERTS;
  if (torrs_certs_encode(cell->payload, cell->payload_len,
                         certs.all, certs.n) == cell->payload_len) {
    connection_or_write_var_cell_to_buf(cell, conn);
    r = 0;
  }
  var_cell_free(cell);
  tor_x509_cert_free(own_link_cert);
  return r;
}

/** Return true iff AUTHENTICATE cells of this type are ever sent or taken. */
int
authchallenge_type_is_supported(uint16_t challenge_type)
{
  return torrs_auth_type_is_supported(challenge_type);
}

/** Return true iff we would rather use the type <b>a</b> than <b>b</b>. */
int
authchallenge_type_is_better(uint16_t a, uint16_t b)
{
  return torrs_auth_type_is_better(a, b);
}

/** Challenge the peer of <b>conn</b> to authenticate. Return 0, or -1 if that
 * cannot be done now. */
int
connection_or_send_auth_challenge_cell(or_connection_t *conn)
{
  uint8_t challenge[32];
  int r = -1;

  tor_assert(conn->base_.state == OR_CONN_STATE_OR_HANDSHAKING_V3);
  if (!conn->handshake_state)
    return -1;
  crypto_rand((char *)challenge, sizeof(challenge));
  var_cell_t *cell = var_cell_new(TORRS_AUTH_CHALLENGE_LEN);
  cell->command = CELL_AUTH_CHALLENGE;
  if (torrs_auth_challenge_encode(cell->payload, cell->payload_len,
                                  challenge) == cell->payload_len) {
    connection_or_write_var_cell_to_buf(cell, conn);
    r = 0;
  } else {
    log_warn(LD_BUG, "Encoded auth challenge cell length not as expected");
  }
  var_cell_free(cell);
  return r;
}

/** Fill <b>auth</b> with what was seen on <b>conn</b>, by the responder if
 * <b>server</b>. Return 0, or -1 if something is missing. */
static int
fill_authenticator(struct torrs_authenticator_t *auth, or_connection_t *conn,
                   bool server)
{
  const or_handshake_state_t *hs = conn->handshake_state;
  const tor_x509_cert_t *id_cert = NULL;

  if (tor_tls_get_my_certs(server, NULL, &id_cert))
    return -1;
  const common_digests_t *mine = tor_x509_cert_get_id_digests(id_cert);
  const common_digests_t *theirs =
    tor_x509_cert_get_id_digests(hs->certs->id_cert);
  tor_assert(mine);
  tor_assert(theirs);
  auth->cid = (const uint8_t *)(server ? theirs : mine)->d[DIGEST_SHA256];
  auth->sid = (const uint8_t *)(server ? mine : theirs)->d[DIGEST_SHA256];

  if (!hs->certs->ed_id_sign) {
    LOG_FOR(LOG_WARN, LD_OR, "connection_or_compute_authenticate_cell_body",
            "Ed authenticate without Ed ID cert from peer.");
    return -1;
  }
  const uint8_t *my_ed = get_master_identity_key()->pubkey;
  const uint8_t *their_ed = hs->certs->ed_id_sign->signing_key.pubkey;
  auth->cid_ed = server ? their_ed : my_ed;
  auth->sid_ed = server ? my_ed : their_ed;

  crypto_digest_get_digest(server ? hs->digest_sent : hs->digest_received,
                           (char *)auth->slog, sizeof(auth->slog));
  crypto_digest_get_digest(server ? hs->digest_received : hs->digest_sent,
                           (char *)auth->clog, sizeof(auth->clog));

  tor_x509_cert_t *cert = server ?
    tor_tls_get_own_cert(conn->tls) : tor_tls_get_peer_cert(conn->tls);
  if (!cert) {
    LOG_FOR(LOG_WARN, LD_OR, "connection_or_compute_authenticate_cell_body",
            "Unable to find cert when making %s data.", "AUTH0003");
    return -1;
  }
  memcpy(auth->scert, tor_x509_cert_get_cert_digests(cert)->d[DIGEST_SHA256],
         sizeof(auth->scert));
  tor_x509_cert_free(cert);

  const int exported =
    tor_tls_export_key_material(conn->tls, auth->tlssecrets, auth->cid, 32,
                                "EXPORTER FOR TOR TLS CLIENT BINDING AUTH0003");
  if (exported < 0) {
    /* -2 is a known bug of OpenSSL's. */
    if (exported != -2)
      LOG_FOR(LOG_WARN, LD_BUG, "connection_or_compute_authenticate_cell_body",
              "TLS key export failed for unknown reason.");
    return -1;
  }
  crypto_rand((char *)auth->rand, sizeof(auth->rand));
  return 0;
}

/** Return an AUTHENTICATE cell of this type for <b>conn</b>. If <b>server</b>, it
 * has what we expect of the peer's; else what we send, signed with
 * <b>ed_signing_key</b> if there is one. Return NULL if something is missing. */
var_cell_t *
connection_or_compute_authenticate_cell_body(or_connection_t *conn,
                                             const int authtype,
                                             const ed25519_keypair_t *
                                               ed_signing_key,
                                             int server)
{
  const size_t header_len = 4;
  struct torrs_authenticator_t auth;

  if (authtype == AUTHTYPE_RSA_SHA256_TLSSECRET ||
      authtype == AUTHTYPE_RSA_SHA256_RFC5705) {
    tor_assert_nonfatal_unreached_once();
    return NULL;
  }
  tor_assert(authtype == AUTHTYPE_ED25519_SHA256_RFC5705);
  if (fill_authenticator(&auth, conn, server) < 0) {
    memwipe(&auth, 0, sizeof(auth));
    return NULL;
  }

  const bool sign = ed_signing_key && !server;
  size_t len = TORRS_AUTH_SIGNED_LEN + (sign ? ED25519_SIG_LEN : 0);
  var_cell_t *cell = var_cell_new((uint16_t)(header_len + len));
  uint8_t *out = cell->payload + header_len;
  cell->command = CELL_AUTHENTICATE;
  set_uint16(cell->payload, htons((uint16_t)authtype));
  const ssize_t signed_len = torrs_authenticator_encode(out, len, &auth);
  memwipe(&auth, 0, sizeof(auth));
  ed25519_signature_t sig;
  if (signed_len != TORRS_AUTH_SIGNED_LEN ||
      (sign && ed25519_sign(&sig, out, signed_len, ed_signing_key) < 0)) {
    log_warn(LD_BUG, "Unable to sign ed25519 authentication data");
    var_cell_free(cell);
    return NULL;
  }
  if (sign)
    memcpy(out + signed_len, sig.sig, ED25519_SIG_LEN);
  if (!server)
    set_uint16(cell->payload + 2, htons((uint16_t)len));
  return cell;
}

/** Prove to the peer of <b>conn</b> who we are. Return 0, or -1 if we cannot. */
MOCK_IMPL(int,
connection_or_send_authenticate_cell,(or_connection_t *conn, int authtype))
{
  if (!authchallenge_type_is_supported(authtype)) {
    log_warn(LD_BUG, "Tried to send authenticate cell with unknown "
             "authentication type %d", authtype);
    return -1;
  }
  var_cell_t *cell =
    connection_or_compute_authenticate_cell_body(conn, authtype,
                                                 get_current_auth_keypair(),
                                                 0);
  if (!cell) {
    log_fn(LOG_PROTOCOL_WARN, LD_NET, "Unable to compute authenticate cell!");
    return -1;
  }
  connection_or_write_var_cell_to_buf(cell, conn);
  var_cell_free(cell);
  return 0;
}

#endif /* defined(HAVE_MODULE_RELAY) */
