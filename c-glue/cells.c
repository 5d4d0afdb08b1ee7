/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file cells.c
 * @brief Beside cells in Rust (rust/ffi/src/cells): what is left of the
 *   replaced functions for C, what must be mockable, what needs tor's buffers,
 *   and proof that C and Rust mean the same functions and types.
 **/

#define CONNECTION_EDGE_PRIVATE
#define RELAY_PRIVATE
#define SENDME_PRIVATE

#include "orconfig.h"
#include "app/config/config.h"
#include "core/or/or.h"
#include "lib/testsupport/testsupport.h"

/* Where tor's headers are not patched, as in tests/ctor, what Rust replaces may
 * be static in them. */
#undef STATIC
#define STATIC

#include "core/crypto/onion_crypto.h"
#include "core/or/cell_queue_st.h"
#include "core/or/cell_st.h"
#include "core/or/circuitbuild.h"
#include "core/or/conflux_cell.h"
#include "core/or/congestion_control_common.h"
#include "core/or/connection_edge.h"
#include "core/or/connection_or.h"
#include "core/or/extend_info_st.h"
#include "core/or/onion.h"
#include "core/or/relay.h"
#include "core/or/relay_msg.h"
#include "core/or/sendme.h"
#include "core/or/var_cell_st.h"
#include "core/proto/proto_cell.h"
#include "feature/nodelist/networkstatus.h"
#include "lib/buf/buffers.h"
#include "lib/cc/ctassert.h"
#include "rust/c-glue/cells.h"

/* Declared twice on purpose: the compiler compares Rust's signatures with those
 * of tor's headers. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"

CTASSERT(sizeof(cell_t) == TORRS_CELL_SIZE);
CTASSERT(offsetof(cell_t, command) == TORRS_CELL_COMMAND);
CTASSERT(offsetof(cell_t, payload) == TORRS_CELL_PAYLOAD);

CTASSERT(offsetof(relay_msg_t, length) == TORRS_RELAY_MSG_LENGTH);
CTASSERT(offsetof(relay_msg_t, stream_id) == TORRS_RELAY_MSG_STREAM);
CTASSERT(offsetof(relay_msg_t, is_relay_early) == TORRS_RELAY_MSG_EARLY);
CTASSERT(offsetof(relay_msg_t, body) == TORRS_RELAY_MSG_BODY);
CTASSERT(sizeof(relay_msg_t) == TORRS_RELAY_MSG_BODY + sizeof(void *));

CTASSERT(RELAY_CELL_FORMAT_V0 == 0);
CTASSERT(RELAY_CELL_FORMAT_V1 == 1);

/* ---- Circuits: onion.h ---------------------------------------------------- */

CTASSERT(sizeof(create_cell_t) == TORRS_CREATE_SIZE);
CTASSERT(offsetof(create_cell_t, handshake_type) == TORRS_CREATE_TYPE);
CTASSERT(offsetof(create_cell_t, handshake_len) == TORRS_CREATE_LEN);
CTASSERT(offsetof(create_cell_t, onionskin) == TORRS_CREATE_ONIONSKIN);

CTASSERT(sizeof(created_cell_t) == TORRS_CREATED_SIZE);
CTASSERT(offsetof(created_cell_t, handshake_len) == TORRS_CREATED_LEN);
CTASSERT(offsetof(created_cell_t, reply) == TORRS_CREATED_REPLY);

CTASSERT(sizeof(tor_addr_port_t) == TORRS_ADDR_PORT_SIZE);
CTASSERT(offsetof(tor_addr_port_t, port) == TORRS_ADDR_PORT_PORT);

CTASSERT(sizeof(extend_cell_t) == TORRS_EXTEND_SIZE);
CTASSERT(offsetof(extend_cell_t, orport_ipv4) == TORRS_EXTEND_IPV4);
CTASSERT(offsetof(extend_cell_t, orport_ipv6) == TORRS_EXTEND_IPV6);
CTASSERT(offsetof(extend_cell_t, node_id) == TORRS_EXTEND_RSA_ID);
CTASSERT(offsetof(extend_cell_t, ed_pubkey) == TORRS_EXTEND_ED25519_ID);
CTASSERT(offsetof(extend_cell_t, create_cell) == TORRS_EXTEND_CREATE);

CTASSERT(sizeof(extended_cell_t) == TORRS_EXTENDED_SIZE);
CTASSERT(offsetof(extended_cell_t, created_cell) == TORRS_EXTENDED_CREATED);

