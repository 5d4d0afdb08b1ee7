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
struct conflux_cell_link_t;

void cell_unpack(struct cell_t *dest, const char *src, int wide_circ_ids);

/* What is static in C, but for tests: there tor's headers declare it. */
#ifndef TOR_UNIT_TESTS
ssize_t build_link_cell(const struct conflux_cell_link_t *link,
                        uint8_t *cell_out);
#endif

#endif /* !defined(TORRS_CELLS_H) */
