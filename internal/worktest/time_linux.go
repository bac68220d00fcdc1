package worktest

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the CPU time of the calling thread. What getrusage(2) says of a
// running thread may be older than a tick of the scheduler.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // Linux has it since 2.6.12.
	}
	return time.Duration(t.Nano())
}

// Process is the CPU time of the process, for benchmarks on a busy machine.
func Process() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it fails for no process of Linux
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
