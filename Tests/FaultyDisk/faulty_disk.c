// A disk that is full or does not sync: a library for LD_PRELOAD, for tests with real processes.
//
// FAULTY_DISK names a file. While it exists, its three words say what fails, how, and below which folder:
//
//     write ENOSPC /var/lib/x      every write to a file below that folder
//     sync EIO /var/lib/x          every fsync and fdatasync of such a file, and of the folder itself
//
// The file is read at each call, so that a test can let a disk fail and heal while a process runs.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// The next definition of a function after this library's: the C library's.
#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static bool is_below(int file, const char *folder) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = 0;
    size_t prefix = strlen(folder);
    return strncmp(path, folder, prefix) == 0 && (path[prefix] == '/' || path[prefix] == 0);
}

// Whether this kind of call fails for a file now; sets errno then, and leaves it alone otherwise.
static bool fails(const char *kind, int file) {
    const char *control = getenv("FAULTY_DISK");
    if (!control) return false;
    int before = errno;
    char text[4096] = {0}, what[16], how[16], folder[4000];
    int description = open(control, O_RDONLY | O_CLOEXEC);
    if (description >= 0) {
        ssize_t length = read(description, text, sizeof text - 1);
        close(description);
        if (length > 0 && sscanf(text, "%15s %15s %3999s", what, how, folder) == 3
            && strcmp(what, kind) == 0 && is_below(file, folder)) {
            errno = strcmp(how, "ENOSPC") == 0 ? ENOSPC : EIO;
            return true;
        }
    }
    errno = before;
    return false;
}

int fsync(int file) {
    NEXT(fsync);
    return fails("sync", file) ? -1 : next(file);
}

int fdatasync(int file) {
    NEXT(fdatasync);
    return fails("sync", file) ? -1 : next(file);
}

ssize_t write(int file, const void *bytes, size_t count) {
    NEXT(write);
    return fails("write", file) ? -1 : next(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    NEXT(pwrite);
    return fails("write", file) ? -1 : next(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    NEXT(pwrite64);
    return fails("write", file) ? -1 : next(file, bytes, count, offset);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    NEXT(pwritev);
    return fails("write", file) ? -1 : next(file, parts, count, offset);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
    NEXT(pwritev64);
    return fails("write", file) ? -1 : next(file, parts, count, offset);
}
