/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file rust.c
 * @brief Starts the Rust side as tor's subsystem list does in a build that has
 *   one; the pristine library's list does not know it.
 **/

#include "orconfig.h"
#include "lib/subsys/subsys.h"

#include "rust/c-glue/host.h"

/** The name for the test program: the subsystem's is a structure. */
int ctor_start_rust(void);

int
ctor_start_rust(void)
{
  return sys_rust.initialize();
}