/** Read an EXTEND2 message, of <b>payload_length</b> bytes, into
 * <b>cell_out</b>. Return 0 on success, -1 on failure. */
MOCK_IMPL(int,
extend_cell_parse,(extend_cell_t *cell_out, const uint8_t command,
                   const uint8_t *payload, size_t payload_length))
{
  return torrs_extend_cell_parse(cell_out, command, payload, payload_length);
}

/** Return true iff EXTEND2 messages of ours name a relay's Ed25519 identity,
 * too: torrc says so or, where it says nothing, the consensus. */
static bool
extends_by_ed25519_id(void)
{
  const int configured = get_options()->ExtendByEd25519ID;
  if (configured != -1)
    return configured;
  return networkstatus_get_param(NULL, "ExtendByEd25519ID", 0, 0, 1);
}

/** Write <b>cell_in</b> as an EXTEND2 message of *<b>len_out</b> bytes to
 * <b>payload_out</b>, which has RELAY_PAYLOAD_SIZE_MAX bytes, and its command to
 * *<b>command_out</b>. Return 0 on success, -1 on failure. */
int
extend_cell_format(uint8_t *command_out, uint16_t *len_out,
                   uint8_t *payload_out, const extend_cell_t *cell_in)
{
  return torrs_extend_cell_format(command_out, len_out, payload_out, cell_in,
                                  extends_by_ed25519_id);
}

/* Messages that open streams. */

CTASSERT(RELAY_COMMAND_BEGIN == TORRS_BEGIN);
CTASSERT(RELAY_COMMAND_BEGIN_DIR == TORRS_BEGIN_DIR);
CTASSERT(END_STREAM_REASON_INTERNAL == TORRS_END_INTERNAL);
CTASSERT(END_STREAM_REASON_TORPROTOCOL == TORRS_END_TORPROTOCOL);
CTASSERT(RESOLVED_TYPE_ERROR == TORRS_RESOLVED_ERROR);
CTASSERT(RESOLVED_TYPE_ERROR_TRANSIENT == TORRS_RESOLVED_ERROR_TRANSIENT);

/* An address, a pointer to a name, and a number: nothing is between them but
 * what aligns the pointer. */
CTASSERT(offsetof(address_ttl_t, addr) == 0);
CTASSERT(offsetof(address_ttl_t, hostname) <
         TORRS_ADDR_SIZE + sizeof(char *));
CTASSERT(offsetof(address_ttl_t, ttl) ==
         offsetof(address_ttl_t, hostname) + sizeof(char *));
CTASSERT(sizeof(address_ttl_t) <=
         offsetof(address_ttl_t, ttl) + sizeof(char *));

/** Read what the BEGIN or BEGIN_DIR message <b>msg</b> asks for into
 * <b>bcell</b>. Return 0; or -1 if the stream is to be ended, for the reason in
 * *<b>end_reason_out</b>. */
int
begin_cell_parse(const relay_msg_t *msg, begin_cell_t *bcell,
                 uint8_t *end_reason_out)
{
  struct torrs_begin_t begin = { .address = NULL };

  *end_reason_out = END_STREAM_REASON_MISC;
  const int rv = torrs_begin_cell_parse(msg, &begin, end_reason_out);
  memset(bcell, 0, sizeof(*bcell));
  bcell->stream_id = msg ? msg->stream_id : 0;
  bcell->address = begin.address;
  bcell->flags = begin.flags;
  bcell->port = begin.port;
  bcell->is_begindir = begin.is_begin_dir;
  return rv;
}

/* ---- Cells on a link: connection_or.h, proto_cell.h ---------------------- */

CTASSERT(offsetof(packed_cell_t, body) == sizeof(void *));
CTASSERT(sizeof(((packed_cell_t *)0)->body) == TORRS_PACKED_CELL_LEN);

CTASSERT(offsetof(var_cell_t, command) == 0);
CTASSERT(offsetof(var_cell_t, circ_id) == TORRS_VAR_CELL_CIRC_ID);
CTASSERT(offsetof(var_cell_t, payload_len) == TORRS_VAR_CELL_LEN);
CTASSERT(offsetof(var_cell_t, payload) == TORRS_VAR_CELL_PAYLOAD);

CTASSERT(MIN_LINK_PROTO_FOR_WIDE_CIRC_IDS == TORRS_FIRST_WIDE_LINK_PROTOCOL);

/** Take a variable-length cell from the front of <b>buf</b>, if there is one
 * in link protocol <b>linkproto</b> and all of it is there, and put it into
 * *<b>out</b>, which is else NULL. Return 1 if there is one, whole or not, 0 if
 * there is none, and -1 if a panic has cost the link. */
