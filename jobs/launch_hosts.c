#include "launch_hosts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

enum { FILE_LIMIT = 1 << 20, MOST_WORDS = 32, ANSWER_SIZE = 256, SCRIPT_SIZE = 2048 };

static Status add_host(Hosts *hosts, size_t room, const char *name, size_t slots)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (strcmp(hosts->host[i].name, name) == 0) {
            hosts->host[i].slots = (hosts->host[i].slots ? hosts->host[i].slots : 1) + (slots ? slots : 1);
            return STATUS_OK;
        }
    if (hosts->count == room || strlen(name) >= HOST_NAME_SIZE)
        return status_fail(STATUS_DATA, "the host name \"%.60s\" is too long, or there are too many", name);
    Host *host = &hosts->host[hosts->count++];
    strcpy(host->name, name);
    host->slots = slots;
    host->answers = true; /* until it is asked */
    return STATUS_OK;
}

/* A word behind the name: slots=N, max_slots=N or max-slots=N. */
static bool read_word(const char *word, size_t *slots, size_t *most)
{
    const size_t key = strcspn(word, "=");
    const bool limits = strncmp(word, "max_slots=", key + 1) == 0 || strncmp(word, "max-slots=", key + 1) == 0;
    if (!limits && strncmp(word, "slots=", key + 1) != 0) return false;
    const char *digits = word + key + 1;
    char *end;
    const unsigned long number = strtoul(digits, &end, 10);
    *(limits ? most : slots) = number;
    return *digits >= '0' && *digits <= '9' && !*end && number > 0 && number <= 1 << 20;
}

/* What ssh would look up in vain, or mpirun take for something else, is refused here. */
static bool is_name(const char *text)
{
    return text[0] != '-' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@")] == '\0';
}

/* A line of a hostfile, without its comment. */
static Status read_line(Hosts *hosts, size_t room, const char *file, size_t line, char *text)
{
    static const char blank[] = " \t\r";
    char *rest;
    const char *name = strtok_r(text, blank, &rest), *word;
    if (!name) return STATUS_OK;
    if (!is_name(name))
        return status_fail(STATUS_DATA,
                           "%s:%zu: \"%.60s\" is no host name: a line of a hostfile is NAME or NAME slots=N", file,
                           line, name);
    size_t slots = 0, most = 0;
    bool good = true;
    while (good && (word = strtok_r(NULL, blank, &rest))) good = read_word(word, &slots, &most);
    if (!good || (most && slots > most))
        return status_fail(
            STATUS_DATA,
            "%s:%zu: a line of a hostfile is NAME, NAME slots=N or NAME slots=N max_slots=M (N from 1, M from N)", file,
            line);
    hosts->limited = hosts->limited || most > 0;
    return add_host(hosts, room, name, slots ? slots : most);
}

static Status read_hostfile(const char *file, Hosts *hosts)
{
    char *text = NULL;
    size_t size, lines = 1, line = 0;
    Status st = file_read(file, "hostfile", FILE_LIMIT, STATUS_DATA, &text, &size);
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    st = memory_new(&hosts->host, lines, "the hosts");
    for (char *at = text, *next; at && st == STATUS_OK; at = next) {
        next = strchr(at, '\n');
        if (next) *next++ = '\0';
        at[strcspn(at, "#")] = '\0';
        st = read_line(hosts, lines, file, ++line, at);
    }
    memory_free(text);
    if (st == STATUS_OK && hosts->count == 0) st = status_fail(STATUS_DATA, "\"%s\" names no host", file);
    hosts->reach = REACH_RSH;
    return st;
}

/* The number of tasks of the next node, from Slurm's "2(x3),1": *at is where the run of nodes stands that is counted
 * down by *left. 0: it does not say. */
static size_t next_tasks(const char **at, size_t *left)
{
    if (!*at || !**at) return 0;
    char *end;
    const size_t tasks = strtoul(*at, &end, 10);
    if (*left == 0) *left = strncmp(end, "(x", 2) == 0 ? strtoul(end + 2, NULL, 10) : 1;
    if (--*left == 0) {
        const char *comma = strchr(end, ',');
        *at = comma ? comma + 1 : NULL;
    }
    return tasks;
}

static Status add_nodes(Hosts *hosts, char *names)
{
    char *rest;
    const char *tasks = getenv("SLURM_TASKS_PER_NODE");
    size_t lines = 1, left = 0;
    for (const char *c = names; *c; c++) lines += *c == '\n';
    Status st = memory_new(&hosts->host, lines, "the hosts");
    for (char *name = strtok_r(names, "\n", &rest); name && st == STATUS_OK; name = strtok_r(NULL, "\n", &rest))
        st = add_host(hosts, lines, name, next_tasks(&tasks, &left));
    return st;
}

