package dms

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestCommandsEnd has commands that would make much of little, and holds that a file
// is read and written once.
func TestCommandsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		err  error
	}{
		"a long value in many lines": {strings.Repeat("add-line f a =\n", 10_000) + "set-option-for-module f a " + strings.Repeat("v", 100_000) + "\n", errTooMuch},
		"long lines":                 {strings.Repeat("add-line f "+strings.Repeat("x", 100_000)+" y\n", 50), errTooMuch},
		"many options": {func() string {
			var b strings.Builder
			for i := range 40_000 {
				fmt.Fprintf(&b, "set-option-for-module f option%d value\n", i)
			}
			return b.String()
		}(), errTooMuch},
		"many lines": {strings.Repeat("add-line f x y\n", 2000), nil},
	} {
		read, written := 0, ""
		commands := CustomCommands{
			Read:  func(string) (string, error) { read++; return "", nil },
			Write: func(_, text string) error { written += text; return nil },
			Warn:  func(string, ...any) {},
		}
		c.text = strings.ReplaceAll(c.text, "add-line f ", "add-line f.conf ")
		if err := commands.Apply("commands", []byte(c.text)); !errors.Is(err, c.err) || read != 1 || len(written) > maxText {
			t.Errorf("%s: %v, read %d times, wrote %d bytes", name, err, read, len(written))
		}
		if c.err == nil && written != strings.Repeat("x y\n", 2000) {
			t.Errorf("%s: wrote %.100q", name, written)
		}
	}
}
