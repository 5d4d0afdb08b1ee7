/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file circuits.c
 * @brief Circuits and relays for functions of C that look into one: as much of them
 *   as is looked at.
 **/

#include "orconfig.h"
#include "core/or/or.h"
#include "core/crypto/onion_crypto.h"
#include "core/or/circuitbuild.h"
#include "core/or/extend_info_st.h"
#include "core/or/or_circuit_st.h"

bool c_sendme_is_valid(circuit_t *circ, const crypt_path_t *layer_hint,
                       const uint8_t *cell_payload, size_t cell_payload_len);
int c_client_circ_negotiation_message(const extend_info_t *ei,
                                      uint8_t **msg_out, size_t *msg_len_out,
                                      circuit_params_t *params_out);

bool ctor_sendme_is_valid(const uint8_t *payload, size_t len,
                          const uint8_t *expected, bool is_cgo);
int ctor_client_circ_negotiation_message(bool is_c, bool has_cc, bool has_cgo,
                                         uint8_t **msg_out,
                                         size_t *msg_len_out,
                                         circuit_params_t *params_out);

/** Whether C Tor takes <b>payload</b> for the SENDME that proves that the cell with
 * the 20 bytes of the tag <b>expected</b> has arrived, on a circuit with CGO or with
 * tor1. */
bool
ctor_sendme_is_valid(const uint8_t *payload, size_t len,
                     const uint8_t *expected, bool is_cgo)
{
  or_circuit_t circ;
  memset(&circ, 0, sizeof(circ));
  circ.base_.magic = OR_CIRCUIT_MAGIC;
  circ.crypto.kind = is_cgo ? RCK_CGO : RCK_TOR1;
  circ.base_.sendme_last_digests = smartlist_new();
  smartlist_add(circ.base_.sendme_last_digests,
                tor_memdup(expected, SENDME_TAG_LEN_TOR1));
  const bool valid = c_sendme_is_valid(&circ.base_, NULL, payload, len);
  SMARTLIST_FOREACH(circ.base_.sendme_last_digests, void *, tag,
                    tor_free_(tag));
  smartlist_free_(circ.base_.sendme_last_digests);
  return valid;
}

/** What a side asks a relay for that has congestion control and CGO, or has not. */
int
ctor_client_circ_negotiation_message(bool is_c, bool has_cc, bool has_cgo,
                                     uint8_t **msg_out, size_t *msg_len_out,
                                     circuit_params_t *params_out)
{
  extend_info_t relay;
  memset(&relay, 0, sizeof(relay));
  relay.exit_supports_congestion_control = has_cc;
  relay.enable_cgo = has_cgo;
  return (is_c ? c_client_circ_negotiation_message :
                 client_circ_negotiation_message)(&relay, msg_out, msg_len_out,
                                                  params_out);
}
