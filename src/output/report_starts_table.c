/* How often a run was started, and what became of each start. */
#include "output/markup.h"
#include "output/report_sections.h"

static void write_row(FILE *out, const ReportRun *run, const ReportStarts *starts, size_t i)
{
    const ReportStart *start = &starts->start[i];
    char end[128];
    fprintf(out, "<tr><th scope=\"row\">%zu</th><td>", i + 1);
    markup_count(out, start->begin->step);
    fputs("</td><td>", out);
    markup_count(out, start->reached);
    fputs("</td><td class=\"left\">", out);
    markup_text(out, report_start_end(run, start, end, sizeof end));
    fputs("</td><td>", out);
    markup_count(out, start->again);
    fputs("</td><td>", out);
    markup_count(out, start->begin->ranks);
    fputs("</td><td>", out);
    markup_count(out, start->begin->nodes);
    fputs("</td><td class=\"left\">", out);
    markup_text(out, history_text(start->begin, "host"));
    fputs("</td></tr>\n", out);
}

void report_starts_table(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    markup_section_begin(out, "starts", "Starts");
    if (starts->count == 0) {
        markup_absent(out, "No start is recorded.", NULL);
    } else {
        fputs(
            "<div class=\"wide\"><table><thead><tr><th>start</th><th>from step</th><th>to step</th><th "
            "class=\"left\">end</th><th>done again</th><th>ranks</th><th>nodes</th><th class=\"left\">host of rank "
            "0</th></tr></thead><tbody>\n",
            out);
        for (size_t i = 0; i < starts->count; i++) write_row(out, run, starts, i);
        fputs(
            "</tbody></table></div>\n<p class=\"hint\">Done again: of the steps recorded here those behind the "
            "checkpoint that the next start went on from; with the same result.</p>\n",
            out);
    }
    markup_section_end(out);
}
