/* delayed_link MILLISECONDS PORT PROCESS: a cable in which every frame is under way for so long, for kernels without
 * netem. Makes the interface PORT here and eth0 in the network of PROCESS, says "ready", and hands what goes in at one
 * end out at the other. Both interfaces go when it ends. TAP devices: Linux, Documentation/networking/tuntap.rst. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_SIZE = 2048, /* an MTU of 1500, and headers */
    FRAMES = 4096 /* under way each way; what more comes waits in the interface's queue, which drops what it has no room
                     for */
};

typedef struct {
    double due; /* CLOCK_MONOTONIC, seconds */
    size_t length;
    char byte[FRAME_SIZE];
} Frame;

/* One way through the cable. */
typedef struct {
    int from, to;
    size_t first, end; /* frames [first, end) are under way, in the order of `due`; frame i in slot i mod FRAMES */
    Frame frame[FRAMES];
} Way;

static void fail(const char *what)
{
    fprintf(stderr, "delayed_link: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int make_interface(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) fail("/dev/net/tun");
    if (ioctl(fd, TUNSETIFF, &request) != 0) fail(name);
    return fd;
}

static void enter_network_of(const char *process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/ns/net", process);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) fail(path);
    close(fd);
}

static bool is_full(const Way *way)
{
    return way->end - way->first == FRAMES;
}

static void take_in(Way *way, double due)
{
    while (!is_full(way)) {
        Frame *frame = &way->frame[way->end % FRAMES];
        const ssize_t length = read(way->from, frame->byte, FRAME_SIZE);
        if (length <= 0) return;
        frame->length = (size_t)length;
        frame->due = due;
        way->end++;
    }
}

/* A frame for an interface that is down is lost, as on any cable. */
static void hand_out(Way *way, double time)
{
    for (; way->first != way->end; way->first++) {
        const Frame *frame = &way->frame[way->first % FRAMES];
        if (frame->due > time) return;
        if (write(way->to, frame->byte, frame->length) < 0) continue;
    }
}

static double until_due(const Way *way, double time, double most)
{
    if (way->first == way->end) return most;
    const double left = way->frame[way->first % FRAMES].due - time;
    return left < 0.0 ? 0.0 : left < most ? left : most;
}

static void wait_for(const Way way[2])
{
    struct pollfd poll[2];
    const double time = now();
    const double wait = until_due(&way[1], time, until_due(&way[0], time, 1.0));
    const struct timespec longest = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
    for (int i = 0; i < 2; i++) poll[i] = (struct pollfd){.fd = way[i].from, .events = is_full(&way[i]) ? 0 : POLLIN};
    if (ppoll(poll, 2, &longest, NULL) < 0 && errno != EINTR) fail("ppoll");
    if ((poll[0].revents | poll[1].revents) & POLLERR) exit(EXIT_SUCCESS); /* an interface, or its host, has gone */
}

/* A cable does not wait for a processor that others use. */
static void take_precedence(void)
{
    const struct sched_param least = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &least) != 0) fail("sched_setscheduler");
}

int main(int argc, char **argv)
{
    static Way way[2];
    const double delay = argc == 4 ? 1e-3 * strtod(argv[1], NULL) : 0.0;
    if (delay <= 0.0) {
        fputs("usage: delayed_link MILLISECONDS PORT PROCESS\n", stderr);
        return EXIT_FAILURE;
    }
    take_precedence();
    way[0].from = way[1].to = make_interface(argv[2]);
    enter_network_of(argv[3]);
    way[1].from = way[0].to = make_interface("eth0");
    puts("ready");
    fclose(stdout);
    for (;;) {
        wait_for(way);
        const double time = now();
        for (int i = 0; i < 2; i++) {
            take_in(&way[i], time + delay);
            hand_out(&way[i], time);
        }
    }
}
