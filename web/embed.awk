# SPDX-License-Identifier: MIT
# The page's files as a C source: struct page_file of daemon/page.h. index.html is at "/", the others
# below "/web/". Run with LC_ALL=C, so that a character is a byte.

function replace(text, from, to,        done, at) {
        while ((at = index(text, from)) > 0) {
                done = done substr(text, 1, at - 1) to
                text = substr(text, at + length(from))
        }
        return done text
}

function end_file() {
        if (files)
                print "        ;"
}

BEGIN {
        print "/* Made by web/embed.awk from the files in web/. */"
        print "#include \"page.h\"\n"
}

FNR == 1 {
        end_file()
        name = FILENAME
        sub(/.*\//, "", name)
        names[++files] = name
        print "static const char file_" files "[] ="
}

{
        line = replace($0, "\\", "\\\\")
        line = replace(line, "\"", "\\\"")
        line = replace(line, "?", "\\?") # trigraphs
        print "        \"" line "\\n\""
}

END {
        end_file()
        print "\nconst struct page_file page_files[] = {"
        for (i = 1; i <= files; i++) {
                path = names[i] == "index.html" ? "/" : "/web/" names[i]
                print "        { .path = \"" path "\", .data = file_" i ", .len = sizeof(file_" i ") - 1 },"
        }
        print "        { .path = NULL },\n};"
}