static Status read_allocation(const char *nodes, Hosts *hosts)
{
    Talk *talk;
    char *const show[] = {"scontrol", "show", "hostnames", (char *)nodes, NULL};
    Status st = talks_open(1, FILE_LIMIT, &talk);
    if (st != STATUS_OK) return st;
    st = talk_start(show, talk);
    if (st == STATUS_OK) talks_hear(talk, 1, hosts->patience);
    if (talk->code != 0 || !*talk->said)
        st = status_fail(STATUS_INTERNAL,
                         "\"scontrol show hostnames %.200s\" does not tell the nodes of this "
                         "allocation; name them with --hostfile",
                         nodes);
    else
        st = add_nodes(hosts, talk->said);
    talks_close(talk);
    hosts->reach = REACH_SRUN;
    return st;
}

static Status read_this_host(Hosts *hosts)
{
    char name[HOST_NAME_SIZE] = "localhost";
    Status st = memory_new(&hosts->host, 1, "the hosts");
    if (gethostname(name, sizeof name - 1) != 0) strcpy(name, "localhost");
    hosts->reach = REACH_LOCAL;
    return st == STATUS_OK ? add_host(hosts, 1, name, 0) : st;
}

/* Of directories where everyone may make some: nobody else can know it beforehand. */
static Status name_job(char job[JOB_NAME_SIZE])
{
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return status_fail(STATUS_INTERNAL, "the system gives no random numbers: %s", strerror(errno));
    snprintf(job, JOB_NAME_SIZE, "lockstep-%ld-%ld-%016" PRIx64 "%016" PRIx64, (long)getuid(), (long)getpid(),
             random[0], random[1]);
    return STATUS_OK;
}

Status hosts_open(const char *file, double patience, Hosts *hosts)
{
    *hosts = (Hosts){.patience = patience};
    const char *nodes = getenv("SLURM_JOB_NODELIST");
    Status st = name_job(hosts->job);
    if (st == STATUS_OK)
        st = file              ? read_hostfile(file, hosts)
             : nodes && *nodes ? read_allocation(nodes, hosts)
                               : read_this_host(hosts);
    if (st != STATUS_OK) hosts_close(hosts);
    return st;
}

void hosts_close(Hosts *hosts)
{
    memory_free(hosts->host);
    *hosts = (Hosts){0};
}

size_t hosts_slots(const Hosts *hosts)
{
    size_t slots = 0;
    for (size_t i = 0; i < hosts->count; i++) slots += hosts->host[i].answers ? hosts->host[i].slots : 0;
    return slots;
}

size_t hosts_ranks_on(const Hosts *hosts, size_t host, size_t ranks)
{
    const size_t slots = hosts_slots(hosts), own = hosts->host[host].answers ? hosts->host[host].slots : 0;
    size_t before = 0;
    for (size_t i = 0; i < host; i++) before += hosts->host[i].answers ? hosts->host[i].slots : 0;
    if (ranks > slots) return slots ? (ranks * own + slots - 1) / slots : 0;
    const size_t left = ranks > before ? ranks - before : 0;
    return left < own ? left : own;
}

bool hosts_crowded(const Hosts *hosts, size_t ranks)
{
    bool crowded = ranks > hosts_slots(hosts);
    for (size_t i = 0; i < hosts->count; i++)
        crowded = crowded || hosts_ranks_on(hosts, i, ranks) > hosts->host[i].cores;
    return crowded;
}

void hosts_directories(const Hosts *hosts, char shared[JOB_NAME_SIZE + 16], char files[JOB_NAME_SIZE + 16])
{
    snprintf(shared, JOB_NAME_SIZE + 16, "/dev/shm/%s", hosts->job);
    snprintf(files, JOB_NAME_SIZE + 16, "/tmp/%s", hosts->job);
}

static bool is_this_host(const char *name)
{
    char own[HOST_NAME_SIZE] = "";
    return strcmp(name, "localhost") == 0 || (gethostname(own, sizeof own - 1) == 0 && strcmp(name, own) == 0);
}

/* The program that takes a shell's text to a host, as Open MPI's: plm_rsh_agent. words: of it. */
static void split_agent(char *text, size_t size, char **argv, size_t *words)
{
    const char *agent = getenv("OMPI_MCA_plm_rsh_agent");
    char *rest;
    snprintf(text, size, "%s", agent && *agent ? agent : "ssh -x -o BatchMode=yes -o ConnectTimeout=10");
    for (char *word = strtok_r(text, " ", &rest); word && *words < MOST_WORDS; word = strtok_r(NULL, " ", &rest))
        argv[(*words)++] = word;
}

