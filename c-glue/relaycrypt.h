/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file relaycrypt.h
 * @brief Header for relaycrypt.c: relay cell encryption in Rust.
 **/

#ifndef TORRS_RELAYCRYPT_H
#define TORRS_RELAYCRYPT_H

struct relay_crypto_t;

bool torrs_relay_crypto_is_lost(const struct relay_crypto_t *crypto);

#endif /* !defined(TORRS_RELAYCRYPT_H) */
