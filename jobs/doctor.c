/* The command, its table of checks, and how findings are printed. */
#include "doctor.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "commands.h"
#include "config_file.h"
#include "doctor_gather.h"
#include "rundir/rundir.h"
#include "train/check.h"
#include "train/setup.h"

static const Option options[] = {
    {"ranks", 'n', "N", "for N ranks (default: one a slot of the hosts that answer, at most training.shards)", false},
    {"hostfile", 0, "FILE", "hosts, as for launch", false},
    {"run", 0, "DIR", "look at this run directory (default: the config's)", false},
    {"set", 0, "PATH=VALUE", "change one setting of the config; may be given many times", false},
    {"patience", 0, "S", "wait S seconds for hosts and programs to answer, and for ranks to start (default 30)", false},
    {"facts", 0, NULL, "print what is seen of this host or these ranks, KEY VALUE a line, and judge nothing", false},
};

static const struct {
    const char *name;
    void (*run)(Doctor *doctor);
} checks[] = {
    {"mpirun", check_mpirun},
    {"hosts", check_hosts},
    {"host names", check_names},
    {"program", check_program},
    {"network", check_network},
    {"launch", check_launch},
    {"slurm", check_slurm},
    {"binding", check_binding},
    {"processor", check_kernels},
    {"copying", check_copying},
    {"shared memory", check_shared_memory},
    {"memory", check_memory},
    {"dataset", check_dataset},
    {"run directory", check_run},
    {"disk space", check_space},
};

/* "OK       mpirun         what was seen"; meaning and advice below. */
enum { INDENT = 24, WIDTH = 120 };

/* A text below what was seen, in lines that break between words. */
static void print_below(const char *mark, const char *text)
{
    const int shift = INDENT + (int)strlen(mark);
    int column = printf("%*s%s", INDENT, "", mark);
    for (size_t length; *text; text += length + strspn(text + length, " ")) {
        length = strcspn(text, " ");
        if (column > shift && column + 1 + (int)length > WIDTH) column = printf("\n%*s", shift, "") - 1;
        column += printf("%s%.*s", column > shift ? " " : "", (int)length, text);
    }
    putchar('\n');
}

void doctor_says(Doctor *doctor, Severity severity, const char *meaning, const char *advice, const char *format, ...)
{
    static const char *const word[] = {"OK", "WARNING", "PROBLEM"};
    char saw[1001];
    va_list args;
    va_start(args, format);
    vsnprintf(saw, sizeof saw, format, args);
    va_end(args);
    printf("%-8s %-14s ", word[severity], doctor->check);
    text_put(saw, true, stdout);
    putchar('\n');
    if (meaning) print_below("", meaning);
    if (advice) print_below("-> ", advice);
    fflush(stdout);
    doctor->count[severity]++;
}

/* patience: not needed inside */
static Status examine(const FactsAsked *asked, bool inside, double patience, const Gathered *gathered)
{
    Doctor doctor = {
        .settings = asked->settings,
        .run = asked->run,
        .inside = inside,
        .hosts = &gathered->hosts,
        .told = gathered->told,
        .first = "",
        .ranks = gathered->ranks,
        .rank = gathered->rank,
        .started = gathered->started,
        .launch_code = gathered->launch_code,
        .not_started = gathered->not_started,
        .patience = patience,
    };
    for (size_t i = gathered->hosts.count; i-- > 0;) {
        if (!*gathered->told[i]) continue;
        doctor.first = gathered->told[i];
        doctor.tellers++;
    }
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        doctor.check = checks[i].name;
        checks[i].run(&doctor);
    }
    const int problems = doctor.count[PROBLEM], warnings = doctor.count[WARNING];
    printf("%d problem%s, %d warning%s\n", problems, problems == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    if (problems == 0) return STATUS_OK;
    return status_fail(STATUS_INTERNAL, "%d problem%s found: they are on stdout, with what to do", problems,
                       problems == 1 ? "" : "s");
}

static void print_facts(const FactsAsked *asked, const Gathered *gathered)
{
    if (asked->size == 1) facts_write(asked, stdout);
    for (size_t r = 0; asked->size > 1 && asked->rank == 0 && r < gathered->started; r++)
        fputs(gathered->rank[r], stdout);
}

