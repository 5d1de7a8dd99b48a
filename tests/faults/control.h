/* SPDX-License-Identifier: MIT */
/*
 * What a test and the interposed library tell each other: a file that both have mapped, named by
 * NUMAD_FAULTS. tests/lib/faults.py knows this layout.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CONTROL_RULES  16
#define CONTROL_STACKS 65536

enum allocation_mode {
        ALLOCATIONS_SUCCEED,
        FAIL_NTH,       /* one of them */
        FAIL_FROM_NTH,  /* and all that follow */
        FAIL_NEW_STACK, /* the next one whose call stack has not failed before */
};

enum call {
        CALL_NONE,
        CALL_READ, /* read(), pread(), readv() */
        CALL_OPEN, /* open(), openat(), openat2() */
        CALL_ACCEPT,
        CALL_WRITE, /* write(), writev() */
        CALL_SEND,  /* send(), sendto(), sendmsg() */
        CALL_RECV,  /* recvmsg() */
        CALL_READDIR,
        CALL_EPOLL_CTL,
        CALL_SOCKET, /* of these the path is the family: inet, inet6, unix, netlink */
        CALL_SETSOCKOPT,
        CALL_BIND,
        CALL_LISTEN,
        CALL_GETSOCKNAME,
        CALL_PIPE, /* pipe2() */
        CALL_FORK,
        CALL_CLOSE_RANGE,
};

/* The calls number skip to skip + times - 1 that concern path fail; times 0: all from skip on. */
struct fault_rule {
        uint32_t call; /* enum call */
        int32_t error; /* an errno; 0: the call succeeds, but only for the first length bytes */
        uint64_t skip, times, length;
        uint64_t calls;  /* seen */
        uint64_t failed; /* of them */
        char path[208];  /* a part of the file's name, its end if '$' follows; empty: any file */
};

struct control {
        uint64_t mode;  /* enum allocation_mode */
        uint64_t at;    /* N, from 1 */
        uint64_t depth; /* frames, from the innermost, that make one stack differ from another, at
                           most 30 */
        uint64_t count; /* allocations asked for since the test set it to 0 */
        uint64_t failed;
        uint64_t alive;     /* blocks allocated and not freed */
        char spared[3][32]; /* parts of names of files or of their functions: what is asked for
                               through them never fails */
        uint64_t trace; /* remember who allocated each block, and say at the end which are alive */
        int64_t realtime_ns, monotonic_ns, boottime_ns; /* added to the clocks */
        char where[8192]; /* the stack that failed last: "object+0xoffset" lines */
        struct fault_rule rules[CONTROL_RULES];
        uint64_t stacks[CONTROL_STACKS]; /* hashes of those that have failed */
};

/* NULL: no test is there. */
extern struct control *control;
