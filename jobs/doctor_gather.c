#include "doctor_gather.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "mpirun.h"

void gather_free(Gathered *gathered)
{
    talks_close(gathered->hosts_said);
    talks_close(gathered->ranks_said);
    memory_free(gathered->told);
    memory_free(gathered->rank);
    memory_free(gathered->texts);
    hosts_close(&gathered->hosts);
    *gathered = (Gathered){0};
}

/* The facts of all ranks are one text after the other: each ends with its line "end". */
static void split_ranks(char *text, size_t most, const char **rank, size_t *count)
{
    static const char last[] = "\nend\n";
    char *end;
    for (*count = 0; *count < most && (end = strstr(text, last)); text = end + sizeof last) {
        rank[(*count)++] = text;
        end[sizeof last - 1] = '\0';
    }
}

/* A word for a shell. */
static void quote(const char *word, FILE *out)
{
    fputs(" '", out);
    for (; *word; word++) *word == '\'' ? fputs("'\\''", out) : fputc(*word, out);
    fputc('\'', out);
}

static void write_script(const Invocation *invocation, const char *directory, const char *program, size_t ranks,
                         FILE *out)
{
    fputs("cd", out);
    quote(directory, out);
    /* srun may have set these: the program would take itself for a rank. */
    fputs(" && exec env -u PMI_RANK -u PMIX_RANK", out);
    quote(program, out);
    fprintf(out, " doctor --facts --ranks %zu", ranks);
    for (size_t i = 0; i < invocation->given_count; i++) {
        const struct GivenOption *given = &invocation->given[i];
        if (strcmp(given->option->name, "run") != 0 && strcmp(given->option->name, "set") != 0) continue;
        fprintf(out, " --%s", given->option->name);
        quote(given->value, out);
    }
    if (invocation->operand_count) quote(invocation->operands[0], out);
}

/* What each host is to run: this program, from here. */
static Status make_script(const Invocation *invocation, size_t ranks, char **script, size_t size)
{
    char directory[PATH_MAX], program[PATH_MAX];
    Status st = mpirun_program(program);
    if (st == STATUS_OK && !getcwd(directory, sizeof directory))
        st = status_fail(STATUS_INTERNAL, "cannot tell which directory this is");
    if (st == STATUS_OK) st = memory_new(script, size, "what the hosts are asked");
    if (st != STATUS_OK) return st;
    FILE *out = fmemopen(*script, size, "w");
    if (out) write_script(invocation, directory, program, ranks, out);
    if (out && fclose(out) == 0 && strlen(*script) + 1 < size) return STATUS_OK;
    return status_fail(STATUS_USAGE, "doctor: the options are too long");
}

static Status ask_hosts(const Invocation *invocation, double patience, Gathered *gathered)
{
    enum { SCRIPT_SIZE = 1 << 16 };
    char *script = NULL;
    const size_t count = gathered->hosts.count;
    Status st = make_script(invocation, gathered->ranks, &script, SCRIPT_SIZE);
    if (st == STATUS_OK) st = talks_open(count, FACTS_SIZE, &gathered->hosts_said);
    if (st == STATUS_OK) st = memory_new(&gathered->told, count, "the hosts");
    if (st == STATUS_OK) {
        hosts_run(&gathered->hosts, false, script, patience, gathered->hosts_said);
        for (size_t i = 0; i < count; i++) gathered->told[i] = gathered->hosts_said[i].said;
    }
    memory_free(script);
    return st;
}

static void set_not_started(Gathered *gathered, const char *why)
{
    snprintf(gathered->not_started, sizeof gathered->not_started, "%s", why);
}