/* Each rank, under a launcher; or one process that tells of its host. Collective; agreed. */
static Status look_inside(Comm *comm, const Invocation *invocation, FactsAsked asked)
{
    char copying[FACT_SIZE];
    Gathered gathered = {0};
    asked.rank = comm_rank(comm);
    asked.size = comm_size(comm);
    asked.copying = copying;
    if (asked.ranks == 0) asked.ranks = (size_t)asked.size;
    if (asked.rank > 0) asked.run = "";
    Status st = facts_copying(comm, copying);
    const bool facts = invocation_has(invocation, "facts");
    if (st == STATUS_OK && (!facts || asked.size > 1)) st = gather_inside(comm, &asked, &gathered);
    if (st == STATUS_OK && facts)
        print_facts(&asked, &gathered);
    else if (st == STATUS_OK && asked.rank == 0)
        st = examine(&asked, true, 0.0, &gathered);
    gather_free(&gathered);
    return st;
}

static Status look_outside(const Invocation *invocation, const FactsAsked *asked)
{
    Gathered gathered = {0};
    long long patience = 30;
    Status st = invocation_number(invocation, "patience", 1, 3600, &patience);
    if (st == STATUS_OK) st = gather_outside(invocation, asked->settings, asked->ranks, (double)patience, &gathered);
    if (st == STATUS_OK) st = examine(asked, false, (double)patience, &gathered);
    gather_free(&gathered);
    return st;
}

/* ranks: that were started, 0: none. run: (RUNDIR_PATH_SIZE) */
static Status read_options(const Invocation *invocation, long long ranks, Settings *settings, char *run,
                           FactsAsked *asked)
{
    Status st = invocation_number(invocation, "ranks", 1, 1 << 20, &ranks);
    asked->ranks = (size_t)ranks;
    asked->run = run;
    if (st != STATUS_OK) return st;
    snprintf(run, RUNDIR_PATH_SIZE, "%s", invocation_value(invocation, "run", ""));
    if (invocation->operand_count == 0) return STATUS_OK;
    asked->settings = settings;
    st = config_file_read(invocation, invocation->operands[0], settings);
    if (st == STATUS_OK) st = config_file_run(invocation, settings, run, RUNDIR_PATH_SIZE);
    return st == STATUS_OK ? setup_check_ranks(settings, asked->ranks) : st;
}

/* While there is no MPI yet: a dataset that HDF5 does not survive is told, and not opened. */
static void try_dataset(Settings *settings, FactsAsked *asked)
{
    static char error[FACT_SIZE];
    if (!asked->settings || train_try_dataset(settings) == STATUS_OK) return;
    snprintf(error, sizeof error, "%s", status_message());
    status_clear();
    asked->dataset_error = error;
}

static Status doctor_run(const Invocation *invocation)
{
    static Settings settings;
    static char run[RUNDIR_PATH_SIZE];
    int rank, size;
    FactsAsked asked = {0};
    Comm *comm = NULL;
    const bool inside = comm_launched(&rank, &size);
    Status st = read_options(invocation, inside ? size : 0, &settings, run, &asked);
    if (!inside && (st != STATUS_OK || !invocation_has(invocation, "facts")))
        return st == STATUS_OK ? look_outside(invocation, &asked) : st;
    if (st == STATUS_OK) try_dataset(&settings, &asked);
    Status begun = comm_begin(invocation->argc, invocation->argv, &comm);
    if (begun != STATUS_OK) return begun;
    st = comm_agree(comm, st);
    if (st == STATUS_OK) st = look_inside(comm, invocation, asked);
    fflush(stdout);
    status_report(st); /* before any rank leaves: mpirun then ends the others at once */
    comm_end(comm);
    return st;
}

const Command command_doctor = {
    .name = "doctor",
    .operands = "[CONFIG]",
    .most_operands = 1,
    .summary = "Tells what in this installation will go wrong, and what to do; under mpirun, with those ranks.",
    .example = "lockstep doctor configs/mnist.cfg --hostfile hosts -n 8",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = doctor_run,
};
