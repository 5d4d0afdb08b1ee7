/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file trunnel.c
 * @brief Beside the described formats in Rust (rust/ffi/src/trunnel): proof that C
 *   and Rust mean the same functions and structures.
 **/

#include "orconfig.h"
#include "lib/cc/ctassert.h"

/* Includes tor's own headers first. Declared twice on purpose: the compiler
 * compares Rust's signatures with theirs. */
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rust/c-glue/trunnel.h"
