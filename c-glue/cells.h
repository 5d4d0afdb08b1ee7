/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file cells.h
 * @brief Functions of cells in Rust whose C originals were static.
 **/

#ifndef TORRS_CELLS_H
#define TORRS_CELLS_H

struct cell_t;

void cell_unpack(struct cell_t *dest, const char *src, int wide_circ_ids);

#endif /* !defined(TORRS_CELLS_H) */
