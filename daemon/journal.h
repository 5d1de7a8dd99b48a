/* SPDX-License-Identifier: MIT */
/*
 * Events in the log: in the journal with fields and a MESSAGE_ID that its catalog explains,
 * elsewhere as a line.
 */
#pragma once

#include "events.h"

void journal_event(const struct event *event, uint64_t seq);
