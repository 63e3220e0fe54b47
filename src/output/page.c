#include "output/page.h"

#include "lockstep/lockstep.h"
#include "output/markup.h"
#include "output/style.h"

void page_begin(FILE *out, const char *title)
{
    fputs(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>",
        out);
    markup_text(out, title);
    fputs("</title>\n<style>\n", out);
    fputs(style_text, out);
    fputs("</style>\n</head>\n<body>\n<main>\n", out);
}

void page_end(FILE *out)
{
    fprintf(out, "</main>\n<footer>Written by lockstep report, version %s.</footer>\n</body>\n</html>\n",
            lockstep_version());
}
