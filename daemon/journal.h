/* SPDX-License-Identifier: MIT */
/*
 * Events in the log: in the journal with fields and a MESSAGE_ID that its catalog explains,
 * elsewhere as a line.
 */
#pragma once

#include "events.h"

/* record may be NULL: there was no memory for it. */
void journal_event(const struct event *event, const struct event_record *record);
