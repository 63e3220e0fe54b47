#include "course.h"

#include <math.h>
#include <string.h>

Course course_of(const History *history)
{
    Course course = {.best = NAN};
    for (size_t i = 0; i < history->count; i++) {
        const Event *event = &history->event[i];
        if (history_is_start(event)) {
            course.starts++;
            course.ranks = event->ranks;
            course.steps = event->steps;
        }
        if (event->kind < EVENT_LOST) course.step = event->step;
        if (event->kind == EVENT_EPOCH) course.epoch = event;
        if (event->kind == EVENT_EPOCH && !(event->test_accuracy <= course.best)) course.best = event->test_accuracy;
        if (event->kind != EVENT_CHECKPOINT) course.last = event;
    }
    return course;
}

const char *course_end(const Course *course, uint64_t newest)
{
    if (!course->last || course->last->kind != EVENT_END) return NULL;
    const char *reason = course->last->reason;
    const bool promises = strcmp(reason, "finished") == 0 || strcmp(reason, "stopped") == 0;
    return promises && newest < course->last->step ? NULL : reason;
}
