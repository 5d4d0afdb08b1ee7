/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file circuits.c
 * @brief Circuits for functions of C that look into one: as much of them as is
 *   looked at.
 **/

#include "orconfig.h"
#include "core/or/or.h"
#include "core/or/or_circuit_st.h"

bool c_sendme_is_valid(circuit_t *circ, const crypt_path_t *layer_hint,
                       const uint8_t *cell_payload, size_t cell_payload_len);

bool ctor_sendme_is_valid(const uint8_t *payload, size_t len,
                          const uint8_t *expected, bool is_cgo);

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
