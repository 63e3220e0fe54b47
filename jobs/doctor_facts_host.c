/* The lines about the host: its name, networks and memory. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "doctor_facts.h"

static void write_name(FILE *out)
{
    char name[256] = "", text[INET6_ADDRSTRLEN] = "";
    struct addrinfo *found;
    gethostname(name, sizeof name - 1);
    fprintf(out, "host %s\n", name);
    fflush(out);
    const double began = clock_seconds();
    const int error = getaddrinfo(name, NULL, NULL, &found);
    fprintf(out, "name.seconds %.3f\n", clock_seconds() - began);
    if (error) {
        fprintf(out, "name.error %s\n", gai_strerror(error));
        return;
    }
    getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    fprintf(out, "name.address %s\n", text);
    freeaddrinfo(found);
}

static int bits_of(const struct sockaddr *mask)
{
    return mask ? __builtin_popcount(((const struct sockaddr_in *)(const void *)mask)->sin_addr.s_addr) : 32;
}

static void write_interfaces(FILE *out)
{
    struct ifaddrs *all;
    char address[INET_ADDRSTRLEN];
    if (getifaddrs(&all) != 0) return;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET) continue;
        if (!(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK)) continue;
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, address, sizeof address);
        fprintf(out, "interface %s %s/%d\n", i->ifa_name, address, bits_of(i->ifa_netmask));
    }
    freeifaddrs(all);
}

/* Where Open MPI puts what ranks share: as it was told, if this is a rank. */
static void write_shared_memory(FILE *out)
{
    int rank, size;
    const char *told = comm_launched(&rank, &size) ? getenv("OMPI_MCA_osc_sm_backing_directory") : NULL;
    const char *directory = told ? told : "/dev/shm";
    struct statvfs fs;
    fprintf(out, "shm.directory %s\n", directory);
    if (statvfs(directory, &fs) == 0) fprintf(out, "shm.free %" PRIu64 "\n", (uint64_t)fs.f_bavail * fs.f_frsize);
}

/* A number at the beginning of a file, or after this word in it; fallback if there is none. */
static double number_in(const char *path, const char *word, double fallback)
{
    char text[4096];
    FILE *file = fopen(path, "re");
    if (!file) return fallback;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *at = strstr(text, word);
    char *end;
    const double number = at ? strtod(at + strlen(word), &end) : 0.0;
    return at && end != at + strlen(word) ? number : fallback;
}

/* The system's, and what a container leaves of it (cgroup v2: Documentation/admin-guide/cgroup-v2.rst, "memory.max").
 */
static void write_memory(FILE *out)
{
    double free_bytes = 1024.0 * number_in("/proc/meminfo", "MemAvailable:", -1.0);
    const double most = number_in("/sys/fs/cgroup/memory.max", "", -1.0);
    const double used = number_in("/sys/fs/cgroup/memory.current", "", 0.0);
    if (most >= 0.0 && (free_bytes < 0.0 || most - used < free_bytes)) free_bytes = most - used;
    if (free_bytes >= 0.0) fprintf(out, "memory.free %.0f\n", free_bytes);
}

void facts_write_host(FILE *out)
{
    write_name(out);
    write_interfaces(out);
    write_shared_memory(out);
    write_memory(out);
}
