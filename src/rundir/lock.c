#include "rundir/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

enum { PATH_SIZE = 4096 + 64 };

static const double beat_seconds = 2.0, abandoned_seconds = 10.0, look_seconds = 0.5;

struct Lock {
    char path[PATH_SIZE], directory[PATH_SIZE];
    int fd;
    char holder[LOCK_HOLDER_SIZE]; /* this process */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t closed;
    bool closing; /* guarded by mutex */
};

static void wait_seconds(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

static void lock_path(const char *directory, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%.4090s/lock", directory);
}

/* Who has written himself in; "" if nobody has, or, and then false, if it cannot be read. */
static bool read_holder(int fd, char holder[LOCK_HOLDER_SIZE])
{
    const ssize_t got = FILE_RETRY(pread(fd, holder, LOCK_HOLDER_SIZE - 1, 0));
    holder[got > 0 ? got : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return got >= 0;
}

static void name_unnamed(char holder[LOCK_HOLDER_SIZE])
{
    if (!*holder) snprintf(holder, LOCK_HOLDER_SIZE, "a process that has just started");
}

static void this_host(char host[256])
{
    memset(host, 0, 256);
    gethostname(host, 255);
}

static bool is_of_this_host(const char *holder)
{
    char host[256];
    this_host(host);
    const size_t length = strlen(host);
    return strncmp(holder, host, length) == 0 && holder[length] == ',';
}

typedef enum { FREE, HELD, NO_LOCKS } Answer;

/* command: F_OFD_SETLK, which takes the lock, or F_OFD_GETLK, which asks. */
static Answer ask_system(int fd, int command)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fault_at("no-locks", 0)) return NO_LOCKS;
    if (FILE_RETRY(fcntl(fd, command, &whole)) == 0)
        return whole.l_type == F_UNLCK || command == F_OFD_SETLK ? FREE : HELD;
    return errno == EAGAIN || errno == EACCES ? HELD : NO_LOCKS;
}

