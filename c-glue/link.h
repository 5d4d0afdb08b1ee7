/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file link.h
 * @brief What channeltls.c needs of the link handshake in Rust.
 **/

#ifndef TOR_RUST_LINK_H
#define TOR_RUST_LINK_H

#include "core/or/or.h"

/** Return true iff fixed-length cells with this command are of the link
 * handshake, whatever the link has come to. */
static inline bool
link_takes_cell(uint8_t command)
{
  return command == CELL_VERSIONS || command == CELL_NETINFO ||
    command == CELL_PADDING_NEGOTIATE;
}

void link_handle_cell(const cell_t *cell, or_connection_t *conn);

#endif /* !defined(TOR_RUST_LINK_H) */
