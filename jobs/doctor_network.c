/* The networks between several hosts. Open MPI takes every interface that is up for a way to the others; bridges of
 * containers and virtual machines have the same address on every host and lead nowhere: it then hangs. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

typedef struct {
    char name[64];
    uint32_t address, mask;
    int bits;
} Interface;

/* NAME ADDRESS/BITS */
static bool parse(const char *text, Interface *interface)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr in;
    if (sscanf(text, "%63s %15[0-9.]/%d", interface->name, address, &interface->bits) != 3) return false;
    if (inet_pton(AF_INET, address, &in) != 1 || interface->bits < 0 || interface->bits > 32) return false;
    interface->address = ntohl(in.s_addr);
    interface->mask = interface->bits ? UINT32_MAX << (32 - interface->bits) : 0;
    return true;
}

static bool next_interface(const char **at, Interface *interface)
{
    char text[FACT_SIZE];
    while (facts_next(at, "interface", text))
        if (parse(text, interface)) return true;
    return false;
}

/* Has this host another address in the interface's network, and nowhere the very same one? */
static bool leads_to(const Interface *from, const char *told)
{
    Interface to;
    bool leads = false;
    while (next_interface(&told, &to)) {
        if (to.address == from->address) return false;
        leads = leads || (to.mask == from->mask && ((to.address ^ from->address) & from->mask) == 0);
    }
    return leads;
}

/* Does an interface of a host lead to all others? */
static bool leads_to_all(const Doctor *doctor, const Interface *from, size_t host)
{
    for (size_t i = 0; i < doctor->hosts->count; i++)
        if (i != host && *doctor->told[i] && !leads_to(from, doctor->told[i])) return false;
    return true;
}

/* What is found on all hosts. */
typedef struct {
    size_t shared;                /* networks that lead from the first host to all others */
    char network[32];             /* the first of them, ADDRESS/BITS */
    char astray[FACT_SIZE - 256]; /* "docker0 172.17.0.1 on h1, ...": interfaces that do not lead to all hosts; cut */
} Networks;

static void note_shared(const Interface *interface, Networks *networks)
{
    char text[INET_ADDRSTRLEN];
    const struct in_addr in = {htonl(interface->address & interface->mask)};
    if (networks->shared++ > 0) return;
    inet_ntop(AF_INET, &in, text, sizeof text);
    snprintf(networks->network, sizeof networks->network, "%s/%d", text, interface->bits);
}

static void note_astray(const Interface *interface, const char *host, Networks *networks)
{
    char text[INET_ADDRSTRLEN];
    const struct in_addr in = {htonl(interface->address)};
    const size_t used = strlen(networks->astray);
    inet_ntop(AF_INET, &in, text, sizeof text);
    snprintf(networks->astray + used, sizeof networks->astray - used, "%s%s %s on %s", used ? ", " : "",
             interface->name, text, host);
}

static void find_networks(const Doctor *doctor, Networks *networks)
{
    Interface interface;
    bool first = true;
    for (size_t i = 0; i < doctor->hosts->count; i++) {
        const char *at = doctor->told[i];
        if (!*at) continue;
        while (next_interface(&at, &interface)) {
            if (!leads_to_all(doctor, &interface, i))
                note_astray(&interface, doctor->hosts->host[i].name, networks);
            else if (first)
                note_shared(&interface, networks);
        }
        first = false;
    }
}

/* mpirun's daemons and the ranks' messages each have a setting. */
static bool is_named(void)
{
    return (getenv("OMPI_MCA_btl_tcp_if_include") || getenv("OMPI_MCA_btl_tcp_if_exclude")) &&
           (getenv("OMPI_MCA_oob_tcp_if_include") || getenv("OMPI_MCA_oob_tcp_if_exclude"));
}

void check_network(Doctor *doctor)
{
    Networks networks = {0};
    char advice[256];
    if (doctor->tellers < 2) return;
    find_networks(doctor, &networks);
    snprintf(advice, sizeof advice, "export OMPI_MCA_oob_tcp_if_include=%s OMPI_MCA_btl_tcp_if_include=%s",
             networks.network, networks.network);
    if (is_named())
        doctor_says(doctor, FINE, NULL, NULL,
                    "the environment tells Open MPI which network to take (OMPI_MCA_..._tcp_if_...)");
    else if (networks.shared == 0)
        doctor_says(doctor, WARNING, "ranks reach each other only if routers connect these",
                    "put the hosts into one network; else name the interfaces that reach the others in "
                    "OMPI_MCA_oob_tcp_if_include and OMPI_MCA_btl_tcp_if_include",
                    "no network connects all hosts: %s", *networks.astray ? networks.astray : "none is up");
    else if (*networks.astray)
        doctor_says(doctor, WARNING, "Open MPI may take one of these for the way to the others, and hang", advice,
                    "all hosts are in %s; not so: %s", networks.network, networks.astray);
    else if (networks.shared > 1)
        doctor_says(doctor, WARNING, "Open MPI spreads messages over all of them, which is slow if one is", advice,
                    "%zu networks connect all hosts; one is %s", networks.shared, networks.network);
    else
        doctor_says(doctor, FINE, NULL, NULL, "all hosts are in %s, and in no other network", networks.network);
}
