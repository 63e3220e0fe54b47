# Called by floors.sh with the project's text files: prints "file:line: what" for each broken rule. Tests look at
# everything, so they are exempt from the rules about includes, libraries, memory and exits.
# POSIX awk (Debian's is mawk: no {n} and no \< in patterns).

BEGIN {
    count = split("base 0 kernels 1 config 1 hdf5 1 comm 2 data 2 model 2 rundir 3 output 4 api 5 train 5 jobs 6", word, " ")
    for (i = 1; i < count; i += 2) floor[word[i]] = word[i + 1] + 0
    home["mpi.h"] = "comm"
    home["hdf5.h"] = home["hdf5_hl.h"] = "hdf5"
    home["libconfig.h"] = "config"
    home["png.h"] = "data output"
    LONG_FILE = 400 # lines: told
    LONGEST_FILE = 450
    LONGEST_FUNCTION = 60
}

FNR == 1 {
    end_file()
    begin_file()
}

{
    last = $0
    last_line = FNR
    check_line()
    if (is_build) check_flags()
    if (is_c) check_c(code_of($0))
}

END {
    end_file()
}

function violation(line, what) {
    print file ":" line ": " what
}

function begin_file(    part) {
    file = FILENAME
    sub(/^\.\//, "", file)
    split(file, part, "/")
    is_source = file ~ /\.c$/
    is_header = file ~ /\.h$/
    is_c = is_source || is_header
    is_build = file ~ /(^|\/)(CMakeLists\.txt|CMakePresets\.json|Makefile|[^\/]*\.(cmake|mk))$/
    is_test = part[1] == "tests"
    folder = part[1] == "src" ? part[2] : part[1]
    if (is_c && part[1] == "src" && !(folder in floor)) violation(1, "src/" folder " is not a floor of the house")
    in_comment = 0
    body = 0
    guard = ""
    guard_line = 0
    if (is_header && $0 !~ /^\/\*/) violation(1, "a header opens with a comment that says what it is for")
}

function end_file() {
    if (file == "") return
    if (is_source && last_line > LONGEST_FILE) violation(last_line, "the file is longer than " LONGEST_FILE " lines")
    else if (is_source && last_line > LONG_FILE)
        print file ":" last_line ": note: longer than " LONG_FILE " lines, time to split it" > "/dev/stderr"
    if (is_header && (guard == "" || last !~ /^#endif/)) violation(1, "a header needs an include guard LOCKSTEP_..._H")
}

function check_line() {
    if ($0 ~ /[ \t]$/) violation(FNR, "blank at the end of the line")
    else if ($0 ~ /\t/) violation(FNR, "tab")
    if ($0 ~ /TO[D]O|FIX[M]E/) violation(FNR, "a note of unfinished work")
    if ($0 ~ /(^|[^A-Za-z0-9_.~}])\/(work|root|home)(\/|[^A-Za-z0-9_-]|$)/) violation(FNR, "a path of one machine")
}

function check_flags(    flags) {
    flags = $0
    sub(/#.*/, "", flags)
    if (flags ~ /-m(arch|cpu)=native|-ffast-math|-Ofast|-funsafe-math-optimizations|-ffp-contract=(on|fast)/)
        violation(FNR, "a flag that lets results depend on the machine")
}

# The line without comments, with strings and characters emptied. in_comment carries over from line to line.
function code_of(line,    out, token) {
    out = ""
    for (;;) {
        if (in_comment) {
            if (!match(line, /\*\//)) return out
            line = substr(line, RSTART + 2)
            in_comment = 0
        }
        if (!match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\*|\/\//)) return out line
        token = substr(line, RSTART, 2)
        out = out substr(line, 1, RSTART - 1) " "
        if (token == "//") return out
        line = substr(line, RSTART + RLENGTH)
        in_comment = token == "/*"
    }
}

function calls(code, names) {
    return code ~ ("(^|[^A-Za-z0-9_.>])(" names ")[ ]*\\(")
}

function check_c(code) {
    if ($0 ~ /^[ ]*#[ ]*include/) check_include()
    if (is_header) check_guard()
    if (is_source) check_function()
    if (is_test) return
    if (calls(code, "exit|_exit|_Exit|quick_exit|abort|MPI_Abort")) check_exit(code)
    if (file != "src/base/memory.c" &&
        calls(code, "malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|free|v?asprintf|strn?dup"))
        violation(FNR, "memory comes from base/memory.h alone")
}

# A process that src/base/apart.c has made it ends itself.
function check_exit(code) {
    if (file == "src/comm/process.c" || (file == "src/base/apart.c" && !calls(code, "exit|_Exit|quick_exit|abort|MPI_Abort"))) return
    violation(FNR, "ending the process is the business of src/comm/process.c alone")
}

function check_include(    name, target, where) {
    if (!match($0, /[<"][^>"]*[>"]/)) return
    name = substr($0, RSTART + 1, RLENGTH - 2)
    if (name in home && index(" " home[name] " ", " " folder " ") == 0 && !is_test) {
        where = home[name]
        gsub(/ /, " and src/", where)
        violation(FNR, "<" name "> is included in src/" where " alone")
    }
    if ($0 !~ /"/ || name !~ /\//) return
    target = name
    sub(/\/.*/, "", target)
    if (name ~ /\.\.\//) violation(FNR, "an include goes by the name of its folder")
    else if (is_test || target == "lockstep" || target == folder) return
    else if (!(target in floor)) violation(FNR, "\"" target "\" is not a floor of the house")
    else if (!(folder in floor) || floor[target] >= floor[folder])
        violation(FNR, folder " includes \"" name "\", which is not on a lower floor")
}

# The first directive must be #ifndef LOCKSTEP_..._H, the next line its #define.
function check_guard() {
    if (FNR == guard_line + 1 && guard_name != "") {
        if ($0 == "#define " guard_name && !(guard_name in guards)) guard = guard_name
        guards[guard_name] = file
        guard_name = ""
    }
    if (!guard_line && $0 ~ /^#/) {
        guard_line = FNR
        guard_name = $0 ~ /^#ifndef LOCKSTEP_[A-Z0-9_]+_H$/ ? $2 : ""
    }
}

function check_function() {
    if ($0 ~ /^\{/) body = FNR
    if ($0 ~ /^\}/ && body) {
        if (FNR - body - 1 > LONGEST_FUNCTION) violation(body, "the function is longer than " LONGEST_FUNCTION " lines")
        body = 0
    }
}
