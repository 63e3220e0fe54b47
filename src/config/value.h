/* One value, from libconfig into the settings. */
#ifndef LOCKSTEP_CONFIG_VALUE_H
#define LOCKSTEP_CONFIG_VALUE_H

#include <libconfig.h>
#include <stdio.h>

#include "config/table.h"

/* Stores value in the member of settings that the table's row describes. Returns NULL, or what is not allowed there:
 * value itself or an element of it; then nothing is stored. */
const config_setting_t *value_take(const Setting *setting, const config_setting_t *value, Settings *settings);

/* text = what value is, which the setting does not allow, for a message: 5, "relu" (cut when long), "a group". */
void value_describe(const Setting *setting, const config_setting_t *value, char *text, size_t size);

/* text = what the setting allows: "a whole number from 1 to 1024". */
void value_allowed(const Setting *setting, char *text, size_t size);

/* How many numerals of the config's text are in value, a scalar or an array. */
size_t value_numerals(const config_setting_t *value);

#endif
