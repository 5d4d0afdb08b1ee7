/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file cells.c
 * @brief Beside cells in Rust (rust/ffi/src/cells): proof that C and
 *   Rust mean the same functions and types.
 **/

#include "orconfig.h"
#include "core/or/or.h"
#include "core/or/cell_st.h"
#include "core/or/relay_msg.h"
#include "lib/cc/ctassert.h"

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
