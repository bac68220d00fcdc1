//go:build !linux

package bolt

import "errors"

func fill(string) error { return errors.New("only on Linux") }
