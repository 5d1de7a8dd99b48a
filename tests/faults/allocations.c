/* SPDX-License-Identifier: MIT */
/* Allocations that fail as the test says, and the count of blocks that are alive. */
#include "control.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES 32

#define BOOTSTRAP 65536
#define OBJECTS   64
#define BLOCKS    (UINT32_C(1) << 18)

struct control *control;

static bool in_main;
static bool busy; /* backtrace() and dlsym() may allocate */

/* dlsym() allocates before it has found who does. */
static char bootstrap[BOOTSTRAP] __attribute__((aligned(16)));
static size_t bootstrap_used;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);

/* Open addressing, keyed by address; only while traced. */
struct block {
        void *address;
        void *frames[FRAMES];
};
static struct block *blocks;

/* Where the program and its libraries have their code. */
struct object {
        uintptr_t base, start, end;
};
static struct object objects[OBJECTS];
static size_t n_objects;

static void find_real(void)
{
        if (real_malloc || busy)
                return;
        busy = true;
        *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
        *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
        *(void **)&real_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
        *(void **)&real_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
        *(void **)&real_mmap = dlsym(RTLD_NEXT, "mmap");
        *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
        busy = false;
}

static void *bootstrap_alloc(size_t size)
{
        char *p = bootstrap + bootstrap_used;

        size = (size + 15) & ~(size_t)15;
        if (size > BOOTSTRAP - bootstrap_used)
                abort();
        bootstrap_used += size;
        return p;
}

static bool is_bootstrap(const void *p)
{
        return (const char *)p >= bootstrap && (const char *)p < bootstrap + BOOTSTRAP;
}

/* dladdr() looks for a symbol, which takes too long for each frame of each allocation. */
static int note_object(struct dl_phdr_info *info, size_t size, void *context)
{
        (void)size;
        (void)context;
        for (int i = 0; i < info->dlpi_phnum && n_objects < OBJECTS; i++)
                if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X))
                        objects[n_objects++] = (struct object){
                                .base = info->dlpi_addr,
                                .start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr,
                                .end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
                                       info->dlpi_phdr[i].p_memsz,
                        };
        return 0;
}

/* Position-independent: objects are mapped elsewhere in the next process. */
static uint64_t hash_frame(uint64_t hash, void *frame)
{
        uintptr_t address = (uintptr_t)frame;

        for (size_t i = 0; i < n_objects; i++)
                if (address >= objects[i].start && address < objects[i].end) {
                        address -= objects[i].base;
                        break;
                }
        return (hash ^ address) * UINT64_C(0x100000001b3);
}

/* Whether the stack is new, and then it is no longer. */
static bool is_new_stack(void *const *frames, int n)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (int i = 0; i < n && (uint64_t)i < control->depth; i++)
                hash = hash_frame(hash, frames[i]);
        hash = hash ? hash : 1;
        for (uint64_t i = hash;; i++) {
                uint64_t *slot = &control->stacks[i % CONTROL_STACKS];

                if (*slot == hash)
                        return false;
                if (*slot == 0) {
                        *slot = hash;
                        return true;
                }
        }
}

static size_t print_stack(char *out, size_t size, void *const *frames, int n)
{
        size_t used = 0;

        out[0] = '\0';
        for (int i = 0; i < n && frames[i] && used < size; i++) {
                Dl_info info = { .dli_fname = "?" };

                dladdr(frames[i], &info);
                used += (size_t)snprintf(out + used, size - used, "%s+0x%zx\n", info.dli_fname,
                                         (size_t)((char *)frames[i] - (char *)info.dli_fbase));
        }
        return used < size ? used : size - 1;
}

static bool is_spared_name(const char *name)
{
        for (size_t i = 0; i < sizeof(control->spared) / sizeof(control->spared[0]); i++)
                if (control->spared[i][0] && strstr(name, control->spared[i]))
                        return true;
        return false;
}

/* Whether the stack leads through what is spared. */
static bool is_spared(void *const *frames, int n)
{
        for (int i = 0; i < n; i++) {
                Dl_info info;

                if (!dladdr(frames[i], &info))
                        continue;
                if (is_spared_name(info.dli_fname) ||
                    (info.dli_sname && is_spared_name(info.dli_sname)))
                        return true;
        }
        return false;
}

static bool chosen(void *const *frames, int n)
{
        switch (control->mode) {
        case FAIL_NTH:
                return control->count == control->at;
        case FAIL_FROM_NTH:
                return control->count >= control->at;
        case FAIL_NEW_STACK:
                /* One at a time. */
                return control->failed == 0 && is_new_stack(frames, n);
        default:
                return false;
        }
}

/* Whether this allocation is to fail. */
__attribute__((noinline)) static bool fails(void)
{
        void *frames[FRAMES] = { NULL };
        bool needs_stack;
        int n = 0;

        find_real();
        if (!control || !in_main || busy || control->mode == ALLOCATIONS_SUCCEED)
                return false;
        busy = true;
        control->count++;
        needs_stack = control->mode == FAIL_NEW_STACK && control->failed == 0;
        if (needs_stack)
                n = backtrace(frames, (int)control->depth + 2) - 2;
        if (chosen(frames + 2, n)) {
                n = backtrace(frames, FRAMES) - 2;
                if (is_spared(frames + 2, n)) {
                        busy = false;
                        return false;
                }
                control->failed++;
                print_stack(control->where, sizeof(control->where), frames + 2, n);
                busy = false;
                errno = ENOMEM;
                return true;
        }
        busy = false;
        return false;
}