static Status start_ranks(double patience, Gathered *gathered)
{
    Mpirun mpirun;
    Status st = talks_open(1, gathered->ranks * FACTS_SIZE, &gathered->ranks_said);
    if (st == STATUS_OK) st = memory_new(&gathered->rank, gathered->ranks, "the ranks");
    if (st == STATUS_OK) st = mpirun_open(&gathered->hosts, gathered->ranks, true, 3, &mpirun);
    if (st != STATUS_OK) return st;
    mpirun_add(&mpirun, mpirun.program);
    mpirun_add(&mpirun, "doctor");
    mpirun_add(&mpirun, "--facts");
    Talk *talk = gathered->ranks_said;
    if (talk_start((char *const *)mpirun.word, talk) == STATUS_OK) {
        talks_hear(talk, 1, patience);
        gathered->launch_code = talk->code;
    } else {
        set_not_started(gathered, status_message());
        status_clear();
    }
    mpirun_close(&mpirun);
    split_ranks(talk->said, gathered->ranks, gathered->rank, &gathered->started);
    return STATUS_OK;
}

/* As launch would start. */
static size_t ranks_for(const Hosts *hosts, const Settings *settings, size_t wanted)
{
    const size_t slots = hosts_slots(hosts), shards = settings ? (size_t)settings->training.shards : SIZE_MAX;
    const size_t ranks = wanted ? wanted : slots ? slots : 1;
    return ranks < shards ? ranks : shards;
}

Status gather_outside(const Invocation *invocation, const Settings *settings, size_t wanted, double patience,
                      Gathered *gathered)
{
    *gathered = (Gathered){0};
    Status st = hosts_open(invocation_value(invocation, "hostfile", NULL), patience, &gathered->hosts);
    if (st != STATUS_OK) return st;
    log_set_speaker(false); /* who does not answer is a finding */
    hosts_ask(&gathered->hosts, false);
    gathered->ranks = ranks_for(&gathered->hosts, settings, wanted);
    st = ask_hosts(invocation, patience, gathered);
    if (st == STATUS_OK && hosts_slots(&gathered->hosts) > 0)
        st = start_ranks(patience, gathered);
    else
        set_not_started(gathered, "no host is ready, see hosts above");
    hosts_clean(&gathered->hosts);
    log_set_speaker(true);
    return st;
}

/* The hosts of the ranks, each told of by its first one. hosts, told: with room for as many as there are ranks. */
static void find_hosts(Gathered *gathered)
{
    char name[FACT_SIZE];
    Hosts *hosts = &gathered->hosts;
    for (size_t r = 0; r < gathered->started; r++) {
        size_t i = 0;
        facts_text(gathered->rank[r], "host", name);
        while (i < hosts->count && strncmp(hosts->host[i].name, name, HOST_NAME_SIZE - 1) != 0) i++;
        hosts->host[i].slots++;
        if (i < hosts->count) continue;
        snprintf(hosts->host[i].name, HOST_NAME_SIZE, "%.*s", HOST_NAME_SIZE - 1, name);
        hosts->host[i].answers = true;
        gathered->told[i] = gathered->rank[r];
        hosts->count++;
    }
}

static Status make_room(size_t ranks, Gathered *gathered)
{
    Status st = memory_new(&gathered->texts, ranks * FACTS_SIZE, "the ranks' facts");
    if (st == STATUS_OK) st = memory_new(&gathered->rank, ranks, "the ranks");
    if (st == STATUS_OK) st = memory_new(&gathered->told, ranks, "the hosts");
    if (st == STATUS_OK) st = memory_new(&gathered->hosts.host, ranks, "the hosts");
    return st;
}

Status gather_inside(Comm *comm, const FactsAsked *asked, Gathered *gathered)
{
    static char mine[FACTS_SIZE];
    const size_t ranks = (size_t)comm_size(comm);
    *gathered = (Gathered){.started = ranks, .ranks = ranks};
    Status st = comm_agree(comm, make_room(ranks, gathered));
    if (st != STATUS_OK) return st;
    FILE *out = fmemopen(mine, sizeof mine, "w");
    if (out) {
        facts_write(asked, out);
        fclose(out);
    }
    comm_gather_all(comm, mine, sizeof mine, gathered->texts);
    for (size_t r = 0; r < ranks; r++) gathered->rank[r] = gathered->texts + r * FACTS_SIZE;
    find_hosts(gathered);
    return STATUS_OK;
}
