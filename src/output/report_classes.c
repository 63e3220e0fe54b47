/* What each class was taken for, from the counts in the record of the run's last end. */
#include <math.h>

#include "output/markup.h"
#include "output/report_counts.h"
#include "output/report_facts.h"
#include "output/report_sections.h"

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : (double)NAN;
}

static void put_cell(FILE *out, double value)
{
    fputs("<td>", out);
    markup_decimals(out, value, 4);
    fputs("</td>", out);
}

static void write_class(FILE *out, size_t c, const ClassCounts *of, bool is_matrix)
{
    const double right = (double)of->right, samples = (double)of->samples, taken = (double)of->taken;
    fprintf(out, "<tr><th scope=\"row\">%zu</th>", c);
    if (is_matrix) put_cell(out, share(right, taken));
    put_cell(out, share(right, samples));
    if (is_matrix) put_cell(out, share(2.0 * right, samples + taken));
    fputs("<td>", out);
    markup_count(out, of->samples);
    fputs("</td></tr>\n", out);
}

static void write_table(FILE *out, const Event *event, size_t classes, bool is_matrix)
{
    fprintf(out,
            "<div class=\"wide\"><table><caption>By class</caption><thead><tr><th>class</th>%s<th>recall</th>%s"
            "<th>samples</th></tr></thead><tbody>\n",
            is_matrix ? "<th>precision</th>" : "", is_matrix ? "<th>F1</th>" : "");
    for (size_t c = 0; c < classes; c++) {
        const ClassCounts of = report_counts_of(event, classes, is_matrix, c);
        write_class(out, c, &of, is_matrix);
    }
    fputs("</tbody></table></div>\n", out);
}

static void explain(FILE *out, bool is_matrix)
{
    fputs("<p class=\"hint\">Recall: of the class's samples those found.", out);
    if (is_matrix) fputs(" Precision: of what was taken for it, right. F1: their harmonic mean.", out);
    fputs("</p>\n", out);
}

static uint64_t most_confused(const Event *event, size_t classes)
{
    uint64_t most = 1;
    for (size_t i = 0; i < classes; i++)
        for (size_t j = 0; j < classes; j++)
            if (i != j && history_count(event, "confusion", i, j) > most)
                most = history_count(event, "confusion", i, j);
    return most;
}

/* Right ones are tinted by their share of the class, wrong ones by that of the largest of their kind. */
static void write_matrix_cell(FILE *out, bool is_right, uint64_t count, uint64_t whole)
{
    if (count == 0) {
        fputs("<td class=\"none\">&#183;</td>", out);
        return;
    }
    const double strength = 0.06 + 0.5 * (whole ? (double)count / (double)whole : 0.0);
    fprintf(out, "<td style=\"background:rgb(var(--%s)/%.2f)\">", is_right ? "right" : "wrong", strength);
    markup_count(out, count);
    fputs("</td>", out);
}

static void write_matrix(FILE *out, const Event *event, size_t classes)
{
    const uint64_t most = most_confused(event, classes);
    fprintf(out,
            "<div class=\"wide\"><table class=\"matrix\" style=\"--columns:%zu\"><caption>Rows are the labels, columns "
            "what they were taken for</caption><thead><tr><th></th>",
            classes + 2);
    for (size_t j = 0; j < classes; j++) fprintf(out, "<th>%zu</th>", j);
    fputs("<th>all</th></tr></thead><tbody>\n", out);
    for (size_t i = 0; i < classes; i++) {
        const ClassCounts of = report_counts_of(event, classes, true, i);
        fprintf(out, "<tr><th scope=\"row\">%zu</th>", i);
        for (size_t j = 0; j < classes; j++)
            write_matrix_cell(out, i == j, history_count(event, "confusion", i, j), i == j ? of.samples : most);
        fputs("<td class=\"sum\">", out);
        markup_count(out, of.samples);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

void report_classes(FILE *out, const ReportRun *run)
{
    size_t classes;
    bool is_matrix;
    const Event *event = report_counts_find(run->history, &classes, &is_matrix);
    markup_section_begin(out, "classes", "Classes");
    if (!event) {
        markup_absent(out, "Counts of predictions are recorded when a training ends; this one has not.", NULL);
    } else {
        report_evaluated(out, run->history, event);
        fputs("<div class=\"pair\">\n", out);
        if (is_matrix) write_matrix(out, event, classes);
        write_table(out, event, classes, is_matrix);
        fputs("</div>\n", out);
        explain(out, is_matrix);
    }
    markup_section_end(out);
}
