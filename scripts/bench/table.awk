# SPDX-License-Identifier: Apache-2.0
#
# Tables out of what the recorder wrote. Files, in this order: rows (TITLE TAB STEPS-OF-PEERS TAB STEPS-OF-OURS,
# steps by commas, "=" alone: the sum of the rows above), lines (STEP TAB LINES), record. -v runs=N: 1 to N count,
# 0 was the warm-up. Times are medians with the smallest and largest; a ratio is taken within each pair of runs.
BEGIN { FS = "\t" }

FILENAME == ARGV[1] { rows++; title[rows] = $1; steps_of["peers", rows] = $2; steps_of["ours", rows] = $3; next }
FILENAME == ARGV[2] { lines[$1] = $2; next }
{
  split($1, label, "/")
  side = label[1]; run = label[2]; step = label[3]
  if (run == 0) next
  here = side SUBSEP run
  if ($3 == "step") {
    there[side] = 1
    wall[here, step] = $4 / 1e6
    cpu[here, step] = $5 / 1e6
    if ($6 ~ /\+$/) left_running[step] = 1
    own[here, step, "the shell"] += $5 / 1e6
    order(side, step)
    next
  }
  if ($3 == "told") { wall[here, "told:" step] = $4 / 1e6; next }
  # The program's own time: without that of the recorded programs that it called.
  program = $3; caller = $2 == "step" ? "the shell" : $2
  own[here, step, program] += $5 / 1e6
  own[here, step, caller] -= $5 / 1e6
  starts[here, step, program]++
  known[program] = 1; known[caller] = 1
}

function order(side, step) {
  if (!((side, step) in place)) { place[side, step] = ++steps[side]; step_at[side, steps[side]] = step }
}

# sorted[1..n] of sample[1..n]; figures are few.
function sort_sample(n,   i, j, x) {
  for (i = 2; i <= n; i++) {
    x = sample[i]
    for (j = i - 1; j >= 1 && sample[j] > x; j--) sample[j + 1] = sample[j]
    sample[j + 1] = x
  }
}
function median(n) { sort_sample(n); return n % 2 ? sample[(n + 1) / 2] : (sample[n / 2] + sample[n / 2 + 1]) / 2 }
function figure(n, form,   m) {
  m = median(n)
  return sprintf(form " (" form "-" form ")", m, sample[1], sample[n])
}

# of(what, side, run, row): the sum over the steps of a row, or over all rows above a "=".
function of(what, side, run, row,   names, n, i, sum) {
  if (steps_of[side, row] == "=") {
    for (i = 1; i < row; i++) sum += of(what, side, run, i)
    return sum
  }
  n = split(steps_of[side, row], names, ",")
  for (i = 1; i <= n; i++) {
    if (what == "wall") sum += wall[side, run, names[i]]
    else if (what == "cpu") sum += cpu[side, run, names[i]]
    else if (what == "lines") sum += lines[names[i]]
    else sum += own[side, run, names[i], what]
  }
  return sum + 0
}
function over_runs(what, side, row, form,   r) {
  for (r = 1; r <= runs; r++) sample[r] = of(what, side, r, row)
  return figure(runs, form)
}
function without_helm(side, run, row) { return of("cpu", side, run, row) - of("helm", side, run, row) }
function ratio(what, row,   r, n, above, below) {
  if (told_only(row) && what != "wall") return "-"
  for (r = 1; r <= runs; r++) {
    above = what == "rest" ? without_helm("ours", r, row) : of(what, "ours", r, row)
    below = what == "rest" ? without_helm("peers", r, row) : of(what, "peers", r, row)
    if (below > 0) sample[++n] = above / below
  }
  return n ? figure(n, "%.2f") : "-"
}

# Rows that say when something was told have no CPU and no lines of their own.
function told_only(row) { return steps_of["ours", row] ~ /^told:/ }
function cpu_cell(side, row) { return told_only(row) ? "-" : over_runs("cpu", side, row, "%.3f") }
function wall_cell(side, row) {
  return told_only(row) && side == "ours" && !of("wall", side, 1, row) ? "-" : over_runs("wall", side, row, "%.2f")
}
function lines_cell(side, row) { return told_only(row) ? "-" : of("lines", side, 1, row) "" }

function compare(   row) {
  print "| work | wall s: peers | ours | ours / peers | CPU s: peers | ours | ours / peers | without helm | lines |"
  print "|---|---|---|---|---|---|---|---|---|"
  for (row = 1; row <= rows; row++) {
    printf "| %s | %s | %s | %s |", title[row], wall_cell("peers", row), wall_cell("ours", row), ratio("wall", row)
    printf " %s | %s | %s | %s |", cpu_cell("peers", row), cpu_cell("ours", row), ratio("cpu", row), ratio("rest", row)
    printf " %s, %s |\n", lines_cell("peers", row), lines_cell("ours", row)
  }
}

function alone(side,   row) {
  printf "| work | %s: wall s | CPU s | of it helm's | lines |\n|---|---|---|---|---|\n", side
  for (row = 1; row <= rows; row++)
    printf "| %s | %s | %s | %s | %s |\n", title[row], wall_cell(side, row), cpu_cell(side, row),
      told_only(row) ? "-" : over_runs("helm", side, row, "%.3f"), lines_cell(side, row)
}

function each_step(side,   i, r, s, w, c, h) {
  printf "\n| step | %s: wall s | CPU s | of it helm's | lines |\n|---|---|---|---|---|\n", side
  for (i = 1; i <= steps[side]; i++) {
    s = step_at[side, i]
    for (r = 1; r <= runs; r++) sample[r] = wall[side, r, s]
    w = figure(runs, "%.2f")
    for (r = 1; r <= runs; r++) sample[r] = cpu[side, r, s]
    c = figure(runs, "%.3f")
    for (r = 1; r <= runs; r++) sample[r] = own[side, r, s, "helm"] + 0
    h = median(runs)
    printf "| %s%s | %s | %s | %.3f | %d |\n", s, s in left_running ? " (+)" : "", w, c, h, lines[s]
  }
}

# Where the CPU of source to production goes.
function each_program(side, total_row,   p, r, started, m, row, n, names, i) {
  printf "\n| program | %s: starts | CPU s, its own |\n|---|---|---|\n", side
  for (p in known) {
    for (r = 1; r <= runs; r++) {
      sample[r] = of(p, side, r, total_row)
      if (r == 1) {
        started = 0
        for (row = 1; row < total_row; row++) {
          n = split(steps_of[side, row], names, ",")
          for (i = 1; i <= n; i++) started += starts[side, r, names[i], p]
        }
      }
    }
    m = median(runs)
    if (started || m > 0.0005) printf "| %s | %s | %.3f |\n", p, started ? started : "-", m | "sort"
  }
  close("sort")
}

END {
  for (row = 1; row <= rows; row++) if (steps_of["peers", row] == "=") total_row = row
  if (there["peers"] && there["ours"]) compare()
  else if (there["peers"]) alone("peers")
  else alone("ours")
  for (i = 1; i <= 2; i++) {
    side = i == 1 ? "peers" : "ours"
    if (there[side]) { each_step(side); each_program(side, total_row) }
  }
  for (step in left_running) print "\n(+) " step ": a process of it still ran 3 s later; its CPU is not in the figure"
}
