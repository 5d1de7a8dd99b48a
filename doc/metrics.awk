# SPDX-License-Identifier: MIT
# Makes the manual page numad-telemetry-metrics(7) from daemon/fields.def.

# Splits the arguments of FIELD(…) or FAMILY(…) at commas outside of quotes into arg[1 …].
function split_arguments(line,    i, c, quoted, n) {
        sub(/^[A-Z]+\(/, "", line)
        sub(/\)$/, "", line)
        n = 1
        arg[1] = ""
        for (i = 1; i <= length(line); i++) {
                c = substr(line, i, 1)
                if (c == "\"")
                        quoted = !quoted
                else if (c == "," && !quoted) {
                        n++
                        arg[n] = ""
                } else if (c != " " || quoted)
                        arg[n] = arg[n] c
        }
}

function item(name, type, labels, help, note) {
        gsub(/\\/, "\\e", help)
        printf ".It Li %s\n%s, labels %s.\n%s%s\n", name (type == "COUNTER" ? "_total" : ""), \
                tolower(type), (labels == "" ? "none" : labels), help, note
}

BEGIN {
        print ".\\\" SPDX-License-Identifier: MIT"
        print ".Dd November 24, 2026\n.Dt NUMAD-TELEMETRY-METRICS 7\n.Os"
        print ".Sh NAME\n.Nm numad-telemetry-metrics\n.Nd metrics that numad-telemetry exports"
        print ".Sh DESCRIPTION"
        print "What the kernel does not say is not exported, rather than as 0."
        print ".Pp"
        print "A field of"
        print ".Pa meminfo ,\n.Pa numastat\nor\n.Pa vmstat"
        print "that is not listed here is exported all the same."
        print "Its name is the kernel's in snake case: an underscore where a capital follows a small letter or a digit,"
        print "and instead of each character that is neither letter nor digit."
        print "A word that has a meaning of its own in the conventions for names (a unit, a metric type) gets"
        print ".Dq field\nappended, and so does a whole name that is taken."
        print "Of each file up to 256 such fields are exported;"
        print ".Li numa_fields_left_out\ntells of more."
        print ".Sh METRICS\n.Bl -tag -width Ds"
}

/^FIELD\(/ {
        split_arguments($0)
        if (arg[1] == "MEMINFO")
                item("numa_node_" arg[3] "_bytes", arg[4], "node", arg[6], "")
        else if (arg[1] == "NUMASTAT" || arg[1] == "MEMINFO_COUNT")
                item("numa_node_" arg[3], arg[4], "node", arg[6], "")
        else
                item("numa_node_vmstat_" arg[3], arg[4], "node", arg[6], \
                        arg[5] == "EXTRA" ? "\nOnly with the collector vmstat_all." : "")
}

/^FAMILY\(/ {
        split_arguments($0)
        item(arg[2], arg[3], arg[4], arg[6], "")
}

END {
        print ".El\n.Sh SEE ALSO\n.Xr numad-telemetry 8"
}
