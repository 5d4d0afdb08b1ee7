/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file cells.h
 * @brief Functions of cells in Rust whose C originals were static, and what else
 *   the files that stay call.
 **/

#ifndef TORRS_CELLS_H
#define TORRS_CELLS_H

struct cell_t;
struct circuit_params_t;
struct conflux_cell_link_t;

void cell_unpack(struct cell_t *dest, const char *src, int wide_circ_ids);

/* What is static in C, but for tests: there tor's headers declare it. */
#ifndef TOR_UNIT_TESTS
ssize_t build_link_cell(const struct conflux_cell_link_t *link,
                        uint8_t *cell_out);
ssize_t build_cell_payload_v1(const uint8_t *cell_tag, size_t tag_len,
                              uint8_t *payload);
#endif

/* SENDME messages, for sendme.c. */
int torrs_sendme_version(const uint8_t *payload, size_t payload_len);
bool torrs_sendme_version_can_be_handled(uint8_t version, uint8_t least);
bool torrs_sendme_tag_matches(const uint8_t *payload, size_t payload_len,
                              const uint8_t *expected, size_t expected_len);

/* What ntor v3 handshakes negotiate, for onion_crypto.c. */
int negotiate_v3_ntor_server_circ_params(
                            const uint8_t *param_request_msg,
                            size_t param_request_len,
                            const struct circuit_params_t *our_ns_params,
                            struct circuit_params_t *params_out,
                            uint8_t **resp_msg_out,
                            size_t *resp_msg_len_out);
int negotiate_v3_ntor_client_circ_params(const uint8_t *param_response_msg,
                                         size_t param_response_len,
                                         struct circuit_params_t *params_out);

#endif /* !defined(TORRS_CELLS_H) */