static struct block *find_block(const void *address)
{
        for (uintptr_t i = ((uintptr_t)address >> 4) * UINT32_C(2654435761);; i++) {
                struct block *block = &blocks[i % BLOCKS];

                if (!block->address || block->address == address)
                        return block;
        }
}

__attribute__((noinline)) static void *born(void *p)
{
        struct block *block;

        if (!p || !control || !in_main || busy)
                return p;
        control->alive++;
        if (!blocks)
                return p;
        busy = true;
        block = find_block(p);
        *block = (struct block){ .address = p };
        backtrace(block->frames, FRAMES);
        busy = false;
        return p;
}

/* A freed block keeps its place in the table, so that others are found behind it. */
static void dies(void *p)
{
        struct block *block;

        if (!p || !control || !in_main || busy)
                return;
        control->alive--;
        if (!blocks)
                return;
        block = find_block(p);
        if (block->address)
                block->frames[0] = NULL;
}

void *malloc(size_t size)
{
        if (fails())
                return NULL;
        return real_malloc ? born(real_malloc(size)) : bootstrap_alloc(size);
}

void *calloc(size_t n, size_t size)
{
        if (fails())
                return NULL;
        return real_malloc ? born(real_calloc(n, size)) : bootstrap_alloc(n * size);
}

void *realloc(void *p, size_t size)
{
        void *q;

        if (fails())
                return NULL;
        if (is_bootstrap(p) || !real_malloc) {
                q = bootstrap_alloc(size);
                return p ? memcpy(q, p, size) : q;
        }
        dies(p);
        q = real_realloc(p, size);
        born(q ? q : p);
        return q;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
        int r;

        if (fails())
                return ENOMEM;
        r = real_posix_memalign(out, alignment, size);
        if (r == 0)
                born(*out);
        return r;
}

void *aligned_alloc(size_t alignment, size_t size)
{
        return fails() ? NULL : born(real_aligned_alloc(alignment, size));
}

void free(void *p)
{
        if (is_bootstrap(p))
                return;
        find_real();
        dies(p);
        real_free(p);
}

/* Those of the C library ask malloc() and realloc(), those of AddressSanitizer do not. */
char *strndup(const char *text, size_t max)
{
        size_t n = strnlen(text, max);
        char *copy = malloc(n + 1);

        if (!copy)
                return NULL;
        copy[n] = '\0';
        return memcpy(copy, text, n);
}

char *strdup(const char *text)
{
        return strndup(text, PTRDIFF_MAX);
}

void *reallocarray(void *p, size_t n, size_t size)
{
        size_t bytes;

        if (__builtin_mul_overflow(n, size, &bytes)) {
                errno = ENOMEM;
                return NULL;
        }
        return realloc(p, bytes);
}

/* libmicrohttpd takes the memory of its connections thus. */
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
        if ((flags & MAP_ANONYMOUS) && fails())
                return MAP_FAILED;
        find_real();
        return real_mmap(address, length, protection, flags, fd, offset);
}

/* Where the blocks that are alive were allocated, for the test that finds too many of them. */
static void print_blocks(void)
{
        char name[4096], text[8192];
        int fd;

        snprintf(name, sizeof(name), "%s.alive", getenv("NUMAD_FAULTS"));
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        for (uint32_t i = 0; fd >= 0 && i < BLOCKS; i++) {
                size_t n;

                if (!blocks[i].address || !blocks[i].frames[0])
                        continue;
                n = print_stack(text, sizeof(text) - 1, blocks[i].frames + 2, FRAMES - 2);
                text[n++] = '\n';
                if (write(fd, text, n) < 0)
                        break;
        }
        if (fd >= 0)
                close(fd);
}

static int (*program)(int, char **, char **);

static int main_with_faults(int argc, char **argv, char **environment)
{
        int status;

        in_main = control != NULL;
        status = program(argc, argv, environment);
        in_main = false;
        if (blocks)
                print_blocks();
        return status;
}

/* What happens in the constructors of libraries is none of the daemon's. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                      int (*init)(int, char **, char **), void (*fini)(void), void (*ld_fini)(void),
                      void *stack_end)
{
        int (*real)(int (*)(int, char **, char **), int, char **, int (*)(int, char **, char **),
                    void (*)(void), void (*)(void), void *);

        *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
        program = main;
        return real(main_with_faults, argc, argv, init, fini, ld_fini, stack_end);
}

/* Asked by AddressSanitizer where it is built in: its allocator is then the one behind this one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "verify_asan_link_order=0:print_suppressions=0";
}

/*
 * What the dynamic linker holds is passed over only where the linker is seen to ask for it. GnuTLS
 * 3.7 leaves the extensions of a hello behind for which memory ended amid them.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
        return "leak:ld-linux\nleak:gnutls_buffer_append_data";
}

__attribute__((constructor)) static void map_control(void)
{
        const char *name = getenv("NUMAD_FAULTS");
        void *frames[2];
        int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
        struct control *map;

        find_real();
        if (fd < 0)
                return;
        backtrace(frames, 2); /* loads what it needs */
        dl_iterate_phdr(note_object, NULL);
        map = real_mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (map == MAP_FAILED)
                return;
        if (map->trace)
                blocks = real_mmap(NULL, BLOCKS * sizeof(*blocks), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        control = map;
}
