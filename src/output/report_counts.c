#include "output/report_counts.h"

const Event *report_counts_find(const History *history, size_t *classes, bool *is_matrix)
{
    for (size_t i = history->count; i-- > 0;) {
        const Event *event = &history->event[i];
        size_t rows, others;
        if (event->kind != EVENT_END) continue;
        *is_matrix = history_has_counts(event, "confusion", &rows, classes) && rows == *classes;
        if (*is_matrix) return event;
        if (history_has_counts(event, "class_samples", &rows, classes) && rows == 0 &&
            history_has_counts(event, "class_right", &rows, &others) && others == *classes)
            return event;
    }
    return NULL;
}

ClassCounts report_counts_of(const Event *event, size_t classes, bool is_matrix, size_t c)
{
    ClassCounts of = {0};
    if (!is_matrix)
        return (ClassCounts){.samples = history_count(event, "class_samples", 0, c),
                             .right = history_count(event, "class_right", 0, c)};
    of.right = history_count(event, "confusion", c, c);
    for (size_t j = 0; j < classes; j++) {
        of.samples += history_count(event, "confusion", c, j);
        of.taken += history_count(event, "confusion", j, c);
    }
    return of;
}

uint64_t report_counts_sum(const Event *event, size_t classes, bool is_matrix)
{
    uint64_t samples = 0;
    for (size_t c = 0; event && c < classes; c++) samples += report_counts_of(event, classes, is_matrix, c).samples;
    return samples;
}
