# call_costs.awk -v tolerance=PERCENT RECORDED NOW: the table of scripts/call_costs.sh, and failure if anything is worse.
# Of several measurements in NOW of one thing, the least counts.

# What is counted of the line, from field `from` up to a slash or the end.
function total(from,    i, sum, pair) {
    for (i = from; i <= NF && $i != "/"; ++i) {
        split($i, pair, "=")
        sum += pair[2]
    }
    after = i + 1
    return sum + 0
}

function rest(    i, text) {
    for (i = 5; i <= NF; ++i) text = text " " $i
    return text
}

/^#/ { next }
{ what = sprintf("%-5s %-6s %-7s", $1, $2, $3); calls = total(5); clocks = total(after) }

NR == FNR {
    is_recorded[what] = 1
    instructions[what] = $4
    recorded_calls[what] = calls
    recorded_reads[what] = clocks
    next
}

!(what in least) { order[++count] = what }
!(what in least) || $4 < least[what] { least[what] = $4 }
!(what in fewest) || calls < fewest[what] { fewest[what] = calls; names[what] = rest() }
!(what in reads) || clocks < reads[what] { reads[what] = clocks }

END {
    printf "%-21s %9s %9s %7s  system calls / of the vDSO\n", "instructions of", "recorded", "now", ""
    for (i = 1; i <= count; ++i) {
        what = order[i]
        if (!(what in is_recorded)) {
            verdict = "WORSE: not recorded, run scripts/call_costs.sh --update"
            percent = 0
        } else {
            percent = 100 * (least[what] / instructions[what] - 1)
            more = fewest[what] - recorded_calls[what]
            reads_more = reads[what] - recorded_reads[what]
            verdict = ""
            if (percent > tolerance) verdict = verdict " WORSE: instructions"
            # Whether one more is told before the others or after them is chance, where there are many.
            if (more > 0.1 + 0.005 * recorded_calls[what]) verdict = verdict sprintf(" WORSE: %.3g system calls, not %.3g", fewest[what], recorded_calls[what])
            # How many answers go out together, by which the clock is read, is chance of some percent.
            if (reads_more > 0.1 + 0.05 * recorded_reads[what]) verdict = verdict sprintf(" WORSE: %.3g of the vDSO, not %.3g", reads[what], recorded_reads[what])
            if (percent < -3 || more < -0.1 || reads_more < -0.1) better = 1
        }
        if (verdict != "") failed = 1
        printf "%s %9d %9d %+6.1f%% %s%s\n", what, instructions[what], least[what], percent, names[what], verdict
        delete is_recorded[what]
    }
    for (what in is_recorded) {
        print what " WORSE: recorded, and not measured"
        failed = 1
    }
    if (better) print "Something is better: record it with scripts/call_costs.sh --update, lest it get worse again unseen."
    exit failed
}
