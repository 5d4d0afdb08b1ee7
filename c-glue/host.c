/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file host.c
 * @brief What tor does for Rust: the table of functions that rust/ffi/host.rs
 *   calls, and the subsystem that hands it over at start.
 *
 * Compiled twice, like all of tor: what is called here may be mocked in the
 * testing build, which Rust, linked into both builds, cannot know.
 **/

#include "orconfig.h"
#include "lib/log/log.h"
#include "lib/log/util_bug.h"
#include "lib/subsys/subsys.h"

#include "rust/c-glue/host.h"

/* Declared twice on purpose: the compiler compares. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"

/** Report what BUG() reports, for an expression in Rust. */
static void
host_bug(const char *file, unsigned int line, const char *function,
         const char *expression)
{
  tor_bug_occurred_(file, line, function, expression, 0, NULL);
}

/** Report a panic that was caught at the boundary. No stack trace: the stack
 * is unwound already. */
static void
host_panicked(const char *file, unsigned int line, const char *function,
              const char *message)
{
  log_fn_(LOG_WARN, LD_BUG, function,
          "Rust panic at %s:%u, contained: %s. "
          "What it was working on is given up.",
          file, line, message);
}

static int
subsys_rust_initialize(void)
{
  static const struct torrs_host_t host = {
    .size = sizeof(struct torrs_host_t),
    .bug = host_bug,
    .panicked = host_panicked,
  };
  return torrs_init(&host);
}

/** After logging, which the table uses; before all that may be in Rust. */
const subsys_fns_t sys_rust = {
  .name = "rust",
  SUBSYS_DECLARE_LOCATION(),
  .level = -88,
  .supported = true,
  .initialize = subsys_rust_initialize,
};
