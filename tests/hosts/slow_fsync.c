/* Preloaded into a program: a disk on which fsync takes 5 s. */
#include <dlfcn.h>
#include <unistd.h>

int fsync(int fd)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fsync"); /* POSIX's way around ISO C, dlsym(3) */
    sleep(5);
    return real(fd);
}
