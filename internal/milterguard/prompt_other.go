//go:build !linux

package milterguard

import "net"

// acknowledger returns nil: only Linux can be asked.
func acknowledger(net.Conn) func() { return nil }
