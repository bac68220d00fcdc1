package worktest

import (
	"syscall"
	"time"
)

// rusageThread is RUSAGE_THREAD of getrusage(2).
const rusageThread = 1

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		panic(err) // Linux has it since 2.6.26.
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Process is the CPU time of the process, for benchmarks on a busy machine.
func Process() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it fails for no process of Linux
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