int
fetch_var_cell_from_buf(buf_t *buf, var_cell_t **out, int linkproto)
{
  uint8_t first[VAR_CELL_MAX_HEADER_SIZE];
  const size_t unread = buf_datalen(buf);
  const size_t first_len = MIN(unread, sizeof(first));
  buf_peek(buf, (char *)first, first_len);

  const int header_len =
    torrs_var_cell_begin(linkproto, unread, first, first_len, out);
  if (*out) {
    buf_drain(buf, header_len);
    buf_get_bytes(buf, (char *)(*out)->payload, (*out)->payload_len);
  }
  return header_len < 0 ? -1 : header_len > 0;
}

/* ---- Messages that tie circuits together: conflux_cell.h ------------------- */

CTASSERT(offsetof(conflux_cell_link_t, desired_ux) == TORRS_CONFLUX_LINK_UX);
CTASSERT(offsetof(conflux_cell_link_t, nonce) == TORRS_CONFLUX_LINK_NONCE);
CTASSERT(offsetof(conflux_cell_link_t, last_seqno_sent) <
         TORRS_CONFLUX_LINK_NONCE + DIGEST256_LEN + 8);
CTASSERT(offsetof(conflux_cell_link_t, last_seqno_recv) ==
         offsetof(conflux_cell_link_t, last_seqno_sent) + 8);
CTASSERT(sizeof(conflux_cell_link_t) ==
         offsetof(conflux_cell_link_t, last_seqno_recv) + 8);

/* ---- SENDME messages: sendme.c --------------------------------------------- */

CTASSERT(SENDME_TAG_LEN_CGO == TORRS_SENDME_TAG_CGO);
CTASSERT(SENDME_TAG_LEN_TOR1 == TORRS_SENDME_TAG_TOR1);
CTASSERT(SENDME_MAX_SUPPORTED_VERSION == TORRS_SENDME_NEWEST);

/* ---- What an ntor v3 handshake negotiates ---------------------------------- */

CTASSERT(offsetof(circuit_params_t, cc_enabled) == 0);
CTASSERT(offsetof(circuit_params_t, sendme_inc_cells) ==
         TORRS_CIRCUIT_PARAMS_INC);
CTASSERT(offsetof(circuit_params_t, crypto_alg) == TORRS_CIRCUIT_PARAMS_ALG);
CTASSERT(offsetof(circuit_params_t, cell_fmt) == TORRS_CIRCUIT_PARAMS_FMT);
CTASSERT(sizeof(circuit_params_t) == TORRS_CIRCUIT_PARAMS_SIZE);
CTASSERT(RELAY_CRYPTO_ALG_CGO_RELAY == TORRS_CGO_RELAY);

/** Make what a client asks the relay <b>ei</b> for, of all that both have.
 * Return 0, or -1 if there is no such message. */
int
client_circ_negotiation_message(const extend_info_t *ei,
                                uint8_t **msg_out,
                                size_t *msg_len_out,
                                circuit_params_t *params_out)
{
  tor_assert(ei);
  tor_assert(msg_out);
  tor_assert(msg_len_out);
  tor_assert(params_out);

  const bool cc = ei->exit_supports_congestion_control &&
    congestion_control_enabled();
  const bool cgo = cc && ei->enable_cgo;
  if (cgo) {
    params_out->cell_fmt = RELAY_CELL_FORMAT_V1;
    params_out->crypto_alg = RELAY_CRYPTO_ALG_CGO_CLIENT;
  }
  *msg_out = torrs_circ_request_new(cc, cgo, msg_len_out);
  return *msg_out ? 0 : -1;
}

/** Read what a relay has granted, and put it into <b>params_out</b>. Return less
 * than 0 if it is nothing that a relay may grant.
 *
 * What is granted while we do not want it changes nothing but the number of cells,
 * and is no failure. */
int
negotiate_v3_ntor_client_circ_params(const uint8_t *param_response_msg,
                                     size_t param_response_len,
                                     circuit_params_t *params_out)
{
  uint8_t sendme_inc = 0;
  const int granted = torrs_circ_response_parse(param_response_msg,
                                                param_response_len,
                                                &sendme_inc);
  if (granted < 0)
    return granted;
  if (granted) {
    if (!congestion_control_validate_sendme_increment(sendme_inc))
      return -1;
    params_out->sendme_inc_cells = sendme_inc;
    if (!congestion_control_enabled())
      return granted;
  }
  params_out->cc_enabled = granted;
  return granted;
}
