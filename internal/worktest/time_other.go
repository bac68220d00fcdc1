//go:build !linux

package worktest

import "time"

// threadTime is the time of day where the CPU time of a thread can't be had.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }

// Process is the time of day as well.
func Process() time.Duration { return threadTime() }