static double seconds_of(struct timespec time)
{
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* When the file was last touched; opened anew, because a network file system looks after what it remembers only then.
 */
static bool last_beat(const char *path, double *seconds)
{
    struct stat about;
    const int fd = FILE_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (fd < 0) return false;
    const bool known = FILE_RETRY(fstat(fd, &about)) == 0;
    file_close(fd);
    if (known) *seconds = seconds_of(about.st_mtim);
    return known;
}

/* What time it is by the file system's clock, which need not be this host's: a file that is made, and removed. */
static bool file_system_now(const Lock *lock, double *seconds)
{
    char path[PATH_SIZE];
    struct stat about;
    snprintf(path, sizeof path, "%.4090s/.lock.XXXXXX", lock->directory);
    const int fd = FILE_RETRY(mkstemp(path));
    if (fd < 0) return false;
    const bool known = FILE_RETRY(fstat(fd, &about)) == 0;
    file_close(fd);
    FILE_RETRY(unlink(path));
    if (known) *seconds = seconds_of(about.st_mtim);
    return known;
}

/* Does somebody touch the file? Looks until it is touched, or has not been for long enough. */
static bool is_alive(const Lock *lock)
{
    double first, beat, now;
    if (!last_beat(lock->path, &first)) return false;
    for (;;) {
        if (!last_beat(lock->path, &beat) || !file_system_now(lock, &now)) return true; /* not known to be dead */
        if (beat != first) return true;
        if (now - beat >= abandoned_seconds) return false;
        wait_seconds(look_seconds);
    }
}

static bool is_ours(const Lock *lock)
{
    char holder[LOCK_HOLDER_SIZE];
    read_holder(lock->fd, holder);
    return strcmp(holder, lock->holder) == 0;
}

Status lock_held(const char *directory, const char *holder)
{
    return status_fail(STATUS_CANT_CREATE,
                       "run directory \"%s\" is held by another training (%s): wait for its end, or name another "
                       "directory with --run",
                       directory, holder);
}

/* A heartbeat decides whether `holder` still has it. */
static Status check_heartbeat(const Lock *lock, const char *holder)
{
    if (is_alive(lock)) return lock_held(lock->directory, holder);
    log_warning("the lock of run directory \"%s\" is taken over from %s, which has not touched it for %g s",
                lock->directory, holder, abandoned_seconds);
    return STATUS_OK;
}

static Status write_holder(Lock *lock)
{
    char line[LOCK_HOLDER_SIZE + 1];
    const int length = snprintf(line, sizeof line, "%s\n", lock->holder);
    if (FILE_RETRY(ftruncate(lock->fd, 0)) == 0 && FILE_RETRY(lseek(lock->fd, 0, SEEK_SET)) == 0 &&
        file_write(lock->fd, line, (size_t)length) == (size_t)length)
        return STATUS_OK;
    return status_fail(STATUS_CANT_CREATE, "cannot write \"%s\": %s", lock->path, strerror(errno));
}

/* Without locks the last to write himself in has it; after a beat nobody who found it free has yet to write. */
static Status claim(Lock *lock)
{
    char holder[LOCK_HOLDER_SIZE];
    Status st = write_holder(lock);
    if (st != STATUS_OK) return st;
    wait_seconds(beat_seconds);
    read_holder(lock->fd, holder);
    return strcmp(holder, lock->holder) == 0 ? STATUS_OK : lock_held(lock->directory, holder);
}

static Status acquire(Lock *lock)
{
    char holder[LOCK_HOLDER_SIZE];
    const Answer answer = ask_system(lock->fd, F_OFD_SETLK);
    Status st = STATUS_OK;
    read_holder(lock->fd, holder);
    if (answer == HELD) {
        name_unnamed(holder);
        return lock_held(lock->directory, holder);
    }
    if (*holder && (answer == NO_LOCKS || !is_of_this_host(holder))) st = check_heartbeat(lock, holder);
    if (st != STATUS_OK) return st;
    return answer == NO_LOCKS ? claim(lock) : write_holder(lock);
}

static void *beat(void *context)
{
    Lock *lock = context;
    struct timespec until;
    pthread_mutex_lock(&lock->mutex);
    while (!lock->closing) {
        if (is_ours(lock)) FILE_RETRY(futimens(lock->fd, NULL));
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += (time_t)beat_seconds;
        pthread_cond_timedwait(&lock->closed, &lock->mutex, &until);
    }
    pthread_mutex_unlock(&lock->mutex);
    return NULL;
}

/* The end, and nothing said in the file. */
static void drop(Lock *lock)
{
    if (lock->fd >= 0) file_close(lock->fd);
    pthread_cond_destroy(&lock->closed);
    pthread_mutex_destroy(&lock->mutex);
    memory_free(lock);
}

Status lock_take(const char *directory, Lock **taken)
{
    Lock *lock;
    char host[256];
    *taken = NULL;
    Status st = memory_new(&lock, 1, "the lock");
    if (st != STATUS_OK) return st;
    pthread_mutex_init(&lock->mutex, NULL);
    pthread_cond_init(&lock->closed, NULL);
    lock_path(directory, lock->path);
    snprintf(lock->directory, sizeof lock->directory, "%s", directory);
    this_host(host);
    snprintf(lock->holder, sizeof lock->holder, "%s, process %ld", host, (long)getpid());
    lock->fd = FILE_RETRY(open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (lock->fd < 0) st = status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", lock->path, strerror(errno));
    if (st == STATUS_OK) st = acquire(lock);
    if (st == STATUS_OK) st = thread_start(&lock->thread, beat, lock, "the lock");
    if (st == STATUS_OK)
        *taken = lock;
    else
        drop(lock);
    return st;
}

Status lock_check(const Lock *lock)
{
    char holder[LOCK_HOLDER_SIZE];
    const bool known = read_holder(lock->fd, holder);
    if (!known || strcmp(holder, lock->holder) == 0) return STATUS_OK;
    name_unnamed(holder);
    return status_fail(STATUS_CANT_CREATE,
                       "run directory \"%s\" was taken over by another training (%s) while this one did not run",
                       lock->directory, holder);
}

/* An empty file says to other hosts that nobody need be waited for. */
void lock_release(Lock *lock)
{
    if (!lock) return;
    pthread_mutex_lock(&lock->mutex);
    lock->closing = true;
    pthread_cond_signal(&lock->closed);
    pthread_mutex_unlock(&lock->mutex);
    pthread_join(lock->thread, NULL);
    if (is_ours(lock) && FILE_RETRY(ftruncate(lock->fd, 0)) != 0)
        log_warning("cannot empty \"%s\": %s; another host may wait %g s for it", lock->path, strerror(errno),
                    abandoned_seconds);
    drop(lock);
}

void lock_holder(const char *directory, char holder[LOCK_HOLDER_SIZE])
{
    char path[PATH_SIZE];
    double touched;
    struct timespec now;
    holder[0] = '\0';
    lock_path(directory, path);
    const int fd = FILE_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            snprintf(holder, LOCK_HOLDER_SIZE, "unknown: cannot open its lock: %s", strerror(errno));
        return;
    }
    const Answer answer = ask_system(fd, F_OFD_GETLK);
    read_holder(fd, holder);
    file_close(fd);
    clock_gettime(CLOCK_REALTIME, &now);
    const bool beats = last_beat(path, &touched) && seconds_of(now) - touched < abandoned_seconds;
    if (answer == HELD)
        name_unnamed(holder);
    else if (!beats || (answer == FREE && is_of_this_host(holder)))
        holder[0] = '\0';
}
