package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A bytesFlag is a number of bytes: a plain one, or one of KiB, MiB or GiB.
type bytesFlag int64

// String implements flag.Value.
func (b *bytesFlag) String() string { return strconv.FormatInt(int64(*b), 10) }

// Set implements flag.Value.
func (b *bytesFlag) Set(s string) error {
	number, unit := s, int64(1)
	for i, name := range []string{"KiB", "MiB", "GiB"} {
		if n, ok := strings.CutSuffix(s, name); ok {
			number, unit = n, 1<<(10*(i+1))
		}
	}
	const most = 1 << 20 // GiB, or less of smaller units
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > most<<30/unit {
		return fmt.Errorf("%q is no number of bytes, KiB, MiB or GiB", s)
	}
	*b = bytesFlag(n * unit)
	return nil
}