static Status start_on(const Hosts *hosts, const Host *host, const char *script, Talk *talk)
{
    char agent[1024], *argv[MOST_WORDS + 4];
    size_t words = 0;
    if (hosts->reach == REACH_LOCAL || is_this_host(host->name)) {
        argv[words++] = "sh";
        argv[words++] = "-c";
    } else if (hosts->reach == REACH_SRUN) {
        static char *const srun[] = {"srun", "--overlap", "--nodes=1", "--ntasks=1", "--quiet", "--nodelist"};
        memcpy(argv, srun, sizeof srun);
        words = sizeof srun / sizeof *srun;
        argv[words++] = (char *)host->name;
        argv[words++] = "sh";
        argv[words++] = "-c";
    } else {
        split_agent(agent, sizeof agent, argv, &words);
        argv[words++] = (char *)host->name;
    }
    argv[words++] = (char *)script;
    argv[words] = NULL;
    return talk_start(argv, talk);
}

void hosts_run(const Hosts *hosts, bool all, const char *script, double seconds, Talk *talk)
{
    Status st = STATUS_OK;
    for (size_t i = 0; i < hosts->count && st == STATUS_OK; i++)
        if (all || hosts->host[i].answers) st = start_on(hosts, &hosts->host[i], script, &talk[i]);
    talks_hear(talk, hosts->count, seconds);
    if (st == STATUS_OK) return;
    log_warning("%s", status_message());
    status_clear();
}

/* The job's name is taken apart here, and put together there: else a script would find itself among its processes. */
static const char *const name = "j=%.8s''%s; ";
static const char *const end_processes =
    "for p in $(echo \"$j\" | grep -aslFf - /proc/[0-9]*/environ /proc/[0-9]*/cmdline); do "
    "p=${p#/proc/}; kill -9 \"${p%/*}\" 2>/dev/null; done; ";
static const char *const remove_directories = "rm -rf \"/dev/shm/$j\" \"/tmp/$j\"; ";

/* What a launch of this user's that was killed has left: no process is of that job, and nothing was made in there for a
 * time in which a job that is just starting has made something. */
static const char *const sweep =
    "for d in $(find /dev/shm /tmp -maxdepth 1 -type d -user \"$(id -u)\" -name \"lockstep-$(id -u)-*-*\" -mmin +60 "
    "2>/dev/null); do echo \"${d##*/}\" | grep -aqsFf - /proc/[0-9]*/environ /proc/[0-9]*/cmdline || rm -rf \"$d\"; "
    "done; ";

/* Nobody else's, and no link to another place. Physical cores, where they are fewer: a multiply-add takes the whole of
 * one. */
static const char *const make_directories =
    "for d in \"/dev/shm/$j\" \"/tmp/$j\"; do mkdir -m 700 \"$d\" 2>/dev/null || "
    "{ [ -d \"$d\" ] && [ -O \"$d\" ] && [ ! -L \"$d\" ]; } || { echo lockstep-refuses; exit; }; done; n=$(env -u "
    "OMP_NUM_THREADS -u "
    "OMP_THREAD_LIMIT nproc); "
    "p=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l); "
    "[ \"$p\" -gt 0 ] && [ \"$p\" -lt \"$n\" ] && n=$p; echo lockstep-cores $n";

static void take_answer(Host *host, const Talk *talk)
{
    const char *word = strstr(talk->said, "lockstep-cores ");
    const size_t cores = talk->code >= 0 && word ? strtoul(word + strlen("lockstep-cores "), NULL, 10) : 0;
    host->refuses = strstr(talk->said, "lockstep-refuses") != NULL;
    if (cores == 0 && host->answers)
        log_warning("host %s %s: it is left out", host->name,
                    host->refuses ? "lets no directory be made in /dev/shm or /tmp" : "does not answer");
    if (cores > 0 && !host->answers) log_info("host %s answers again", host->name);
    host->answers = cores > 0;
    host->cores = cores;
    if (host->slots == 0) host->slots = cores;
}

/* Runs a script on all hosts; takes what they say for their answers if `answers`. */
static void run_script(Hosts *hosts, const char *script, bool answers)
{
    Talk *talk;
    if (talks_open(hosts->count, ANSWER_SIZE, &talk) != STATUS_OK) {
        log_warning("%s", status_message());
        status_clear();
        return;
    }
    hosts_run(hosts, true, script, hosts->patience, talk);
    for (size_t i = 0; i < hosts->count && answers; i++) take_answer(&hosts->host[i], &talk[i]);
    talks_close(talk);
}

void hosts_ask(Hosts *hosts, bool kills)
{
    char script[SCRIPT_SIZE];
    const int used = snprintf(script, sizeof script, name, hosts->job, hosts->job + 8);
    snprintf(script + used, sizeof script - (size_t)used, "%s%s%s", kills ? end_processes : "",
             kills ? remove_directories : sweep, make_directories);
    run_script(hosts, script, true);
}

void hosts_clean(Hosts *hosts)
{
    char script[SCRIPT_SIZE];
    const int used = snprintf(script, sizeof script, name, hosts->job, hosts->job + 8);
    snprintf(script + used, sizeof script - (size_t)used, "%s%s", end_processes, remove_directories);
    run_script(hosts, script, false);
}
