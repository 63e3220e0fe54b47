/* Settings and values as text. */
#ifndef LOCKSTEP_CONFIG_PRINT_H
#define LOCKSTEP_CONFIG_PRINT_H

#include <stdio.h>

#include "config/table.h"

/* The member of settings that the table's row describes, in libconfig's syntax. */
void print_value(const Setting *setting, const Settings *settings, FILE *out);

/* text (size) = what is allowed, in a table's brevity. */
void print_range(const Setting *setting, char *text, size_t size);

#endif
