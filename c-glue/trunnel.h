/* Generated from rust/formats; `cargo xtask header` writes it anew. */

#ifndef TORRS_TRUNNEL_H
#define TORRS_TRUNNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "trunnel/channelpadding_negotiation.h"
#include "trunnel/circpad_negotiation.h"
#include "trunnel/conflux.h"
#include "trunnel/congestion_control.h"
#include "trunnel/ed25519_cert.h"
#include "trunnel/hs/cell_establish_intro.h"
#include "trunnel/extension.h"
#include "trunnel/flow_control_cells.h"
#include "trunnel/hs/cell_introduce1.h"
#include "trunnel/link_handshake.h"
#include "trunnel/netinfo.h"
#include "trunnel/pwbox.h"
#include "trunnel/hs/cell_rendezvous.h"
#include "trunnel/sendme_cell.h"
#include "trunnel/socks5.h"
#include "trunnel/subproto_request.h"

/* An array of changing length, or a string. */
struct torrs_dynarray {
  size_t n_;
  size_t allocated_;
  void *elts_;
};

/* What Rust takes channelpadding_negotiate_t for. */
struct torrs_channelpadding_negotiate {
  uint8_t version;
  uint8_t command;
  uint16_t ito_low_ms;
  uint16_t ito_high_ms;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(channelpadding_negotiate_t) == sizeof(struct torrs_channelpadding_negotiate));
CTASSERT(offsetof(channelpadding_negotiate_t, version) ==
         offsetof(struct torrs_channelpadding_negotiate, version));
CTASSERT(offsetof(channelpadding_negotiate_t, command) ==
         offsetof(struct torrs_channelpadding_negotiate, command));
CTASSERT(offsetof(channelpadding_negotiate_t, ito_low_ms) ==
         offsetof(struct torrs_channelpadding_negotiate, ito_low_ms));
CTASSERT(offsetof(channelpadding_negotiate_t, ito_high_ms) ==
         offsetof(struct torrs_channelpadding_negotiate, ito_high_ms));
CTASSERT(offsetof(channelpadding_negotiate_t, trunnel_error_code_) ==
         offsetof(struct torrs_channelpadding_negotiate, trunnel_error_code_));

struct channelpadding_negotiate_st * channelpadding_negotiate_new(void);
void channelpadding_negotiate_free(
  struct channelpadding_negotiate_st * victim);
