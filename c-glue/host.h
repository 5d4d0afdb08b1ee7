/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file host.h
 * @brief Header for host.c: the Rust archive as a subsystem of tor.
 **/

#ifndef TORRS_HOST_H
#define TORRS_HOST_H

struct subsys_fns_t;
extern const struct subsys_fns_t sys_rust;

const char *torrs_components(void);
void torrs_set_protocol_warn(int severity);

#endif /* !defined(TORRS_HOST_H) */
