/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file hs_intropoint.h
 * @brief Inside hs_intropoint.c, if its messages are read in Rust
 *   (rust/ffi/src/cells/hs_cell.rs): they become the objects that its functions
 *   and their tests know.
 *
 * The functions take and give what those of trunnel do.
 **/

#ifndef TORRS_HS_INTROPOINT_H
#define TORRS_HS_INTROPOINT_H

/* hs_cell.h of tor declares some of it too. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"
#pragma GCC diagnostic pop

/** Return tor's object for extensions, or NULL if Rust gives up. */
static trn_extension_t *
extensions_of(struct torrs_list_t list)
{
  trn_extension_t *extensions = trn_extension_new();
  struct torrs_extension_t read;

  trn_extension_set_num(extensions, (uint8_t) list.count);
  while (torrs_extension_next(&list, &read)) {
    trn_extension_field_t *field = trn_extension_field_new();
    trn_extension_field_set_field_type(field, read.ext_type);
    trn_extension_field_set_field_len(field, (uint8_t) read.body.len);
    trn_extension_field_setlen_field(field, read.body.len);
    if (read.body.len > 0)
      memcpy(trn_extension_field_getarray_field(field), read.body.at,
             read.body.len);
    trn_extension_add_fields(extensions, field);
  }
  if (list.count > 0) {
    trn_extension_free(extensions);
    return NULL;
  }
  return extensions;
}

/** Read an ESTABLISH_INTRO. */
static ssize_t
torrs_cell_establish_intro_parse(trn_cell_establish_intro_t **cell_out,
                                 const uint8_t *input, size_t input_len)
{
  struct torrs_establish_intro_t read;
  trn_cell_establish_intro_t *cell;
  trn_extension_t *extensions;
  const ssize_t len = torrs_establish_intro_read(input, input_len, &read);

  *cell_out = NULL;
  if (len < 0)
    return len;
  extensions = extensions_of(read.extensions);
  if (!extensions)
    return -1;

  cell = trn_cell_establish_intro_new();
  trn_cell_establish_intro_set_auth_key_type(cell, read.auth_key_type);
  trn_cell_establish_intro_set_auth_key_len(cell,
                                            (uint16_t) read.auth_key.len);
  trn_cell_establish_intro_setlen_auth_key(cell, read.auth_key.len);
  if (read.auth_key.len > 0)
    memcpy(trn_cell_establish_intro_getarray_auth_key(cell),
           read.auth_key.at, read.auth_key.len);
  trn_cell_establish_intro_set_extensions(cell, extensions);
  memcpy(cell->handshake_mac, read.handshake_mac.at,
         sizeof(cell->handshake_mac));
  trn_cell_establish_intro_set_sig_len(cell, (uint16_t) read.sig.len);
  trn_cell_establish_intro_setlen_sig(cell, read.sig.len);
  if (read.sig.len > 0)
    memcpy(trn_cell_establish_intro_getarray_sig(cell), read.sig.at,
           read.sig.len);
  cell->start_cell = input;
  cell->end_mac_fields = input + read.mac_fields_len;
  cell->end_sig_fields = input + read.sig_fields_len;
  *cell_out = cell;
  return len;
}

/** Read an ESTABLISH_INTRO's DoS extension. */
static ssize_t
torrs_cell_extension_dos_parse(trn_cell_extension_dos_t **dos_out,
                               const uint8_t *input, size_t input_len)
{
  struct torrs_list_t params;
  trn_cell_extension_dos_t *dos;
  uint8_t type;
  uint64_t value;
  const ssize_t len = torrs_dos_read(input, input_len, &params);

  *dos_out = NULL;
  if (len < 0)
    return len;
  dos = trn_cell_extension_dos_new();
  trn_cell_extension_dos_set_n_params(dos, (uint8_t) params.count);
  while (torrs_dos_param_next(&params, &type, &value)) {
    trn_cell_extension_dos_param_t *param =
      trn_cell_extension_dos_param_new();
    trn_cell_extension_dos_param_set_type(param, type);
    trn_cell_extension_dos_param_set_value(param, value);
    trn_cell_extension_dos_add_params(dos, param);
  }
  if (params.count > 0) {
    trn_cell_extension_dos_free(dos);
    return -1;
  }
  *dos_out = dos;
  return len;
}

/** Read an INTRODUCE1. */
static ssize_t
torrs_cell_introduce1_parse(trn_cell_introduce1_t **cell_out,
                            const uint8_t *input, size_t input_len)
{
  struct torrs_introduce1_t read;
  trn_cell_introduce1_t *cell;
  trn_extension_t *extensions;
  const ssize_t len = torrs_introduce1_read(input, input_len, &read);

  *cell_out = NULL;
  if (len < 0)
    return len;
  extensions = extensions_of(read.extensions);
  if (!extensions)
    return -1;

  cell = trn_cell_introduce1_new();
  memcpy(trn_cell_introduce1_getarray_legacy_key_id(cell),
         read.legacy_key_id.at, read.legacy_key_id.len);
  trn_cell_introduce1_set_auth_key_type(cell, read.auth_key_type);
  trn_cell_introduce1_set_auth_key_len(cell, (uint16_t) read.auth_key.len);
  trn_cell_introduce1_setlen_auth_key(cell, read.auth_key.len);
  if (read.auth_key.len > 0)
    memcpy(trn_cell_introduce1_getarray_auth_key(cell), read.auth_key.at,
           read.auth_key.len);
  trn_cell_introduce1_set_extensions(cell, extensions);
  trn_cell_introduce1_setlen_encrypted(cell, read.encrypted.len);
  if (read.encrypted.len > 0)
    memcpy(trn_cell_introduce1_getarray_encrypted(cell), read.encrypted.at,
           read.encrypted.len);
  *cell_out = cell;
  return len;
}

#define trn_cell_establish_intro_parse torrs_cell_establish_intro_parse
#define trn_cell_extension_dos_parse torrs_cell_extension_dos_parse
#define trn_cell_introduce1_parse torrs_cell_introduce1_parse

#endif /* !defined(TORRS_HS_INTROPOINT_H) */
