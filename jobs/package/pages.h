/* The manual pages and the completion of bash, from the tables of commands, settings and topics: a program that the
 * build runs. Write errors are left in the streams. */
#ifndef LOCKSTEP_JOBS_PACKAGE_PAGES_H
#define LOCKSTEP_JOBS_PACKAGE_PAGES_H

#include "command.h"

/* "import idx" becomes "lockstep-import-idx". */
void page_name(const Command *command, char *name, size_t size);

/* In the language of man(7). date: for their foot, YYYY-MM-DD. */
void page_program(const char *date, FILE *out);
void page_command(const Command *command, const char *date, FILE *out);
void page_settings(const char *date, FILE *out);

/* The tables that completion.sh reads: bash. */
void completion_tables(FILE *out);

#endif
