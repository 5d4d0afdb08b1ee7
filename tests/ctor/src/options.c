/* Copyright (c) 2026, The Tor Project, Inc. */
/* See LICENSE for licensing information */

/**
 * @file options.c
 * @brief Tor's options, as a comparison wants them: each thread has its own, all
 *   zero at first.
 **/

#include "orconfig.h"
#include "app/config/config.h"
#include "app/config/or_options_st.h"

static _Thread_local or_options_t options;

const or_options_t *ctor_get_options(void);
void ctor_always_congestion_control(bool choice);
void ctor_extend_by_ed25519_id(int choice);

/** What C Tor's code calls in place of get_options(). */
const or_options_t *
ctor_get_options(void)
{
  return &options;
}

/** Set AlwaysCongestionControl, without which there is none where no consensus
 * is. */
void
ctor_always_congestion_control(bool choice)
{
  options.AlwaysCongestionControl = choice;
}

/** Set ExtendByEd25519ID: 0, 1, or -1 to let the consensus decide, which does
 * not exist. */
void
ctor_extend_by_ed25519_id(int choice)
{
  options.ExtendByEd25519ID = choice;
}
