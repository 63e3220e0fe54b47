/* One value as text, within src/config. */
#ifndef LOCKSTEP_CONFIG_PRINT_H
#define LOCKSTEP_CONFIG_PRINT_H

#include <stdio.h>

#include "config/table.h"

/* The member of settings that the table's row describes, in libconfig's syntax. */
void print_value(const Setting *setting, const Settings *settings, FILE *out);

#endif
