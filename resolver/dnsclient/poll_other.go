//go:build !linux

package dnsclient

import "golang.org/x/net/ipv4"

// poll takes no datagram here, since not every system can say without waiting
// whether there is one.
func (s *socket) poll([]ipv4.Message) (int, error) { return 0, nil }