ssize_t channelpadding_negotiate_parse(
  struct channelpadding_negotiate_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t channelpadding_negotiate_encoded_len(
  struct channelpadding_negotiate_st const * obj);
ssize_t channelpadding_negotiate_encode(
  uint8_t * output,
  size_t avail,
  struct channelpadding_negotiate_st const * input);
char const * channelpadding_negotiate_check(
  struct channelpadding_negotiate_st const * obj);
int channelpadding_negotiate_clear_errors(
  struct channelpadding_negotiate_st * obj);
uint8_t channelpadding_negotiate_get_version(
  struct channelpadding_negotiate_st const * inp);
int channelpadding_negotiate_set_version(
  struct channelpadding_negotiate_st * inp,
  uint8_t val);
uint8_t channelpadding_negotiate_get_command(
  struct channelpadding_negotiate_st const * inp);
int channelpadding_negotiate_set_command(
  struct channelpadding_negotiate_st * inp,
  uint8_t val);
uint16_t channelpadding_negotiate_get_ito_low_ms(
  struct channelpadding_negotiate_st const * inp);
int channelpadding_negotiate_set_ito_low_ms(
  struct channelpadding_negotiate_st * inp,
  uint16_t val);
uint16_t channelpadding_negotiate_get_ito_high_ms(
  struct channelpadding_negotiate_st const * inp);
int channelpadding_negotiate_set_ito_high_ms(
  struct channelpadding_negotiate_st * inp,
  uint16_t val);

/* What Rust takes circpad_negotiate_t for. */
struct torrs_circpad_negotiate {
  uint8_t version;
  uint8_t command;
  uint8_t machine_type;
  uint8_t echo_request;
  uint32_t machine_ctr;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(circpad_negotiate_t) == sizeof(struct torrs_circpad_negotiate));
CTASSERT(offsetof(circpad_negotiate_t, version) ==
         offsetof(struct torrs_circpad_negotiate, version));
CTASSERT(offsetof(circpad_negotiate_t, command) ==
         offsetof(struct torrs_circpad_negotiate, command));
CTASSERT(offsetof(circpad_negotiate_t, machine_type) ==
         offsetof(struct torrs_circpad_negotiate, machine_type));
CTASSERT(offsetof(circpad_negotiate_t, echo_request) ==
         offsetof(struct torrs_circpad_negotiate, echo_request));
CTASSERT(offsetof(circpad_negotiate_t, machine_ctr) ==
         offsetof(struct torrs_circpad_negotiate, machine_ctr));
CTASSERT(offsetof(circpad_negotiate_t, trunnel_error_code_) ==
         offsetof(struct torrs_circpad_negotiate, trunnel_error_code_));

struct circpad_negotiate_st * circpad_negotiate_new(void);
void circpad_negotiate_free(
  struct circpad_negotiate_st * victim);
ssize_t circpad_negotiate_parse(
  struct circpad_negotiate_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t circpad_negotiate_encoded_len(
  struct circpad_negotiate_st const * obj);
ssize_t circpad_negotiate_encode(
  uint8_t * output,
  size_t avail,
  struct circpad_negotiate_st const * input);
char const * circpad_negotiate_check(
  struct circpad_negotiate_st const * obj);
int circpad_negotiate_clear_errors(
  struct circpad_negotiate_st * obj);
uint8_t circpad_negotiate_get_version(
  struct circpad_negotiate_st const * inp);
int circpad_negotiate_set_version(
  struct circpad_negotiate_st * inp,
  uint8_t val);
uint8_t circpad_negotiate_get_command(
  struct circpad_negotiate_st const * inp);
int circpad_negotiate_set_command(
  struct circpad_negotiate_st * inp,
  uint8_t val);
uint8_t circpad_negotiate_get_machine_type(
  struct circpad_negotiate_st const * inp);
int circpad_negotiate_set_machine_type(
  struct circpad_negotiate_st * inp,
  uint8_t val);
uint8_t circpad_negotiate_get_echo_request(
  struct circpad_negotiate_st const * inp);
int circpad_negotiate_set_echo_request(
  struct circpad_negotiate_st * inp,
  uint8_t val);
uint32_t circpad_negotiate_get_machine_ctr(
  struct circpad_negotiate_st const * inp);
int circpad_negotiate_set_machine_ctr(
  struct circpad_negotiate_st * inp,
  uint32_t val);

/* What Rust takes circpad_negotiated_t for. */
struct torrs_circpad_negotiated {
  uint8_t version;
  uint8_t command;
  uint8_t response;
  uint8_t machine_type;
  uint32_t machine_ctr;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(circpad_negotiated_t) == sizeof(struct torrs_circpad_negotiated));
CTASSERT(offsetof(circpad_negotiated_t, version) ==
         offsetof(struct torrs_circpad_negotiated, version));
CTASSERT(offsetof(circpad_negotiated_t, command) ==
         offsetof(struct torrs_circpad_negotiated, command));
CTASSERT(offsetof(circpad_negotiated_t, response) ==
         offsetof(struct torrs_circpad_negotiated, response));
CTASSERT(offsetof(circpad_negotiated_t, machine_type) ==
         offsetof(struct torrs_circpad_negotiated, machine_type));
CTASSERT(offsetof(circpad_negotiated_t, machine_ctr) ==
         offsetof(struct torrs_circpad_negotiated, machine_ctr));
CTASSERT(offsetof(circpad_negotiated_t, trunnel_error_code_) ==
         offsetof(struct torrs_circpad_negotiated, trunnel_error_code_));

struct circpad_negotiated_st * circpad_negotiated_new(void);
void circpad_negotiated_free(
  struct circpad_negotiated_st * victim);
ssize_t circpad_negotiated_parse(
  struct circpad_negotiated_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t circpad_negotiated_encoded_len(
  struct circpad_negotiated_st const * obj);
ssize_t circpad_negotiated_encode(
  uint8_t * output,
  size_t avail,
  struct circpad_negotiated_st const * input);
char const * circpad_negotiated_check(
  struct circpad_negotiated_st const * obj);
int circpad_negotiated_clear_errors(
  struct circpad_negotiated_st * obj);
uint8_t circpad_negotiated_get_version(
  struct circpad_negotiated_st const * inp);
int circpad_negotiated_set_version(
  struct circpad_negotiated_st * inp,
  uint8_t val);
uint8_t circpad_negotiated_get_command(
  struct circpad_negotiated_st const * inp);
int circpad_negotiated_set_command(
  struct circpad_negotiated_st * inp,
  uint8_t val);
uint8_t circpad_negotiated_get_response(
  struct circpad_negotiated_st const * inp);
int circpad_negotiated_set_response(
  struct circpad_negotiated_st * inp,
  uint8_t val);
uint8_t circpad_negotiated_get_machine_type(
  struct circpad_negotiated_st const * inp);
int circpad_negotiated_set_machine_type(
  struct circpad_negotiated_st * inp,
  uint8_t val);
uint32_t circpad_negotiated_get_machine_ctr(
  struct circpad_negotiated_st const * inp);
int circpad_negotiated_set_machine_ctr(
  struct circpad_negotiated_st * inp,
  uint32_t val);

struct trn_cell_conflux_link_st * trn_cell_conflux_link_new(void);
void trn_cell_conflux_link_free(
  struct trn_cell_conflux_link_st * victim);
ssize_t trn_cell_conflux_link_parse(
  struct trn_cell_conflux_link_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_conflux_link_encoded_len(
  struct trn_cell_conflux_link_st const * obj);
ssize_t trn_cell_conflux_link_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_conflux_link_st const * input);
char const * trn_cell_conflux_link_check(
  struct trn_cell_conflux_link_st const * obj);
int trn_cell_conflux_link_clear_errors(
  struct trn_cell_conflux_link_st * obj);
uint8_t trn_cell_conflux_link_get_version(
  struct trn_cell_conflux_link_st const * inp);
int trn_cell_conflux_link_set_version(
  struct trn_cell_conflux_link_st * inp,
  uint8_t val);
size_t trn_cell_conflux_link_getlen_payload(
  struct trn_cell_conflux_link_st const * inp);
uint8_t trn_cell_conflux_link_get_payload(
  struct trn_cell_conflux_link_st * inp,
  size_t idx);
uint8_t trn_cell_conflux_link_getconst_payload(
  struct trn_cell_conflux_link_st const * inp,
  size_t idx);
int trn_cell_conflux_link_set_payload(
  struct trn_cell_conflux_link_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_conflux_link_add_payload(
  struct trn_cell_conflux_link_st * inp,
  uint8_t elt);
uint8_t * trn_cell_conflux_link_getarray_payload(
  struct trn_cell_conflux_link_st * inp);
uint8_t const * trn_cell_conflux_link_getconstarray_payload(
  struct trn_cell_conflux_link_st const * inp);
int trn_cell_conflux_link_setlen_payload(
  struct trn_cell_conflux_link_st * inp,
  size_t newlen);

struct trn_cell_conflux_link_payload_v1_st * trn_cell_conflux_link_payload_v1_new(void);
void trn_cell_conflux_link_payload_v1_free(
  struct trn_cell_conflux_link_payload_v1_st * victim);
ssize_t trn_cell_conflux_link_payload_v1_parse(
  struct trn_cell_conflux_link_payload_v1_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_conflux_link_payload_v1_encoded_len(
  struct trn_cell_conflux_link_payload_v1_st const * obj);
ssize_t trn_cell_conflux_link_payload_v1_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_conflux_link_payload_v1_st const * input);
char const * trn_cell_conflux_link_payload_v1_check(
  struct trn_cell_conflux_link_payload_v1_st const * obj);
int trn_cell_conflux_link_payload_v1_clear_errors(
  struct trn_cell_conflux_link_payload_v1_st * obj);
size_t trn_cell_conflux_link_payload_v1_getlen_nonce(
  struct trn_cell_conflux_link_payload_v1_st const * inp);
uint8_t trn_cell_conflux_link_payload_v1_get_nonce(
  struct trn_cell_conflux_link_payload_v1_st * inp,
  size_t idx);
uint8_t trn_cell_conflux_link_payload_v1_getconst_nonce(
  struct trn_cell_conflux_link_payload_v1_st const * inp,
  size_t idx);
int trn_cell_conflux_link_payload_v1_set_nonce(
  struct trn_cell_conflux_link_payload_v1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_conflux_link_payload_v1_getarray_nonce(
  struct trn_cell_conflux_link_payload_v1_st * inp);
uint8_t const * trn_cell_conflux_link_payload_v1_getconstarray_nonce(
  struct trn_cell_conflux_link_payload_v1_st const * inp);
uint64_t trn_cell_conflux_link_payload_v1_get_last_seqno_sent(
  struct trn_cell_conflux_link_payload_v1_st const * inp);
int trn_cell_conflux_link_payload_v1_set_last_seqno_sent(
  struct trn_cell_conflux_link_payload_v1_st * inp,
  uint64_t val);
uint64_t trn_cell_conflux_link_payload_v1_get_last_seqno_recv(
  struct trn_cell_conflux_link_payload_v1_st const * inp);
int trn_cell_conflux_link_payload_v1_set_last_seqno_recv(
  struct trn_cell_conflux_link_payload_v1_st * inp,
  uint64_t val);
uint8_t trn_cell_conflux_link_payload_v1_get_desired_ux(
  struct trn_cell_conflux_link_payload_v1_st const * inp);
int trn_cell_conflux_link_payload_v1_set_desired_ux(
  struct trn_cell_conflux_link_payload_v1_st * inp,
  uint8_t val);

struct trn_cell_conflux_linked_st * trn_cell_conflux_linked_new(void);
void trn_cell_conflux_linked_free(
  struct trn_cell_conflux_linked_st * victim);
ssize_t trn_cell_conflux_linked_parse(
  struct trn_cell_conflux_linked_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_conflux_linked_encoded_len(
  struct trn_cell_conflux_linked_st const * obj);
ssize_t trn_cell_conflux_linked_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_conflux_linked_st const * input);
char const * trn_cell_conflux_linked_check(
  struct trn_cell_conflux_linked_st const * obj);
int trn_cell_conflux_linked_clear_errors(
  struct trn_cell_conflux_linked_st * obj);
uint8_t trn_cell_conflux_linked_get_version(
  struct trn_cell_conflux_linked_st const * inp);
int trn_cell_conflux_linked_set_version(
  struct trn_cell_conflux_linked_st * inp,
  uint8_t val);
size_t trn_cell_conflux_linked_getlen_payload(
  struct trn_cell_conflux_linked_st const * inp);
uint8_t trn_cell_conflux_linked_get_payload(
  struct trn_cell_conflux_linked_st * inp,
  size_t idx);
uint8_t trn_cell_conflux_linked_getconst_payload(
  struct trn_cell_conflux_linked_st const * inp,
  size_t idx);
int trn_cell_conflux_linked_set_payload(
  struct trn_cell_conflux_linked_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_conflux_linked_add_payload(
  struct trn_cell_conflux_linked_st * inp,
  uint8_t elt);
uint8_t * trn_cell_conflux_linked_getarray_payload(
  struct trn_cell_conflux_linked_st * inp);
uint8_t const * trn_cell_conflux_linked_getconstarray_payload(
  struct trn_cell_conflux_linked_st const * inp);
int trn_cell_conflux_linked_setlen_payload(
  struct trn_cell_conflux_linked_st * inp,
  size_t newlen);

struct trn_cell_conflux_linked_ack_st * trn_cell_conflux_linked_ack_new(void);
void trn_cell_conflux_linked_ack_free(
  struct trn_cell_conflux_linked_ack_st * victim);
ssize_t trn_cell_conflux_linked_ack_parse(
  struct trn_cell_conflux_linked_ack_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_conflux_linked_ack_encoded_len(
  struct trn_cell_conflux_linked_ack_st const * obj);
ssize_t trn_cell_conflux_linked_ack_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_conflux_linked_ack_st const * input);
char const * trn_cell_conflux_linked_ack_check(
  struct trn_cell_conflux_linked_ack_st const * obj);
int trn_cell_conflux_linked_ack_clear_errors(
  struct trn_cell_conflux_linked_ack_st * obj);
size_t trn_cell_conflux_linked_ack_getlen_payload(
  struct trn_cell_conflux_linked_ack_st const * inp);
uint8_t trn_cell_conflux_linked_ack_get_payload(
  struct trn_cell_conflux_linked_ack_st * inp,
  size_t idx);
uint8_t trn_cell_conflux_linked_ack_getconst_payload(
  struct trn_cell_conflux_linked_ack_st const * inp,
  size_t idx);
int trn_cell_conflux_linked_ack_set_payload(
  struct trn_cell_conflux_linked_ack_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_conflux_linked_ack_add_payload(
  struct trn_cell_conflux_linked_ack_st * inp,
  uint8_t elt);
uint8_t * trn_cell_conflux_linked_ack_getarray_payload(
  struct trn_cell_conflux_linked_ack_st * inp);
uint8_t const * trn_cell_conflux_linked_ack_getconstarray_payload(
  struct trn_cell_conflux_linked_ack_st const * inp);
int trn_cell_conflux_linked_ack_setlen_payload(
  struct trn_cell_conflux_linked_ack_st * inp,
  size_t newlen);

struct trn_cell_conflux_switch_st * trn_cell_conflux_switch_new(void);
void trn_cell_conflux_switch_free(
  struct trn_cell_conflux_switch_st * victim);
ssize_t trn_cell_conflux_switch_parse(
  struct trn_cell_conflux_switch_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_conflux_switch_encoded_len(
  struct trn_cell_conflux_switch_st const * obj);
ssize_t trn_cell_conflux_switch_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_conflux_switch_st const * input);
char const * trn_cell_conflux_switch_check(
  struct trn_cell_conflux_switch_st const * obj);
int trn_cell_conflux_switch_clear_errors(
  struct trn_cell_conflux_switch_st * obj);
uint32_t trn_cell_conflux_switch_get_seqnum(
  struct trn_cell_conflux_switch_st const * inp);
int trn_cell_conflux_switch_set_seqnum(
  struct trn_cell_conflux_switch_st * inp,
  uint32_t val);

struct trn_extension_field_cc_st * trn_extension_field_cc_new(void);
void trn_extension_field_cc_free(
  struct trn_extension_field_cc_st * victim);
ssize_t trn_extension_field_cc_parse(
  struct trn_extension_field_cc_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_extension_field_cc_encoded_len(
  struct trn_extension_field_cc_st const * obj);
ssize_t trn_extension_field_cc_encode(
  uint8_t * output,
  size_t avail,
  struct trn_extension_field_cc_st const * input);
char const * trn_extension_field_cc_check(
  struct trn_extension_field_cc_st const * obj);
int trn_extension_field_cc_clear_errors(
  struct trn_extension_field_cc_st * obj);
uint8_t trn_extension_field_cc_get_sendme_inc(
  struct trn_extension_field_cc_st const * inp);
int trn_extension_field_cc_set_sendme_inc(
  struct trn_extension_field_cc_st * inp,
  uint8_t val);

/* What Rust takes create2_cell_body_t for. */
struct torrs_create2_cell_body {
  uint16_t handshake_type;
  uint16_t handshake_len;
  struct torrs_dynarray handshake_data;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(create2_cell_body_t) == sizeof(struct torrs_create2_cell_body));
CTASSERT(offsetof(create2_cell_body_t, handshake_type) ==
         offsetof(struct torrs_create2_cell_body, handshake_type));
CTASSERT(offsetof(create2_cell_body_t, handshake_len) ==
         offsetof(struct torrs_create2_cell_body, handshake_len));
CTASSERT(offsetof(create2_cell_body_t, handshake_data) ==
         offsetof(struct torrs_create2_cell_body, handshake_data));
CTASSERT(offsetof(create2_cell_body_t, trunnel_error_code_) ==
         offsetof(struct torrs_create2_cell_body, trunnel_error_code_));

struct create2_cell_body_st * create2_cell_body_new(void);
void create2_cell_body_free(
  struct create2_cell_body_st * victim);
ssize_t create2_cell_body_parse(
  struct create2_cell_body_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t create2_cell_body_encoded_len(
  struct create2_cell_body_st const * obj);
ssize_t create2_cell_body_encode(
  uint8_t * output,
  size_t avail,
  struct create2_cell_body_st const * input);
char const * create2_cell_body_check(
  struct create2_cell_body_st const * obj);
int create2_cell_body_clear_errors(
  struct create2_cell_body_st * obj);
uint16_t create2_cell_body_get_handshake_type(
  struct create2_cell_body_st const * inp);
int create2_cell_body_set_handshake_type(
  struct create2_cell_body_st * inp,
  uint16_t val);
uint16_t create2_cell_body_get_handshake_len(
  struct create2_cell_body_st const * inp);
int create2_cell_body_set_handshake_len(
  struct create2_cell_body_st * inp,
  uint16_t val);
size_t create2_cell_body_getlen_handshake_data(
  struct create2_cell_body_st const * inp);
uint8_t create2_cell_body_get_handshake_data(
  struct create2_cell_body_st * inp,
  size_t idx);
uint8_t create2_cell_body_getconst_handshake_data(
  struct create2_cell_body_st const * inp,
  size_t idx);
int create2_cell_body_set_handshake_data(
  struct create2_cell_body_st * inp,
  size_t idx,
  uint8_t elt);
int create2_cell_body_add_handshake_data(
  struct create2_cell_body_st * inp,
  uint8_t elt);
uint8_t * create2_cell_body_getarray_handshake_data(
  struct create2_cell_body_st * inp);
uint8_t const * create2_cell_body_getconstarray_handshake_data(
  struct create2_cell_body_st const * inp);
int create2_cell_body_setlen_handshake_data(
  struct create2_cell_body_st * inp,
  size_t newlen);

/* What Rust takes ed25519_cert_extension_t for. */
struct torrs_ed25519_cert_extension {
  uint16_t ext_length;
  uint8_t ext_type;
  uint8_t ext_flags;
  uint8_t un_signing_key[32];
  struct torrs_dynarray un_unparsed;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(ed25519_cert_extension_t) == sizeof(struct torrs_ed25519_cert_extension));
CTASSERT(offsetof(ed25519_cert_extension_t, ext_length) ==
         offsetof(struct torrs_ed25519_cert_extension, ext_length));
CTASSERT(offsetof(ed25519_cert_extension_t, ext_type) ==
         offsetof(struct torrs_ed25519_cert_extension, ext_type));
CTASSERT(offsetof(ed25519_cert_extension_t, ext_flags) ==
         offsetof(struct torrs_ed25519_cert_extension, ext_flags));
CTASSERT(offsetof(ed25519_cert_extension_t, un_signing_key) ==
         offsetof(struct torrs_ed25519_cert_extension, un_signing_key));
CTASSERT(offsetof(ed25519_cert_extension_t, un_unparsed) ==
         offsetof(struct torrs_ed25519_cert_extension, un_unparsed));
CTASSERT(offsetof(ed25519_cert_extension_t, trunnel_error_code_) ==
         offsetof(struct torrs_ed25519_cert_extension, trunnel_error_code_));

struct ed25519_cert_extension_st * ed25519_cert_extension_new(void);
void ed25519_cert_extension_free(
  struct ed25519_cert_extension_st * victim);
ssize_t ed25519_cert_extension_parse(
  struct ed25519_cert_extension_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t ed25519_cert_extension_encoded_len(
  struct ed25519_cert_extension_st const * obj);
ssize_t ed25519_cert_extension_encode(
  uint8_t * output,
  size_t avail,
  struct ed25519_cert_extension_st const * input);
char const * ed25519_cert_extension_check(
  struct ed25519_cert_extension_st const * obj);
int ed25519_cert_extension_clear_errors(
  struct ed25519_cert_extension_st * obj);
uint16_t ed25519_cert_extension_get_ext_length(
  struct ed25519_cert_extension_st const * inp);
int ed25519_cert_extension_set_ext_length(
  struct ed25519_cert_extension_st * inp,
  uint16_t val);
uint8_t ed25519_cert_extension_get_ext_type(
  struct ed25519_cert_extension_st const * inp);
int ed25519_cert_extension_set_ext_type(
  struct ed25519_cert_extension_st * inp,
  uint8_t val);
uint8_t ed25519_cert_extension_get_ext_flags(
  struct ed25519_cert_extension_st const * inp);
int ed25519_cert_extension_set_ext_flags(
  struct ed25519_cert_extension_st * inp,
  uint8_t val);
size_t ed25519_cert_extension_getlen_un_signing_key(
  struct ed25519_cert_extension_st const * inp);
uint8_t ed25519_cert_extension_get_un_signing_key(
  struct ed25519_cert_extension_st * inp,
  size_t idx);
uint8_t ed25519_cert_extension_getconst_un_signing_key(
  struct ed25519_cert_extension_st const * inp,
  size_t idx);
int ed25519_cert_extension_set_un_signing_key(
  struct ed25519_cert_extension_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * ed25519_cert_extension_getarray_un_signing_key(
  struct ed25519_cert_extension_st * inp);
uint8_t const * ed25519_cert_extension_getconstarray_un_signing_key(
  struct ed25519_cert_extension_st const * inp);
size_t ed25519_cert_extension_getlen_un_unparsed(
  struct ed25519_cert_extension_st const * inp);
uint8_t ed25519_cert_extension_get_un_unparsed(
  struct ed25519_cert_extension_st * inp,
  size_t idx);
uint8_t ed25519_cert_extension_getconst_un_unparsed(
  struct ed25519_cert_extension_st const * inp,
  size_t idx);
int ed25519_cert_extension_set_un_unparsed(
  struct ed25519_cert_extension_st * inp,
  size_t idx,
  uint8_t elt);
int ed25519_cert_extension_add_un_unparsed(
  struct ed25519_cert_extension_st * inp,
  uint8_t elt);
uint8_t * ed25519_cert_extension_getarray_un_unparsed(
  struct ed25519_cert_extension_st * inp);
uint8_t const * ed25519_cert_extension_getconstarray_un_unparsed(
  struct ed25519_cert_extension_st const * inp);
int ed25519_cert_extension_setlen_un_unparsed(
  struct ed25519_cert_extension_st * inp,
  size_t newlen);

struct extend1_cell_body_st * extend1_cell_body_new(void);
void extend1_cell_body_free(
  struct extend1_cell_body_st * victim);
ssize_t extend1_cell_body_parse(
  struct extend1_cell_body_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t extend1_cell_body_encoded_len(
  struct extend1_cell_body_st const * obj);
ssize_t extend1_cell_body_encode(
  uint8_t * output,
  size_t avail,
  struct extend1_cell_body_st const * input);
char const * extend1_cell_body_check(
  struct extend1_cell_body_st const * obj);
int extend1_cell_body_clear_errors(
  struct extend1_cell_body_st * obj);
uint32_t extend1_cell_body_get_ipv4addr(
  struct extend1_cell_body_st const * inp);
int extend1_cell_body_set_ipv4addr(
  struct extend1_cell_body_st * inp,
  uint32_t val);
uint16_t extend1_cell_body_get_port(
  struct extend1_cell_body_st const * inp);
int extend1_cell_body_set_port(
  struct extend1_cell_body_st * inp,
  uint16_t val);
size_t extend1_cell_body_getlen_onionskin(
  struct extend1_cell_body_st const * inp);
uint8_t extend1_cell_body_get_onionskin(
  struct extend1_cell_body_st * inp,
  size_t idx);
uint8_t extend1_cell_body_getconst_onionskin(
  struct extend1_cell_body_st const * inp,
  size_t idx);
int extend1_cell_body_set_onionskin(
  struct extend1_cell_body_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * extend1_cell_body_getarray_onionskin(
  struct extend1_cell_body_st * inp);
uint8_t const * extend1_cell_body_getconstarray_onionskin(
  struct extend1_cell_body_st const * inp);
size_t extend1_cell_body_getlen_identity(
  struct extend1_cell_body_st const * inp);
uint8_t extend1_cell_body_get_identity(
  struct extend1_cell_body_st * inp,
  size_t idx);
uint8_t extend1_cell_body_getconst_identity(
  struct extend1_cell_body_st const * inp,
  size_t idx);
int extend1_cell_body_set_identity(
  struct extend1_cell_body_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * extend1_cell_body_getarray_identity(
  struct extend1_cell_body_st * inp);
uint8_t const * extend1_cell_body_getconstarray_identity(
  struct extend1_cell_body_st const * inp);

/* What Rust takes link_specifier_t for. */
struct torrs_link_specifier {
  uint8_t ls_type;
  uint8_t ls_len;
  uint32_t un_ipv4_addr;
  uint16_t un_ipv4_port;
  uint8_t un_ipv6_addr[16];
  uint16_t un_ipv6_port;
  uint8_t un_legacy_id[20];
  uint8_t un_ed25519_id[32];
  struct torrs_dynarray un_unrecognized;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(link_specifier_t) == sizeof(struct torrs_link_specifier));
CTASSERT(offsetof(link_specifier_t, ls_type) ==
         offsetof(struct torrs_link_specifier, ls_type));
CTASSERT(offsetof(link_specifier_t, ls_len) ==
         offsetof(struct torrs_link_specifier, ls_len));
CTASSERT(offsetof(link_specifier_t, un_ipv4_addr) ==
         offsetof(struct torrs_link_specifier, un_ipv4_addr));
CTASSERT(offsetof(link_specifier_t, un_ipv4_port) ==
         offsetof(struct torrs_link_specifier, un_ipv4_port));
CTASSERT(offsetof(link_specifier_t, un_ipv6_addr) ==
         offsetof(struct torrs_link_specifier, un_ipv6_addr));
CTASSERT(offsetof(link_specifier_t, un_ipv6_port) ==
         offsetof(struct torrs_link_specifier, un_ipv6_port));
CTASSERT(offsetof(link_specifier_t, un_legacy_id) ==
         offsetof(struct torrs_link_specifier, un_legacy_id));
CTASSERT(offsetof(link_specifier_t, un_ed25519_id) ==
         offsetof(struct torrs_link_specifier, un_ed25519_id));
CTASSERT(offsetof(link_specifier_t, un_unrecognized) ==
         offsetof(struct torrs_link_specifier, un_unrecognized));
CTASSERT(offsetof(link_specifier_t, trunnel_error_code_) ==
         offsetof(struct torrs_link_specifier, trunnel_error_code_));

struct link_specifier_st * link_specifier_new(void);
void link_specifier_free(
  struct link_specifier_st * victim);
ssize_t link_specifier_parse(
  struct link_specifier_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t link_specifier_encoded_len(
  struct link_specifier_st const * obj);
ssize_t link_specifier_encode(
  uint8_t * output,
  size_t avail,
  struct link_specifier_st const * input);
char const * link_specifier_check(
  struct link_specifier_st const * obj);
int link_specifier_clear_errors(
  struct link_specifier_st * obj);
uint8_t link_specifier_get_ls_type(
  struct link_specifier_st const * inp);
int link_specifier_set_ls_type(
  struct link_specifier_st * inp,
  uint8_t val);
uint8_t link_specifier_get_ls_len(
  struct link_specifier_st const * inp);
int link_specifier_set_ls_len(
  struct link_specifier_st * inp,
  uint8_t val);
uint32_t link_specifier_get_un_ipv4_addr(
  struct link_specifier_st const * inp);
int link_specifier_set_un_ipv4_addr(
  struct link_specifier_st * inp,
  uint32_t val);
uint16_t link_specifier_get_un_ipv4_port(
  struct link_specifier_st const * inp);
int link_specifier_set_un_ipv4_port(
  struct link_specifier_st * inp,
  uint16_t val);
size_t link_specifier_getlen_un_ipv6_addr(
  struct link_specifier_st const * inp);
uint8_t link_specifier_get_un_ipv6_addr(
  struct link_specifier_st * inp,
  size_t idx);
uint8_t link_specifier_getconst_un_ipv6_addr(
  struct link_specifier_st const * inp,
  size_t idx);
int link_specifier_set_un_ipv6_addr(
  struct link_specifier_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * link_specifier_getarray_un_ipv6_addr(
  struct link_specifier_st * inp);
uint8_t const * link_specifier_getconstarray_un_ipv6_addr(
  struct link_specifier_st const * inp);
uint16_t link_specifier_get_un_ipv6_port(
  struct link_specifier_st const * inp);
int link_specifier_set_un_ipv6_port(
  struct link_specifier_st * inp,
  uint16_t val);
size_t link_specifier_getlen_un_legacy_id(
  struct link_specifier_st const * inp);
uint8_t link_specifier_get_un_legacy_id(
  struct link_specifier_st * inp,
  size_t idx);
uint8_t link_specifier_getconst_un_legacy_id(
  struct link_specifier_st const * inp,
  size_t idx);
int link_specifier_set_un_legacy_id(
  struct link_specifier_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * link_specifier_getarray_un_legacy_id(
  struct link_specifier_st * inp);
uint8_t const * link_specifier_getconstarray_un_legacy_id(
  struct link_specifier_st const * inp);
size_t link_specifier_getlen_un_ed25519_id(
  struct link_specifier_st const * inp);
uint8_t link_specifier_get_un_ed25519_id(
  struct link_specifier_st * inp,
  size_t idx);
uint8_t link_specifier_getconst_un_ed25519_id(
  struct link_specifier_st const * inp,
  size_t idx);
int link_specifier_set_un_ed25519_id(
  struct link_specifier_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * link_specifier_getarray_un_ed25519_id(
  struct link_specifier_st * inp);
uint8_t const * link_specifier_getconstarray_un_ed25519_id(
  struct link_specifier_st const * inp);
size_t link_specifier_getlen_un_unrecognized(
  struct link_specifier_st const * inp);
uint8_t link_specifier_get_un_unrecognized(
  struct link_specifier_st * inp,
  size_t idx);
uint8_t link_specifier_getconst_un_unrecognized(
  struct link_specifier_st const * inp,
  size_t idx);
int link_specifier_set_un_unrecognized(
  struct link_specifier_st * inp,
  size_t idx,
  uint8_t elt);
int link_specifier_add_un_unrecognized(
  struct link_specifier_st * inp,
  uint8_t elt);
uint8_t * link_specifier_getarray_un_unrecognized(
  struct link_specifier_st * inp);
uint8_t const * link_specifier_getconstarray_un_unrecognized(
  struct link_specifier_st const * inp);
int link_specifier_setlen_un_unrecognized(
  struct link_specifier_st * inp,
  size_t newlen);

/* What Rust takes ed25519_cert_t for. */
struct torrs_ed25519_cert {
  uint8_t version;
  uint8_t cert_type;
  uint32_t exp_field;
  uint8_t cert_key_type;
  uint8_t certified_key[32];
  uint8_t n_extensions;
  struct torrs_dynarray ext;
  uint8_t signature[64];
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(ed25519_cert_t) == sizeof(struct torrs_ed25519_cert));
CTASSERT(offsetof(ed25519_cert_t, version) ==
         offsetof(struct torrs_ed25519_cert, version));
CTASSERT(offsetof(ed25519_cert_t, cert_type) ==
         offsetof(struct torrs_ed25519_cert, cert_type));
CTASSERT(offsetof(ed25519_cert_t, exp_field) ==
         offsetof(struct torrs_ed25519_cert, exp_field));
CTASSERT(offsetof(ed25519_cert_t, cert_key_type) ==
         offsetof(struct torrs_ed25519_cert, cert_key_type));
CTASSERT(offsetof(ed25519_cert_t, certified_key) ==
         offsetof(struct torrs_ed25519_cert, certified_key));
CTASSERT(offsetof(ed25519_cert_t, n_extensions) ==
         offsetof(struct torrs_ed25519_cert, n_extensions));
CTASSERT(offsetof(ed25519_cert_t, ext) ==
         offsetof(struct torrs_ed25519_cert, ext));
CTASSERT(offsetof(ed25519_cert_t, signature) ==
         offsetof(struct torrs_ed25519_cert, signature));
CTASSERT(offsetof(ed25519_cert_t, trunnel_error_code_) ==
         offsetof(struct torrs_ed25519_cert, trunnel_error_code_));

struct ed25519_cert_st * ed25519_cert_new(void);
void ed25519_cert_free(
  struct ed25519_cert_st * victim);
ssize_t ed25519_cert_parse(
  struct ed25519_cert_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t ed25519_cert_encoded_len(
  struct ed25519_cert_st const * obj);
ssize_t ed25519_cert_encode(
  uint8_t * output,
  size_t avail,
  struct ed25519_cert_st const * input);
char const * ed25519_cert_check(
  struct ed25519_cert_st const * obj);
int ed25519_cert_clear_errors(
  struct ed25519_cert_st * obj);
uint8_t ed25519_cert_get_version(
  struct ed25519_cert_st const * inp);
int ed25519_cert_set_version(
  struct ed25519_cert_st * inp,
  uint8_t val);
uint8_t ed25519_cert_get_cert_type(
  struct ed25519_cert_st const * inp);
int ed25519_cert_set_cert_type(
  struct ed25519_cert_st * inp,
  uint8_t val);
uint32_t ed25519_cert_get_exp_field(
  struct ed25519_cert_st const * inp);
int ed25519_cert_set_exp_field(
  struct ed25519_cert_st * inp,
  uint32_t val);
uint8_t ed25519_cert_get_cert_key_type(
  struct ed25519_cert_st const * inp);
int ed25519_cert_set_cert_key_type(
  struct ed25519_cert_st * inp,
  uint8_t val);
size_t ed25519_cert_getlen_certified_key(
  struct ed25519_cert_st const * inp);
uint8_t ed25519_cert_get_certified_key(
  struct ed25519_cert_st * inp,
  size_t idx);
uint8_t ed25519_cert_getconst_certified_key(
  struct ed25519_cert_st const * inp,
  size_t idx);
int ed25519_cert_set_certified_key(
  struct ed25519_cert_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * ed25519_cert_getarray_certified_key(
  struct ed25519_cert_st * inp);
uint8_t const * ed25519_cert_getconstarray_certified_key(
  struct ed25519_cert_st const * inp);
uint8_t ed25519_cert_get_n_extensions(
  struct ed25519_cert_st const * inp);
int ed25519_cert_set_n_extensions(
  struct ed25519_cert_st * inp,
  uint8_t val);
size_t ed25519_cert_getlen_ext(
  struct ed25519_cert_st const * inp);
struct ed25519_cert_extension_st * ed25519_cert_get_ext(
  struct ed25519_cert_st * inp,
  size_t idx);
struct ed25519_cert_extension_st const * ed25519_cert_getconst_ext(
  struct ed25519_cert_st const * inp,
  size_t idx);
int ed25519_cert_set_ext(
  struct ed25519_cert_st * inp,
  size_t idx,
  struct ed25519_cert_extension_st * elt);
int ed25519_cert_set0_ext(
  struct ed25519_cert_st * inp,
  size_t idx,
  struct ed25519_cert_extension_st * elt);
int ed25519_cert_add_ext(
  struct ed25519_cert_st * inp,
  struct ed25519_cert_extension_st * elt);
struct ed25519_cert_extension_st * * ed25519_cert_getarray_ext(
  struct ed25519_cert_st * inp);
struct ed25519_cert_extension_st const * const * ed25519_cert_getconstarray_ext(
  struct ed25519_cert_st const * inp);
int ed25519_cert_setlen_ext(
  struct ed25519_cert_st * inp,
  size_t newlen);
size_t ed25519_cert_getlen_signature(
  struct ed25519_cert_st const * inp);
uint8_t ed25519_cert_get_signature(
  struct ed25519_cert_st * inp,
  size_t idx);
uint8_t ed25519_cert_getconst_signature(
  struct ed25519_cert_st const * inp,
  size_t idx);
int ed25519_cert_set_signature(
  struct ed25519_cert_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * ed25519_cert_getarray_signature(
  struct ed25519_cert_st * inp);
uint8_t const * ed25519_cert_getconstarray_signature(
  struct ed25519_cert_st const * inp);

/* What Rust takes extend2_cell_body_t for. */
struct torrs_extend2_cell_body {
  uint8_t n_spec;
  struct torrs_dynarray ls;
  void *create2;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(extend2_cell_body_t) == sizeof(struct torrs_extend2_cell_body));
CTASSERT(offsetof(extend2_cell_body_t, n_spec) ==
         offsetof(struct torrs_extend2_cell_body, n_spec));
CTASSERT(offsetof(extend2_cell_body_t, ls) ==
         offsetof(struct torrs_extend2_cell_body, ls));
CTASSERT(offsetof(extend2_cell_body_t, create2) ==
         offsetof(struct torrs_extend2_cell_body, create2));
CTASSERT(offsetof(extend2_cell_body_t, trunnel_error_code_) ==
         offsetof(struct torrs_extend2_cell_body, trunnel_error_code_));

struct extend2_cell_body_st * extend2_cell_body_new(void);
void extend2_cell_body_free(
  struct extend2_cell_body_st * victim);
ssize_t extend2_cell_body_parse(
  struct extend2_cell_body_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t extend2_cell_body_encoded_len(
  struct extend2_cell_body_st const * obj);
ssize_t extend2_cell_body_encode(
  uint8_t * output,
  size_t avail,
  struct extend2_cell_body_st const * input);
char const * extend2_cell_body_check(
  struct extend2_cell_body_st const * obj);
int extend2_cell_body_clear_errors(
  struct extend2_cell_body_st * obj);
uint8_t extend2_cell_body_get_n_spec(
  struct extend2_cell_body_st const * inp);
int extend2_cell_body_set_n_spec(
  struct extend2_cell_body_st * inp,
  uint8_t val);
size_t extend2_cell_body_getlen_ls(
  struct extend2_cell_body_st const * inp);
struct link_specifier_st * extend2_cell_body_get_ls(
  struct extend2_cell_body_st * inp,
  size_t idx);
struct link_specifier_st const * extend2_cell_body_getconst_ls(
  struct extend2_cell_body_st const * inp,
  size_t idx);
int extend2_cell_body_set_ls(
  struct extend2_cell_body_st * inp,
  size_t idx,
  struct link_specifier_st * elt);
int extend2_cell_body_set0_ls(
  struct extend2_cell_body_st * inp,
  size_t idx,
  struct link_specifier_st * elt);
int extend2_cell_body_add_ls(
  struct extend2_cell_body_st * inp,
  struct link_specifier_st * elt);
struct link_specifier_st * * extend2_cell_body_getarray_ls(
  struct extend2_cell_body_st * inp);
struct link_specifier_st const * const * extend2_cell_body_getconstarray_ls(
  struct extend2_cell_body_st const * inp);
int extend2_cell_body_setlen_ls(
  struct extend2_cell_body_st * inp,
  size_t newlen);
struct create2_cell_body_st * extend2_cell_body_get_create2(
  struct extend2_cell_body_st * inp);
struct create2_cell_body_st const * extend2_cell_body_getconst_create2(
  struct extend2_cell_body_st const * inp);
int extend2_cell_body_set_create2(
  struct extend2_cell_body_st * inp,
  struct create2_cell_body_st * val);
int extend2_cell_body_set0_create2(
  struct extend2_cell_body_st * inp,
  struct create2_cell_body_st * val);

struct link_specifier_list_st * link_specifier_list_new(void);
void link_specifier_list_free(
  struct link_specifier_list_st * victim);
ssize_t link_specifier_list_parse(
  struct link_specifier_list_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t link_specifier_list_encoded_len(
  struct link_specifier_list_st const * obj);
ssize_t link_specifier_list_encode(
  uint8_t * output,
  size_t avail,
  struct link_specifier_list_st const * input);
char const * link_specifier_list_check(
  struct link_specifier_list_st const * obj);
int link_specifier_list_clear_errors(
  struct link_specifier_list_st * obj);
uint8_t link_specifier_list_get_n_spec(
  struct link_specifier_list_st const * inp);
int link_specifier_list_set_n_spec(
  struct link_specifier_list_st * inp,
  uint8_t val);
size_t link_specifier_list_getlen_spec(
  struct link_specifier_list_st const * inp);
struct link_specifier_st * link_specifier_list_get_spec(
  struct link_specifier_list_st * inp,
  size_t idx);
struct link_specifier_st const * link_specifier_list_getconst_spec(
  struct link_specifier_list_st const * inp,
  size_t idx);
int link_specifier_list_set_spec(
  struct link_specifier_list_st * inp,
  size_t idx,
  struct link_specifier_st * elt);
int link_specifier_list_set0_spec(
  struct link_specifier_list_st * inp,
  size_t idx,
  struct link_specifier_st * elt);
int link_specifier_list_add_spec(
  struct link_specifier_list_st * inp,
  struct link_specifier_st * elt);
struct link_specifier_st * * link_specifier_list_getarray_spec(
  struct link_specifier_list_st * inp);
struct link_specifier_st const * const * link_specifier_list_getconstarray_spec(
  struct link_specifier_list_st const * inp);
int link_specifier_list_setlen_spec(
  struct link_specifier_list_st * inp,
  size_t newlen);

struct trn_cell_extension_dos_param_st * trn_cell_extension_dos_param_new(void);
void trn_cell_extension_dos_param_free(
  struct trn_cell_extension_dos_param_st * victim);
ssize_t trn_cell_extension_dos_param_parse(
  struct trn_cell_extension_dos_param_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_extension_dos_param_encoded_len(
  struct trn_cell_extension_dos_param_st const * obj);
ssize_t trn_cell_extension_dos_param_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_extension_dos_param_st const * input);
char const * trn_cell_extension_dos_param_check(
  struct trn_cell_extension_dos_param_st const * obj);
int trn_cell_extension_dos_param_clear_errors(
  struct trn_cell_extension_dos_param_st * obj);
uint8_t trn_cell_extension_dos_param_get_type(
  struct trn_cell_extension_dos_param_st const * inp);
int trn_cell_extension_dos_param_set_type(
  struct trn_cell_extension_dos_param_st * inp,
  uint8_t val);
uint64_t trn_cell_extension_dos_param_get_value(
  struct trn_cell_extension_dos_param_st const * inp);
int trn_cell_extension_dos_param_set_value(
  struct trn_cell_extension_dos_param_st * inp,
  uint64_t val);

/* What Rust takes trn_cell_establish_intro_t for. */
struct torrs_trn_cell_establish_intro {
  const uint8_t *start_cell;
  uint8_t auth_key_type;
  uint16_t auth_key_len;
  struct torrs_dynarray auth_key;
  void *extensions;
  const uint8_t *end_mac_fields;
  uint8_t handshake_mac[32];
  const uint8_t *end_sig_fields;
  uint16_t sig_len;
  struct torrs_dynarray sig;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(trn_cell_establish_intro_t) == sizeof(struct torrs_trn_cell_establish_intro));
CTASSERT(offsetof(trn_cell_establish_intro_t, start_cell) ==
         offsetof(struct torrs_trn_cell_establish_intro, start_cell));
CTASSERT(offsetof(trn_cell_establish_intro_t, auth_key_type) ==
         offsetof(struct torrs_trn_cell_establish_intro, auth_key_type));
CTASSERT(offsetof(trn_cell_establish_intro_t, auth_key_len) ==
         offsetof(struct torrs_trn_cell_establish_intro, auth_key_len));
CTASSERT(offsetof(trn_cell_establish_intro_t, auth_key) ==
         offsetof(struct torrs_trn_cell_establish_intro, auth_key));
CTASSERT(offsetof(trn_cell_establish_intro_t, extensions) ==
         offsetof(struct torrs_trn_cell_establish_intro, extensions));
CTASSERT(offsetof(trn_cell_establish_intro_t, end_mac_fields) ==
         offsetof(struct torrs_trn_cell_establish_intro, end_mac_fields));
CTASSERT(offsetof(trn_cell_establish_intro_t, handshake_mac) ==
         offsetof(struct torrs_trn_cell_establish_intro, handshake_mac));
CTASSERT(offsetof(trn_cell_establish_intro_t, end_sig_fields) ==
         offsetof(struct torrs_trn_cell_establish_intro, end_sig_fields));
CTASSERT(offsetof(trn_cell_establish_intro_t, sig_len) ==
         offsetof(struct torrs_trn_cell_establish_intro, sig_len));
CTASSERT(offsetof(trn_cell_establish_intro_t, sig) ==
         offsetof(struct torrs_trn_cell_establish_intro, sig));
CTASSERT(offsetof(trn_cell_establish_intro_t, trunnel_error_code_) ==
         offsetof(struct torrs_trn_cell_establish_intro, trunnel_error_code_));

struct trn_cell_establish_intro_st * trn_cell_establish_intro_new(void);
void trn_cell_establish_intro_free(
  struct trn_cell_establish_intro_st * victim);
ssize_t trn_cell_establish_intro_parse(
  struct trn_cell_establish_intro_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_establish_intro_encoded_len(
  struct trn_cell_establish_intro_st const * obj);
ssize_t trn_cell_establish_intro_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_establish_intro_st const * input);
char const * trn_cell_establish_intro_check(
  struct trn_cell_establish_intro_st const * obj);
int trn_cell_establish_intro_clear_errors(
  struct trn_cell_establish_intro_st * obj);
uint8_t const * trn_cell_establish_intro_get_start_cell(
  struct trn_cell_establish_intro_st const * inp);
uint8_t trn_cell_establish_intro_get_auth_key_type(
  struct trn_cell_establish_intro_st const * inp);
int trn_cell_establish_intro_set_auth_key_type(
  struct trn_cell_establish_intro_st * inp,
  uint8_t val);
uint16_t trn_cell_establish_intro_get_auth_key_len(
  struct trn_cell_establish_intro_st const * inp);
int trn_cell_establish_intro_set_auth_key_len(
  struct trn_cell_establish_intro_st * inp,
  uint16_t val);
size_t trn_cell_establish_intro_getlen_auth_key(
  struct trn_cell_establish_intro_st const * inp);
uint8_t trn_cell_establish_intro_get_auth_key(
  struct trn_cell_establish_intro_st * inp,
  size_t idx);
uint8_t trn_cell_establish_intro_getconst_auth_key(
  struct trn_cell_establish_intro_st const * inp,
  size_t idx);
int trn_cell_establish_intro_set_auth_key(
  struct trn_cell_establish_intro_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_establish_intro_add_auth_key(
  struct trn_cell_establish_intro_st * inp,
  uint8_t elt);
uint8_t * trn_cell_establish_intro_getarray_auth_key(
  struct trn_cell_establish_intro_st * inp);
uint8_t const * trn_cell_establish_intro_getconstarray_auth_key(
  struct trn_cell_establish_intro_st const * inp);
int trn_cell_establish_intro_setlen_auth_key(
  struct trn_cell_establish_intro_st * inp,
  size_t newlen);
struct trn_extension_st * trn_cell_establish_intro_get_extensions(
  struct trn_cell_establish_intro_st * inp);
struct trn_extension_st const * trn_cell_establish_intro_getconst_extensions(
  struct trn_cell_establish_intro_st const * inp);
int trn_cell_establish_intro_set_extensions(
  struct trn_cell_establish_intro_st * inp,
  struct trn_extension_st * val);
int trn_cell_establish_intro_set0_extensions(
  struct trn_cell_establish_intro_st * inp,
  struct trn_extension_st * val);
uint8_t const * trn_cell_establish_intro_get_end_mac_fields(
  struct trn_cell_establish_intro_st const * inp);
size_t trn_cell_establish_intro_getlen_handshake_mac(
  struct trn_cell_establish_intro_st const * inp);
uint8_t trn_cell_establish_intro_get_handshake_mac(
  struct trn_cell_establish_intro_st * inp,
  size_t idx);
uint8_t trn_cell_establish_intro_getconst_handshake_mac(
  struct trn_cell_establish_intro_st const * inp,
  size_t idx);
int trn_cell_establish_intro_set_handshake_mac(
  struct trn_cell_establish_intro_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_establish_intro_getarray_handshake_mac(
  struct trn_cell_establish_intro_st * inp);
uint8_t const * trn_cell_establish_intro_getconstarray_handshake_mac(
  struct trn_cell_establish_intro_st const * inp);
uint8_t const * trn_cell_establish_intro_get_end_sig_fields(
  struct trn_cell_establish_intro_st const * inp);
uint16_t trn_cell_establish_intro_get_sig_len(
  struct trn_cell_establish_intro_st const * inp);
int trn_cell_establish_intro_set_sig_len(
  struct trn_cell_establish_intro_st * inp,
  uint16_t val);
size_t trn_cell_establish_intro_getlen_sig(
  struct trn_cell_establish_intro_st const * inp);
uint8_t trn_cell_establish_intro_get_sig(
  struct trn_cell_establish_intro_st * inp,
  size_t idx);
uint8_t trn_cell_establish_intro_getconst_sig(
  struct trn_cell_establish_intro_st const * inp,
  size_t idx);
int trn_cell_establish_intro_set_sig(
  struct trn_cell_establish_intro_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_establish_intro_add_sig(
  struct trn_cell_establish_intro_st * inp,
  uint8_t elt);
uint8_t * trn_cell_establish_intro_getarray_sig(
  struct trn_cell_establish_intro_st * inp);
uint8_t const * trn_cell_establish_intro_getconstarray_sig(
  struct trn_cell_establish_intro_st const * inp);
int trn_cell_establish_intro_setlen_sig(
  struct trn_cell_establish_intro_st * inp,
  size_t newlen);

struct trn_cell_extension_dos_st * trn_cell_extension_dos_new(void);
void trn_cell_extension_dos_free(
  struct trn_cell_extension_dos_st * victim);
ssize_t trn_cell_extension_dos_parse(
  struct trn_cell_extension_dos_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_extension_dos_encoded_len(
  struct trn_cell_extension_dos_st const * obj);
ssize_t trn_cell_extension_dos_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_extension_dos_st const * input);
char const * trn_cell_extension_dos_check(
  struct trn_cell_extension_dos_st const * obj);
int trn_cell_extension_dos_clear_errors(
  struct trn_cell_extension_dos_st * obj);
uint8_t trn_cell_extension_dos_get_n_params(
  struct trn_cell_extension_dos_st const * inp);
int trn_cell_extension_dos_set_n_params(
  struct trn_cell_extension_dos_st * inp,
  uint8_t val);
size_t trn_cell_extension_dos_getlen_params(
  struct trn_cell_extension_dos_st const * inp);
struct trn_cell_extension_dos_param_st * trn_cell_extension_dos_get_params(
  struct trn_cell_extension_dos_st * inp,
  size_t idx);
struct trn_cell_extension_dos_param_st const * trn_cell_extension_dos_getconst_params(
  struct trn_cell_extension_dos_st const * inp,
  size_t idx);
int trn_cell_extension_dos_set_params(
  struct trn_cell_extension_dos_st * inp,
  size_t idx,
  struct trn_cell_extension_dos_param_st * elt);
int trn_cell_extension_dos_set0_params(
  struct trn_cell_extension_dos_st * inp,
  size_t idx,
  struct trn_cell_extension_dos_param_st * elt);
int trn_cell_extension_dos_add_params(
  struct trn_cell_extension_dos_st * inp,
  struct trn_cell_extension_dos_param_st * elt);
struct trn_cell_extension_dos_param_st * * trn_cell_extension_dos_getarray_params(
  struct trn_cell_extension_dos_st * inp);
struct trn_cell_extension_dos_param_st const * const * trn_cell_extension_dos_getconstarray_params(
  struct trn_cell_extension_dos_st const * inp);
int trn_cell_extension_dos_setlen_params(
  struct trn_cell_extension_dos_st * inp,
  size_t newlen);

struct trn_cell_intro_established_st * trn_cell_intro_established_new(void);
void trn_cell_intro_established_free(
  struct trn_cell_intro_established_st * victim);
ssize_t trn_cell_intro_established_parse(
  struct trn_cell_intro_established_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_intro_established_encoded_len(
  struct trn_cell_intro_established_st const * obj);
ssize_t trn_cell_intro_established_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_intro_established_st const * input);
char const * trn_cell_intro_established_check(
  struct trn_cell_intro_established_st const * obj);
int trn_cell_intro_established_clear_errors(
  struct trn_cell_intro_established_st * obj);
struct trn_extension_st * trn_cell_intro_established_get_extensions(
  struct trn_cell_intro_established_st * inp);
struct trn_extension_st const * trn_cell_intro_established_getconst_extensions(
  struct trn_cell_intro_established_st const * inp);
int trn_cell_intro_established_set_extensions(
  struct trn_cell_intro_established_st * inp,
  struct trn_extension_st * val);
int trn_cell_intro_established_set0_extensions(
  struct trn_cell_intro_established_st * inp,
  struct trn_extension_st * val);

struct trn_extension_field_st * trn_extension_field_new(void);
void trn_extension_field_free(
  struct trn_extension_field_st * victim);
ssize_t trn_extension_field_parse(
  struct trn_extension_field_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_extension_field_encoded_len(
  struct trn_extension_field_st const * obj);
ssize_t trn_extension_field_encode(
  uint8_t * output,
  size_t avail,
  struct trn_extension_field_st const * input);
char const * trn_extension_field_check(
  struct trn_extension_field_st const * obj);
int trn_extension_field_clear_errors(
  struct trn_extension_field_st * obj);
uint8_t trn_extension_field_get_field_type(
  struct trn_extension_field_st const * inp);
int trn_extension_field_set_field_type(
  struct trn_extension_field_st * inp,
  uint8_t val);
uint8_t trn_extension_field_get_field_len(
  struct trn_extension_field_st const * inp);
int trn_extension_field_set_field_len(
  struct trn_extension_field_st * inp,
  uint8_t val);
size_t trn_extension_field_getlen_field(
  struct trn_extension_field_st const * inp);
uint8_t trn_extension_field_get_field(
  struct trn_extension_field_st * inp,
  size_t idx);
uint8_t trn_extension_field_getconst_field(
  struct trn_extension_field_st const * inp,
  size_t idx);
int trn_extension_field_set_field(
  struct trn_extension_field_st * inp,
  size_t idx,
  uint8_t elt);
int trn_extension_field_add_field(
  struct trn_extension_field_st * inp,
  uint8_t elt);
uint8_t * trn_extension_field_getarray_field(
  struct trn_extension_field_st * inp);
uint8_t const * trn_extension_field_getconstarray_field(
  struct trn_extension_field_st const * inp);
int trn_extension_field_setlen_field(
  struct trn_extension_field_st * inp,
  size_t newlen);

struct trn_extension_st * trn_extension_new(void);
void trn_extension_free(
  struct trn_extension_st * victim);
ssize_t trn_extension_parse(
  struct trn_extension_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_extension_encoded_len(
  struct trn_extension_st const * obj);
ssize_t trn_extension_encode(
  uint8_t * output,
  size_t avail,
  struct trn_extension_st const * input);
char const * trn_extension_check(
  struct trn_extension_st const * obj);
int trn_extension_clear_errors(
  struct trn_extension_st * obj);
uint8_t trn_extension_get_num(
  struct trn_extension_st const * inp);
int trn_extension_set_num(
  struct trn_extension_st * inp,
  uint8_t val);
size_t trn_extension_getlen_fields(
  struct trn_extension_st const * inp);
struct trn_extension_field_st * trn_extension_get_fields(
  struct trn_extension_st * inp,
  size_t idx);
struct trn_extension_field_st const * trn_extension_getconst_fields(
  struct trn_extension_st const * inp,
  size_t idx);
int trn_extension_set_fields(
  struct trn_extension_st * inp,
  size_t idx,
  struct trn_extension_field_st * elt);
int trn_extension_set0_fields(
  struct trn_extension_st * inp,
  size_t idx,
  struct trn_extension_field_st * elt);
int trn_extension_add_fields(
  struct trn_extension_st * inp,
  struct trn_extension_field_st * elt);
struct trn_extension_field_st * * trn_extension_getarray_fields(
  struct trn_extension_st * inp);
struct trn_extension_field_st const * const * trn_extension_getconstarray_fields(
  struct trn_extension_st const * inp);
int trn_extension_setlen_fields(
  struct trn_extension_st * inp,
  size_t newlen);

/* What Rust takes xoff_cell_t for. */
struct torrs_xoff_cell {
  uint8_t version;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(xoff_cell_t) == sizeof(struct torrs_xoff_cell));
CTASSERT(offsetof(xoff_cell_t, version) ==
         offsetof(struct torrs_xoff_cell, version));
CTASSERT(offsetof(xoff_cell_t, trunnel_error_code_) ==
         offsetof(struct torrs_xoff_cell, trunnel_error_code_));

struct xoff_cell_st * xoff_cell_new(void);
void xoff_cell_free(
  struct xoff_cell_st * victim);
ssize_t xoff_cell_parse(
  struct xoff_cell_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t xoff_cell_encoded_len(
  struct xoff_cell_st const * obj);
ssize_t xoff_cell_encode(
  uint8_t * output,
  size_t avail,
  struct xoff_cell_st const * input);
char const * xoff_cell_check(
  struct xoff_cell_st const * obj);
int xoff_cell_clear_errors(
  struct xoff_cell_st * obj);
uint8_t xoff_cell_get_version(
  struct xoff_cell_st const * inp);
int xoff_cell_set_version(
  struct xoff_cell_st * inp,
  uint8_t val);

/* What Rust takes xon_cell_t for. */
struct torrs_xon_cell {
  uint8_t version;
  uint32_t kbps_ewma;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(xon_cell_t) == sizeof(struct torrs_xon_cell));
CTASSERT(offsetof(xon_cell_t, version) ==
         offsetof(struct torrs_xon_cell, version));
CTASSERT(offsetof(xon_cell_t, kbps_ewma) ==
         offsetof(struct torrs_xon_cell, kbps_ewma));
CTASSERT(offsetof(xon_cell_t, trunnel_error_code_) ==
         offsetof(struct torrs_xon_cell, trunnel_error_code_));

struct xon_cell_st * xon_cell_new(void);
void xon_cell_free(
  struct xon_cell_st * victim);
ssize_t xon_cell_parse(
  struct xon_cell_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t xon_cell_encoded_len(
  struct xon_cell_st const * obj);
ssize_t xon_cell_encode(
  uint8_t * output,
  size_t avail,
  struct xon_cell_st const * input);
char const * xon_cell_check(
  struct xon_cell_st const * obj);
int xon_cell_clear_errors(
  struct xon_cell_st * obj);
uint8_t xon_cell_get_version(
  struct xon_cell_st const * inp);
int xon_cell_set_version(
  struct xon_cell_st * inp,
  uint8_t val);
uint32_t xon_cell_get_kbps_ewma(
  struct xon_cell_st const * inp);
int xon_cell_set_kbps_ewma(
  struct xon_cell_st * inp,
  uint32_t val);

struct trn_cell_extension_pow_st * trn_cell_extension_pow_new(void);
void trn_cell_extension_pow_free(
  struct trn_cell_extension_pow_st * victim);
ssize_t trn_cell_extension_pow_parse(
  struct trn_cell_extension_pow_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_extension_pow_encoded_len(
  struct trn_cell_extension_pow_st const * obj);
ssize_t trn_cell_extension_pow_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_extension_pow_st const * input);
char const * trn_cell_extension_pow_check(
  struct trn_cell_extension_pow_st const * obj);
int trn_cell_extension_pow_clear_errors(
  struct trn_cell_extension_pow_st * obj);
uint8_t trn_cell_extension_pow_get_pow_version(
  struct trn_cell_extension_pow_st const * inp);
int trn_cell_extension_pow_set_pow_version(
  struct trn_cell_extension_pow_st * inp,
  uint8_t val);
size_t trn_cell_extension_pow_getlen_pow_nonce(
  struct trn_cell_extension_pow_st const * inp);
uint8_t trn_cell_extension_pow_get_pow_nonce(
  struct trn_cell_extension_pow_st * inp,
  size_t idx);
uint8_t trn_cell_extension_pow_getconst_pow_nonce(
  struct trn_cell_extension_pow_st const * inp,
  size_t idx);
int trn_cell_extension_pow_set_pow_nonce(
  struct trn_cell_extension_pow_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_extension_pow_getarray_pow_nonce(
  struct trn_cell_extension_pow_st * inp);
uint8_t const * trn_cell_extension_pow_getconstarray_pow_nonce(
  struct trn_cell_extension_pow_st const * inp);
uint32_t trn_cell_extension_pow_get_pow_effort(
  struct trn_cell_extension_pow_st const * inp);
int trn_cell_extension_pow_set_pow_effort(
  struct trn_cell_extension_pow_st * inp,
  uint32_t val);
size_t trn_cell_extension_pow_getlen_pow_seed(
  struct trn_cell_extension_pow_st const * inp);
uint8_t trn_cell_extension_pow_get_pow_seed(
  struct trn_cell_extension_pow_st * inp,
  size_t idx);
uint8_t trn_cell_extension_pow_getconst_pow_seed(
  struct trn_cell_extension_pow_st const * inp,
  size_t idx);
int trn_cell_extension_pow_set_pow_seed(
  struct trn_cell_extension_pow_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_extension_pow_getarray_pow_seed(
  struct trn_cell_extension_pow_st * inp);
uint8_t const * trn_cell_extension_pow_getconstarray_pow_seed(
  struct trn_cell_extension_pow_st const * inp);
size_t trn_cell_extension_pow_getlen_pow_solution(
  struct trn_cell_extension_pow_st const * inp);
uint8_t trn_cell_extension_pow_get_pow_solution(
  struct trn_cell_extension_pow_st * inp,
  size_t idx);
uint8_t trn_cell_extension_pow_getconst_pow_solution(
  struct trn_cell_extension_pow_st const * inp,
  size_t idx);
int trn_cell_extension_pow_set_pow_solution(
  struct trn_cell_extension_pow_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_extension_pow_getarray_pow_solution(
  struct trn_cell_extension_pow_st * inp);
uint8_t const * trn_cell_extension_pow_getconstarray_pow_solution(
  struct trn_cell_extension_pow_st const * inp);

/* What Rust takes trn_cell_introduce1_t for. */
struct torrs_trn_cell_introduce1 {
  uint8_t legacy_key_id[20];
  uint8_t auth_key_type;
  uint16_t auth_key_len;
  struct torrs_dynarray auth_key;
  void *extensions;
  struct torrs_dynarray encrypted;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(trn_cell_introduce1_t) == sizeof(struct torrs_trn_cell_introduce1));
CTASSERT(offsetof(trn_cell_introduce1_t, legacy_key_id) ==
         offsetof(struct torrs_trn_cell_introduce1, legacy_key_id));
CTASSERT(offsetof(trn_cell_introduce1_t, auth_key_type) ==
         offsetof(struct torrs_trn_cell_introduce1, auth_key_type));
CTASSERT(offsetof(trn_cell_introduce1_t, auth_key_len) ==
         offsetof(struct torrs_trn_cell_introduce1, auth_key_len));
CTASSERT(offsetof(trn_cell_introduce1_t, auth_key) ==
         offsetof(struct torrs_trn_cell_introduce1, auth_key));
CTASSERT(offsetof(trn_cell_introduce1_t, extensions) ==
         offsetof(struct torrs_trn_cell_introduce1, extensions));
CTASSERT(offsetof(trn_cell_introduce1_t, encrypted) ==
         offsetof(struct torrs_trn_cell_introduce1, encrypted));
CTASSERT(offsetof(trn_cell_introduce1_t, trunnel_error_code_) ==
         offsetof(struct torrs_trn_cell_introduce1, trunnel_error_code_));

struct trn_cell_introduce1_st * trn_cell_introduce1_new(void);
void trn_cell_introduce1_free(
  struct trn_cell_introduce1_st * victim);
ssize_t trn_cell_introduce1_parse(
  struct trn_cell_introduce1_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_introduce1_encoded_len(
  struct trn_cell_introduce1_st const * obj);
ssize_t trn_cell_introduce1_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_introduce1_st const * input);
char const * trn_cell_introduce1_check(
  struct trn_cell_introduce1_st const * obj);
int trn_cell_introduce1_clear_errors(
  struct trn_cell_introduce1_st * obj);
size_t trn_cell_introduce1_getlen_legacy_key_id(
  struct trn_cell_introduce1_st const * inp);
uint8_t trn_cell_introduce1_get_legacy_key_id(
  struct trn_cell_introduce1_st * inp,
  size_t idx);
uint8_t trn_cell_introduce1_getconst_legacy_key_id(
  struct trn_cell_introduce1_st const * inp,
  size_t idx);
int trn_cell_introduce1_set_legacy_key_id(
  struct trn_cell_introduce1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_introduce1_getarray_legacy_key_id(
  struct trn_cell_introduce1_st * inp);
uint8_t const * trn_cell_introduce1_getconstarray_legacy_key_id(
  struct trn_cell_introduce1_st const * inp);
uint8_t trn_cell_introduce1_get_auth_key_type(
  struct trn_cell_introduce1_st const * inp);
int trn_cell_introduce1_set_auth_key_type(
  struct trn_cell_introduce1_st * inp,
  uint8_t val);
uint16_t trn_cell_introduce1_get_auth_key_len(
  struct trn_cell_introduce1_st const * inp);
int trn_cell_introduce1_set_auth_key_len(
  struct trn_cell_introduce1_st * inp,
  uint16_t val);
size_t trn_cell_introduce1_getlen_auth_key(
  struct trn_cell_introduce1_st const * inp);
uint8_t trn_cell_introduce1_get_auth_key(
  struct trn_cell_introduce1_st * inp,
  size_t idx);
uint8_t trn_cell_introduce1_getconst_auth_key(
  struct trn_cell_introduce1_st const * inp,
  size_t idx);
int trn_cell_introduce1_set_auth_key(
  struct trn_cell_introduce1_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_introduce1_add_auth_key(
  struct trn_cell_introduce1_st * inp,
  uint8_t elt);
uint8_t * trn_cell_introduce1_getarray_auth_key(
  struct trn_cell_introduce1_st * inp);
uint8_t const * trn_cell_introduce1_getconstarray_auth_key(
  struct trn_cell_introduce1_st const * inp);
int trn_cell_introduce1_setlen_auth_key(
  struct trn_cell_introduce1_st * inp,
  size_t newlen);
struct trn_extension_st * trn_cell_introduce1_get_extensions(
  struct trn_cell_introduce1_st * inp);
struct trn_extension_st const * trn_cell_introduce1_getconst_extensions(
  struct trn_cell_introduce1_st const * inp);
int trn_cell_introduce1_set_extensions(
  struct trn_cell_introduce1_st * inp,
  struct trn_extension_st * val);
int trn_cell_introduce1_set0_extensions(
  struct trn_cell_introduce1_st * inp,
  struct trn_extension_st * val);
size_t trn_cell_introduce1_getlen_encrypted(
  struct trn_cell_introduce1_st const * inp);
uint8_t trn_cell_introduce1_get_encrypted(
  struct trn_cell_introduce1_st * inp,
  size_t idx);
uint8_t trn_cell_introduce1_getconst_encrypted(
  struct trn_cell_introduce1_st const * inp,
  size_t idx);
int trn_cell_introduce1_set_encrypted(
  struct trn_cell_introduce1_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_introduce1_add_encrypted(
  struct trn_cell_introduce1_st * inp,
  uint8_t elt);
uint8_t * trn_cell_introduce1_getarray_encrypted(
  struct trn_cell_introduce1_st * inp);
uint8_t const * trn_cell_introduce1_getconstarray_encrypted(
  struct trn_cell_introduce1_st const * inp);
int trn_cell_introduce1_setlen_encrypted(
  struct trn_cell_introduce1_st * inp,
  size_t newlen);

struct trn_cell_introduce_ack_st * trn_cell_introduce_ack_new(void);
void trn_cell_introduce_ack_free(
  struct trn_cell_introduce_ack_st * victim);
ssize_t trn_cell_introduce_ack_parse(
  struct trn_cell_introduce_ack_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_introduce_ack_encoded_len(
  struct trn_cell_introduce_ack_st const * obj);
ssize_t trn_cell_introduce_ack_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_introduce_ack_st const * input);
char const * trn_cell_introduce_ack_check(
  struct trn_cell_introduce_ack_st const * obj);
int trn_cell_introduce_ack_clear_errors(
  struct trn_cell_introduce_ack_st * obj);
uint16_t trn_cell_introduce_ack_get_status(
  struct trn_cell_introduce_ack_st const * inp);
int trn_cell_introduce_ack_set_status(
  struct trn_cell_introduce_ack_st * inp,
  uint16_t val);
struct trn_extension_st * trn_cell_introduce_ack_get_extensions(
  struct trn_cell_introduce_ack_st * inp);
struct trn_extension_st const * trn_cell_introduce_ack_getconst_extensions(
  struct trn_cell_introduce_ack_st const * inp);
int trn_cell_introduce_ack_set_extensions(
  struct trn_cell_introduce_ack_st * inp,
  struct trn_extension_st * val);
int trn_cell_introduce_ack_set0_extensions(
  struct trn_cell_introduce_ack_st * inp,
  struct trn_extension_st * val);

struct trn_cell_introduce_encrypted_st * trn_cell_introduce_encrypted_new(void);
void trn_cell_introduce_encrypted_free(
  struct trn_cell_introduce_encrypted_st * victim);
ssize_t trn_cell_introduce_encrypted_parse(
  struct trn_cell_introduce_encrypted_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_introduce_encrypted_encoded_len(
  struct trn_cell_introduce_encrypted_st const * obj);
ssize_t trn_cell_introduce_encrypted_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_introduce_encrypted_st const * input);
char const * trn_cell_introduce_encrypted_check(
  struct trn_cell_introduce_encrypted_st const * obj);
int trn_cell_introduce_encrypted_clear_errors(
  struct trn_cell_introduce_encrypted_st * obj);
size_t trn_cell_introduce_encrypted_getlen_rend_cookie(
  struct trn_cell_introduce_encrypted_st const * inp);
uint8_t trn_cell_introduce_encrypted_get_rend_cookie(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx);
uint8_t trn_cell_introduce_encrypted_getconst_rend_cookie(
  struct trn_cell_introduce_encrypted_st const * inp,
  size_t idx);
int trn_cell_introduce_encrypted_set_rend_cookie(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_introduce_encrypted_getarray_rend_cookie(
  struct trn_cell_introduce_encrypted_st * inp);
uint8_t const * trn_cell_introduce_encrypted_getconstarray_rend_cookie(
  struct trn_cell_introduce_encrypted_st const * inp);
struct trn_extension_st * trn_cell_introduce_encrypted_get_extensions(
  struct trn_cell_introduce_encrypted_st * inp);
struct trn_extension_st const * trn_cell_introduce_encrypted_getconst_extensions(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_set_extensions(
  struct trn_cell_introduce_encrypted_st * inp,
  struct trn_extension_st * val);
int trn_cell_introduce_encrypted_set0_extensions(
  struct trn_cell_introduce_encrypted_st * inp,
  struct trn_extension_st * val);
uint8_t trn_cell_introduce_encrypted_get_onion_key_type(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_set_onion_key_type(
  struct trn_cell_introduce_encrypted_st * inp,
  uint8_t val);
uint16_t trn_cell_introduce_encrypted_get_onion_key_len(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_set_onion_key_len(
  struct trn_cell_introduce_encrypted_st * inp,
  uint16_t val);
size_t trn_cell_introduce_encrypted_getlen_onion_key(
  struct trn_cell_introduce_encrypted_st const * inp);
uint8_t trn_cell_introduce_encrypted_get_onion_key(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx);
uint8_t trn_cell_introduce_encrypted_getconst_onion_key(
  struct trn_cell_introduce_encrypted_st const * inp,
  size_t idx);
int trn_cell_introduce_encrypted_set_onion_key(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_introduce_encrypted_add_onion_key(
  struct trn_cell_introduce_encrypted_st * inp,
  uint8_t elt);
uint8_t * trn_cell_introduce_encrypted_getarray_onion_key(
  struct trn_cell_introduce_encrypted_st * inp);
uint8_t const * trn_cell_introduce_encrypted_getconstarray_onion_key(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_setlen_onion_key(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t newlen);
uint8_t trn_cell_introduce_encrypted_get_nspec(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_set_nspec(
  struct trn_cell_introduce_encrypted_st * inp,
  uint8_t val);
size_t trn_cell_introduce_encrypted_getlen_nspecs(
  struct trn_cell_introduce_encrypted_st const * inp);
struct link_specifier_st * trn_cell_introduce_encrypted_get_nspecs(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx);
struct link_specifier_st const * trn_cell_introduce_encrypted_getconst_nspecs(
  struct trn_cell_introduce_encrypted_st const * inp,
  size_t idx);
int trn_cell_introduce_encrypted_set_nspecs(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx,
  struct link_specifier_st * elt);
int trn_cell_introduce_encrypted_set0_nspecs(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx,
  struct link_specifier_st * elt);
int trn_cell_introduce_encrypted_add_nspecs(
  struct trn_cell_introduce_encrypted_st * inp,
  struct link_specifier_st * elt);
struct link_specifier_st * * trn_cell_introduce_encrypted_getarray_nspecs(
  struct trn_cell_introduce_encrypted_st * inp);
struct link_specifier_st const * const * trn_cell_introduce_encrypted_getconstarray_nspecs(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_setlen_nspecs(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t newlen);
size_t trn_cell_introduce_encrypted_getlen_pad(
  struct trn_cell_introduce_encrypted_st const * inp);
uint8_t trn_cell_introduce_encrypted_get_pad(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx);
uint8_t trn_cell_introduce_encrypted_getconst_pad(
  struct trn_cell_introduce_encrypted_st const * inp,
  size_t idx);
int trn_cell_introduce_encrypted_set_pad(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_introduce_encrypted_add_pad(
  struct trn_cell_introduce_encrypted_st * inp,
  uint8_t elt);
uint8_t * trn_cell_introduce_encrypted_getarray_pad(
  struct trn_cell_introduce_encrypted_st * inp);
uint8_t const * trn_cell_introduce_encrypted_getconstarray_pad(
  struct trn_cell_introduce_encrypted_st const * inp);
int trn_cell_introduce_encrypted_setlen_pad(
  struct trn_cell_introduce_encrypted_st * inp,
  size_t newlen);

/* What Rust takes auth1_t for. */
struct torrs_auth1 {
  uint8_t type[8];
  uint8_t cid[32];
  uint8_t sid[32];
  uint8_t cid_ed[32];
  uint8_t sid_ed[32];
  uint8_t slog[32];
  uint8_t clog[32];
  uint8_t scert[32];
  uint8_t tlssecrets[32];
  const uint8_t *end_of_fixed_part;
  uint8_t rand[24];
  const uint8_t *end_of_signed;
  struct torrs_dynarray sig;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(auth1_t) == sizeof(struct torrs_auth1));
CTASSERT(offsetof(auth1_t, type) ==
         offsetof(struct torrs_auth1, type));
CTASSERT(offsetof(auth1_t, cid) ==
         offsetof(struct torrs_auth1, cid));
CTASSERT(offsetof(auth1_t, sid) ==
         offsetof(struct torrs_auth1, sid));
CTASSERT(offsetof(auth1_t, cid_ed) ==
         offsetof(struct torrs_auth1, cid_ed));
CTASSERT(offsetof(auth1_t, sid_ed) ==
         offsetof(struct torrs_auth1, sid_ed));
CTASSERT(offsetof(auth1_t, slog) ==
         offsetof(struct torrs_auth1, slog));
CTASSERT(offsetof(auth1_t, clog) ==
         offsetof(struct torrs_auth1, clog));
CTASSERT(offsetof(auth1_t, scert) ==
         offsetof(struct torrs_auth1, scert));
CTASSERT(offsetof(auth1_t, tlssecrets) ==
         offsetof(struct torrs_auth1, tlssecrets));
CTASSERT(offsetof(auth1_t, end_of_fixed_part) ==
         offsetof(struct torrs_auth1, end_of_fixed_part));
CTASSERT(offsetof(auth1_t, rand) ==
         offsetof(struct torrs_auth1, rand));
CTASSERT(offsetof(auth1_t, end_of_signed) ==
         offsetof(struct torrs_auth1, end_of_signed));
CTASSERT(offsetof(auth1_t, sig) ==
         offsetof(struct torrs_auth1, sig));
CTASSERT(offsetof(auth1_t, trunnel_error_code_) ==
         offsetof(struct torrs_auth1, trunnel_error_code_));

struct auth1_st * auth1_new(void);
void auth1_free(
  struct auth1_st * victim);
ssize_t auth1_parse(
  struct auth1_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t auth1_encoded_len(
  struct auth1_st const * obj);
ssize_t auth1_encode(
  uint8_t * output,
  size_t avail,
  struct auth1_st const * input);
char const * auth1_check(
  struct auth1_st const * obj);
int auth1_clear_errors(
  struct auth1_st * obj);
size_t auth1_getlen_type(
  struct auth1_st const * inp);
uint8_t auth1_get_type(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_type(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_type(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_type(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_type(
  struct auth1_st const * inp);
size_t auth1_getlen_cid(
  struct auth1_st const * inp);
uint8_t auth1_get_cid(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_cid(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_cid(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_cid(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_cid(
  struct auth1_st const * inp);
size_t auth1_getlen_sid(
  struct auth1_st const * inp);
uint8_t auth1_get_sid(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_sid(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_sid(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_sid(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_sid(
  struct auth1_st const * inp);
size_t auth1_getlen_cid_ed(
  struct auth1_st const * inp);
uint8_t auth1_get_cid_ed(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_cid_ed(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_cid_ed(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_cid_ed(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_cid_ed(
  struct auth1_st const * inp);
size_t auth1_getlen_sid_ed(
  struct auth1_st const * inp);
uint8_t auth1_get_sid_ed(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_sid_ed(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_sid_ed(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_sid_ed(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_sid_ed(
  struct auth1_st const * inp);
size_t auth1_getlen_slog(
  struct auth1_st const * inp);
uint8_t auth1_get_slog(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_slog(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_slog(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_slog(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_slog(
  struct auth1_st const * inp);
size_t auth1_getlen_clog(
  struct auth1_st const * inp);
uint8_t auth1_get_clog(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_clog(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_clog(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_clog(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_clog(
  struct auth1_st const * inp);
size_t auth1_getlen_scert(
  struct auth1_st const * inp);
uint8_t auth1_get_scert(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_scert(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_scert(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_scert(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_scert(
  struct auth1_st const * inp);
size_t auth1_getlen_tlssecrets(
  struct auth1_st const * inp);
uint8_t auth1_get_tlssecrets(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_tlssecrets(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_tlssecrets(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_tlssecrets(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_tlssecrets(
  struct auth1_st const * inp);
uint8_t const * auth1_get_end_of_fixed_part(
  struct auth1_st const * inp);
size_t auth1_getlen_rand(
  struct auth1_st const * inp);
uint8_t auth1_get_rand(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_rand(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_rand(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth1_getarray_rand(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_rand(
  struct auth1_st const * inp);
uint8_t const * auth1_get_end_of_signed(
  struct auth1_st const * inp);
size_t auth1_getlen_sig(
  struct auth1_st const * inp);
uint8_t auth1_get_sig(
  struct auth1_st * inp,
  size_t idx);
uint8_t auth1_getconst_sig(
  struct auth1_st const * inp,
  size_t idx);
int auth1_set_sig(
  struct auth1_st * inp,
  size_t idx,
  uint8_t elt);
int auth1_add_sig(
  struct auth1_st * inp,
  uint8_t elt);
uint8_t * auth1_getarray_sig(
  struct auth1_st * inp);
uint8_t const * auth1_getconstarray_sig(
  struct auth1_st const * inp);
int auth1_setlen_sig(
  struct auth1_st * inp,
  size_t newlen);

/* What Rust takes auth_challenge_cell_t for. */
struct torrs_auth_challenge_cell {
  uint8_t challenge[32];
  uint16_t n_methods;
  struct torrs_dynarray methods;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(auth_challenge_cell_t) == sizeof(struct torrs_auth_challenge_cell));
CTASSERT(offsetof(auth_challenge_cell_t, challenge) ==
         offsetof(struct torrs_auth_challenge_cell, challenge));
CTASSERT(offsetof(auth_challenge_cell_t, n_methods) ==
         offsetof(struct torrs_auth_challenge_cell, n_methods));
CTASSERT(offsetof(auth_challenge_cell_t, methods) ==
         offsetof(struct torrs_auth_challenge_cell, methods));
CTASSERT(offsetof(auth_challenge_cell_t, trunnel_error_code_) ==
         offsetof(struct torrs_auth_challenge_cell, trunnel_error_code_));

struct auth_challenge_cell_st * auth_challenge_cell_new(void);
void auth_challenge_cell_free(
  struct auth_challenge_cell_st * victim);
ssize_t auth_challenge_cell_parse(
  struct auth_challenge_cell_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t auth_challenge_cell_encoded_len(
  struct auth_challenge_cell_st const * obj);
ssize_t auth_challenge_cell_encode(
  uint8_t * output,
  size_t avail,
  struct auth_challenge_cell_st const * input);
char const * auth_challenge_cell_check(
  struct auth_challenge_cell_st const * obj);
int auth_challenge_cell_clear_errors(
  struct auth_challenge_cell_st * obj);
size_t auth_challenge_cell_getlen_challenge(
  struct auth_challenge_cell_st const * inp);
uint8_t auth_challenge_cell_get_challenge(
  struct auth_challenge_cell_st * inp,
  size_t idx);
uint8_t auth_challenge_cell_getconst_challenge(
  struct auth_challenge_cell_st const * inp,
  size_t idx);
int auth_challenge_cell_set_challenge(
  struct auth_challenge_cell_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * auth_challenge_cell_getarray_challenge(
  struct auth_challenge_cell_st * inp);
uint8_t const * auth_challenge_cell_getconstarray_challenge(
  struct auth_challenge_cell_st const * inp);
uint16_t auth_challenge_cell_get_n_methods(
  struct auth_challenge_cell_st const * inp);
int auth_challenge_cell_set_n_methods(
  struct auth_challenge_cell_st * inp,
  uint16_t val);
size_t auth_challenge_cell_getlen_methods(
  struct auth_challenge_cell_st const * inp);
uint16_t auth_challenge_cell_get_methods(
  struct auth_challenge_cell_st * inp,
  size_t idx);
uint16_t auth_challenge_cell_getconst_methods(
  struct auth_challenge_cell_st const * inp,
  size_t idx);
int auth_challenge_cell_set_methods(
  struct auth_challenge_cell_st * inp,
  size_t idx,
  uint16_t elt);
int auth_challenge_cell_add_methods(
  struct auth_challenge_cell_st * inp,
  uint16_t elt);
uint16_t * auth_challenge_cell_getarray_methods(
  struct auth_challenge_cell_st * inp);
uint16_t const * auth_challenge_cell_getconstarray_methods(
  struct auth_challenge_cell_st const * inp);
int auth_challenge_cell_setlen_methods(
  struct auth_challenge_cell_st * inp,
  size_t newlen);

/* What Rust takes certs_cell_cert_t for. */
struct torrs_certs_cell_cert {
  uint8_t cert_type;
  uint16_t cert_len;
  struct torrs_dynarray body;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(certs_cell_cert_t) == sizeof(struct torrs_certs_cell_cert));
CTASSERT(offsetof(certs_cell_cert_t, cert_type) ==
         offsetof(struct torrs_certs_cell_cert, cert_type));
CTASSERT(offsetof(certs_cell_cert_t, cert_len) ==
         offsetof(struct torrs_certs_cell_cert, cert_len));
CTASSERT(offsetof(certs_cell_cert_t, body) ==
         offsetof(struct torrs_certs_cell_cert, body));
CTASSERT(offsetof(certs_cell_cert_t, trunnel_error_code_) ==
         offsetof(struct torrs_certs_cell_cert, trunnel_error_code_));

struct certs_cell_cert_st * certs_cell_cert_new(void);
void certs_cell_cert_free(
  struct certs_cell_cert_st * victim);
ssize_t certs_cell_cert_parse(
  struct certs_cell_cert_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t certs_cell_cert_encoded_len(
  struct certs_cell_cert_st const * obj);
ssize_t certs_cell_cert_encode(
  uint8_t * output,
  size_t avail,
  struct certs_cell_cert_st const * input);
char const * certs_cell_cert_check(
  struct certs_cell_cert_st const * obj);
int certs_cell_cert_clear_errors(
  struct certs_cell_cert_st * obj);
uint8_t certs_cell_cert_get_cert_type(
  struct certs_cell_cert_st const * inp);
int certs_cell_cert_set_cert_type(
  struct certs_cell_cert_st * inp,
  uint8_t val);
uint16_t certs_cell_cert_get_cert_len(
  struct certs_cell_cert_st const * inp);
int certs_cell_cert_set_cert_len(
  struct certs_cell_cert_st * inp,
  uint16_t val);
size_t certs_cell_cert_getlen_body(
  struct certs_cell_cert_st const * inp);
uint8_t certs_cell_cert_get_body(
  struct certs_cell_cert_st * inp,
  size_t idx);
uint8_t certs_cell_cert_getconst_body(
  struct certs_cell_cert_st const * inp,
  size_t idx);
int certs_cell_cert_set_body(
  struct certs_cell_cert_st * inp,
  size_t idx,
  uint8_t elt);
int certs_cell_cert_add_body(
  struct certs_cell_cert_st * inp,
  uint8_t elt);
uint8_t * certs_cell_cert_getarray_body(
  struct certs_cell_cert_st * inp);
uint8_t const * certs_cell_cert_getconstarray_body(
  struct certs_cell_cert_st const * inp);
int certs_cell_cert_setlen_body(
  struct certs_cell_cert_st * inp,
  size_t newlen);

/* What Rust takes rsa_ed_crosscert_t for. */
struct torrs_rsa_ed_crosscert {
  uint8_t ed_key[32];
  uint32_t expiration;
  const uint8_t *end_of_signed;
  uint8_t sig_len;
  struct torrs_dynarray sig;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(rsa_ed_crosscert_t) == sizeof(struct torrs_rsa_ed_crosscert));
CTASSERT(offsetof(rsa_ed_crosscert_t, ed_key) ==
         offsetof(struct torrs_rsa_ed_crosscert, ed_key));
CTASSERT(offsetof(rsa_ed_crosscert_t, expiration) ==
         offsetof(struct torrs_rsa_ed_crosscert, expiration));
CTASSERT(offsetof(rsa_ed_crosscert_t, end_of_signed) ==
         offsetof(struct torrs_rsa_ed_crosscert, end_of_signed));
CTASSERT(offsetof(rsa_ed_crosscert_t, sig_len) ==
         offsetof(struct torrs_rsa_ed_crosscert, sig_len));
CTASSERT(offsetof(rsa_ed_crosscert_t, sig) ==
         offsetof(struct torrs_rsa_ed_crosscert, sig));
CTASSERT(offsetof(rsa_ed_crosscert_t, trunnel_error_code_) ==
         offsetof(struct torrs_rsa_ed_crosscert, trunnel_error_code_));

struct rsa_ed_crosscert_st * rsa_ed_crosscert_new(void);
void rsa_ed_crosscert_free(
  struct rsa_ed_crosscert_st * victim);
ssize_t rsa_ed_crosscert_parse(
  struct rsa_ed_crosscert_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t rsa_ed_crosscert_encoded_len(
  struct rsa_ed_crosscert_st const * obj);
ssize_t rsa_ed_crosscert_encode(
  uint8_t * output,
  size_t avail,
  struct rsa_ed_crosscert_st const * input);
char const * rsa_ed_crosscert_check(
  struct rsa_ed_crosscert_st const * obj);
int rsa_ed_crosscert_clear_errors(
  struct rsa_ed_crosscert_st * obj);
size_t rsa_ed_crosscert_getlen_ed_key(
  struct rsa_ed_crosscert_st const * inp);
uint8_t rsa_ed_crosscert_get_ed_key(
  struct rsa_ed_crosscert_st * inp,
  size_t idx);
uint8_t rsa_ed_crosscert_getconst_ed_key(
  struct rsa_ed_crosscert_st const * inp,
  size_t idx);
int rsa_ed_crosscert_set_ed_key(
  struct rsa_ed_crosscert_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * rsa_ed_crosscert_getarray_ed_key(
  struct rsa_ed_crosscert_st * inp);
uint8_t const * rsa_ed_crosscert_getconstarray_ed_key(
  struct rsa_ed_crosscert_st const * inp);
uint32_t rsa_ed_crosscert_get_expiration(
  struct rsa_ed_crosscert_st const * inp);
int rsa_ed_crosscert_set_expiration(
  struct rsa_ed_crosscert_st * inp,
  uint32_t val);
uint8_t const * rsa_ed_crosscert_get_end_of_signed(
  struct rsa_ed_crosscert_st const * inp);
uint8_t rsa_ed_crosscert_get_sig_len(
  struct rsa_ed_crosscert_st const * inp);
int rsa_ed_crosscert_set_sig_len(
  struct rsa_ed_crosscert_st * inp,
  uint8_t val);
size_t rsa_ed_crosscert_getlen_sig(
  struct rsa_ed_crosscert_st const * inp);
uint8_t rsa_ed_crosscert_get_sig(
  struct rsa_ed_crosscert_st * inp,
  size_t idx);
uint8_t rsa_ed_crosscert_getconst_sig(
  struct rsa_ed_crosscert_st const * inp,
  size_t idx);
int rsa_ed_crosscert_set_sig(
  struct rsa_ed_crosscert_st * inp,
  size_t idx,
  uint8_t elt);
int rsa_ed_crosscert_add_sig(
  struct rsa_ed_crosscert_st * inp,
  uint8_t elt);
uint8_t * rsa_ed_crosscert_getarray_sig(
  struct rsa_ed_crosscert_st * inp);
uint8_t const * rsa_ed_crosscert_getconstarray_sig(
  struct rsa_ed_crosscert_st const * inp);
int rsa_ed_crosscert_setlen_sig(
  struct rsa_ed_crosscert_st * inp,
  size_t newlen);

/* What Rust takes certs_cell_t for. */
struct torrs_certs_cell {
  uint8_t n_certs;
  struct torrs_dynarray certs;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(certs_cell_t) == sizeof(struct torrs_certs_cell));
CTASSERT(offsetof(certs_cell_t, n_certs) ==
         offsetof(struct torrs_certs_cell, n_certs));
CTASSERT(offsetof(certs_cell_t, certs) ==
         offsetof(struct torrs_certs_cell, certs));
CTASSERT(offsetof(certs_cell_t, trunnel_error_code_) ==
         offsetof(struct torrs_certs_cell, trunnel_error_code_));

struct certs_cell_st * certs_cell_new(void);
void certs_cell_free(
  struct certs_cell_st * victim);
ssize_t certs_cell_parse(
  struct certs_cell_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t certs_cell_encoded_len(
  struct certs_cell_st const * obj);
ssize_t certs_cell_encode(
  uint8_t * output,
  size_t avail,
  struct certs_cell_st const * input);
char const * certs_cell_check(
  struct certs_cell_st const * obj);
int certs_cell_clear_errors(
  struct certs_cell_st * obj);
uint8_t certs_cell_get_n_certs(
  struct certs_cell_st const * inp);
int certs_cell_set_n_certs(
  struct certs_cell_st * inp,
  uint8_t val);
size_t certs_cell_getlen_certs(
  struct certs_cell_st const * inp);
struct certs_cell_cert_st * certs_cell_get_certs(
  struct certs_cell_st * inp,
  size_t idx);
struct certs_cell_cert_st const * certs_cell_getconst_certs(
  struct certs_cell_st const * inp,
  size_t idx);
int certs_cell_set_certs(
  struct certs_cell_st * inp,
  size_t idx,
  struct certs_cell_cert_st * elt);
int certs_cell_set0_certs(
  struct certs_cell_st * inp,
  size_t idx,
  struct certs_cell_cert_st * elt);
int certs_cell_add_certs(
  struct certs_cell_st * inp,
  struct certs_cell_cert_st * elt);
struct certs_cell_cert_st * * certs_cell_getarray_certs(
  struct certs_cell_st * inp);
struct certs_cell_cert_st const * const * certs_cell_getconstarray_certs(
  struct certs_cell_st const * inp);
int certs_cell_setlen_certs(
  struct certs_cell_st * inp,
  size_t newlen);

struct netinfo_addr_st * netinfo_addr_new(void);
void netinfo_addr_free(
  struct netinfo_addr_st * victim);
ssize_t netinfo_addr_parse(
  struct netinfo_addr_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t netinfo_addr_encoded_len(
  struct netinfo_addr_st const * obj);
ssize_t netinfo_addr_encode(
  uint8_t * output,
  size_t avail,
  struct netinfo_addr_st const * input);
char const * netinfo_addr_check(
  struct netinfo_addr_st const * obj);
int netinfo_addr_clear_errors(
  struct netinfo_addr_st * obj);
uint8_t netinfo_addr_get_addr_type(
  struct netinfo_addr_st const * inp);
int netinfo_addr_set_addr_type(
  struct netinfo_addr_st * inp,
  uint8_t val);
uint8_t netinfo_addr_get_len(
  struct netinfo_addr_st const * inp);
int netinfo_addr_set_len(
  struct netinfo_addr_st * inp,
  uint8_t val);
uint32_t netinfo_addr_get_addr_ipv4(
  struct netinfo_addr_st const * inp);
int netinfo_addr_set_addr_ipv4(
  struct netinfo_addr_st * inp,
  uint32_t val);
size_t netinfo_addr_getlen_addr_ipv6(
  struct netinfo_addr_st const * inp);
uint8_t netinfo_addr_get_addr_ipv6(
  struct netinfo_addr_st * inp,
  size_t idx);
uint8_t netinfo_addr_getconst_addr_ipv6(
  struct netinfo_addr_st const * inp,
  size_t idx);
int netinfo_addr_set_addr_ipv6(
  struct netinfo_addr_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * netinfo_addr_getarray_addr_ipv6(
  struct netinfo_addr_st * inp);
uint8_t const * netinfo_addr_getconstarray_addr_ipv6(
  struct netinfo_addr_st const * inp);

struct netinfo_cell_st * netinfo_cell_new(void);
void netinfo_cell_free(
  struct netinfo_cell_st * victim);
ssize_t netinfo_cell_parse(
  struct netinfo_cell_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t netinfo_cell_encoded_len(
  struct netinfo_cell_st const * obj);
ssize_t netinfo_cell_encode(
  uint8_t * output,
  size_t avail,
  struct netinfo_cell_st const * input);
char const * netinfo_cell_check(
  struct netinfo_cell_st const * obj);
int netinfo_cell_clear_errors(
  struct netinfo_cell_st * obj);
uint32_t netinfo_cell_get_timestamp(
  struct netinfo_cell_st const * inp);
int netinfo_cell_set_timestamp(
  struct netinfo_cell_st * inp,
  uint32_t val);
struct netinfo_addr_st * netinfo_cell_get_other_addr(
  struct netinfo_cell_st * inp);
struct netinfo_addr_st const * netinfo_cell_getconst_other_addr(
  struct netinfo_cell_st const * inp);
int netinfo_cell_set_other_addr(
  struct netinfo_cell_st * inp,
  struct netinfo_addr_st * val);
int netinfo_cell_set0_other_addr(
  struct netinfo_cell_st * inp,
  struct netinfo_addr_st * val);
uint8_t netinfo_cell_get_n_my_addrs(
  struct netinfo_cell_st const * inp);
int netinfo_cell_set_n_my_addrs(
  struct netinfo_cell_st * inp,
  uint8_t val);
size_t netinfo_cell_getlen_my_addrs(
  struct netinfo_cell_st const * inp);
struct netinfo_addr_st * netinfo_cell_get_my_addrs(
  struct netinfo_cell_st * inp,
  size_t idx);
struct netinfo_addr_st const * netinfo_cell_getconst_my_addrs(
  struct netinfo_cell_st const * inp,
  size_t idx);
int netinfo_cell_set_my_addrs(
  struct netinfo_cell_st * inp,
  size_t idx,
  struct netinfo_addr_st * elt);
int netinfo_cell_set0_my_addrs(
  struct netinfo_cell_st * inp,
  size_t idx,
  struct netinfo_addr_st * elt);
int netinfo_cell_add_my_addrs(
  struct netinfo_cell_st * inp,
  struct netinfo_addr_st * elt);
struct netinfo_addr_st * * netinfo_cell_getarray_my_addrs(
  struct netinfo_cell_st * inp);
struct netinfo_addr_st const * const * netinfo_cell_getconstarray_my_addrs(
  struct netinfo_cell_st const * inp);
int netinfo_cell_setlen_my_addrs(
  struct netinfo_cell_st * inp,
  size_t newlen);

/* What Rust takes pwbox_encoded_t for. */
struct torrs_pwbox_encoded {
  uint32_t fixedbytes0;
  uint32_t fixedbytes1;
  uint8_t header_len;
  struct torrs_dynarray skey_header;
  uint8_t iv[16];
  struct torrs_dynarray data;
  uint8_t hmac[32];
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(pwbox_encoded_t) == sizeof(struct torrs_pwbox_encoded));
CTASSERT(offsetof(pwbox_encoded_t, fixedbytes0) ==
         offsetof(struct torrs_pwbox_encoded, fixedbytes0));
CTASSERT(offsetof(pwbox_encoded_t, fixedbytes1) ==
         offsetof(struct torrs_pwbox_encoded, fixedbytes1));
CTASSERT(offsetof(pwbox_encoded_t, header_len) ==
         offsetof(struct torrs_pwbox_encoded, header_len));
CTASSERT(offsetof(pwbox_encoded_t, skey_header) ==
         offsetof(struct torrs_pwbox_encoded, skey_header));
CTASSERT(offsetof(pwbox_encoded_t, iv) ==
         offsetof(struct torrs_pwbox_encoded, iv));
CTASSERT(offsetof(pwbox_encoded_t, data) ==
         offsetof(struct torrs_pwbox_encoded, data));
CTASSERT(offsetof(pwbox_encoded_t, hmac) ==
         offsetof(struct torrs_pwbox_encoded, hmac));
CTASSERT(offsetof(pwbox_encoded_t, trunnel_error_code_) ==
         offsetof(struct torrs_pwbox_encoded, trunnel_error_code_));

struct pwbox_encoded_st * pwbox_encoded_new(void);
void pwbox_encoded_free(
  struct pwbox_encoded_st * victim);
ssize_t pwbox_encoded_parse(
  struct pwbox_encoded_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t pwbox_encoded_encoded_len(
  struct pwbox_encoded_st const * obj);
ssize_t pwbox_encoded_encode(
  uint8_t * output,
  size_t avail,
  struct pwbox_encoded_st const * input);
char const * pwbox_encoded_check(
  struct pwbox_encoded_st const * obj);
int pwbox_encoded_clear_errors(
  struct pwbox_encoded_st * obj);
uint32_t pwbox_encoded_get_fixedbytes0(
  struct pwbox_encoded_st const * inp);
int pwbox_encoded_set_fixedbytes0(
  struct pwbox_encoded_st * inp,
  uint32_t val);
uint32_t pwbox_encoded_get_fixedbytes1(
  struct pwbox_encoded_st const * inp);
int pwbox_encoded_set_fixedbytes1(
  struct pwbox_encoded_st * inp,
  uint32_t val);
uint8_t pwbox_encoded_get_header_len(
  struct pwbox_encoded_st const * inp);
int pwbox_encoded_set_header_len(
  struct pwbox_encoded_st * inp,
  uint8_t val);
size_t pwbox_encoded_getlen_skey_header(
  struct pwbox_encoded_st const * inp);
uint8_t pwbox_encoded_get_skey_header(
  struct pwbox_encoded_st * inp,
  size_t idx);
uint8_t pwbox_encoded_getconst_skey_header(
  struct pwbox_encoded_st const * inp,
  size_t idx);
int pwbox_encoded_set_skey_header(
  struct pwbox_encoded_st * inp,
  size_t idx,
  uint8_t elt);
int pwbox_encoded_add_skey_header(
  struct pwbox_encoded_st * inp,
  uint8_t elt);
uint8_t * pwbox_encoded_getarray_skey_header(
  struct pwbox_encoded_st * inp);
uint8_t const * pwbox_encoded_getconstarray_skey_header(
  struct pwbox_encoded_st const * inp);
int pwbox_encoded_setlen_skey_header(
  struct pwbox_encoded_st * inp,
  size_t newlen);
size_t pwbox_encoded_getlen_iv(
  struct pwbox_encoded_st const * inp);
uint8_t pwbox_encoded_get_iv(
  struct pwbox_encoded_st * inp,
  size_t idx);
uint8_t pwbox_encoded_getconst_iv(
  struct pwbox_encoded_st const * inp,
  size_t idx);
int pwbox_encoded_set_iv(
  struct pwbox_encoded_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * pwbox_encoded_getarray_iv(
  struct pwbox_encoded_st * inp);
uint8_t const * pwbox_encoded_getconstarray_iv(
  struct pwbox_encoded_st const * inp);
size_t pwbox_encoded_getlen_data(
  struct pwbox_encoded_st const * inp);
uint8_t pwbox_encoded_get_data(
  struct pwbox_encoded_st * inp,
  size_t idx);
uint8_t pwbox_encoded_getconst_data(
  struct pwbox_encoded_st const * inp,
  size_t idx);
int pwbox_encoded_set_data(
  struct pwbox_encoded_st * inp,
  size_t idx,
  uint8_t elt);
int pwbox_encoded_add_data(
  struct pwbox_encoded_st * inp,
  uint8_t elt);
uint8_t * pwbox_encoded_getarray_data(
  struct pwbox_encoded_st * inp);
uint8_t const * pwbox_encoded_getconstarray_data(
  struct pwbox_encoded_st const * inp);
int pwbox_encoded_setlen_data(
  struct pwbox_encoded_st * inp,
  size_t newlen);
size_t pwbox_encoded_getlen_hmac(
  struct pwbox_encoded_st const * inp);
uint8_t pwbox_encoded_get_hmac(
  struct pwbox_encoded_st * inp,
  size_t idx);
uint8_t pwbox_encoded_getconst_hmac(
  struct pwbox_encoded_st const * inp,
  size_t idx);
int pwbox_encoded_set_hmac(
  struct pwbox_encoded_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * pwbox_encoded_getarray_hmac(
  struct pwbox_encoded_st * inp);
uint8_t const * pwbox_encoded_getconstarray_hmac(
  struct pwbox_encoded_st const * inp);

struct trn_cell_rendezvous1_st * trn_cell_rendezvous1_new(void);
void trn_cell_rendezvous1_free(
  struct trn_cell_rendezvous1_st * victim);
ssize_t trn_cell_rendezvous1_parse(
  struct trn_cell_rendezvous1_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_rendezvous1_encoded_len(
  struct trn_cell_rendezvous1_st const * obj);
ssize_t trn_cell_rendezvous1_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_rendezvous1_st const * input);
char const * trn_cell_rendezvous1_check(
  struct trn_cell_rendezvous1_st const * obj);
int trn_cell_rendezvous1_clear_errors(
  struct trn_cell_rendezvous1_st * obj);
size_t trn_cell_rendezvous1_getlen_rendezvous_cookie(
  struct trn_cell_rendezvous1_st const * inp);
uint8_t trn_cell_rendezvous1_get_rendezvous_cookie(
  struct trn_cell_rendezvous1_st * inp,
  size_t idx);
uint8_t trn_cell_rendezvous1_getconst_rendezvous_cookie(
  struct trn_cell_rendezvous1_st const * inp,
  size_t idx);
int trn_cell_rendezvous1_set_rendezvous_cookie(
  struct trn_cell_rendezvous1_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_rendezvous1_getarray_rendezvous_cookie(
  struct trn_cell_rendezvous1_st * inp);
uint8_t const * trn_cell_rendezvous1_getconstarray_rendezvous_cookie(
  struct trn_cell_rendezvous1_st const * inp);
size_t trn_cell_rendezvous1_getlen_handshake_info(
  struct trn_cell_rendezvous1_st const * inp);
uint8_t trn_cell_rendezvous1_get_handshake_info(
  struct trn_cell_rendezvous1_st * inp,
  size_t idx);
uint8_t trn_cell_rendezvous1_getconst_handshake_info(
  struct trn_cell_rendezvous1_st const * inp,
  size_t idx);
int trn_cell_rendezvous1_set_handshake_info(
  struct trn_cell_rendezvous1_st * inp,
  size_t idx,
  uint8_t elt);
int trn_cell_rendezvous1_add_handshake_info(
  struct trn_cell_rendezvous1_st * inp,
  uint8_t elt);
uint8_t * trn_cell_rendezvous1_getarray_handshake_info(
  struct trn_cell_rendezvous1_st * inp);
uint8_t const * trn_cell_rendezvous1_getconstarray_handshake_info(
  struct trn_cell_rendezvous1_st const * inp);
int trn_cell_rendezvous1_setlen_handshake_info(
  struct trn_cell_rendezvous1_st * inp,
  size_t newlen);

struct trn_cell_rendezvous2_st * trn_cell_rendezvous2_new(void);
void trn_cell_rendezvous2_free(
  struct trn_cell_rendezvous2_st * victim);
ssize_t trn_cell_rendezvous2_parse(
  struct trn_cell_rendezvous2_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_cell_rendezvous2_encoded_len(
  struct trn_cell_rendezvous2_st const * obj);
ssize_t trn_cell_rendezvous2_encode(
  uint8_t * output,
  size_t avail,
  struct trn_cell_rendezvous2_st const * input);
char const * trn_cell_rendezvous2_check(
  struct trn_cell_rendezvous2_st const * obj);
int trn_cell_rendezvous2_clear_errors(
  struct trn_cell_rendezvous2_st * obj);
size_t trn_cell_rendezvous2_getlen_handshake_info(
  struct trn_cell_rendezvous2_st const * inp);
uint8_t trn_cell_rendezvous2_get_handshake_info(
  struct trn_cell_rendezvous2_st * inp,
  size_t idx);
uint8_t trn_cell_rendezvous2_getconst_handshake_info(
  struct trn_cell_rendezvous2_st const * inp,
  size_t idx);
int trn_cell_rendezvous2_set_handshake_info(
  struct trn_cell_rendezvous2_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * trn_cell_rendezvous2_getarray_handshake_info(
  struct trn_cell_rendezvous2_st * inp);
uint8_t const * trn_cell_rendezvous2_getconstarray_handshake_info(
  struct trn_cell_rendezvous2_st const * inp);

struct sendme_cell_st * sendme_cell_new(void);
void sendme_cell_free(
  struct sendme_cell_st * victim);
ssize_t sendme_cell_parse(
  struct sendme_cell_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t sendme_cell_encoded_len(
  struct sendme_cell_st const * obj);
ssize_t sendme_cell_encode(
  uint8_t * output,
  size_t avail,
  struct sendme_cell_st const * input);
char const * sendme_cell_check(
  struct sendme_cell_st const * obj);
int sendme_cell_clear_errors(
  struct sendme_cell_st * obj);
uint8_t sendme_cell_get_version(
  struct sendme_cell_st const * inp);
int sendme_cell_set_version(
  struct sendme_cell_st * inp,
  uint8_t val);
uint16_t sendme_cell_get_data_len(
  struct sendme_cell_st const * inp);
int sendme_cell_set_data_len(
  struct sendme_cell_st * inp,
  uint16_t val);
size_t sendme_cell_getlen_data_v1_digest(
  struct sendme_cell_st const * inp);
uint8_t sendme_cell_get_data_v1_digest(
  struct sendme_cell_st * inp,
  size_t idx);
uint8_t sendme_cell_getconst_data_v1_digest(
  struct sendme_cell_st const * inp,
  size_t idx);
int sendme_cell_set_data_v1_digest(
  struct sendme_cell_st * inp,
  size_t idx,
  uint8_t elt);
int sendme_cell_add_data_v1_digest(
  struct sendme_cell_st * inp,
  uint8_t elt);
uint8_t * sendme_cell_getarray_data_v1_digest(
  struct sendme_cell_st * inp);
uint8_t const * sendme_cell_getconstarray_data_v1_digest(
  struct sendme_cell_st const * inp);
int sendme_cell_setlen_data_v1_digest(
  struct sendme_cell_st * inp,
  size_t newlen);

struct domainname_st * domainname_new(void);
void domainname_free(
  struct domainname_st * victim);
ssize_t domainname_parse(
  struct domainname_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t domainname_encoded_len(
  struct domainname_st const * obj);
ssize_t domainname_encode(
  uint8_t * output,
  size_t avail,
  struct domainname_st const * input);
char const * domainname_check(
  struct domainname_st const * obj);
int domainname_clear_errors(
  struct domainname_st * obj);
uint8_t domainname_get_len(
  struct domainname_st const * inp);
int domainname_set_len(
  struct domainname_st * inp,
  uint8_t val);
size_t domainname_getlen_name(
  struct domainname_st const * inp);
char domainname_get_name(
  struct domainname_st * inp,
  size_t idx);
char domainname_getconst_name(
  struct domainname_st const * inp,
  size_t idx);
int domainname_set_name(
  struct domainname_st * inp,
  size_t idx,
  char elt);
int domainname_add_name(
  struct domainname_st * inp,
  char elt);
char * domainname_getarray_name(
  struct domainname_st * inp);
char const * domainname_getconstarray_name(
  struct domainname_st const * inp);
int domainname_setlen_name(
  struct domainname_st * inp,
  size_t newlen);
char const * domainname_getstr_name(
  struct domainname_st * inp);
int domainname_setstr0_name(
  struct domainname_st * inp,
  char const * val,
  size_t len);
int domainname_setstr_name(
  struct domainname_st * inp,
  char const * val);

struct socks4_client_request_st * socks4_client_request_new(void);
void socks4_client_request_free(
  struct socks4_client_request_st * victim);
ssize_t socks4_client_request_parse(
  struct socks4_client_request_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks4_client_request_encoded_len(
  struct socks4_client_request_st const * obj);
ssize_t socks4_client_request_encode(
  uint8_t * output,
  size_t avail,
  struct socks4_client_request_st const * input);
char const * socks4_client_request_check(
  struct socks4_client_request_st const * obj);
int socks4_client_request_clear_errors(
  struct socks4_client_request_st * obj);
uint8_t socks4_client_request_get_version(
  struct socks4_client_request_st const * inp);
int socks4_client_request_set_version(
  struct socks4_client_request_st * inp,
  uint8_t val);
uint8_t socks4_client_request_get_command(
  struct socks4_client_request_st const * inp);
int socks4_client_request_set_command(
  struct socks4_client_request_st * inp,
  uint8_t val);
uint16_t socks4_client_request_get_port(
  struct socks4_client_request_st const * inp);
int socks4_client_request_set_port(
  struct socks4_client_request_st * inp,
  uint16_t val);
uint32_t socks4_client_request_get_addr(
  struct socks4_client_request_st const * inp);
int socks4_client_request_set_addr(
  struct socks4_client_request_st * inp,
  uint32_t val);
char const * socks4_client_request_get_username(
  struct socks4_client_request_st const * inp);
int socks4_client_request_set_username(
  struct socks4_client_request_st * inp,
  char const * val);
char const * socks4_client_request_get_socks4a_addr_hostname(
  struct socks4_client_request_st const * inp);
int socks4_client_request_set_socks4a_addr_hostname(
  struct socks4_client_request_st * inp,
  char const * val);

struct socks4_server_reply_st * socks4_server_reply_new(void);
void socks4_server_reply_free(
  struct socks4_server_reply_st * victim);
ssize_t socks4_server_reply_parse(
  struct socks4_server_reply_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks4_server_reply_encoded_len(
  struct socks4_server_reply_st const * obj);
ssize_t socks4_server_reply_encode(
  uint8_t * output,
  size_t avail,
  struct socks4_server_reply_st const * input);
char const * socks4_server_reply_check(
  struct socks4_server_reply_st const * obj);
int socks4_server_reply_clear_errors(
  struct socks4_server_reply_st * obj);
uint8_t socks4_server_reply_get_version(
  struct socks4_server_reply_st const * inp);
int socks4_server_reply_set_version(
  struct socks4_server_reply_st * inp,
  uint8_t val);
uint8_t socks4_server_reply_get_status(
  struct socks4_server_reply_st const * inp);
int socks4_server_reply_set_status(
  struct socks4_server_reply_st * inp,
  uint8_t val);
uint16_t socks4_server_reply_get_port(
  struct socks4_server_reply_st const * inp);
int socks4_server_reply_set_port(
  struct socks4_server_reply_st * inp,
  uint16_t val);
uint32_t socks4_server_reply_get_addr(
  struct socks4_server_reply_st const * inp);
int socks4_server_reply_set_addr(
  struct socks4_server_reply_st * inp,
  uint32_t val);

struct socks5_client_userpass_auth_st * socks5_client_userpass_auth_new(void);
void socks5_client_userpass_auth_free(
  struct socks5_client_userpass_auth_st * victim);
ssize_t socks5_client_userpass_auth_parse(
  struct socks5_client_userpass_auth_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks5_client_userpass_auth_encoded_len(
  struct socks5_client_userpass_auth_st const * obj);
ssize_t socks5_client_userpass_auth_encode(
  uint8_t * output,
  size_t avail,
  struct socks5_client_userpass_auth_st const * input);
char const * socks5_client_userpass_auth_check(
  struct socks5_client_userpass_auth_st const * obj);
int socks5_client_userpass_auth_clear_errors(
  struct socks5_client_userpass_auth_st * obj);
uint8_t socks5_client_userpass_auth_get_version(
  struct socks5_client_userpass_auth_st const * inp);
int socks5_client_userpass_auth_set_version(
  struct socks5_client_userpass_auth_st * inp,
  uint8_t val);
uint8_t socks5_client_userpass_auth_get_username_len(
  struct socks5_client_userpass_auth_st const * inp);
int socks5_client_userpass_auth_set_username_len(
  struct socks5_client_userpass_auth_st * inp,
  uint8_t val);
size_t socks5_client_userpass_auth_getlen_username(
  struct socks5_client_userpass_auth_st const * inp);
char socks5_client_userpass_auth_get_username(
  struct socks5_client_userpass_auth_st * inp,
  size_t idx);
char socks5_client_userpass_auth_getconst_username(
  struct socks5_client_userpass_auth_st const * inp,
  size_t idx);
int socks5_client_userpass_auth_set_username(
  struct socks5_client_userpass_auth_st * inp,
  size_t idx,
  char elt);
int socks5_client_userpass_auth_add_username(
  struct socks5_client_userpass_auth_st * inp,
  char elt);
char * socks5_client_userpass_auth_getarray_username(
  struct socks5_client_userpass_auth_st * inp);
char const * socks5_client_userpass_auth_getconstarray_username(
  struct socks5_client_userpass_auth_st const * inp);
int socks5_client_userpass_auth_setlen_username(
  struct socks5_client_userpass_auth_st * inp,
  size_t newlen);
char const * socks5_client_userpass_auth_getstr_username(
  struct socks5_client_userpass_auth_st * inp);
int socks5_client_userpass_auth_setstr0_username(
  struct socks5_client_userpass_auth_st * inp,
  char const * val,
  size_t len);
int socks5_client_userpass_auth_setstr_username(
  struct socks5_client_userpass_auth_st * inp,
  char const * val);
uint8_t socks5_client_userpass_auth_get_passwd_len(
  struct socks5_client_userpass_auth_st const * inp);
int socks5_client_userpass_auth_set_passwd_len(
  struct socks5_client_userpass_auth_st * inp,
  uint8_t val);
size_t socks5_client_userpass_auth_getlen_passwd(
  struct socks5_client_userpass_auth_st const * inp);
char socks5_client_userpass_auth_get_passwd(
  struct socks5_client_userpass_auth_st * inp,
  size_t idx);
char socks5_client_userpass_auth_getconst_passwd(
  struct socks5_client_userpass_auth_st const * inp,
  size_t idx);
int socks5_client_userpass_auth_set_passwd(
  struct socks5_client_userpass_auth_st * inp,
  size_t idx,
  char elt);
int socks5_client_userpass_auth_add_passwd(
  struct socks5_client_userpass_auth_st * inp,
  char elt);
char * socks5_client_userpass_auth_getarray_passwd(
  struct socks5_client_userpass_auth_st * inp);
char const * socks5_client_userpass_auth_getconstarray_passwd(
  struct socks5_client_userpass_auth_st const * inp);
int socks5_client_userpass_auth_setlen_passwd(
  struct socks5_client_userpass_auth_st * inp,
  size_t newlen);
char const * socks5_client_userpass_auth_getstr_passwd(
  struct socks5_client_userpass_auth_st * inp);
int socks5_client_userpass_auth_setstr0_passwd(
  struct socks5_client_userpass_auth_st * inp,
  char const * val,
  size_t len);
int socks5_client_userpass_auth_setstr_passwd(
  struct socks5_client_userpass_auth_st * inp,
  char const * val);

struct socks5_client_version_st * socks5_client_version_new(void);
void socks5_client_version_free(
  struct socks5_client_version_st * victim);
ssize_t socks5_client_version_parse(
  struct socks5_client_version_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks5_client_version_encoded_len(
  struct socks5_client_version_st const * obj);
ssize_t socks5_client_version_encode(
  uint8_t * output,
  size_t avail,
  struct socks5_client_version_st const * input);
char const * socks5_client_version_check(
  struct socks5_client_version_st const * obj);
int socks5_client_version_clear_errors(
  struct socks5_client_version_st * obj);
uint8_t socks5_client_version_get_version(
  struct socks5_client_version_st const * inp);
int socks5_client_version_set_version(
  struct socks5_client_version_st * inp,
  uint8_t val);
uint8_t socks5_client_version_get_n_methods(
  struct socks5_client_version_st const * inp);
int socks5_client_version_set_n_methods(
  struct socks5_client_version_st * inp,
  uint8_t val);
size_t socks5_client_version_getlen_methods(
  struct socks5_client_version_st const * inp);
uint8_t socks5_client_version_get_methods(
  struct socks5_client_version_st * inp,
  size_t idx);
uint8_t socks5_client_version_getconst_methods(
  struct socks5_client_version_st const * inp,
  size_t idx);
int socks5_client_version_set_methods(
  struct socks5_client_version_st * inp,
  size_t idx,
  uint8_t elt);
int socks5_client_version_add_methods(
  struct socks5_client_version_st * inp,
  uint8_t elt);
uint8_t * socks5_client_version_getarray_methods(
  struct socks5_client_version_st * inp);
uint8_t const * socks5_client_version_getconstarray_methods(
  struct socks5_client_version_st const * inp);
int socks5_client_version_setlen_methods(
  struct socks5_client_version_st * inp,
  size_t newlen);

struct socks5_server_method_st * socks5_server_method_new(void);
void socks5_server_method_free(
  struct socks5_server_method_st * victim);
ssize_t socks5_server_method_parse(
  struct socks5_server_method_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks5_server_method_encoded_len(
  struct socks5_server_method_st const * obj);
ssize_t socks5_server_method_encode(
  uint8_t * output,
  size_t avail,
  struct socks5_server_method_st const * input);
char const * socks5_server_method_check(
  struct socks5_server_method_st const * obj);
int socks5_server_method_clear_errors(
  struct socks5_server_method_st * obj);
uint8_t socks5_server_method_get_version(
  struct socks5_server_method_st const * inp);
int socks5_server_method_set_version(
  struct socks5_server_method_st * inp,
  uint8_t val);
uint8_t socks5_server_method_get_method(
  struct socks5_server_method_st const * inp);
int socks5_server_method_set_method(
  struct socks5_server_method_st * inp,
  uint8_t val);

struct socks5_server_userpass_auth_st * socks5_server_userpass_auth_new(void);
void socks5_server_userpass_auth_free(
  struct socks5_server_userpass_auth_st * victim);
ssize_t socks5_server_userpass_auth_parse(
  struct socks5_server_userpass_auth_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks5_server_userpass_auth_encoded_len(
  struct socks5_server_userpass_auth_st const * obj);
ssize_t socks5_server_userpass_auth_encode(
  uint8_t * output,
  size_t avail,
  struct socks5_server_userpass_auth_st const * input);
char const * socks5_server_userpass_auth_check(
  struct socks5_server_userpass_auth_st const * obj);
int socks5_server_userpass_auth_clear_errors(
  struct socks5_server_userpass_auth_st * obj);
uint8_t socks5_server_userpass_auth_get_version(
  struct socks5_server_userpass_auth_st const * inp);
int socks5_server_userpass_auth_set_version(
  struct socks5_server_userpass_auth_st * inp,
  uint8_t val);
uint8_t socks5_server_userpass_auth_get_status(
  struct socks5_server_userpass_auth_st const * inp);
int socks5_server_userpass_auth_set_status(
  struct socks5_server_userpass_auth_st * inp,
  uint8_t val);

struct socks5_client_request_st * socks5_client_request_new(void);
void socks5_client_request_free(
  struct socks5_client_request_st * victim);
ssize_t socks5_client_request_parse(
  struct socks5_client_request_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks5_client_request_encoded_len(
  struct socks5_client_request_st const * obj);
ssize_t socks5_client_request_encode(
  uint8_t * output,
  size_t avail,
  struct socks5_client_request_st const * input);
char const * socks5_client_request_check(
  struct socks5_client_request_st const * obj);
int socks5_client_request_clear_errors(
  struct socks5_client_request_st * obj);
uint8_t socks5_client_request_get_version(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_version(
  struct socks5_client_request_st * inp,
  uint8_t val);
uint8_t socks5_client_request_get_command(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_command(
  struct socks5_client_request_st * inp,
  uint8_t val);
uint8_t socks5_client_request_get_reserved(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_reserved(
  struct socks5_client_request_st * inp,
  uint8_t val);
uint8_t socks5_client_request_get_atype(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_atype(
  struct socks5_client_request_st * inp,
  uint8_t val);
uint32_t socks5_client_request_get_dest_addr_ipv4(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_dest_addr_ipv4(
  struct socks5_client_request_st * inp,
  uint32_t val);
size_t socks5_client_request_getlen_dest_addr_ipv6(
  struct socks5_client_request_st const * inp);
uint8_t socks5_client_request_get_dest_addr_ipv6(
  struct socks5_client_request_st * inp,
  size_t idx);
uint8_t socks5_client_request_getconst_dest_addr_ipv6(
  struct socks5_client_request_st const * inp,
  size_t idx);
int socks5_client_request_set_dest_addr_ipv6(
  struct socks5_client_request_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * socks5_client_request_getarray_dest_addr_ipv6(
  struct socks5_client_request_st * inp);
uint8_t const * socks5_client_request_getconstarray_dest_addr_ipv6(
  struct socks5_client_request_st const * inp);
struct domainname_st * socks5_client_request_get_dest_addr_domainname(
  struct socks5_client_request_st * inp);
struct domainname_st const * socks5_client_request_getconst_dest_addr_domainname(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_dest_addr_domainname(
  struct socks5_client_request_st * inp,
  struct domainname_st * val);
int socks5_client_request_set0_dest_addr_domainname(
  struct socks5_client_request_st * inp,
  struct domainname_st * val);
uint16_t socks5_client_request_get_dest_port(
  struct socks5_client_request_st const * inp);
int socks5_client_request_set_dest_port(
  struct socks5_client_request_st * inp,
  uint16_t val);

struct socks5_server_reply_st * socks5_server_reply_new(void);
void socks5_server_reply_free(
  struct socks5_server_reply_st * victim);
ssize_t socks5_server_reply_parse(
  struct socks5_server_reply_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t socks5_server_reply_encoded_len(
  struct socks5_server_reply_st const * obj);
ssize_t socks5_server_reply_encode(
  uint8_t * output,
  size_t avail,
  struct socks5_server_reply_st const * input);
char const * socks5_server_reply_check(
  struct socks5_server_reply_st const * obj);
int socks5_server_reply_clear_errors(
  struct socks5_server_reply_st * obj);
uint8_t socks5_server_reply_get_version(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_version(
  struct socks5_server_reply_st * inp,
  uint8_t val);
uint8_t socks5_server_reply_get_reply(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_reply(
  struct socks5_server_reply_st * inp,
  uint8_t val);
uint8_t socks5_server_reply_get_reserved(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_reserved(
  struct socks5_server_reply_st * inp,
  uint8_t val);
uint8_t socks5_server_reply_get_atype(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_atype(
  struct socks5_server_reply_st * inp,
  uint8_t val);
uint32_t socks5_server_reply_get_bind_addr_ipv4(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_bind_addr_ipv4(
  struct socks5_server_reply_st * inp,
  uint32_t val);
size_t socks5_server_reply_getlen_bind_addr_ipv6(
  struct socks5_server_reply_st const * inp);
uint8_t socks5_server_reply_get_bind_addr_ipv6(
  struct socks5_server_reply_st * inp,
  size_t idx);
uint8_t socks5_server_reply_getconst_bind_addr_ipv6(
  struct socks5_server_reply_st const * inp,
  size_t idx);
int socks5_server_reply_set_bind_addr_ipv6(
  struct socks5_server_reply_st * inp,
  size_t idx,
  uint8_t elt);
uint8_t * socks5_server_reply_getarray_bind_addr_ipv6(
  struct socks5_server_reply_st * inp);
uint8_t const * socks5_server_reply_getconstarray_bind_addr_ipv6(
  struct socks5_server_reply_st const * inp);
struct domainname_st * socks5_server_reply_get_bind_addr_domainname(
  struct socks5_server_reply_st * inp);
struct domainname_st const * socks5_server_reply_getconst_bind_addr_domainname(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_bind_addr_domainname(
  struct socks5_server_reply_st * inp,
  struct domainname_st * val);
int socks5_server_reply_set0_bind_addr_domainname(
  struct socks5_server_reply_st * inp,
  struct domainname_st * val);
uint16_t socks5_server_reply_get_bind_port(
  struct socks5_server_reply_st const * inp);
int socks5_server_reply_set_bind_port(
  struct socks5_server_reply_st * inp,
  uint16_t val);

/* What Rust takes trn_subproto_request_t for. */
struct torrs_trn_subproto_request {
  uint8_t protocol_id;
  uint8_t proto_cap_number;
  uint8_t trunnel_error_code_;
};
CTASSERT(sizeof(trn_subproto_request_t) == sizeof(struct torrs_trn_subproto_request));
CTASSERT(offsetof(trn_subproto_request_t, protocol_id) ==
         offsetof(struct torrs_trn_subproto_request, protocol_id));
CTASSERT(offsetof(trn_subproto_request_t, proto_cap_number) ==
         offsetof(struct torrs_trn_subproto_request, proto_cap_number));
CTASSERT(offsetof(trn_subproto_request_t, trunnel_error_code_) ==
         offsetof(struct torrs_trn_subproto_request, trunnel_error_code_));

struct trn_subproto_request_st * trn_subproto_request_new(void);
void trn_subproto_request_free(
  struct trn_subproto_request_st * victim);
ssize_t trn_subproto_request_parse(
  struct trn_subproto_request_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_subproto_request_encoded_len(
  struct trn_subproto_request_st const * obj);
ssize_t trn_subproto_request_encode(
  uint8_t * output,
  size_t avail,
  struct trn_subproto_request_st const * input);
char const * trn_subproto_request_check(
  struct trn_subproto_request_st const * obj);
int trn_subproto_request_clear_errors(
  struct trn_subproto_request_st * obj);
uint8_t trn_subproto_request_get_protocol_id(
  struct trn_subproto_request_st const * inp);
int trn_subproto_request_set_protocol_id(
  struct trn_subproto_request_st * inp,
  uint8_t val);
uint8_t trn_subproto_request_get_proto_cap_number(
  struct trn_subproto_request_st const * inp);
int trn_subproto_request_set_proto_cap_number(
  struct trn_subproto_request_st * inp,
  uint8_t val);

struct trn_subproto_request_ext_st * trn_subproto_request_ext_new(void);
void trn_subproto_request_ext_free(
  struct trn_subproto_request_ext_st * victim);
ssize_t trn_subproto_request_ext_parse(
  struct trn_subproto_request_ext_st * * output,
  uint8_t const * input,
  size_t len_in);
ssize_t trn_subproto_request_ext_encoded_len(
  struct trn_subproto_request_ext_st const * obj);
ssize_t trn_subproto_request_ext_encode(
  uint8_t * output,
  size_t avail,
  struct trn_subproto_request_ext_st const * input);
char const * trn_subproto_request_ext_check(
  struct trn_subproto_request_ext_st const * obj);
int trn_subproto_request_ext_clear_errors(
  struct trn_subproto_request_ext_st * obj);
size_t trn_subproto_request_ext_getlen_reqs(
  struct trn_subproto_request_ext_st const * inp);
struct trn_subproto_request_st * trn_subproto_request_ext_get_reqs(
  struct trn_subproto_request_ext_st * inp,
  size_t idx);
struct trn_subproto_request_st const * trn_subproto_request_ext_getconst_reqs(
  struct trn_subproto_request_ext_st const * inp,
  size_t idx);
int trn_subproto_request_ext_set_reqs(
  struct trn_subproto_request_ext_st * inp,
  size_t idx,
  struct trn_subproto_request_st * elt);
int trn_subproto_request_ext_set0_reqs(
  struct trn_subproto_request_ext_st * inp,
  size_t idx,
  struct trn_subproto_request_st * elt);
int trn_subproto_request_ext_add_reqs(
  struct trn_subproto_request_ext_st * inp,
  struct trn_subproto_request_st * elt);
struct trn_subproto_request_st * * trn_subproto_request_ext_getarray_reqs(
  struct trn_subproto_request_ext_st * inp);
struct trn_subproto_request_st const * const * trn_subproto_request_ext_getconstarray_reqs(
  struct trn_subproto_request_ext_st const * inp);
int trn_subproto_request_ext_setlen_reqs(
  struct trn_subproto_request_ext_st * inp,
  size_t newlen);

#endif /* !defined(TORRS_TRUNNEL_H) */
