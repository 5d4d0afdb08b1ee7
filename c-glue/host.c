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
#include "core/or/or.h"
#include "lib/cc/ctassert.h"
#include "lib/container/smartlist.h"
#include "lib/crypt_ops/crypto_rand.h"
#include "lib/ctime/di_ops.h"
#include "lib/log/log.h"
#include "lib/log/util_bug.h"
#include "lib/malloc/malloc.h"
#include "lib/net/address.h"
#include "lib/subsys/subsys.h"

#include "rust/c-glue/host.h"

/* Declared twice on purpose: the compiler compares. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/tor_rust.h"

CTASSERT(LOG_WARN == TORRS_LOG_WARN);
CTASSERT(LOG_INFO == TORRS_LOG_INFO);
CTASSERT(LOG_DEBUG == TORRS_LOG_DEBUG);
CTASSERT(LD_PROTOCOL == TORRS_LD_PROTOCOL);
CTASSERT(LD_CIRC == TORRS_LD_CIRC);
CTASSERT(LD_BUG == TORRS_LD_BUG);
CTASSERT(LD_DIR == TORRS_LD_DIR);
CTASSERT(LD_REND == TORRS_LD_REND);
CTASSERT(LD_OR == TORRS_LD_OR);
CTASSERT(LD_HANDSHAKE == TORRS_LD_HANDSHAKE);
CTASSERT(LD_CHANNEL == TORRS_LD_CHANNEL);

/* All zero is unspecified. */
CTASSERT(AF_UNSPEC == 0);
CTASSERT(sizeof(tor_addr_t) == TORRS_ADDR_SIZE);

/** Report what BUG() reports, for an expression in Rust. */
static void
host_bug(const char *file, unsigned int line, const char *function,
         const char *expression, bool once)
{
  tor_bug_occurred_(file, line, function, expression, once, NULL);
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

/** Log <b>text</b> for <b>function</b>. */
static void
host_log(int severity, uint64_t domain, const char *function,
         const char *text)
{
  log_fn_(severity, domain, function, "%s", text);
}

/** Fill <b>out</b> with <b>len</b> fresh random bytes. */
static void
host_random(uint8_t *out, size_t len)
{
  crypto_rand((char *)out, len);
}

/** Fill <b>out</b> with <b>len</b> bytes of this thread's fast generator. */
static void
host_fast_random(uint8_t *out, size_t len)
{
  crypto_fast_rng_getbytes(get_thread_fast_rng(), out, len);
}

/** Return a copy of <b>len</b> bytes, to be freed with tor_free(). */
static uint8_t *
host_memdup(const uint8_t *bytes, size_t len)
{
  return tor_memdup(bytes, len);
}

/** Return the IPv4 address of <b>addr</b> in network order, or 0. */
static uint32_t
host_addr_to_ipv4(const tor_addr_t *addr)
{
  return tor_addr_to_ipv4n(addr);
}

/** Return 4 or 6, the version of IP that <b>addr</b> is an address of, or 0. */
static int
host_addr_ip_version(const tor_addr_t *addr)
{
  switch (tor_addr_family(addr)) {
    case AF_INET: return 4;
    case AF_INET6: return 6;
    default: return 0;
  }
}

static int
subsys_rust_initialize(void)
{
  static const struct torrs_host_t host = {
    .size = sizeof(struct torrs_host_t),
    .bug = host_bug,
    .panicked = host_panicked,
    .log = host_log,
    .random = host_random,
    .fast_random = host_fast_random,
    .malloc = tor_malloc_,
    .free = tor_free_,
    .memdup = host_memdup,
    .dimap_search = dimap_search,
    .addr_from_ipv4 = tor_addr_from_ipv4n,
    .addr_from_ipv6 = tor_addr_from_ipv6_bytes,
    .addr_is_valid = tor_addr_is_valid,
    .addr_to_ipv4 = host_addr_to_ipv4,
    .addr_to_ipv6 = tor_addr_copy_ipv6_bytes,
    .addr_ip_version = host_addr_ip_version,
    .addr_port_split = tor_addr_port_split,
    .smartlist_add = smartlist_add,
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
