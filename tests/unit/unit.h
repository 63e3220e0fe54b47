/* The main function of a unit test program: a list of functions whose names state facts. */
#ifndef LOCKSTEP_TESTS_UNIT_H
#define LOCKSTEP_TESTS_UNIT_H

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    void (*run)(void);
} UnitTest;

/* clang-format off */
#define UNIT(function) {#function, function}
/* clang-format on */

/* Runs the tests and returns main's result: 0 if every assertion held and at least one was made. */
static inline int unit_run(const char *module, const UnitTest *tests, size_t count)
{
    if (CU_initialize_registry() != CUE_SUCCESS) return 2;
    CU_pSuite suite = CU_add_suite(module, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        if (!suite || !CU_add_test(suite, tests[i].name, tests[i].run)) return 2;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    const int ok = CU_get_number_of_failures() == 0 && CU_get_number_of_asserts() > 0;
    CU_cleanup_registry();
    return ok ? 0 : 1;
}

#define UNIT_RUN(module, tests) unit_run(module, tests, sizeof(tests) / sizeof *(tests))

/* How many: the value of the environment's variable, which must be a whole number of at least 1; usual without it. */
static inline unsigned long long unit_count(const char *variable, unsigned long long usual)
{
    const char *text = getenv(variable);
    if (!text) return usual;
    char *end;
    const unsigned long long count = strtoull(text, &end, 10);
    if (count >= 1 && *end == '\0') return count;
    fprintf(stderr, "%s=%s: not a whole number of at least 1\n", variable, text);
    exit(2);
}

/* The pending failure message holds this text. */
#define CU_ASSERT_MESSAGE_HAS(text) CU_ASSERT_PTR_NOT_NULL(strstr(status_message(), text))

#endif
