# trouble.awk: from a kernel log, what a healthy kernel never says, each line with
# its number in front. Prints nothing if all is well.

BEGIN {
	# A WARN, a lock's complaint; advice at boot has its subject before the word.
	bad = "\\] WARNING: |kernel BUG at|BUG: |Oops|Kernel panic|general protection fault|unable to handle" \
		"|rcu:? INFO|INFO: rcu|rcu.*detected (stalls|expedited)|soft lockup|hard LOCKUP" \
		"|blocked for more than|INFO: task |INFO: lockdep|suspicious RCU usage" \
		"|possible (circular|recursive|irq lock)|inconsistent lock state" \
		"|KASAN|UBSAN|KCSAN|KFENCE: |refcount_t|list_(add|del) corruption" \
		"|scheduling while atomic|sleeping function called|page allocation failure" \
		"|Bad page|Bad rss-counter|unchecked MSR access|unreferenced object|Call Trace:"
	# Bochs 2.7's own fault, with its skylake_x model: the kernel warns once at
	# boot and goes on without XSAVE.
	forgiven = "arch/x86/kernel/fpu/xstate.c:.* fpu__init_system_xstate"
	# What the run itself provokes (machine --forgive).
	if (expected)
		forgiven = "(" forgiven "|" expected ")"
}

/Kernel command line: / { next }

# A whole report is left out, but never more than the length of one.
$0 ~ "\\] WARNING: .*" forgiven { skip = 60 }
/---\[ end trace/ { skip = 0 }
skip { skip--; next }
$0 ~ bad { print FNR ":" $0 }
